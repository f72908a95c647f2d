package lifecycle

import (
	"slices"
	"time"
)

// Decide applies facts to a subject and returns it with its bases worked out
// anew and with the decisions that follow in its outbox; those that were not
// there before are also returned. The outcome depends on the facts and on the
// instant, not on the order or the number of times that facts arrive. Facts it
// has seen before change nothing.
func Decide(p *Policy, s Subject, facts []Fact, at time.Time) (Subject, []Decision) {
	at = at.UTC().Truncate(time.Millisecond)
	if s.UnchangedBy(p, facts, at) {
		return s, nil
	}
	was := s
	s.MergedParts = nil
	news, back := s.splitReturning(p, facts)
	s.Facts = mergeFacts(s.Facts, news)
	s.applyReceipts(at)
	for i := range facts {
		s.LastReceived = maxTime(s.LastReceived, facts[i].Normalized().Received)
	}
	h := newHistory(p, s.Facts)
	s.Bases, s.Revision = h.all, p.Revision
	held := holdings(s.Bases, at)
	s.HoldsPersonal = personHeld(p, held)
	unsent := s.retractUnsent(h, held, at)
	s.reconcile(h, &was, news, held, at)
	if len(unsent) == 0 { // what is not sent keeps its id
		s.dropAnnounced(p, held, at)
	}
	decisions := append(s.deletions(p, h, held, at), s.questions(p, h, at)...)
	fresh := s.fillOutbox(p, append(decisions, s.repeatDeletions(p, back, held, at)...), unsent)
	s.alarms(h, news, held, s.LastDecided, at)
	s.updateNotices(p, h, Requests(p, s.Facts, at), at)
	s.compact(h, at)
	s.expireTombstones(p, at)
	s.scheduleReview(p, at)
	s.LastDecided = at
	return s, fresh
}

// MarkSent returns the subject without the decisions that were sent. When nothing
// personal may be held any more, the sealed address goes with the last of them.
func MarkSent(s Subject, ids []string) Subject {
	s.Outbox = slices.DeleteFunc(slices.Clone(s.Outbox), func(d Decision) bool { return slices.Contains(ids, d.ID) })
	s.dropSuperseded(ids)
	s.dropSealed()
	return s
}

// MarkPublished returns the subject once it is found that decisions in its outbox are out although
// nobody noted it: they count as sent, and are left for the journal.
func MarkPublished(p *Policy, s Subject, ids []string, notices []Notice) Subject {
	for i := range s.Outbox {
		if d := s.Outbox[i]; slices.Contains(ids, d.ID) {
			s.note(Note{Key: d.ID, At: d.At, Kind: string(d.Kind), Decision: d.ID, Published: &d})
		}
	}
	return AddNotices(p, MarkSent(s, ids), notices)
}

// dropSealed lets go of the address once it has served: nothing personal is held,
// other systems were told to delete it, and nothing is left to be said.
func (s *Subject) dropSealed() {
	if !s.HoldsPersonal && len(s.Outbox) == 0 && (len(s.Announced) > 0 || s.FullErasure != nil) {
		s.Sealed = nil
	}
}

// holding is what the bases say of one item at an instant.
type holding struct {
	Item
	stands bool
	begun  bool
	// until is the last end of the bases that stand, or nil if one has none.
	until *time.Time
	// lapse is the last end of the bases that are over.
	lapse time.Time
	// basis is the one that holds it longest.
	basis *Basis
}

// holdings works out, for every item that a basis ever covered, whether it may
// be held at an instant and until when.
func holdings(bases []Basis, at time.Time) []holding {
	index := map[Item]int{}
	var out []holding
	for i := range bases {
		b := &bases[i]
		for _, item := range b.Keeps {
			n, ok := index[item]
			if !ok {
				n = len(out)
				index[item] = n
				out = append(out, holding{Item: item})
			}
			out[n].add(b, at)
		}
	}
	slices.SortFunc(out, func(a, b holding) int { return compareItems(a.Item, b.Item) })
	return out
}

func (o *holding) add(b *Basis, at time.Time) {
	o.begun = o.begun || b.begun(at)
	if !b.Stands(at) {
		if b.begun(at) {
			o.lapse = maxTime(o.lapse, *b.Until)
		}
		return
	}
	switch {
	case !o.stands:
		o.stands, o.until, o.basis = true, b.Until, b
	case o.until == nil:
	case b.Until == nil || b.Until.After(*o.until):
		o.until, o.basis = b.Until, b
	}
}

// lapsed tells whether the item was held and may no longer be.
func (o *holding) lapsed() bool { return o.begun && !o.stands }

// retractUnsent empties the outbox and returns what was in it, so that unsent
// decisions are made again on all that is known now: a deletion of what may be
// held after all, or a question that was answered, is never sent. What a subject
// that was absorbed had decided keeps its id while it still holds good.
func (s *Subject) retractUnsent(h *history, held []holding, at time.Time) []Decision {
	unsent := s.Outbox
	s.Outbox = nil
	s.Announced, s.Questions = slices.Clone(s.Announced), slices.Clone(s.Questions)
	for _, d := range unsent {
		if (d.Subject != s.ID || d.Repeated) && d.isSupported(h, held, at) {
			s.Outbox = append(s.Outbox, d)
			continue
		}
		s.Announced = slices.DeleteFunc(s.Announced, func(x AnnouncedDeletion) bool { return x.Decision == d.ID })
		s.Questions = slices.DeleteFunc(s.Questions, func(x AnnouncedQuestion) bool { return x.Decision == d.ID })
		if d.WholePerson && s.FullErasure != nil && s.FullErasure.Lapse.Equal(d.Effective) {
			s.FullErasure = nil
		}
	}
	return unsent
}

// isSupported tells whether a decision still says what is so.
func (d *Decision) isSupported(h *history, held []holding, at time.Time) bool {
	if d.Kind == DecisionAskConsent {
		return h.basisToAsk(d.Question.Purpose, d.Question.Channel, at) != nil
	}
	return !slices.ContainsFunc(held, func(o holding) bool { return o.stands && slices.Contains(d.Items, o.Item) })
}

// fillOutbox puts decisions in the outbox and returns those that were not in it before.
func (s *Subject) fillOutbox(p *Policy, decisions, unsent []Decision) []Decision {
	var fresh []Decision
	for _, d := range decisions {
		n := slices.IndexFunc(unsent, func(u Decision) bool { return u.ID == d.ID })
		if n < 0 {
			fresh = append(fresh, d)
		} else {
			d.At = unsent[n].At
		}
		d.Recipients = p.recipientsOf(&d)
		s.Outbox = append(s.Outbox, d)
	}
	return fresh
}

// deletions says, for every item whose last basis has ended and of which it was not
// said since, that it must be deleted: one decision for each instant of lapse.
func (s *Subject) deletions(p *Policy, h *history, held []holding, at time.Time) []Decision {
	var lapsed []holding
	for _, o := range held {
		if s.isUnannounced(&o) {
			lapsed = append(lapsed, o)
		}
	}
	slices.SortStableFunc(lapsed, func(a, b holding) int { return a.lapse.Compare(b.lapse) })
	var out []Decision
	for len(lapsed) > 0 {
		lapse := lapsed[0].lapse
		n := 0
		var items []Item
		for n < len(lapsed) && lapsed[n].lapse.Equal(lapse) {
			items = append(items, lapsed[n].Item)
			n++
		}
		lapsed = lapsed[n:]
		d := s.deletion(p, lapse, items, held, at)
		d.Names = h.otherNames(items)
		out = append(out, d)
	}
	if !wholeHeld(p, held) {
		if last := markWholePerson(p, out); last != nil {
			s.FullErasure = &FullErasure{Lapse: last.Effective, At: at}
		}
	}
	return out
}

// markWholePerson says on the last deletion of personal data that it completes
// the person's, and returns that one, or nil.
func markWholePerson(p *Policy, decisions []Decision) *Decision {
	for i := range slices.Backward(decisions) {
		if slices.ContainsFunc(decisions[i].Items, p.personal) {
			decisions[i].WholePerson = true
			return &decisions[i]
		}
	}
	return nil
}

func (s *Subject) deletion(p *Policy, lapse time.Time, items []Item, held []holding, at time.Time) Decision {
	d := Decision{
		ID: deleteID(s.ID, lapse, items, s.earlierDecisions(items)), Kind: DecisionDelete, Subject: s.ID,
		At: at, Effective: lapse, Revision: p.Revision, Items: items, Retained: retained(held),
	}
	for i := range s.Bases {
		b := s.Bases[i]
		if b.begun(at) && slices.ContainsFunc(b.Keeps, func(k Item) bool { return slices.Contains(items, k) }) {
			d.Bases = append(d.Bases, b)
		}
	}
	slices.SortStableFunc(d.Bases, func(a, b Basis) int { return b.Until.Compare(*a.Until) })
	for _, item := range items {
		s.Announced = append(s.Announced, AnnouncedDeletion{Item: item, Lapse: lapse, At: at, Decision: d.ID})
	}
	return d
}

func retained(held []holding) []RetainedItem {
	var out []RetainedItem
	for _, o := range held {
		if o.stands {
			out = append(out, RetainedItem{Item: o.Item, Purpose: o.basis.Purpose, Article: o.basis.Article, Until: o.until})
		}
	}
	return out
}

// personHeld tells whether anything may be held that is more than keyed hashes.
func personHeld(p *Policy, held []holding) bool {
	return slices.ContainsFunc(held, func(o holding) bool { return o.stands && !p.Categories[o.Category].Pseudonymous })
}

// wholeHeld tells whether anything may be held of the person besides keyed hashes and
// what is written with them about their own request.
func wholeHeld(p *Policy, held []holding) bool {
	return slices.ContainsFunc(held, func(o holding) bool { return o.stands && p.personal(o.Item) })
}

func (p *Policy) personal(item Item) bool {
	c := p.Categories[item.Category]
	return !c.Pseudonymous && !c.Correspondence
}

// questions says for which consents the person should be asked.
func (s *Subject) questions(p *Policy, h *history, at time.Time) []Decision {
	var out []Decision
	for _, a := range p.Asks {
		because := h.basisToAsk(a.Purpose, a.Channel, at)
		if because == nil || s.hasAsked(a.Purpose, a.Channel) || h.askedOutside(a.Purpose, a.Channel) {
			continue
		}
		until := p.asksUntil(a, at)
		if because.Until != nil && because.Until.Before(until) {
			until = *because.Until // afterwards there is no basis to ask on
		}
		w, _ := p.wording(a.Wording, at)
		d := Decision{
			ID:   decisionID(s.ID, string(DecisionAskConsent), a.Purpose, a.Channel),
			Kind: DecisionAskConsent, Subject: s.ID, At: at, Effective: at, Revision: p.Revision,
			Bases: []Basis{*because},
			Question: &Question{
				Purpose: a.Purpose, Channel: a.Channel, Wording: w.ID, Language: w.Language,
				Text: w.Text, Places: a.Places, Until: until,
			},
		}
		s.announceQuestion(AnnouncedQuestion{Purpose: a.Purpose, Channel: a.Channel, At: at, Decision: d.ID})
		out = append(out, d)
	}
	return out
}

// basisToAsk returns the basis on which a person may be asked for a consent: the
// newest one that stands, is of the purpose the policy names, and rests on a
// sale that was not returned. It returns nil when there is none, or when the
// consent stands or was ever refused, withdrawn or objected to. A child is not asked.
func (h *history) basisToAsk(purpose, channel string, at time.Time) *Basis {
	if h.refusedEver(purpose, channel) || h.child() {
		return nil
	}
	for i := range h.consents {
		c := &h.consents[i]
		if c.Purpose == purpose && c.Channel == channel && c.Stands(at) {
			return nil
		}
	}
	var newest *Basis
	for i := range h.all {
		b := &h.all[i]
		if b.Stands(at) && h.policy.mayAskOn(b.Purpose, purpose, channel) && h.restsOnSale(b) {
			newest = b
		}
	}
	return newest
}

// mayAskOn tells whether a basis of a purpose lets the person be asked.
func (p *Policy) mayAskOn(basis, purpose, channel string) bool {
	return slices.ContainsFunc(p.Asks, func(a Ask) bool {
		return a.When == basis && a.Purpose == purpose && a.Channel == channel
	})
}

func (h *history) restsOnSale(b *Basis) bool {
	for i := range h.facts {
		f := &h.facts[i]
		if f.Kind == KindSale && slices.Contains(b.Facts, f.ID) && !h.refunded(h.record[i]) {
			return true
		}
	}
	return false
}

// scheduleReview sets when the subject must be looked at again, and lets go of the sealed address
// once it has served.
func (s *Subject) scheduleReview(p *Policy, at time.Time) {
	forget := s.LastReceived.AddDate(0, 0, p.IntakeDays)
	s.ReviewAt = nil
	next := func(t time.Time) {
		if t.After(at) && (s.ReviewAt == nil || t.Before(*s.ReviewAt)) {
			s.ReviewAt = &t
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
	s.visitDeadlines(p, next)
	requests := Requests(p, s.Facts, at)
	if s.RequestDue = requestDue(requests); s.RequestDue != nil {
		for i := range requests {
			next(requests[i].Due)
		}
	}
	if s.dropSealed(); !s.HoldsPersonal && len(s.Outbox) == 0 && !forget.After(at) {
		s.Sealed = nil // nobody ever came to need it
	}
	slices.SortFunc(s.Announced, compareDeletions)
	if s.ReviewAt == nil && len(s.Facts) == 0 && (s.Journal.Seq > 0 || s.Pending()) {
		s.note(Note{Key: EntryClosed + ":" + at.Format(time.RFC3339Nano), At: at, Kind: EntryClosed})
	}
}
