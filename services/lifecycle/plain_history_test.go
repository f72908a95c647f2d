package lifecycle_test

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/rodopath/rodopath/services/lifecycle/fact"
)

// plainUpheld is an objection that needed a balance and was granted.
const plainUpheld fact.Kind = "upheld"

// plainEvent is something that a rule may see: a fact, or what follows from one at
// another time.
type plainEvent struct {
	kind fact.Kind
	at   time.Time
	fact *fact.Fact
	// record is what it is about; empty when it is about the person as a whole.
	record string
	// purposes are those that an objection reaches.
	purposes []string
}

// plainHistory is what happened to one person, in order.
type plainHistory struct {
	policy *plainPolicy
	facts  []*fact.Fact
	events []plainEvent
	// void are the facts that a later state did not repeat.
	void []*fact.Fact
	// records and contracts remember what was looked up.
	records, contracts map[string]string
	// shared are the orders that share a payment.
	shared map[string][]string
}

func newPlainHistory(p *plainPolicy, facts []fact.Fact) *plainHistory {
	h := &plainHistory{
		policy:    p,
		records:   map[string]string{},
		contracts: map[string]string{},
		shared:    map[string][]string{},
	}
	for i := range facts {
		switch {
		case slices.Contains(facts[i].Traits, fact.TraitEcho): // of our own deletion: nothing happened
		case facts[i].Kind == fact.KindState:
		case facts[i].Void != nil:
			h.void = append(h.void, &facts[i])
		default:
			h.facts = append(h.facts, &facts[i])
		}
	}
	h.payInParts()
	for _, f := range h.facts {
		for _, e := range h.eventsOf(f) {
			h.events = append(h.events, h.ofEach(e)...)
		}
	}
	slices.SortStableFunc(h.events, func(a, b plainEvent) int {
		if c := a.at.Compare(b.at); c != 0 {
			return c
		}
		if c := plainRank(a.kind) - plainRank(b.kind); c != 0 {
			return c
		}
		return plainContent(a, b)
	})
	return h
}

// payInParts makes a subscription of which a payment is one of an order for courses alone what it is: a way to pay for
// the courses, as long as the longest of them, whose end ends no course.
func (h *plainHistory) payInParts() {
	is := func(f *fact.Fact, access fact.Access) bool { return f.Kind == fact.KindSale && f.Access == access }
	alone := func(course *fact.Fact) bool {
		return course.Contract == "" && !slices.ContainsFunc(h.facts, func(f *fact.Fact) bool {
			return is(f, fact.AccessSubscription) && f.Ref == course.Ref
		})
	}
	paid := map[string][]int{} // the days of the courses that a contract pays for
	for _, payment := range h.facts {
		for _, course := range h.facts {
			if !is(payment, fact.AccessSubscription) || payment.Contract == "" || !is(course, fact.AccessCourse) ||
				!alone(course) {
				continue
			}
			for _, record := range h.recordsNamed(course.Ref) {
				if slices.Contains(h.recordsNamed(payment.Ref), record) {
					paid[payment.Contract] = append(paid[payment.Contract], course.AccessDays)
				}
			}
		}
	}
	for i, f := range h.facts {
		days := paid[f.Contract]
		if f.Contract == "" || len(days) == 0 {
			continue
		}
		part := *f
		switch {
		case is(f, fact.AccessSubscription):
			part.Access, part.AccessDays, part.PaidUntil = fact.AccessCourse, slices.Max(days), nil
			if slices.Contains(days, 0) {
				part.AccessDays = 0
			}
		case (f.Kind == fact.KindAccessStarted || f.Kind == fact.KindAccessEnded) && f.Access == "":
			part.Access = fact.AccessSubscription
		}
		h.facts[i] = &part
	}
}

// ofEach is an event, once for each of the orders when it is of a payment that they share.
func (h *plainHistory) ofEach(e plainEvent) []plainEvent {
	if e.record == "" {
		return []plainEvent{e}
	}
	var events []plainEvent
	for _, order := range h.recordsNamed(e.record) {
		of := e
		of.record = order
		events = append(events, of)
	}
	return events
}

// recordsNamed are the records of a name: of the orders that share a payment, or the one.
func (h *plainHistory) recordsNamed(name string) []string {
	var orders []string
	for _, n := range h.closure(name, h.tells) {
		for _, order := range h.sharing(n) {
			if of := h.record(order); !slices.Contains(orders, of) {
				orders = append(orders, of)
			}
		}
	}
	slices.Sort(orders)
	if of := h.record(name); len(orders) < 2 || slices.Contains(orders, of) {
		return []string{of}
	}
	return orders
}

// plainSold reports whether a fact tells of an order, paid or not.
func plainSold(f *fact.Fact) bool { return f.Kind == fact.KindSale || f.Kind == fact.KindOrderPlaced }

// order reports whether a name is that of an order or a sale itself.
func (h *plainHistory) order(name string) bool {
	return slices.ContainsFunc(h.facts, func(f *fact.Fact) bool { return plainSold(f) && f.Ref == name })
}

// payment reports whether a fact is about no order, and makes names of one payment one.
func (h *plainHistory) payment(f *fact.Fact, a, b string) bool {
	return !h.order(f.Ref) && !h.order(a) && !h.order(b)
}

// sharing are the orders of a payment that orders of one source with names of one form share; none when there
// are fewer than two.
func (h *plainHistory) sharing(name string) []string {
	if h.order(name) {
		return nil
	}
	if shared, known := h.shared[name]; known {
		return shared
	}
	payment := h.closure(name, h.payment)
	by := map[[2]string][]string{}
	for _, f := range h.facts {
		form, _, _ := strings.Cut(strings.Map(func(r rune) rune {
			if strings.ContainsRune("_/0123456789", r) {
				return ' '
			}
			return r
		}, f.Ref), " ")
		of := [2]string{f.Source, form}
		links := plainSold(f) && f.Ref != "" &&
			slices.ContainsFunc(f.Links, func(l string) bool { return !h.order(l) && slices.Contains(payment, l) })
		if links && !slices.Contains(by[of], f.Ref) {
			by[of] = append(by[of], f.Ref)
		}
	}
	var shared []string
	for _, orders := range by {
		if len(orders) > 1 {
			shared = append(shared, orders...)
		}
	}
	slices.Sort(shared)
	h.shared[name] = shared
	return shared
}

// tells reports whether a fact makes two of its names one: its own name and a linked one, but not the name of
// an order and that of a payment which the order shares.
func (h *plainHistory) tells(f *fact.Fact, a, b string) bool {
	link := a
	if f.Ref == a {
		link = b
	}
	if h.order(link) {
		return true
	}
	shared := h.sharing(link)
	if len(shared) == 0 {
		return true
	}
	var orders []string
	for _, order := range shared {
		of := h.closure(order, h.tellsPlainly)
		slices.Sort(of)
		if !slices.ContainsFunc(orders, func(o string) bool { return slices.Contains(of, o) }) {
			orders = append(orders, order)
		}
	}
	own := h.closure(f.Ref, h.tellsPlainly)
	return len(orders) == 1 || !slices.ContainsFunc(shared, func(o string) bool { return slices.Contains(own, o) })
}

// tellsPlainly is tells of what no orders share.
func (h *plainHistory) tellsPlainly(f *fact.Fact, a, b string) bool {
	link := a
	if f.Ref == a {
		link = b
	}
	return h.order(link) || len(h.sharing(link)) == 0
}

// closure are the names that facts tell to be one with a name.
func (h *plainHistory) closure(name string, tells func(f *fact.Fact, a, b string) bool) []string {
	names := []string{name}
	for grown := true; grown; {
		grown = false
		for _, f := range h.facts {
			mine := plainNames(f)
			for _, link := range mine[min(1, len(mine)):] {
				for _, p := range [][2]string{{mine[0], link}, {link, mine[0]}} {
					if slices.Contains(names, p[0]) && !slices.Contains(names, p[1]) && tells(f, mine[0], link) {
						names, grown = append(names, p[1]), true
					}
				}
			}
		}
	}
	return names
}

// plainContent orders what happened in one instant with one rank by all that is said of it.
func plainContent(a, b plainEvent) int {
	for _, of := range []func(e plainEvent) string{
		func(e plainEvent) string { return string(e.kind) },
		func(e plainEvent) string { return e.fact.Received.UTC().Format("2006-01-02T15:04:05.000") },
		func(e plainEvent) string { return e.fact.Source },
		func(e plainEvent) string { return e.fact.Ref },
		func(e plainEvent) string { return e.fact.Contract },
		func(e plainEvent) string { return string(e.fact.Access) },
		func(e plainEvent) string { return fmt.Sprintf("%09d", e.fact.AccessDays) },
		func(e plainEvent) string { return e.fact.Wording },
		func(e plainEvent) string { return strings.Join(e.fact.Purposes, "\x00") },
		func(e plainEvent) string { return strings.Join(e.fact.Channels, "\x00") },
		func(e plainEvent) string { return strings.Join(e.fact.Traits, "\x00") },
		func(e plainEvent) string { return e.fact.Address },
		func(e plainEvent) string { return string(e.fact.Outcome) },
		func(e plainEvent) string { return e.fact.ID },
	} {
		if c := strings.Compare(of(a), of(b)); c != 0 {
			return c
		}
	}
	return 0
}

// plainRank orders what happened in one instant: what protects the person is last.
func plainRank(k fact.Kind) int {
	begins := []fact.Kind{
		fact.KindOrderPlaced, fact.KindSignupPending, fact.KindComplaint, fact.KindNegotiationOpened, fact.KindHold,
		fact.KindRestriction,
	}
	if slices.Contains(begins, k) {
		return -1
	}
	order := [][]fact.Kind{
		{
			fact.KindNegotiationClosed,
			fact.KindBounce,
			fact.KindAccessEnded,
			fact.KindRelease,
			fact.KindPerformed,
			fact.KindComplaintSettled,
			fact.KindRestrictionLifted,
		},
		{fact.KindRefund, fact.KindOrderExpired},
		{fact.KindRefusal},
		{fact.KindUnsubscribe, fact.KindInvalidated, fact.KindDeath},
		{fact.KindObjection, plainUpheld},
		{fact.KindErasure},
	}
	for i, kinds := range order {
		if slices.Contains(kinds, k) {
			return i + 1
		}
	}
	return 0
}

// plainOfPerson are the kinds that concern the person, whatever record they name.
var plainOfPerson = []fact.Kind{
	fact.KindSignup,
	fact.KindSignupPending,
	fact.KindRefusal,
	fact.KindUnsubscribe,
	fact.KindObjection,
	fact.KindErasure,
	fact.KindBounce,
	fact.KindConsentAsked,
	fact.KindInvalidated,
	fact.KindAddressChanged,
	fact.KindRestriction,
	fact.KindRestrictionLifted,
	fact.KindListed,
	plainUpheld,
}

// plainRequests are requests for a right; an objection is one unless it is to marketing.
var plainRequests = []fact.Kind{
	fact.KindAccessRequest,
	fact.KindPortabilityRequest,
	fact.KindRectificationRequest,
	fact.KindErasure,
	fact.KindRestriction,
}

// eventsOf is what rules see of a fact.
func (h *plainHistory) eventsOf(f *fact.Fact) []plainEvent {
	if h.mistaken(f) {
		if _, other := h.purposesOf(f); f.Kind == fact.KindObjection && len(other) == 0 {
			return nil
		}
		return []plainEvent{plainRequest(f)}
	}
	if f.Kind == fact.KindObjection {
		return h.objection(f)
	}
	if !slices.Contains(plainRequests, f.Kind) {
		return []plainEvent{{kind: f.Kind, at: f.Occurred, fact: f, record: plainRecord(f)}}
	}
	events := []plainEvent{plainRequest(f)}
	if at, ok := h.verified(f); ok && f.Kind == fact.KindErasure && h.refused(f) {
		marketing, _ := h.purposesOf(&fact.Fact{})
		events = append(events, plainEvent{kind: fact.KindObjection, at: at, fact: f, purposes: marketing})
	} else if ok {
		events = append(events, plainEvent{kind: f.Kind, at: at, fact: f, record: plainRecord(f)})
	}
	return events
}

// plainRecord is the record that a fact is about.
func plainRecord(f *fact.Fact) string {
	if slices.Contains(plainOfPerson, f.Kind) {
		return ""
	}
	if slices.Contains(plainRequests, f.Kind) {
		return plainRequestName(f)
	}
	return f.Ref
}

// plainRequest is the request as such, which is there from its receipt on.
func plainRequest(f *fact.Fact) plainEvent {
	return plainEvent{kind: fact.KindRequested, at: f.Occurred, fact: f, record: plainRequestName(f)}
}

func plainRequestName(f *fact.Fact) string {
	if f.Ref == "" {
		return "request-" + f.ID
	}
	return f.Ref
}

// objection works at once on marketing, which is what it is to when it does not say
// otherwise. On other purposes it is a request, and works once it was granted.
func (h *plainHistory) objection(f *fact.Fact) []plainEvent {
	marketing, other := h.purposesOf(f)
	if len(other) == 0 {
		return []plainEvent{{kind: fact.KindObjection, at: f.Occurred, fact: f, purposes: marketing}}
	}
	events := []plainEvent{plainRequest(f)}
	if len(marketing) > 0 {
		events = append(events, plainEvent{kind: fact.KindObjection, at: f.Occurred, fact: f, purposes: marketing})
	}
	at, verified := h.verified(f)
	if !verified {
		return events
	}
	if granted, ok := h.granted(f); ok {
		events = append(events, plainEvent{kind: plainUpheld, at: plainLater(granted, at), fact: f, purposes: other})
	}
	return events
}

// mistaken is whether a request was noted by mistake: of all that it does only its having been received stays.
func (h *plainHistory) mistaken(f *fact.Fact) bool {
	if !slices.Contains(plainRequests, f.Kind) && f.Kind != fact.KindObjection {
		return false
	}
	return slices.ContainsFunc(h.facts, func(x *fact.Fact) bool {
		return x.Kind == fact.KindRequestAnswered && x.Outcome == "mistaken" && x.Ref == plainRequestName(f)
	})
}

// granted is when a request was first granted, wholly or in part.
func (h *plainHistory) granted(f *fact.Fact) (first time.Time, found bool) {
	for _, d := range h.facts {
		grants := d.Kind == fact.KindRequestDecided && (d.Outcome == "granted" || d.Outcome == "partly")
		if grants && d.Ref == plainRequestName(f) && (!found || d.Occurred.Before(first)) {
			first, found = d.Occurred, true
		}
	}
	return first, found
}

// refused is whether a request was refused, and not granted in whole or in part at the same time or later.
func (h *plainHistory) refused(f *fact.Fact) bool {
	is := func(d *fact.Fact, outcomes ...fact.Outcome) bool {
		return d.Kind == fact.KindRequestDecided && d.Ref == plainRequestName(f) && slices.Contains(outcomes, d.Outcome)
	}
	for _, no := range h.facts {
		if is(no, "refused") && !slices.ContainsFunc(h.facts, func(d *fact.Fact) bool {
			return is(d, "granted", "partly") && !d.Occurred.Before(no.Occurred)
		}) {
			return true
		}
	}
	return false
}

// purposesOf are those that an objection is to: of marketing, and others.
func (h *plainHistory) purposesOf(f *fact.Fact) (marketing, other []string) {
	for _, p := range f.Purposes {
		if h.policy.marketing(p) {
			marketing = append(marketing, p)
		} else {
			other = append(other, p)
		}
	}
	if len(f.Purposes) > 0 {
		return marketing, other
	}
	for _, r := range h.policy.rules {
		if r.consent {
			marketing = append(marketing, r.purpose)
		}
	}
	return marketing, nil
}

// verified is when a request counts: at once, or when it was verified that it is
// the person who asks.
func (h *plainHistory) verified(f *fact.Fact) (time.Time, bool) {
	if !slices.Contains(f.Traits, fact.TraitUnverified) {
		return f.Occurred, true
	}
	var first time.Time
	found := false
	for _, v := range h.facts {
		if v.Kind == fact.KindRequestVerified && v.Ref == plainRequestName(f) {
			if at := plainLater(v.Occurred, f.Occurred); !found || at.Before(first) {
				first, found = at, true
			}
		}
	}
	return first, found
}

func plainLater(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// plainNames are all the names that a fact gives a record. A fact about the person may
// mention one, and tells as well as others that its names are one.
func plainNames(f *fact.Fact) []string {
	switch {
	case f.Ref != "":
		return append([]string{f.Ref}, f.Links...)
	case plainRecord(f) != "":
		return []string{plainRecord(f)}
	}
	return nil
}

// record returns one name for all the names of a record. Facts that share a name are about
// one record.
func (h *plainHistory) record(name string) string {
	if h.records[name] == "" {
		h.records[name] = h.joined(name)
	}
	return h.records[name]
}

func (h *plainHistory) joined(name string) string {
	return h.firstName(h.closure(name, h.tells))
}

// firstName is the first name of a record: of its first order or sale, or else of its first fact with
// personal data, or else of any fact; and what a fact is about before what it mentions.
func (h *plainHistory) firstName(names []string) string {
	sold := func(f *fact.Fact) bool { return f.Kind == fact.KindSale || f.Kind == fact.KindOrderPlaced }
	for _, fits := range []func(*fact.Fact) bool{
		sold, func(f *fact.Fact) bool { return f.Kind.AddsData() }, func(*fact.Fact) bool { return true },
	} {
		for _, f := range h.facts {
			if fits(f) && f.Ref != "" && slices.Contains(names, f.Ref) {
				return f.Ref
			}
		}
	}
	for _, f := range h.facts {
		for _, n := range slices.Sorted(slices.Values(f.Links)) {
			if slices.Contains(names, n) {
				return n
			}
		}
	}
	return slices.Min(names)
}

// contract returns one name for the contract of a record, which is the record itself
// where no contract is named. Records that share a contract belong to one.
func (h *plainHistory) contract(record string) string {
	if h.contracts[record] == "" {
		h.contracts[record] = h.agreement(record)
	}
	return h.contracts[record]
}

func (h *plainHistory) agreement(record string) string {
	records := []string{record}
	var named []string
	for grown := true; grown; {
		grown = false
		for _, f := range h.facts {
			if f.Ref == "" || f.Contract == "" {
				continue
			}
			r := h.record(f.Ref)
			if !slices.Contains(records, r) && !slices.Contains(named, f.Contract) {
				continue
			}
			if !slices.Contains(records, r) {
				records, grown = append(records, r), true
			}
			if !slices.Contains(named, f.Contract) {
				named, grown = append(named, f.Contract), true
			}
		}
	}
	if len(named) == 0 {
		return record
	}
	return slices.Min(named)
}

// traits are those of the fact, and of every fact of its record.
func (h *plainHistory) traits(e plainEvent) []string {
	traits := slices.Clone(e.fact.Traits)
	if e.record == "" {
		return traits
	}
	for _, f := range h.facts {
		if r := plainRecord(f); r != "" && slices.Contains(h.recordsNamed(r), h.record(e.record)) {
			traits = append(traits, f.Traits...)
		}
	}
	return traits
}

// plainAccess is what was sold; what nothing is said of is delivered once.
func plainAccess(e plainEvent) fact.Access {
	if e.fact.Access == "" {
		return fact.AccessOneOff
	}
	return e.fact.Access
}

// plainVoid reports whether a sign-up is no consent.
func plainVoid(f *fact.Fact) bool {
	has := func(t string) bool { return slices.Contains(f.Traits, t) }
	return has(fact.TraitPreticked) || has(fact.TraitForced) ||
		has(fact.TraitChild) && !has(fact.TraitParentAgreed)
}

// plainShows reports whether a sign-up shows by itself that the person said yes after a no.
func plainShows(f *fact.Fact, no time.Time) bool {
	ofPerson := f.Doubt == "" && !slices.Contains(f.Traits, fact.TraitUnproven)
	traced := f.Form != "" || len(f.Proof) > 0 || f.DoubleOptIn != nil && no.Before(*f.DoubleOptIn)
	return ofPerson && traced && no.Before(f.Occurred)
}

// covers is what a sign-up is a consent to, if it is one.
func (p *plainPolicy) covers(f *fact.Fact) plainCoverage {
	c := p.unknown
	for _, w := range p.wordings {
		if w.id == f.Wording && w.inUse(f.Occurred) {
			c = w.plainCoverage
		}
	}
	return plainCoverage{plainOnly(c.purposes, f.Purposes), plainOnly(c.channels, f.Channels)}
}

func (w *plainWording) inUse(t time.Time) bool {
	day := t.In(plainWarsaw()).Format(time.DateOnly)
	return (w.from == "" || w.from <= day) && (w.to == "" || day <= w.to)
}

func plainOnly(all, only []string) []string {
	var out []string
	for _, a := range all {
		if len(only) == 0 || slices.Contains(only, a) {
			out = append(out, a)
		}
	}
	return out
}
