package lifecycle

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/rodopath/rodopath/services/lifecycle/calendar"
	"github.com/rodopath/rodopath/services/lifecycle/chain"
	"github.com/rodopath/rodopath/services/lifecycle/fact"
	"github.com/rodopath/rodopath/services/lifecycle/rights"
	"github.com/rodopath/rodopath/services/lifecycle/rules"
)

// alarms notes the findings that need a person: doubts and conflicts of new facts, unfinished orders and overdue
// requests.
func (s *Subject) alarms(h *rules.Evaluation, news []fact.Fact, held []rules.Holding, since, at time.Time) {
	s.factAlarms(h, news, held, at)
	s.unfinished(h, since, at)
	for _, r := range rights.Requests(h.Policy(), s.Facts, at) {
		if r.Open() && r.Overdue && r.Due.After(since) {
			s.alarm(at, "overdue:"+r.Ref, fmt.Sprintf("%s %s was to be answered by %s (Art. 12(3))", r.Right, r.Ref, r.LastDay))
		}
	}
}

// factAlarms notes the doubts and conflicts of new facts.
func (s *Subject) factAlarms(h *rules.Evaluation, news []fact.Fact, held []rules.Holding, at time.Time) {
	for i := range news {
		f := &news[i]
		if f.Doubt != "" {
			s.alarm(
				at,
				"doubt:"+f.ID,
				fmt.Sprintf("%s from %s is ordered by its receipt (%s): compare with the platform", f.Kind, f.Source, f.Doubt),
			)
		}
		if f.Kind == fact.KindSignup && f.HasTrait(fact.TraitForced) {
			s.alarm(
				at,
				"forced:"+f.ID,
				"a purchase was impossible without consent to marketing: the consent is void (Art. 7(4)); mend the form",
			)
		}
		if f.Kind == fact.KindRestrictionLifted && (f.InformedAt == nil || f.InformedAt.After(f.Occurred)) {
			s.alarm(at, "told:"+f.ID, "the restriction stands: tell the person before it is lifted (Art. 18(3))")
		}
		switch {
		case f.Kind == fact.KindHold && f.Ref != "":
			s.lateHold(h, f, held, at)
		case f.Kind == fact.KindHold && s.FullErasure != nil && !s.HoldsPersonal:
			s.alarm(
				at,
				"hold:"+f.ID,
				"the hold comes too late: everything of the person was already deleted at "+s.FullErasure.Lapse.UTC().
					Format(instantLayout),
			)
		}
	}
	s.yearsApart(h, news, at)
}

// instantLayout is the layout of an instant in the text of an alarm.
const instantLayout = "2006-01-02 15:04Z"

// lateHold raises an alarm for a hold on erased data: a hold restores nothing.
func (s *Subject) lateHold(h *rules.Evaluation, f *fact.Fact, held []rules.Holding, at time.Time) {
	records := h.RecordsNamed(f.Ref)
	var gone, kept []rules.Item
	var when time.Time
	known := false
	for i := range held {
		o := &held[i]
		if !slices.Contains(records, o.Ref) {
			continue
		}
		if known = known || o.InForce; o.InForce {
			kept = append(kept, o.Item)
		}
		if o.Lapsed() && o.Lapse.Before(f.Occurred) {
			gone, when = append(gone, o.Item), calendar.Later(when, o.Lapse)
		}
	}
	switch {
	case len(gone) > 0:
		s.alarm(at, "hold:"+f.ID, "the hold comes too late: already deleted at "+when.UTC().Format(instantLayout)+": "+
			categoriesOf(gone)+"; still held: "+categoriesOf(kept), gone...)
	case !known && s.FullErasure != nil:
		s.alarm(
			at,
			"hold:"+f.ID,
			"the hold comes too late: everything of the person was already deleted at "+s.FullErasure.Lapse.UTC().
				Format(instantLayout),
			rules.Item{Ref: f.Ref},
		)
	case !known:
		s.alarm(
			at,
			"hold:"+f.ID,
			"the hold is on a record of which nothing is held; if it was deleted, the journal says when",
			rules.Item{Ref: f.Ref},
		)
	}
}

// categoriesOf lists the categories of items, each once.
func categoriesOf(items []rules.Item) string {
	var out []string
	for _, item := range items {
		if !slices.Contains(out, item.Category) {
			out = append(out, item.Category)
		}
	}
	if len(out) == 0 {
		return "nothing"
	}
	return strings.Join(out, ", ")
}

// yearsApart raises an alarm for one sale with dates in two years: the later year counts for the
// books.
func (s *Subject) yearsApart(h *rules.Evaluation, news []fact.Fact, at time.Time) {
	for i := range news {
		if news[i].Kind != fact.KindSale {
			continue
		}
		record := h.RecordNamed(news[i].Ref)
		if first, last := h.SaleYears(record); first != last {
			s.alarm(
				at,
				"years:"+record,
				fmt.Sprintf(
					"one sale is dated %d by one source and %d by another: the later year counts",
					first,
					last,
				),
			)
		}
	}
}

// contradictions raises an alarm for a person who said no and whom a source still reports as a subscriber:
// once for each no and source, whatever the order of the facts.
func (s *Subject) contradictions(h *rules.Evaluation, was *Subject, news bool, at time.Time) {
	parts := was.parts()
	found := h.Contradictions()
	if len(found) == 0 || !news && len(parts) == 1 {
		return
	}
	for i := range parts {
		for _, known := range rules.Evaluate(h.Policy(), parts[i].Facts).Contradictions() {
			found = slices.DeleteFunc(found, known.Same)
		}
	}
	for i := range found {
		c := &found[i]
		on := calendar.In(c.No.Occurred, h.Policy().Place.Zone).String()
		key, text := "signup:", "%s reports a sign-up without evidence of its own although the person said no on %s"
		if c.Listed {
			key, text = "listed:", "%s lists the person as active although the person said no on %s"
		}
		s.alarm(
			at,
			key+c.No.ID+":"+c.Source,
			fmt.Sprintf(text, cmp.Or(c.Source, "the platform"), on)+
				": unsubscribe the person there, unless the person has consented again; then record the proof",
		)
	}
}

// unfinished raises an alarm for each paid record whose performance is outstanding for very long, once.
func (s *Subject) unfinished(h *rules.Evaluation, since, at time.Time) {
	for _, u := range h.Unfinished() {
		if due := u.Due(); !due.After(at) && due.After(since) {
			s.alarm(at, "unfinished:"+u.Record, fmt.Sprintf(
				"%s was paid on %s and is not completed after %d days: complete the order in the shop, or cancel the order, "+
					"so that its data can be deleted", u.Record, calendar.In(u.Sold, h.Policy().Place.Zone), rules.UnfinishedDays,
			))
		}
	}
}

func (s *Subject) alarm(at time.Time, key, text string, items ...rules.Item) {
	s.note(chain.Note{Key: key, At: at, Kind: chain.KindAlarm, Text: text, Items: items})
}

// note keeps something for the journal, once.
func (s *Subject) note(n chain.Note) {
	if !slices.ContainsFunc(s.Notes, func(have chain.Note) bool { return have.Key == n.Key }) {
		s.Notes = append(slices.Clip(s.Notes), n)
		if n.Kind == chain.KindAlarm {
			s.Labels = slices.Clip(s.Labels)
			s.addLabel(LabelAlarm)
		}
	}
}

// MarkJournaled returns the subject after its notes were written to the journal, up to head.
func MarkJournaled(s Subject, head chain.Head) Subject {
	s.Notes, s.Journal = nil, head
	return s
}

// addNotes adds notes for the journal, each key once.
func (s *Subject) addNotes(notes []chain.Note) {
	for _, n := range notes {
		s.note(n)
	}
}
