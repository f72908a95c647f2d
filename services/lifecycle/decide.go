package lifecycle

import (
	"slices"
	"time"
)

// Decide applies facts to a subject and returns the subject with new bases and with the resulting
// decisions in its outbox; decisions that were not in the outbox before are returned as well. The
// result depends on the facts and the instant, not on the order or number of deliveries: Decide is
// idempotent.
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
	if len(unsent) == 0 { // an unpublished decision keeps its id
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

// MarkSent returns the subject without the published decisions. When nothing personal may be held,
// the sealed identities are removed with the last decision.
func MarkSent(s Subject, ids []string) Subject {
	s.Outbox = slices.DeleteFunc(slices.Clone(s.Outbox), func(d Decision) bool { return slices.Contains(ids, d.ID) })
	s.dropSuperseded(ids)
	s.dropSealed()
	return s
}

// MarkPublished returns the subject after the stream was found to hold decisions that the outbox
// still holds: the decisions count as sent, and notes queue them for the journal.
func MarkPublished(p *Policy, s Subject, ids []string, notices []Notice) Subject {
	for i := range s.Outbox {
		if d := s.Outbox[i]; slices.Contains(ids, d.ID) {
			s.note(Note{Key: d.ID, At: d.At, Kind: EntryKind(d.Kind), Decision: d.ID, Published: &d})
		}
	}
	return AddNotices(p, MarkSent(s, ids), notices)
}

// dropSealed removes the sealed identities once nothing personal may be held, recipients were
// notified of the erasure, and no decision is unpublished.
func (s *Subject) dropSealed() {
	if !s.HoldsPersonal && len(s.Outbox) == 0 && (len(s.Announced) > 0 || s.FullErasure != nil) {
		s.Sealed = nil
	}
}

// holding is the state of one item at an instant, according to the bases.
type holding struct {
	Item
	stands bool
	begun  bool
	// until is the last end of the bases in force, or nil if one of them has no end.
	until *time.Time
	// lapse is the last end of the bases that are over.
	lapse time.Time
	// basis is the basis in force with the latest end.
	basis *Basis
}

// holdings returns, for every item that a basis ever covered, whether the item may be held at an
// instant and until when.
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

// lapsed reports whether the item was held and may no longer be held.
func (o *holding) lapsed() bool { return o.begun && !o.stands }

// retractUnsent empties the outbox and returns its decisions, so that unsent decisions are made
// again from current knowledge: a deletion of an item that may be held after all, and a question
// that was answered, are never published. A decision of a merged subject keeps its id while the
// decision is supported.
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

// isSupported reports whether the evaluation still supports a decision.
func (d *Decision) isSupported(h *history, held []holding, at time.Time) bool {
	if d.Kind == DecisionAskConsent {
		return h.basisToAsk(d.Question.Purpose, d.Question.Channel, at) != nil
	}
	return !slices.ContainsFunc(held, func(o holding) bool { return o.stands && slices.Contains(d.Items, o.Item) })
}

// fillOutbox adds decisions to the outbox and returns those that were not in the outbox before.
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

// deletions decides the deletion of every lapsed item that is not announced yet: one decision for
// each instant of lapse.
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

// markWholePerson marks the last deletion of personal data as the completion of the erasure and
// returns that deletion, or nil.
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

// personHeld reports whether personal data may be held, beyond keyed hashes.
func personHeld(p *Policy, held []holding) bool {
	return slices.ContainsFunc(held, func(o holding) bool { return o.stands && !p.Categories[o.Category].Pseudonymous })
}

// wholeHeld reports whether personal data may be held, beyond keyed hashes and the correspondence
// about the person's own request.
func wholeHeld(p *Policy, held []holding) bool {
	return slices.ContainsFunc(held, func(o holding) bool { return o.stands && p.personal(o.Item) })
}

func (p *Policy) personal(item Item) bool {
	c := p.Categories[item.Category]
	return !c.Pseudonymous && !c.Correspondence
}

// questions decides for which consents the person is asked.
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

// basisToAsk returns the basis on which a person may be asked for a consent: the newest basis in
// force with the purpose that the policy names, resting on a sale that was not refunded. The result
// is nil without such a basis, when the consent is given, after any refusal, withdrawal or
// objection, and for a child.
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

// mayAskOn reports whether a basis of a purpose permits the question.
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

// scheduleReview sets the next review of the subject and removes sealed identities that are no
// longer needed.
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
		s.Sealed = nil // no decision ever needed the identities
	}
	slices.SortFunc(s.Announced, compareDeletions)
	if s.ReviewAt == nil && len(s.Facts) == 0 && (s.Journal.Seq > 0 || s.Pending()) {
		s.note(Note{Key: string(EntryClosed) + ":" + at.Format(time.RFC3339Nano), At: at, Kind: EntryClosed})
	}
}
