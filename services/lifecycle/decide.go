package lifecycle

import (
	"slices"
	"time"

	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/lifecycle/calendar"
	"github.com/rodopath/rodopath/services/lifecycle/chain"
	"github.com/rodopath/rodopath/services/lifecycle/decision"
	"github.com/rodopath/rodopath/services/lifecycle/fact"
	"github.com/rodopath/rodopath/services/lifecycle/notice"
	"github.com/rodopath/rodopath/services/lifecycle/rights"
	"github.com/rodopath/rodopath/services/lifecycle/rules"
)

// Decide applies facts to a subject and returns the subject with new bases and with the resulting
// decisions in its outbox; decisions that were not in the outbox before are returned as well. The
// result depends on the facts and the instant, not on the order or number of deliveries: Decide is
// idempotent.
func Decide(p *rules.Policy, s Subject, facts []fact.Fact, at time.Time) (Subject, []decision.Decision) {
	at = at.UTC().Truncate(time.Millisecond)
	if s.UnchangedBy(p, facts, at) {
		return s, nil
	}
	if next, done := s.decideRecords(p, facts, at); done {
		return next, nil
	}
	return s.decideAll(p, facts, at, manyFacts)
}

// decideAll is Decide with an evaluation of all facts. many is the number of facts from which the next evaluation may
// look at single records.
func (s Subject) decideAll(
	p *rules.Policy, facts []fact.Fact, at time.Time, many int,
) (Subject, []decision.Decision) {
	s = s.withRecordNames(p)
	was := s
	s.MergedParts, s.FactsBefore = nil, nil
	news, back := s.splitReturning(p, facts)
	s.Facts = fact.Combine(s.Facts, news)
	var notes []chain.Note
	s.Notices, s.Facts, notes = notice.ApplyReceipts(s.Notices, s.Facts, at)
	s.addNotes(notes)
	for i := range facts {
		s.LastReceived = calendar.Later(s.LastReceived, facts[i].Received.UTC().Truncate(time.Millisecond))
	}
	h := rules.Evaluate(p, s.Facts)
	s.Bases, s.Revision = h.Bases(), p.Revision
	held := h.Holdings(at)
	s.HoldsPersonal = personHeld(p, held)
	s.Announced, s.Questions = slices.Clone(s.Announced), slices.Clone(s.Questions)
	unsent := s.retractUnsent(h, held, at)
	s.reconcile(h, &was, news, held, at)
	retractions := s.retractPublished(h, held, at)
	if len(unsent) == 0 { // an unpublished decision keeps its id
		s.dropAnnounced(p, held, at)
	}
	decisions := s.decisions(p, h, back, was.FactsBefore, held, at)
	fresh := s.fillOutbox(p, decisions, unsent)
	s.holdBack(p, h, at)
	s.alarms(h, news, held, s.LastDecided, at)
	s.contradictions(h, &was, len(news) > 0, at)
	s.Notices, notes = notice.Update(s.Notices, p, h, rights.Requests(p, s.Facts, at), at)
	s.addNotes(notes)
	s.NoticeDue = notice.NextDue(s.Notices)
	evaluated := len(s.Facts)
	s.compact(h, at)
	s.markSeparable(h, evaluated, len(unsent) == 0, many)
	s.expireTombstones(p, at)
	s.LastDecided = at
	s.scheduleReview(p, h, at)
	s.relabel(h, held, news, at)
	h.Release()
	return s, append(retractions, fresh...)
}

// decisions decides deletions and questions. back are facts that repeat erased data.
func (s *Subject) decisions(
	p *rules.Policy, h *rules.Evaluation, back, before []fact.Fact, held []rules.Holding, at time.Time,
) []decision.Decision {
	parted := s.partedDeletion(p, before, held, at)
	out := s.deletions(p, h, held, at)
	if len(parted) > 0 {
		out = append(parted, out...)
	}
	out = append(out, s.questions(p, h, at)...)
	return append(out, s.repeatDeletions(p, back, held, at)...)
}

// dropSealed removes the sealed identities once nothing personal may be held, recipients were
// notified of the erasure, and no decision is unpublished.
func (s *Subject) dropSealed() {
	if !s.HoldsPersonal && len(s.Outbox) == 0 && (len(s.Announced) > 0 || s.FullErasure != nil) {
		s.Sealed = nil
	}
}

// retractUnsent empties the outbox and returns its decisions, so that unsent decisions are made
// again from current knowledge: a deletion of an item that may be held after all, and a question
// that was answered, are never published. A decision of a merged subject keeps its id while the
// decision is supported.
func (s *Subject) retractUnsent(h *rules.Evaluation, held []rules.Holding, at time.Time) []decision.Decision {
	unsent, back := s.Outbox, map[string]bool{}
	if len(unsent) == 0 {
		return nil
	}
	s.Outbox = nil
	for _, d := range unsent {
		isOther := d.Subject != s.ID || d.Repeated() || s.isParted(d.ID)
		if d.Retract != nil || isOther && isSupported(&d, h, held, at) {
			s.Outbox = append(s.Outbox, d)
			continue
		}
		back[d.ID] = true
		if d.WholePerson() && s.FullErasure != nil && s.FullErasure.Lapse.Equal(d.Effective) {
			s.FullErasure = nil
		}
	}
	s.Announced = slices.DeleteFunc(s.Announced, func(x AnnouncedDeletion) bool { return back[x.Decision] })
	s.Questions = slices.DeleteFunc(s.Questions, func(x rules.AnnouncedQuestion) bool { return back[x.Decision] })
	return unsent
}

// isSupported reports whether the evaluation still supports a decision.
func isSupported(d *decision.Decision, h *rules.Evaluation, held []rules.Holding, at time.Time) bool {
	if d.Ask != nil {
		return h.BasisToAsk(d.Ask.Purpose, d.Ask.Channel, at) != nil
	}
	items := d.Items()
	return !slices.ContainsFunc(held, func(o rules.Holding) bool { return o.InForce && slices.Contains(items, o.Item) })
}

// fillOutbox adds decisions to the outbox and returns those that were not in the outbox before.
func (s *Subject) fillOutbox(p *rules.Policy, decisions, unsent []decision.Decision) []decision.Decision {
	if len(decisions) == 0 {
		return nil
	}
	before := make(map[string]*decision.Decision, len(unsent))
	for i := range slices.Backward(unsent) {
		before[unsent[i].ID] = &unsent[i]
	}
	fresh := decisions[:0]
	s.Outbox = slices.Grow(s.Outbox, len(decisions))
	for _, d := range decisions {
		if known := before[d.ID]; known == nil {
			fresh = append(fresh, d)
		} else {
			d.At = known.At
		}
		d.Recipients = decision.RecipientsOf(p, d.Kind, d.Items())
		s.Outbox = append(s.Outbox, d)
	}
	return slices.Clip(fresh)
}

// maxItems bounds the items of one decision, and maxRetained the retained items that a decision lists, so that a
// decision fits into a message of NATS.
const (
	maxItems    = 500
	maxRetained = 100
)

// deletions decides the deletion of every lapsed item that is not announced yet: one decision for
// each instant of lapse, or several of at most maxItems items.
func (s *Subject) deletions(
	p *rules.Policy,
	h *rules.Evaluation,
	held []rules.Holding,
	at time.Time,
) []decision.Decision {
	groups := s.lapsed(held)
	if len(groups) == 0 {
		return nil
	}
	ended, remains, earlier := s.endedBases(groups, at), retained(held), s.decisionsByItem(h)
	out := make([]decision.Decision, len(groups))
	for i := range groups {
		id := decision.NewDeleteID(s.ID, groups[i].at, groups[i].items, s.earlierDecisions(earlier, groups[i].items))
		out[i] = s.deletion(p, h, id, &groups[i], ended[i], remains, held, at)
	}
	if !wholeHeld(p, held) {
		if last := markWholePerson(p, out); last != nil {
			s.FullErasure = &FullErasure{Lapse: last.Effective, At: at}
		}
	}
	return out
}

// lapse is the items of one decision, which lapsed at one instant.
type lapse struct {
	at    time.Time
	items []rules.Item
}

// lapsed returns the lapsed items without an announcement, in the order of their lapses.
func (s *Subject) lapsed(held []rules.Holding) []lapse {
	covered := s.coverage()
	gone := make([]*rules.Holding, 0, len(held))
	for i := range held {
		if o := &held[i]; covered.isUnannounced(o) {
			gone = append(gone, o)
		}
	}
	slices.SortStableFunc(gone, func(a, b *rules.Holding) int { return a.Lapse.Compare(b.Lapse) })
	items := make([]rules.Item, len(gone))
	var out []lapse
	from := 0
	for i, o := range gone {
		items[i] = o.Item
		if next := i + 1; next == len(gone) || !gone[next].Lapse.Equal(o.Lapse) || next-from == maxItems {
			out, from = append(out, lapse{at: o.Lapse, items: items[from:next:next]}), next
		}
	}
	return out
}

// endedBases returns the bases that ever covered the items of each group, the latest end first.
func (s *Subject) endedBases(groups []lapse, at time.Time) [][]*rules.Basis {
	var of rules.ItemPlaces
	var group []int // of each item
	for i := range groups {
		for _, item := range groups[i].items {
			of.Add(item)
			group = append(group, i)
		}
	}
	out := make([][]*rules.Basis, len(groups))
	for i := range s.Bases {
		b := &s.Bases[i]
		if !b.Begun(at) {
			continue
		}
		for _, item := range b.Keeps {
			n := of.Find(item)
			if n < 0 {
				continue
			}
			if ended := &out[group[n]]; len(*ended) == 0 || (*ended)[len(*ended)-1] != b {
				*ended = append(*ended, b)
			}
		}
	}
	for _, ended := range out {
		slices.SortStableFunc(ended, func(a, b *rules.Basis) int { return b.Until.Compare(*a.Until) })
	}
	return out
}

// markWholePerson marks the last deletion of personal data as the completion of the erasure and
// returns that deletion, or nil.
func markWholePerson(p *rules.Policy, decisions []decision.Decision) *decision.Decision {
	for i := range slices.Backward(decisions) {
		if slices.ContainsFunc(decisions[i].Items(), p.IsPersonal) {
			decisions[i].MarkWholePerson()
			return &decisions[i]
		}
	}
	return nil
}

func (s *Subject) deletion(
	p *rules.Policy,
	h *rules.Evaluation,
	id string,
	l *lapse,
	ended []*rules.Basis,
	remains []stream.RetainedItem,
	held []rules.Holding,
	at time.Time,
) decision.Decision {
	named := make([]stream.Item, len(l.items))
	for i, item := range l.items {
		named[i] = stream.Item{Category: item.Category, Ref: item.Ref, Names: h.NamesOf(item, held)}
	}
	d := decision.NewDeletion(id, s.ID, l.at, named, ended, remains)
	d.At, d.Revision = at, p.Revision
	for _, item := range l.items {
		s.Announced = append(s.Announced, AnnouncedDeletion{Item: item, Lapse: l.at, At: at, Decision: d.ID})
	}
	return d
}

// retained lists the items that may still be held. Of more than maxRetained items the categories are listed, each
// with its latest end.
func retained(held []rules.Holding) []stream.RetainedItem {
	n := 0
	for i := range held {
		if held[i].InForce {
			n++
		}
	}
	out := make([]stream.RetainedItem, 0, n)
	for i := range held {
		if o := &held[i]; o.InForce {
			out = append(out, stream.RetainedItem{
				Item:    stream.Item{Category: o.Category, Ref: o.Ref},
				Purpose: o.Basis.Purpose, Article: o.Basis.Article, Until: o.Until,
			})
		}
	}
	if len(out) <= maxRetained {
		return out
	}
	return retainedCategories(out)
}

// retainedCategories lists the categories of retained items, each with the item that is retained longest.
func retainedCategories(items []stream.RetainedItem) []stream.RetainedItem {
	var out []stream.RetainedItem
	for _, item := range items {
		item.Ref = ""
		i := slices.IndexFunc(out, func(r stream.RetainedItem) bool { return r.Category == item.Category })
		switch {
		case i < 0:
			out = append(out, item)
		case out[i].Until != nil && (item.Until == nil || item.Until.After(*out[i].Until)):
			out[i] = item
		}
	}
	return out
}

// personHeld reports whether personal data may be held, beyond keyed hashes.
func personHeld(p *rules.Policy, held []rules.Holding) bool {
	return anyInForce(held, func(item rules.Item) bool { return !p.Categories[item.Category].Pseudonymous })
}

// wholeHeld reports whether personal data may be held, beyond keyed hashes and the correspondence
// about the person's own request.
func wholeHeld(p *rules.Policy, held []rules.Holding) bool { return anyInForce(held, p.IsPersonal) }

// anyInForce reports whether an item that passes may be held.
func anyInForce(held []rules.Holding, pass func(rules.Item) bool) bool {
	for i := range held {
		if o := &held[i]; o.InForce && pass(o.Item) {
			return true
		}
	}
	return false
}

// questions decides for which consents the person is asked.
func (s *Subject) questions(p *rules.Policy, h *rules.Evaluation, at time.Time) []decision.Decision {
	if s.Nameless {
		return nil
	}
	var out []decision.Decision
	for _, a := range p.Asks {
		because := h.BasisToAsk(a.Purpose, a.Channel, at)
		if because == nil || s.hasAsked(a.Purpose, a.Channel) || h.AskedElsewhere(a.Purpose, a.Channel) {
			continue
		}
		until := p.QuestionEnd(a, at)
		if because.Until != nil && because.Until.Before(until) {
			until = *because.Until // afterwards there is no basis to ask on
		}
		w, _ := p.WordingAt(a.Wording, at)
		d := decision.Decision{
			ID:      decision.NewID(s.ID, string(stream.KindAskConsent), a.Purpose, a.Channel),
			Subject: s.ID, At: at, Revision: p.Revision,
			Decision: stream.Decision{
				Kind: stream.KindAskConsent, Effective: at, Because: decision.Reasons(because),
				Ask: &stream.Ask{
					Purpose: a.Purpose, Channel: a.Channel, Wording: w.ID, Language: w.Language,
					Text: w.Text, Places: a.Places, Until: until,
				},
			},
		}
		s.announceQuestion(rules.AnnouncedQuestion{Purpose: a.Purpose, Channel: a.Channel, At: at, Decision: d.ID})
		out = append(out, d)
	}
	return out
}

// scheduleReview sets the next review of the subject and removes sealed identities that are no
// longer needed.
func (s *Subject) scheduleReview(p *rules.Policy, h *rules.Evaluation, at time.Time) {
	forget := s.LastReceived.AddDate(0, 0, p.IntakeDays)
	var first time.Time
	next := func(t time.Time) {
		if t.After(at) && (first.IsZero() || t.Before(first)) {
			first = t
		}
	}
	standing := false
	for i := range s.Bases {
		next(s.Bases[i].Since)
		if until := s.Bases[i].Until; until != nil {
			next(*until)
		}
		standing = standing || s.Bases[i].Stands(at)
	}
	if !standing {
		next(forget)
	}
	if t, ok := s.firstTombstoneEnd(p); ok {
		next(t)
	}
	for _, u := range h.Unfinished() {
		next(u.Due())
	}
	for i := range s.Outbox {
		if held := s.Outbox[i].Held; held != nil && held.Until != nil {
			next(*held.Until)
		}
	}
	notice.VisitDeadlines(s.Notices, p, next)
	requests := rights.Requests(p, s.Facts, at)
	if s.RequestDue = rights.NextDue(requests); s.RequestDue != nil {
		for i := range requests {
			next(requests[i].Due)
		}
	}
	if s.ReviewAt = nil; !first.IsZero() {
		s.ReviewAt = &first
	}
	if s.dropSealed(); !s.HoldsPersonal && len(s.Outbox) == 0 && !forget.After(at) {
		s.Sealed = nil // no decision ever needed the identities
	}
	slices.SortFunc(s.Announced, compareDeletions)
	if s.ReviewAt == nil && len(s.Facts) == 0 && !s.HoldsBack() && (s.Journal.Seq > 0 || s.Pending()) {
		s.note(
			chain.Note{Key: string(chain.KindClosed) + ":" + at.Format(time.RFC3339Nano), At: at, Kind: chain.KindClosed},
		)
	}
}
