package webhook

import (
	"slices"
	"strings"

	factv1 "github.com/rodopath/rodopath/api/gen/rodopath/fact/v1"
	"github.com/rodopath/rodopath/services/platforms/payload"
)

// missingFields lists missing and wrong fields of a fact according to its kind, beyond the types of
// the fields.
func (f *fact) missingFields(k factv1.Kind) []string {
	var faults []string
	if f.Ref == "" {
		if what := subject(k); what != "" {
			faults = append(faults, "ref is missing: this kind of fact needs "+what)
		}
	}
	if k == factv1.Kind_KIND_RECEIPT && f.Recipient == "" {
		faults = append(faults, "recipient is missing: a receipt names the answering recipient")
	}
	if fault := f.outcomeFault(k); fault != "" {
		faults = append(faults, fault)
	}
	if fault := f.informedFault(k); fault != "" {
		faults = append(faults, fault)
	}
	return faults
}

// subject describes the record that a kind of fact must name in ref.
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

// informedFault reports a wrong time of information about a lifted restriction: the person must be
// informed first (GDPR Art. 18(3)).
func (f *fact) informedFault(k factv1.Kind) string {
	if k != factv1.Kind_KIND_RESTRICTION_LIFTED {
		return ""
	}
	if f.Told == "" {
		return "told is missing: the person must be informed before a restriction is lifted"
	}
	told, at := payload.Time(f.Told, nil), payload.Time(f.At, nil)
	if told != nil && at != nil && told.AsTime().After(at.AsTime()) {
		return "told is later than at"
	}
	return ""
}
