package lifecycle_test

import (
	"fmt"
	"slices"
	"time"

	"github.com/rodopath/rodopath/services/lifecycle/fact"
)

// plainEdges are instants at which something could go wrong: midnights of Warsaw,
// the turn of the year, days on which the clock moves, a leap day, days off.
var plainEdges = []string{
	"2019-12-31T22:59:59.999Z",
	"2019-12-31T23:00:00Z",
	"2020-02-29T11:00:00Z",
	"2020-03-29T00:30:00Z",
	"2020-03-29T01:00:00Z",
	"2020-10-25T00:30:00Z",
	"2021-01-31T23:30:00Z",
	"2021-05-31T22:00:00Z",
	"2021-12-30T23:00:00Z",
	"2022-08-30T22:00:00Z",
	"2023-01-30T23:00:00Z",
	"2023-12-24T09:00:00Z",
	"2024-02-28T23:00:00Z",
	"2024-12-24T09:00:00Z",
	"2025-12-24T09:00:00Z",
	"2025-12-31T23:30:00Z",
}

// history makes one to fifteen facts, all of them settled and each told once.
func (r *plainRandom) history() []fact.Fact {
	r.kinds = r.spokenOf()
	facts := make([]fact.Fact, 1+r.IntN(15))
	var pool []time.Time
	for i := range facts {
		at := r.instant(pool)
		pool = append(pool, at)
		facts[i] = r.newFact(i, at)
	}
	r.nameRequests(facts)
	if r.chance(50) {
		facts = r.atTheEnd(facts)
	}
	return plainListedOnceADay(facts)
}

// plainListedOnceADay drops all but one of the observations of a day, of which the core keeps one.
func plainListedOnceADay(facts []fact.Fact) []fact.Fact {
	days := map[string]bool{}
	return slices.DeleteFunc(facts, func(f fact.Fact) bool {
		day := f.Occurred.UTC().Format(time.DateOnly)
		again := f.Kind == fact.KindListed && days[day]
		days[day] = days[day] || f.Kind == fact.KindListed
		return again
	})
}

// atTheEnd adds a fact in the very instant in which some basis ends, or just before.
func (r *plainRandom) atTheEnd(facts []fact.Fact) []fact.Fact {
	bases := newPlainHistory(r.policy, facts).bases()
	if len(bases) == 0 {
		return facts
	}
	b := plainPick(r, bases)
	if b.until == nil {
		return facts
	}
	like := plainPick(r, facts) // of a kind, and of a record, that it may concern
	f := r.newFact(len(facts), b.until.Add(-time.Duration(r.IntN(2))*time.Millisecond))
	if r.chance(60) {
		like.ID, like.Occurred, like.Received = f.ID, f.Occurred, f.Received
		f = like
	}
	if slices.Contains(plainRequests, f.Kind) || f.Kind == fact.KindObjection {
		f.Ref, f.Links, f.Contract = "req-end", nil, "" // a request has a name of its own
	}
	return append(facts, f)
}

// spokenOf are the kinds that the policy's rules name.
func (r *plainRandom) spokenOf() []fact.Kind {
	kinds := []fact.Kind{fact.KindRequestVerified}
	for _, rule := range r.policy.rules {
		kinds = append(append(kinds, rule.raised...), rule.raised...)
		kinds = append(append(kinds, rule.ended...), rule.without...)
		if slices.Contains(rule.ended, fact.KindErasure) {
			kinds = append(kinds, fact.KindErasure, fact.KindRequestDecided, fact.KindRequestAnswered)
		}
		if slices.Contains(rule.ended, fact.KindObjection) {
			kinds = append(kinds, fact.KindObjection, fact.KindRequestDecided, fact.KindRequestDecided, fact.KindRequestAnswered)
		}
		if rule.consent {
			kinds = append(kinds, fact.KindSignup, fact.KindSignup, fact.KindUnsubscribe, fact.KindBounce, fact.KindListed)
		}
		if rule.suspended {
			kinds = append(kinds, fact.KindHold, fact.KindRelease)
		}
		for _, p := range rule.until {
			kinds = append(kinds, plainSpokenOf(p)...)
		}
	}
	return kinds
}

func plainSpokenOf(p *plainPeriod) []fact.Kind {
	if p.word == "else" {
		return append(plainSpokenOf(p.of), plainSpokenOf(p.other)...)
	}
	switch p = plainInnermost(p); p.name {
	case "act", "last_state", "supply_end", "event":
		return nil
	case "performance":
		return []fact.Kind{fact.KindPerformed, fact.KindSale}
	case "access_end":
		return []fact.Kind{fact.KindAccessEnded, fact.KindSale}
	case "consent_end":
		return []fact.Kind{fact.KindSignup, fact.KindUnsubscribe}
	}
	return []fact.Kind{fact.Kind(p.name)}
}

func (r *plainRandom) instant(pool []time.Time) time.Time {
	switch n := r.IntN(10); {
	case n < 2 && len(pool) > 0:
		return plainPick(r, pool)
	case n < 3 && len(pool) > 0: // where a period of days is over
		return (plainDayOf(plainPick(r, pool)) + plainPick(r, []plainDay{1, 2, 8, 15, 31, 366})).start()
	case n < 5 && len(pool) > 0:
		return plainPick(r, pool).Add(time.Duration(r.IntN(60*24)) * time.Hour)
	case n < 6:
		t, err := time.Parse(time.RFC3339, plainPick(r, plainEdges))
		if err != nil {
			panic(err)
		}
		return t
	}
	return time.Date(2018, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(r.Int64N(8*365*24*3600*1000)) * time.Millisecond)
}

func (r *plainRandom) newFact(i int, at time.Time) fact.Fact {
	kind := plainPick(r, fact.Kinds())
	if len(r.kinds) > 0 && r.chance(80) {
		kind = plainPick(r, r.kinds)
	}
	if kind == fact.KindRequested {
		kind = plainPick(r, append(slices.Clone(plainRequests), fact.KindObjection))
	}
	f := fact.Fact{ID: fmt.Sprintf("f%02d", r.IntN(90)*100+i), Kind: kind, Occurred: at, Received: at}
	r.traits(&f)
	switch {
	case slices.Contains(plainRecordKinds, kind):
		r.aboutRecord(&f)
	case slices.Contains(plainOfPerson, kind) && !slices.Contains(plainRequests, kind):
		r.aboutPerson(&f)
	}
	switch kind {
	case fact.KindRequestDecided:
		f.Outcome = plainPick(r, []fact.Outcome{"granted", "partly", "refused", "refused"})
	case fact.KindRequestAnswered:
		if r.chance(50) {
			f.Outcome = "mistaken"
		}
	case fact.KindRestrictionLifted:
		switch before, after := at.Add(-time.Hour), at.Add(time.Hour); r.IntN(5) {
		case 0, 1:
			f.InformedAt = &before
		case 2:
			f.InformedAt = &at
		case 3:
			f.InformedAt = &after
		}
	}
	return f
}

func (r *plainRandom) traits(f *fact.Fact) {
	switch {
	case f.Kind == fact.KindHold && r.chance(60):
		f.Traits = []string{fact.TraitLimitation}
	case f.Kind == fact.KindSignup && r.chance(25):
		f.Traits = plainSome(
			r,
			2,
			[]string{fact.TraitPreticked, fact.TraitForced, fact.TraitChild, fact.TraitParentAgreed},
		)
	case f.Kind == fact.KindSignup && r.chance(15):
		f.Traits = []string{fact.TraitUnproven}
	case f.Kind == fact.KindUnsubscribe && r.chance(10):
		f.Traits = []string{fact.TraitEcho}
	case (slices.Contains(plainRequests, f.Kind) || f.Kind == fact.KindObjection) && r.chance(30):
		f.Traits = []string{fact.TraitUnverified}
	case r.chance(20):
		f.Traits = plainSome(r, 1, plainTraits)
	}
}

func (r *plainRandom) aboutRecord(f *fact.Fact) {
	f.Ref = fmt.Sprintf("rec-%d", r.IntN(4))
	if r.chance(15) {
		f.Links = append(f.Links, fmt.Sprintf("rec-%d", r.IntN(6)))
	}
	if r.chance(15) {
		f.Links = append(f.Links, fmt.Sprintf("pay-%d", r.IntN(3)))
	}
	if r.chance(30) {
		f.Contract = fmt.Sprintf("sub-%d", r.IntN(2))
	}
	if charge := fmt.Sprintf("card:ch_%d", r.IntN(3)); f.Kind == fact.KindSale && r.chance(30) {
		f.Links = append(f.Links, charge)
	} else if f.Kind == fact.KindRefund && r.chance(30) {
		f.Ref, f.Links = charge, append(f.Links, f.Ref)
	}
	f.Full = r.chance(50)
	if r.chance(15) {
		void := f.Occurred.Add(time.Duration(r.IntN(400*24)-24) * time.Hour)
		f.StateOf, f.Void = f.Ref+"/"+f.ID, &void // no other state repeats the fact
		before := void.Add(-time.Hour)
		f.AsOf = &before
	} else if r.chance(15) {
		seen := f.Occurred.Add(time.Duration(r.IntN(100*24)) * time.Hour)
		f.StateOf, f.AsOf = f.Ref+"/"+f.ID, &seen
	}
	if (f.Kind == fact.KindHold || f.Kind == fact.KindRelease) && r.chance(15) && !r.heldOtherwise() {
		f.Ref, f.Links, f.Contract = "", nil, "" // of everything
	}
	if f.Kind == fact.KindHold || f.Kind == fact.KindRelease {
		f.Source, f.Matter = plainPick(r, []string{"hand", "card"}), plainPick(r, []string{"", "", "case-1", "case-2"})
	}
	if r.chance(20) {
		event := f.Occurred.Add(time.Duration(r.IntN(100*24)-24) * time.Hour)
		f.EventAt = &event
	}
	if f.Kind != fact.KindSale && f.Kind != fact.KindAccessStarted {
		return
	}
	switch {
	case f.Kind == fact.KindAccessStarted: // to what is over time
		f.Access = plainPick(r, []fact.Access{fact.AccessCourse, fact.AccessSubscription})
	case r.chance(80):
		f.Access = plainPick(r, fact.Accesses())
	}
	f.PerformanceAwaited = r.chance(25)
	if r.chance(60) {
		f.AccessDays = 1 + r.IntN(500)
	}
	if f.Access == fact.AccessSubscription && r.chance(70) {
		paid := f.Occurred.Add(time.Duration(r.IntN(60*24)) * time.Hour)
		f.PaidUntil = &paid
	}
}

// heldOtherwise reports whether a hold or a release raises a basis that does not only
// prolong. What it would keep when it names no record, nothing says.
func (r *plainRandom) heldOtherwise() bool {
	return slices.ContainsFunc(r.policy.rules, func(rule *plainRule) bool {
		return !rule.prolongs &&
			(slices.Contains(rule.raised, fact.KindHold) || slices.Contains(rule.raised, fact.KindRelease))
	})
}

func (r *plainRandom) aboutPerson(f *fact.Fact) {
	if r.chance(20) {
		f.Ref = fmt.Sprintf("rec-%d", r.IntN(4)) // which it is not about
		if r.chance(30) {
			f.Links = []string{fmt.Sprintf("pay-%d", r.IntN(3))}
		}
	}
	f.Wording = fmt.Sprintf("text-%d", r.IntN(4))
	if f.Kind == fact.KindSignup && r.chance(25) {
		r.atTheEdge(f)
	}
	if f.Kind == fact.KindSignup {
		r.evidence(f)
	}
	if r.chance(30) {
		f.Channels = plainSome(r, 1+r.IntN(2), plainChannels)
	}
	switch {
	case f.Kind == fact.KindObjection && r.chance(60):
		f.Purposes = plainSome(r, 1+r.IntN(2), []string{"newsletter", "offers", "claims", "contract", "suppression"})
	case f.Kind != fact.KindBounce && f.Kind != fact.KindListed && r.chance(25):
		f.Purposes = plainSome(r, 1, []string{"newsletter", "offers"})
	}
}

// evidence gives a sign-up what shows that the person signed up, or less.
func (r *plainRandom) evidence(f *fact.Fact) {
	switch r.IntN(6) {
	case 0, 1:
		f.Form = "footer"
	case 2:
		f.Proof = []byte("ip")
	case 3:
		confirmed := f.Occurred.Add(-time.Duration(r.IntN(100*24)) * time.Hour)
		f.DoubleOptIn = &confirmed
	}
	if r.chance(10) {
		f.Doubt = fact.DoubtNoTime
	}
}

// atTheEdge moves a sign-up to where its text comes into use or goes out of it.
func (r *plainRandom) atTheEdge(f *fact.Fact) {
	for _, w := range r.policy.wordings {
		edge, further := w.from, plainDay(0)
		if edge == "" || w.to != "" && r.chance(50) {
			edge, further = w.to, 1
		}
		if w.id != f.Wording || edge == "" {
			continue
		}
		day, err := time.Parse(time.DateOnly, edge)
		if err != nil {
			panic(err)
		}
		f.Occurred = (plainDayOf(day) + further).start().Add(-time.Duration(r.IntN(2)) * time.Millisecond)
		f.Received = f.Occurred
	}
}

// nameRequests gives every request a name of its own, and the steps the names of
// requests.
func (r *plainRandom) nameRequests(facts []fact.Fact) {
	var names []string
	for i := range facts {
		f := &facts[i]
		if slices.Contains(plainRequests, f.Kind) || f.Kind == fact.KindObjection {
			f.Ref, f.Links = fmt.Sprintf("req-%d", len(names)), nil
			if r.chance(20) {
				f.Ref = ""
			}
			names = append(names, plainRequestName(f))
		}
	}
	names = append(names, "req-9")
	for i := range facts {
		if slices.Contains(plainStepKinds, facts[i].Kind) {
			facts[i].Ref = plainPick(r, names)
		}
	}
}
