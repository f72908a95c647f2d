package lifecycle_test

import (
	"slices"
	"strings"
	"time"

	"github.com/rodopath/rodopath/services/lifecycle/fact"
	"github.com/rodopath/rodopath/services/lifecycle/rules"
)

// anchor finds an event to count from: of those since the basis began, the last.
func (h *plainHistory) anchor(name string, raised, since, seen []plainEvent) (plainTime, bool) {
	switch name {
	case rules.AnchorAct:
		return plainInstant(raised[len(raised)-1].at), true
	case rules.AnchorPerformance:
		return h.performance(since, seen)
	case rules.AnchorAccessEnd:
		return h.accessEnd(raised, since)
	case rules.AnchorLastState:
		last := raised[0].at
		for _, e := range raised {
			last = plainLater(last, e.at)
			if e.fact.AsOf != nil {
				last = plainLater(last, *e.fact.AsOf)
			}
		}
		return plainInstant(last), true
	case rules.AnchorSupplyEnd:
		last := raised[0].at
		for _, e := range raised {
			last = plainLater(last, e.at)
			if e.fact.PaidUntil != nil {
				last = plainLater(last, *e.fact.PaidUntil)
			}
		}
		return plainInstant(last), true
	case rules.AnchorEvent:
		var last plainTime
		found := false
		for _, e := range raised {
			if at := e.fact.EventAt; at != nil && (!found || at.After(last.at)) {
				last, found = plainInstant(*at), true
			}
		}
		return last, found
	case rules.AnchorConsentEnd:
		return h.consentEnd(raised[0].at, seen)
	}
	// "Sale", in a rule about sales of one sort, is a sale of that sort.
	if t, ok := plainLast(raised, fact.Kind(name)); ok {
		return t, true
	}
	if fact.Kind(name) == fact.KindOrderExpired {
		if records := h.recordsOf(raised); len(records) > 0 {
			return h.allExpired(records, since)
		}
	}
	return plainLast(since, fact.Kind(name))
}

func plainLast(events []plainEvent, kind fact.Kind) (plainTime, bool) {
	var last plainTime
	found := false
	for _, e := range events {
		if e.kind == kind {
			last, found = plainInstant(e.at), true
		}
	}
	return last, found
}

// sameRecord are the events of one record from a number on.
func (h *plainHistory) sameRecord(events []plainEvent, from int, record string) []plainEvent {
	var out []plainEvent
	for _, e := range events[from:] {
		if e.record != "" && h.record(e.record) == h.record(record) {
			out = append(out, e)
		}
	}
	return out
}

// recordsOf are the records of what raised a basis.
func (h *plainHistory) recordsOf(raised []plainEvent) []string {
	var records []string
	for _, e := range raised {
		if e.record != "" && !slices.Contains(records, h.record(e.record)) {
			records = append(records, h.record(e.record))
		}
	}
	return records
}

// allExpired is the last of the ends of records that each expired or was given back in full; one that was only
// given back ends nothing by itself.
func (h *plainHistory) allExpired(records []string, since []plainEvent) (plainTime, bool) {
	var last plainTime
	found := false
	for _, record := range records {
		of := h.sameRecord(since, 0, record)
		end, expired := plainLast(of, fact.KindOrderExpired)
		if !expired {
			if !h.givenBack(since, record) {
				return plainTime{}, false
			}
			end = h.lastFullRefund(of)
		}
		if end.at.After(last.at) {
			last = end
		}
		found = found || expired
	}
	return last, found
}

// performance is when everything sold had been delivered or done, the last of it. A
// sale is delivered at once, unless it is a service or the source will tell; then it
// is when it tells. Giving the whole price back is an end of it, too. What was delivered
// before it was paid is performed with the sale.
func (h *plainHistory) performance(since, seen []plainEvent) (plainTime, bool) {
	last, found := plainLast(since, fact.KindPerformed)
	for i, e := range since {
		if e.kind != fact.KindSale {
			continue
		}
		done, ok := h.performed(since, seen, i)
		if !ok {
			return plainTime{}, false
		}
		if !found || done.at.After(last.at) {
			last, found = done, true
		}
	}
	return last, found
}

func (h *plainHistory) performed(since, seen []plainEvent, i int) (plainTime, bool) {
	sale := since[i]
	later := h.sameRecord(since, i, sale.record)
	var last plainTime
	found := false
	for _, e := range later {
		if e.kind == fact.KindPerformed {
			last, found = plainInstant(e.at), true
		}
	}
	if found {
		return last, found
	}
	for _, e := range later {
		if h.fullRefund(e) {
			last, found = plainInstant(e.at), true
		}
	}
	if found {
		return last, found
	}
	for _, e := range h.sameRecord(seen, 0, sale.record) {
		if e.at.Before(sale.at) && (e.kind == fact.KindPerformed || h.fullRefund(e)) {
			return plainInstant(sale.at), true
		}
	}
	if sale.fact.PerformanceAwaited || sale.fact.Access == fact.AccessService {
		return plainTime{}, false
	}
	return plainInstant(sale.at), true
}

// fullRefund reports whether an event gave the whole price back: every payment of the sales of its record
// that has a name of the same form as the returned one.
func (h *plainHistory) fullRefund(e plainEvent) bool {
	if e.kind != fact.KindRefund || !e.fact.Full {
		return false
	}
	returned := map[string]bool{}
	for _, other := range h.sameRecord(h.events, 0, e.record) {
		if other.kind == fact.KindRefund && other.fact.Full {
			returned[other.fact.Ref] = true
		}
	}
	form, _, ok := strings.Cut(e.fact.Ref, "_")
	for _, sale := range h.sameRecord(h.events, 0, e.record) {
		if !ok || sale.kind != fact.KindSale {
			continue
		}
		for _, payment := range sale.fact.Links {
			if strings.HasPrefix(payment, form+"_") && !returned[payment] {
				return false
			}
		}
	}
	return true
}

// accessEnd is when access under the last of the contracts is over. Courses and subscriptions are looked at
// apart.
func (h *plainHistory) accessEnd(raised, all []plainEvent) (plainTime, bool) {
	var accesses []fact.Access
	for _, e := range raised {
		if e.fact.Access != "" {
			accesses = append(accesses, e.fact.Access)
		}
	}
	var since []plainEvent
	for _, e := range all {
		of := e.fact.Access
		if e.kind == fact.KindAccessEnded && of == "" {
			of = h.soldUnder(e.fact.Contract)
		}
		lasting := of == fact.AccessCourse || of == fact.AccessSubscription
		if !lasting || len(accesses) == 0 || slices.Contains(accesses, of) {
			since = append(since, e)
		}
	}
	var last plainTime
	for _, contract := range plainLasting(since) {
		end, ok := h.accessEndOf(h.under(contract, since))
		if !ok {
			return plainTime{}, false
		}
		if last == (plainTime{}) || last.lapse().Before(end.lapse()) {
			last = end
		}
	}
	return last, true
}

// soldUnder is what lasts under a contract: courses or subscriptions, empty when neither or both.
func (h *plainHistory) soldUnder(contract string) fact.Access {
	courses, subscriptions := false, false
	for _, f := range h.facts {
		if contract != "" && f.Contract == contract && (f.Kind == fact.KindSale || f.Kind == fact.KindAccessStarted) {
			courses = courses || f.Access == fact.AccessCourse
			subscriptions = subscriptions || f.Access == fact.AccessSubscription
		}
	}
	switch {
	case courses == subscriptions:
		return ""
	case courses:
		return fact.AccessCourse
	}
	return fact.AccessSubscription
}

// plainLasting are the contracts that access is said to begin or end under; one without a name where there is
// none.
func plainLasting(since []plainEvent) []string {
	var named []string
	for _, e := range since {
		lasting := e.fact.Access == fact.AccessCourse || e.fact.Access == fact.AccessSubscription
		of := e.kind == fact.KindSale && lasting || e.kind == fact.KindAccessStarted || e.kind == fact.KindAccessEnded
		if of && e.fact.Contract != "" && !slices.Contains(named, e.fact.Contract) {
			named = append(named, e.fact.Contract)
		}
	}
	if len(named) == 0 {
		return []string{""}
	}
	return named
}

// under are the events of one contract: those that name it, and those that name none, of a record of which
// some fact names it.
func (h *plainHistory) under(contract string, since []plainEvent) []plainEvent {
	var out []plainEvent
	for _, e := range since {
		named := []string{e.fact.Contract}
		if e.fact.Contract == "" {
			named = nil
			for _, f := range h.facts {
				if f.Ref != "" && f.Contract != "" && h.record(f.Ref) == h.record(e.record) {
					named = append(named, f.Contract)
				}
			}
		}
		if contract == "" || len(named) == 0 || slices.Contains(named, contract) {
			out = append(out, e)
		}
	}
	return out
}

// accessEndOf is when access was ended, by what was not started anew, and what was paid is over; or else when
// everything was given back and nothing runs; or else when the days of all courses are over, if nothing else
// goes on.
func (h *plainHistory) accessEndOf(since []plainEvent) (plainTime, bool) {
	ended, isEnded, isStarted := plainTime{}, false, false
	for _, e := range since {
		switch e.kind {
		case fact.KindAccessStarted:
			isStarted = isStarted || e.fact.Access == fact.AccessSubscription
			isEnded = isEnded && e.at.Equal(ended.at)
		case fact.KindAccessEnded:
			ended, isEnded = plainInstant(e.at), true
		}
	}
	if isEnded {
		for _, e := range since {
			if paid := e.fact.PaidUntil; paid != nil && paid.After(ended.at) && !h.givenBack(since, e.record) {
				ended = plainInstant(*paid)
			}
		}
		return ended, true
	}
	sales, back := 0, true
	for _, e := range since {
		if e.kind == fact.KindSale {
			sales, back = sales+1, back && h.givenBack(since, e.record)
		}
	}
	if sales > 0 && back && !isStarted {
		return h.lastFullRefund(since), true
	}
	return h.courseEnd(since)
}

func (h *plainHistory) givenBack(since []plainEvent, record string) bool {
	for _, e := range since {
		if h.fullRefund(e) && h.record(e.record) == h.record(record) {
			return true
		}
	}
	return false
}

func (h *plainHistory) lastFullRefund(since []plainEvent) plainTime {
	var last plainTime
	for _, e := range since {
		if h.fullRefund(e) {
			last = plainInstant(e.at)
		}
	}
	return last
}

// courseEnd is when the days of all courses are over.
func (h *plainHistory) courseEnd(since []plainEvent) (plainTime, bool) {
	var last plainTime
	found := false
	begun := map[string]time.Time{}
	for _, e := range since {
		if e.kind != fact.KindSale && e.kind != fact.KindAccessStarted {
			continue
		}
		switch access := plainAccess(e); {
		case access == fact.AccessSubscription, access == fact.AccessCourse && e.fact.AccessDays == 0:
			return plainTime{}, false
		case access == fact.AccessCourse:
			begin, paid := begun[e.fact.Contract]
			if !paid || e.fact.Contract == "" { // else an instalment
				begin = e.at
				begun[e.fact.Contract] = begin
			}
			if end := (plainTime{day: plainDayOf(begin) + plainDay(e.fact.AccessDays)}); !found || end.day > last.day {
				last, found = end, true
			}
		}
	}
	return last, found
}

// consentEnd is since when no consent stands, and not before the basis began; unknown
// while one stands.
func (h *plainHistory) consentEnd(since time.Time, seen []plainEvent) (plainTime, bool) {
	last := plainInstant(since)
	for _, r := range h.policy.rules {
		if !r.consent {
			continue
		}
		for _, c := range h.consents(r, seen) {
			if c.until == nil {
				return plainTime{}, false
			}
			if c.until.After(last.at) {
				last = plainInstant(*c.until)
			}
		}
	}
	return last, true
}

// plainConsent is one consent to a purpose by one channel.
type plainConsent struct {
	channel string
	since   time.Time
	until   *time.Time
	// given is false of a void consent, which ended as it began.
	given bool
}

// consents are those that a rule stands for, past ones too.
func (h *plainHistory) consents(r *plainRule, seen []plainEvent) []plainConsent {
	var channels []string
	for _, e := range seen {
		if e.kind == fact.KindSignup {
			channels = append(channels, h.policy.covers(e.fact).channels...)
		}
	}
	slices.Sort(channels)
	var all []plainConsent
	for _, channel := range slices.Compact(channels) {
		if r.by(channel) {
			all = append(all, h.consentBy(r, channel, seen)...)
		}
	}
	return all
}

func (h *plainHistory) consentBy(r *plainRule, channel string, seen []plainEvent) []plainConsent {
	var done []plainConsent
	var open *plainConsent
	var raised []plainEvent
	shut := func(at time.Time) {
		open.until = &at
		done = append(done, *open)
		open, raised = nil, nil
	}
	for i, e := range seen {
		if open != nil {
			if end, ok := h.expires(r, channel, raised, seen[:i]); ok && !end.After(e.at) {
				shut(end)
			}
		}
		switch {
		case h.consentsTo(r, channel, e) && plainVoid(e.fact):
			done = append(done, plainConsent{channel: channel, since: e.at, until: &e.at})
		case h.consentsTo(r, channel, e) && open == nil && h.overruled(r, channel, e, seen[:i]):
		case h.consentsTo(r, channel, e):
			if open == nil {
				open = &plainConsent{channel: channel, since: e.at, given: true}
			}
			raised = append(raised, e)
		case open != nil && h.takesBack(r, channel, e):
			shut(e.at)
		}
	}
	if open == nil {
		return done
	}
	if end, ok := h.expires(r, channel, raised, seen); ok {
		shut(end)
		return done
	}
	return append(done, *open)
}

// consentsTo reports whether a sign-up says yes to the rule's purpose by the channel.
func (h *plainHistory) consentsTo(r *plainRule, channel string, e plainEvent) bool {
	if e.kind != fact.KindSignup {
		return false
	}
	c := h.policy.covers(e.fact)
	return slices.Contains(c.purposes, r.purpose) && slices.Contains(c.channels, channel)
}

// overruled reports whether the person said no before a sign-up, which does not show that the
// person meant otherwise since.
func (h *plainHistory) overruled(r *plainRule, channel string, e plainEvent, before []plainEvent) bool {
	for _, no := range slices.Backward(before) {
		if no.kind != fact.KindInvalidated && h.takesBack(r, channel, no) {
			return !plainShows(e.fact, no.at)
		}
	}
	return false
}

// opensSome reports whether a sign-up is a consent to something, opened or given once more.
func (h *plainHistory) opensSome(e plainEvent) bool {
	before := h.events[:slices.IndexFunc(h.events, func(x plainEvent) bool { return x.fact == e.fact })]
	for _, r := range h.policy.rules {
		for _, channel := range h.policy.covers(e.fact).channels {
			if !r.consent || plainVoid(e.fact) || !h.consentsTo(r, channel, e) || !r.by(channel) {
				continue
			}
			stands := slices.ContainsFunc(h.consentBy(r, channel, before), func(c plainConsent) bool {
				return c.given && (c.until == nil || c.until.After(e.at))
			})
			if stands || !h.overruled(r, channel, e, before) {
				return true
			}
		}
	}
	return false
}

func (r *plainRule) by(channel string) bool {
	return len(r.channels) == 0 || slices.Contains(r.channels, channel)
}

// takesBack reports whether an event ends a consent.
func (h *plainHistory) takesBack(r *plainRule, channel string, e plainEvent) bool {
	byChannel := len(e.fact.Channels) == 0 || slices.Contains(e.fact.Channels, channel)
	switch e.kind {
	case fact.KindErasure, fact.KindDeath:
		return true
	case fact.KindObjection:
		return byChannel && slices.Contains(e.purposes, r.purpose)
	case fact.KindRefusal, fact.KindUnsubscribe, fact.KindInvalidated:
		return byChannel && (len(e.fact.Purposes) == 0 || slices.Contains(e.fact.Purposes, r.purpose))
	}
	return false
}

// expires is when a consent ends by itself, from what happened since it was given
// last: who signs up again after a bounce has given an address that may work, and so has
// whom the platform lists again.
func (h *plainHistory) expires(r *plainRule, channel string, raised, seen []plainEvent) (time.Time, bool) {
	if len(r.until) == 0 {
		return time.Time{}, false
	}
	given := raised[len(raised)-1]
	var heard []plainEvent
	for i, e := range seen {
		byChannel := len(e.fact.Channels) == 0 || slices.Contains(e.fact.Channels, channel)
		if byChannel && i > slices.IndexFunc(seen, func(x plainEvent) bool { return x.fact == given.fact }) {
			if e.kind == fact.KindListed {
				heard = slices.DeleteFunc(heard, func(x plainEvent) bool {
					return x.kind == fact.KindBounce && x.at.Before(e.at)
				})
			}
			heard = append(heard, e)
		}
	}
	reckoner := plainReckoner{holidays: h.policy.holidays, anchor: func(name string) (plainTime, bool) {
		return h.anchor(name, raised, heard, nil)
	}}
	end, ok := reckoner.reckon(r.until[0])
	return end.lapse(), ok
}
