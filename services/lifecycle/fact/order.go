package fact

import (
	"cmp"
	"slices"
	"sort"
	"time"
)

// rank orders acts of the same instant by their meaning: what begins comes before what follows, what ends
// comes after, and acts that protect the person rank highest, because a later act wins.
func (k Kind) rank() int {
	switch k {
	case KindErasure:
		return 6
	case KindObjection, KindObjectionUpheld:
		return 5
	case KindUnsubscribe, KindInvalidated, KindDeath:
		return 4
	case KindRefusal:
		return 3
	case KindRefund, KindOrderExpired:
		return 2
	case KindNegotiationClosed,
		KindBounce,
		KindAccessEnded,
		KindRelease,
		KindPerformed,
		KindComplaintSettled,
		KindRestrictionLifted:
		return 1
	case KindOrderPlaced, KindSignupPending, KindComplaint, KindNegotiationOpened, KindHold, KindRestriction:
		return -1
	}
	return 0
}

// Compare orders facts by instant, then by the meaning of their kinds, then by their content, and by their
// ids only when nothing else differs.
func Compare(a, b Fact) int { return compare(&a, &b) }

// compare is Compare without copies. Few facts have an instant and a kind in common.
func compare(a, b *Fact) int {
	if c := a.Occurred.Compare(b.Occurred); c != 0 {
		return c
	}
	if a.Kind != b.Kind {
		return cmp.Or(cmp.Compare(a.Kind.rank(), b.Kind.rank()), cmp.Compare(a.Kind, b.Kind))
	}
	if c := cmp.Or(a.Received.Compare(b.Received), cmp.Compare(a.Source, b.Source), cmp.Compare(a.Ref, b.Ref)); c != 0 {
		return c
	}
	return compareContent(a, b)
}

func compareContent(a, b *Fact) int {
	return cmp.Or(
		cmp.Compare(a.Contract, b.Contract),
		cmp.Compare(a.Access, b.Access),
		cmp.Compare(a.AccessDays, b.AccessDays),
		cmp.Compare(a.Wording, b.Wording),
		slices.Compare(a.Purposes, b.Purposes),
		slices.Compare(a.Channels, b.Channels),
		slices.Compare(a.Traits, b.Traits),
		cmp.Compare(a.Address, b.Address),
		cmp.Compare(a.Outcome, b.Outcome),
		cmp.Compare(a.ID, b.ID),
	)
}

// IsOrdered reports whether facts are in the order of Compare.
func IsOrdered(facts []Fact) bool {
	for i := 1; i < len(facts); i++ {
		if compare(&facts[i-1], &facts[i]) > 0 {
			return false
		}
	}
	return true
}

// SortPointers sorts facts by Compare. Facts are large: sort pointers, and copy each fact once.
func SortPointers(facts []*Fact) { slices.SortFunc(facts, compare) }

// Combine returns both lists of facts in order, each fact once. Of two reports of one fact the
// one received first is kept, so the order of arrival has no effect. Tests of a platform are
// dropped, and superseded observations: of the facts KindListed of one source, address and UTC day
// the latest is kept, so that a subject does not grow with each change of a profile. A fact that a later
// state does not repeat is void. The facts in have are the result of Combine, or none. The result may be more itself.
func Combine(have, more []Fact) []Fact {
	news := normalized(more)
	if len(have) == 0 && isCombined(news) {
		return news
	}
	var all []Fact
	isNew := areNew(have, news)
	if isNew {
		all = inserted(have, sorted(news, nil, compare))
	} else {
		all = mergeReports(sorted(have, news, compareReports))
	}
	all = dropRelabelled(all)
	if dated := voidByStates(all); (dated || !isNew) && !IsOrdered(all) {
		all = sorted(all, nil, compare)
	}
	return dropSuperseded(all)
}

// isCombined reports whether normal facts are as Combine returns them. Facts that later reports may change are left to
// Combine.
func isCombined(facts []Fact) bool {
	for i := range facts {
		if f := &facts[i]; f.StateOf != "" || len(f.Parts) > 0 || f.Kind.IsObservation() {
			return false
		}
	}
	return areNew(nil, facts) && IsOrdered(facts)
}

// normalized returns facts in their normal form, without tests of a platform.
func normalized(facts []Fact) []Fact {
	if areNormal(facts) {
		return facts
	}
	out := make([]Fact, 0, len(facts))
	for i := range facts {
		if !facts[i].HasTrait(TraitTest) {
			out = append(out, facts[i].Normalized())
		}
	}
	return out
}

// areNormal reports whether normalized would change nothing.
func areNormal(facts []Fact) bool {
	for i := range facts {
		if !facts[i].isNormal() || facts[i].HasTrait(TraitTest) {
			return false
		}
	}
	return true
}

// fewNews is the number of facts up to which each is searched among the others.
const fewNews = 16

// areNew reports whether no fact is a further report of another one; false as well where that takes long to find
// out.
func areNew(have, news []Fact) bool {
	if len(news) > fewNews {
		return false
	}
	for i := range news {
		if contains(have, news[i].ID) || contains(news[:i], news[i].ID) {
			return false
		}
	}
	return true
}

// contains reports whether a fact with an id is among facts.
func contains(facts []Fact, id string) bool {
	for i := range facts {
		if facts[i].ID == id {
			return true
		}
	}
	return false
}

// inserted returns copies of the facts of both ordered lists, in order.
func inserted(have, news []Fact) []Fact {
	if !IsOrdered(have) {
		return sorted(have, news, compare)
	}
	out := make([]Fact, 0, len(have)+len(news))
	for i := range news {
		n := sort.Search(len(have), func(n int) bool { return compare(&have[n], &news[i]) > 0 })
		out = append(append(out, have[:n]...), news[i])
		have = have[n:]
	}
	return append(out, have...)
}

// sorted returns copies of the facts of both lists, in an order.
func sorted(a, b []Fact, order func(a, b *Fact) int) []Fact {
	places := make([]*Fact, 0, len(a)+len(b))
	for i := range a {
		places = append(places, &a[i])
	}
	for i := range b {
		places = append(places, &b[i])
	}
	slices.SortStableFunc(places, order)
	out := make([]Fact, len(places))
	for i, f := range places {
		out[i] = *f
	}
	return out
}

// compareReports orders facts so that the reports of one fact are neighbours, the first one first.
func compareReports(a, b *Fact) int {
	return cmp.Or(cmp.Compare(a.ID, b.ID), a.Received.Compare(b.Received), a.Occurred.Compare(b.Occurred))
}

// mergeReports keeps the first of the reports of each fact, with the latest state that repeats the fact.
// The reports of one fact are neighbours.
func mergeReports(all []Fact) []Fact {
	out := all[:0]
	for i := range all {
		f := &all[i]
		if len(out) == 0 || out[len(out)-1].ID != f.ID {
			out = append(out, *f)
			continue
		}
		kept := &out[len(out)-1]
		if kept.StateOf == "" {
			kept.StateOf = f.StateOf
		}
		kept.Full, kept.Links = isFull(kept, f), laterLinks(kept, f)
		kept.joinSignup(f)
		kept.Phone, kept.Unlisted = max(kept.Phone, f.Phone), joinUnlisted(kept.Unlisted, f.Unlisted)
		kept.Parts, kept.Reports = laterParts(kept, f), joinReports(kept, f)
		kept.AsOf, kept.Void = latest(kept.AsOf, f.AsOf), earliest(kept.Void, f.Void)
	}
	return out
}

// isFull reports whether two reports of one refund make it a full one. The state of the whole record, with its
// price and all its refunds, decides, and the latest of such states: a refund beside it may be undone. A report
// of the refund alone does not know the price and takes nothing back.
func isFull(a, b *Fact) bool {
	if a.StateOf != a.Ref || b.StateOf != b.Ref {
		return a.Full || b.Full
	}
	switch compareTimes(a.AsOf, b.AsOf) {
	case -1:
		return b.Full
	case 1:
		return a.Full
	}
	return a.Full || b.Full
}

// laterLinks returns the linked names of the later of two reports of one fact, if that report links any: a shop
// learns the payment of an order after the order, and names the last payment of an order that was paid twice.
func laterLinks(a, b *Fact) []string {
	if len(b.Links) > 0 && (len(a.Links) == 0 || compareTimes(a.AsOf, b.AsOf) < 0) {
		return b.Links
	}
	return a.Links
}

// compareTimes orders times, with the unknown one first.
func compareTimes(a, b *time.Time) int {
	switch {
	case a == nil && b == nil:
		return 0
	case a == nil:
		return -1
	case b == nil:
		return 1
	}
	return a.Compare(*b)
}

// thing is what a state is of.
type thing struct{ source, stateOf string }

func (f *Fact) thing() thing { return thing{f.Source, f.StateOf} }

// byThing returns the facts that pass, by their things; nil without such a fact.
func byThing(all []Fact, pass func(*Fact) bool) map[thing][]*Fact {
	var out map[thing][]*Fact
	for i := range all {
		if f := &all[i]; pass(f) {
			if out == nil {
				out = map[thing][]*Fact{}
			}
			out[f.thing()] = append(out[f.thing()], f)
		}
	}
	return out
}

// statesOf returns the reported states by their things.
func statesOf(all []Fact) map[thing][]*Fact {
	return byThing(all, func(f *Fact) bool { return f.Kind == KindState && f.AsOf != nil })
}

// voidByStates sets Void of each fact that was reported with a state and that a later state of the same
// thing does not repeat, and dates each fact that was void in between by its report after that. The result reports
// whether a fact has reports by which it is dated.
func voidByStates(all []Fact) (dated bool) {
	states := statesOf(all)
	for i := range all {
		f := &all[i]
		if f.Kind == KindState || f.StateOf == "" {
			continue
		}
		of := states[f.thing()]
		f.dateByReports(of)
		dated = dated || len(f.Reports) > 0
		f.Void = f.voidBy(of)
		if f.Void != nil && isRedated(all, f) {
			f.Void = nil
		}
	}
	return dated
}

// voidBy returns the time of the first state without the fact after the last state with the fact; nil
// without such a state. A fact of a state without a time is void from the first state that was received
// later. A time that was found before counts on when its state is no longer kept.
func (f *Fact) voidBy(states []*Fact) *time.Time {
	void := f.Void
	if void != nil && (f.AsOf != nil && !void.After(*f.AsOf) || isTimeOf(states, *void)) {
		void = nil // the fact was repeated since, or the state is known and counts below
	}
	last := f.lastReport()
	for _, state := range states {
		switch {
		case f.AsOf == nil && state.Received.After(f.Received):
			received := state.Received
			void = earliest(void, &received)
		case f.AsOf != nil && isLater(state, f.Kind, last) && !isRelabelled(f.Parts, state.Parts):
			void = earliest(void, state.AsOf)
		}
	}
	return void
}

// isTimeOf reports whether a time is that of one of the states, or of its receipt.
func isTimeOf(states []*Fact, at time.Time) bool {
	return slices.ContainsFunc(states, func(state *Fact) bool { return state.AsOf.Equal(at) || state.Received.Equal(at) })
}

// isLater reports whether a state is later than a report of a fact of a kind. A clock of a shop may
// step back, and two states may have the same second: a sale, on which the books rest, ends only with a
// state that is later by the clock and by the receipt, or later by more than clockTolerance. The end of an
// access is final for most platforms: only a state that is later by the clock and by the receipt takes the end
// back, or one that is later by the clock while the end was on its way for no longer than a platform redelivers.
func isLater(state *Fact, kind Kind, r Report) bool {
	switch kind {
	case KindSale:
	case KindAccessEnded:
		overtaken := r.Received.Sub(r.AsOf) <= deliveredWithin
		return state.AsOf.After(r.AsOf) && (overtaken || state.Received.After(r.Received))
	default:
		return state.AsOf.After(r.AsOf)
	}
	ahead := state.AsOf.Truncate(time.Second).Sub(r.AsOf.Truncate(time.Second))
	return ahead > clockTolerance || ahead > 0 && state.Received.After(r.Received)
}

// StateTime returns the time by which a reported state is compared with other states of the same thing, of
// the time that the source states: no later than the receipt, and within one second of the source's clock
// the later receipt counts as the later state.
func StateTime(stated, received time.Time) time.Time {
	stated, received = stated.UTC().Truncate(time.Millisecond), received.UTC().Truncate(time.Millisecond)
	delay := received.Sub(stated)
	if delay <= 0 {
		return received
	}
	if stated.Nanosecond() != 0 {
		return stated
	}
	const half = 10 * time.Second // a delay at which half of the second is spent
	share := float64(delay) / float64(delay+half)
	return stated.Add(time.Duration(share * float64(time.Second-time.Millisecond))).Truncate(time.Millisecond)
}

// isRedated reports whether a later state repeats a sale with another date: both dates count, so that the
// later year decides how long the books are kept.
func isRedated(all []Fact, sale *Fact) bool {
	return sale.Kind == KindSale && sale.AsOf != nil && slices.ContainsFunc(all, func(f Fact) bool {
		return f.Kind == KindSale && f.Source == sale.Source && f.StateOf == sale.StateOf && f.Ref == sale.Ref &&
			f.Access == sale.Access && f.AccessDays == sale.AccessDays && f.AsOf != nil && f.AsOf.After(*sale.AsOf)
	})
}

func latest(a, b *time.Time) *time.Time {
	if a == nil || b != nil && b.After(*a) {
		return b
	}
	return a
}

func earliest(a, b *time.Time) *time.Time {
	if a == nil || b != nil && b.Before(*a) {
		return b
	}
	return a
}

// listing is a day on which a source listed an address.
type listing struct {
	source, address string
	day             int64
}

// dropSuperseded drops the superseded observations of ordered facts.
func dropSuperseded(all []Fact) []Fact {
	var last map[listing]string
	for i := range all {
		if all[i].Kind == KindListed {
			if last == nil {
				last = map[listing]string{}
			}
			last[all[i].listing()] = all[i].ID
		}
	}
	if last == nil {
		return all
	}
	return slices.DeleteFunc(all, func(f Fact) bool { return f.Kind == KindListed && last[f.listing()] != f.ID })
}

func (f *Fact) listing() listing {
	return listing{f.Source, f.Address, f.Occurred.Unix() / int64(24*time.Hour/time.Second)}
}
