package standard

import (
	"slices"
	"strings"

	factv1 "github.com/rodopath/rodopath/api/gen/rodopath/fact/v1"
	"github.com/rodopath/rodopath/services/ingest/internal/payload"
)

// missingFields lists what is missing or wrong in a fact because it is of its kind: by
// itself a field may be anything of its type.
func (f *fact) missingFields(k factv1.Kind) []string {
	var faults []string
	if f.Ref == "" {
		if what := subject(k); what != "" {
			faults = append(faults, "ref is missing, and this kind is about "+what)
		}
	}
	if k == factv1.Kind_KIND_RECEIPT && f.Recipient == "" {
		faults = append(faults, "recipient is missing, and a receipt is one's answer")
	}
	if fault := f.outcomeFault(k); fault != "" {
		faults = append(faults, fault)
	}
	if fault := f.informedFault(k); fault != "" {
		faults = append(faults, fault)
	}
	return faults
}

// subject says what a kind of fact is about where it must name it in ref.
func subject(k factv1.Kind) string {
	switch {
	case aboutRecord(k):
		return "a record"
	case isStep(k):
		return "a request"
	case k == factv1.Kind_KIND_RECEIPT:
		return "a decision"
	}
	return ""
}

func (f *fact) outcomeFault(k factv1.Kind) string {
	if f.Outcome == "" {
		if k == factv1.Kind_KIND_REQUEST_DECIDED || k == factv1.Kind_KIND_RECEIPT {
			return "outcome is missing"
		}
		return ""
	}
	words := outcomes(k)
	if slices.Contains(words, f.Outcome) {
		return ""
	}
	last := len(words) - 1
	return "outcome is not " + strings.Join(words[:last], ", ") + " or " + words[last]
}

// informedFault says what is wrong with the time at which the person was told that a
// restriction would be lifted: it comes first (GDPR Art. 18(3)).
func (f *fact) informedFault(k factv1.Kind) string {
	if k != factv1.Kind_KIND_RESTRICTION_LIFTED {
		return ""
	}
	if f.Told == "" {
		return "told is missing, and a person is told before a restriction is lifted"
	}
	told, at := payload.Time(f.Told, nil), payload.Time(f.At, nil)
	if told != nil && at != nil && told.AsTime().After(at.AsTime()) {
		return "told is later than at"
	}
	return ""
}
