package lifecycle_test

import (
	"slices"
	"time"

	"github.com/rodopath/rodopath/services/lifecycle"
)

// anchor finds an event to count from: of those since the basis began, the last.
func (h *plainHistory) anchor(name string, raised, since, seen []plainEvent) (plainTime, bool) {
	switch name {
	case lifecycle.AnchorAct:
		return plainInstant(raised[len(raised)-1].at), true
	case lifecycle.AnchorPerformance:
		return h.performance(since)
	case lifecycle.AnchorAccessEnd:
		return h.accessEnd(since)
	case lifecycle.AnchorConsentEnd:
		return h.consentEnd(raised[0].at, seen)
	}
	return plainLast(since, lifecycle.Kind(name))
}

func plainLast(events []plainEvent, kind lifecycle.Kind) (plainTime, bool) {
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

// performance is when everything sold had been delivered or done, the last of it. A
// sale is delivered at once, unless it is a service or the source will tell; then it
// is when it tells. Giving the whole price back is an end of it, too.
func (h *plainHistory) performance(since []plainEvent) (plainTime, bool) {
	last, found := plainLast(since, lifecycle.Performed)
	for i, e := range since {
		if e.kind != lifecycle.Sale {
			continue
		}
		done, ok := h.performed(since, i)
		if !ok {
			return plainTime{}, false
		}
		if !found || done.at.After(last.at) {
			last, found = done, true
		}
	}
	return last, found
}

func (h *plainHistory) performed(since []plainEvent, i int) (plainTime, bool) {
	sale := since[i]
	later := h.sameRecord(since, i, sale.record)
	var last plainTime
	found := false
	for _, e := range later {
		if e.kind == lifecycle.Performed || e.kind == lifecycle.Refund && e.fact.Full {
			last, found = plainInstant(e.at), true
		}
	}
	if found || sale.fact.PerformanceAwaited || sale.fact.Access == lifecycle.Service {
		return last, found
	}
	return plainInstant(sale.at), true
}

// accessEnd is when the last access ends: of a course after its days or when it is
// ended, of a subscription when it is ended and the paid period is over.
func (h *plainHistory) accessEnd(since []plainEvent) (plainTime, bool) {
	last, found := plainLast(since, lifecycle.AccessEnded)
	for i, e := range since {
		if e.kind != lifecycle.Sale && e.kind != lifecycle.AccessStarted {
			continue
		}
		end, ok := h.accessEnds(since, i)
		if !ok {
			return plainTime{}, false
		}
		if !found || end.day > last.day {
			last, found = end, true
		}
	}
	return last, found
}

// accessEnds is when the access ends that one event gave.
func (h *plainHistory) accessEnds(since []plainEvent, i int) (plainTime, bool) {
	given := since[i]
	ended, isEnded := plainLast(since[i:], lifecycle.AccessEnded)
	if h.access(given) == lifecycle.Subscription {
		if isEnded && given.fact.PaidUntil != nil && given.fact.PaidUntil.After(ended.at) {
			return plainInstant(*given.fact.PaidUntil), true
		}
		return ended, isEnded
	}
	if days := given.fact.AccessDays; days > 0 {
		end := plainTime{day: plainDayOf(given.at) + plainDay(days)}
		if !isEnded || end.day <= ended.day {
			return end, true
		}
	}
	return ended, isEnded
}

// consentEnd is when the person's last consent ended, of those that ended since;
// unknown while one stands.
func (h *plainHistory) consentEnd(since time.Time, seen []plainEvent) (plainTime, bool) {
	var last plainTime
	found := false
	for _, r := range h.policy.rules {
		if !r.consent {
			continue
		}
		for _, c := range h.consents(r, seen) {
			if c.until == nil {
				return plainTime{}, false
			}
			if !c.until.Before(since) && (!found || c.until.After(last.at)) {
				last, found = plainInstant(*c.until), true
			}
		}
	}
	return last, found
}

// plainConsent is one consent to a purpose by one channel.
type plainConsent struct {
	channel string
	since   time.Time
	until   *time.Time
	byEvent bool
	// given is false of a void consent, which ended as it began.
	given bool
}

// consents are those that a rule stands for, past ones too.
func (h *plainHistory) consents(r *plainRule, seen []plainEvent) []plainConsent {
	var channels []string
	for _, e := range seen {
		if e.kind == lifecycle.Signup {
			channels = append(channels, h.policy.covers(e.fact).channels...)
		}
	}
	slices.Sort(channels)
	var all []plainConsent
	for _, channel := range slices.Compact(channels) {
		if len(r.channels) == 0 || slices.Contains(r.channels, channel) {
			all = append(all, h.consentBy(r, channel, seen)...)
		}
	}
	return all
}

func (h *plainHistory) consentBy(r *plainRule, channel string, seen []plainEvent) []plainConsent {
	var done []plainConsent
	var open *plainConsent
	first := 0
	var raised []plainEvent
	shut := func(at time.Time, byEvent bool) {
		open.until, open.byEvent = &at, byEvent
		done = append(done, *open)
		open, raised = nil, nil
	}
	for i, e := range seen {
		if open != nil {
			if end, ok := h.expires(r, channel, raised, seen[first:i]); ok && !end.After(e.at) {
				shut(end, false)
			}
		}
		switch {
		case h.consentsTo(r, channel, e) && plainVoid(e.fact):
			done = append(done, plainConsent{channel: channel, since: e.at, until: &e.at})
		case h.consentsTo(r, channel, e):
			if open == nil {
				open, first = &plainConsent{channel: channel, since: e.at, given: true}, i
			}
			raised = append(raised, e)
		case open != nil && h.takesBack(r, channel, e):
			shut(e.at, true)
		}
	}
	if open == nil {
		return done
	}
	if end, ok := h.expires(r, channel, raised, seen[first:]); ok {
		shut(end, false)
		return done
	}
	return append(done, *open)
}

// consentsTo tells whether a sign-up says yes to the rule's purpose by the channel.
func (h *plainHistory) consentsTo(r *plainRule, channel string, e plainEvent) bool {
	if e.kind != lifecycle.Signup {
		return false
	}
	c := h.policy.covers(e.fact)
	return slices.Contains(c.purposes, r.purpose) && slices.Contains(c.channels, channel)
}

// takesBack tells whether an event ends a consent.
func (h *plainHistory) takesBack(r *plainRule, channel string, e plainEvent) bool {
	byChannel := len(e.fact.Channels) == 0 || slices.Contains(e.fact.Channels, channel)
	switch e.kind {
	case lifecycle.Erasure:
		return true
	case lifecycle.Objection:
		return byChannel && slices.Contains(e.purposes, r.purpose)
	case lifecycle.Refusal, lifecycle.Unsubscribe, lifecycle.Invalidated:
		return byChannel && (len(e.fact.Purposes) == 0 || slices.Contains(e.fact.Purposes, r.purpose))
	}
	return false
}

// expires is when a consent ends by itself, from what happened since it was given.
func (h *plainHistory) expires(r *plainRule, channel string, raised, since []plainEvent) (time.Time, bool) {
	if len(r.until) == 0 {
		return time.Time{}, false
	}
	var heard []plainEvent
	for _, e := range since {
		if len(e.fact.Channels) == 0 || slices.Contains(e.fact.Channels, channel) {
			heard = append(heard, e)
		}
	}
	reckoner := plainReckoner{holidays: h.policy.holidays, anchor: func(name string) (plainTime, bool) {
		return h.anchor(name, raised, heard, nil)
	}}
	end, ok := reckoner.reckon(r.until[0])
	return end.lapse(), ok
}
