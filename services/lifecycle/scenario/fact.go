package scenario

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rodopath/rodopath/services/lifecycle/fact"
)

// fact reads "KIND [REF] [word]... [key=value]...".
func (r *runner) fact(at time.Time, words []string) (fact.Fact, error) {
	r.facts++
	f := fact.Fact{ID: "fact-" + strconv.Itoa(r.facts), Kind: fact.Kind(words[0]), Occurred: at, Received: at}
	if !slices.Contains(fact.Kinds(), f.Kind) {
		return f, fmt.Errorf(
			"%q is neither a kind of fact nor a question; questions are holds, consents, requests, answer, may, told, tombstone; and time, policy, approve, join, recipient",
			words[0],
		)
	}
	for _, w := range words[1:] {
		key, value, ok := strings.Cut(w, "=")
		var err error
		switch {
		case ok:
			err = set(&f, key, value)
		case word(&f, w):
		case f.Ref == "":
			f.Ref = w
		default:
			err = fmt.Errorf("unknown word %q; known are full, awaited, %s", w, strings.Join(fact.Traits(), ", "))
		}
		if err != nil {
			return f, err
		}
	}
	return f, nil
}

// word sets a property given as a single word, and reports whether the word is known.
func word(f *fact.Fact, w string) bool {
	switch {
	case w == "full":
		f.Full = true
	case w == "awaited":
		f.PerformanceAwaited = true
	case w == "undated":
		f.Doubt = fact.DoubtNoTime
	case slices.Contains(fact.Traits(), w):
		f.Traits = append(f.Traits, w)
	default:
		return false
	}
	return true
}

func set(f *fact.Fact, key, value string) (err error) {
	if value == "" {
		return fmt.Errorf("%s= has no value", key)
	}
	instant := func() *time.Time {
		var t time.Time
		t, err = parseUTC(value)
		return &t
	}
	switch key {
	case "id":
		f.ID = value
	case "source":
		f.Source = value
	case "occurred":
		f.Occurred = *instant()
	case "access":
		f.Access = fact.Access(value)
	case "days":
		f.AccessDays, err = strconv.Atoi(value)
	case "paid_until":
		f.PaidUntil = instant()
	case "event_at":
		f.EventAt = instant()
	case "contract":
		f.Contract = value
	case "links":
		f.Links = strings.Split(value, ",")
	case "wording":
		f.Wording = value
	case "purposes":
		f.Purposes = strings.Split(value, ",")
	case "channels":
		f.Channels = strings.Split(value, ",")
	default:
		err = setMore(f, key, value, instant)
	}
	return err
}

// setMore sets properties of evidence, requests and receipts.
func setMore(f *fact.Fact, key, value string, instant func() *time.Time) error {
	switch key {
	case "form":
		f.Form = value
	case "confirmed":
		f.DoubleOptIn = instant()
	case "ip":
		f.Proof = []byte(value)
	case "shown":
		f.Shown = value
	case "phone":
		if value != "given" && value != "none" {
			return fmt.Errorf("phone is given or none, not %q", value)
		}
		f.Phone = fact.PresenceOf(value == "given")
	case "outcome":
		f.Outcome = fact.Outcome(value)
	case "reason":
		f.Reason = value
	case "told":
		f.InformedAt = instant()
	case "recipient":
		f.Recipient = value
	case "address":
		f.Address = value
	case "of":
		f.StateOf = value
	case "as_of":
		f.AsOf = instant()
	case "parts":
		f.Parts = strings.Split(value, ",")
	case "matter":
		f.Matter = value
	default:
		return fmt.Errorf(
			"unknown word %q; known are id, source, occurred, access, days, paid_until, event_at, phone, contract, links, wording, purposes, channels, form, confirmed, ip, shown, outcome, reason, told, recipient, address, of, as_of, parts, matter, who",
			key,
		)
	}
	return nil
}
