package report

import (
	"github.com/rodopath/rodopath/services/lifecycle/fact"
	"github.com/rodopath/rodopath/services/lifecycle/rules"
)

// Terms of the Data Privacy Vocabulary (w3id.org/dpv).
const (
	untilTime  = "dpv:UntilTimeDuration"
	untilEvent = "dpv:UntilEventDuration"
	// expressed is consent by a clear act, such as ticking a box.
	expressed = "dpv:ExpressedConsent"
	// unknownConsent is a consent whose validity is not known.
	unknownConsent = "dpv:ConsentUnknown"
)

// vocabulary returns the JSON-LD context of a report: the prefixes of terms, and the keys with
// terms as values. All other keys are names of the report itself.
func vocabulary() map[string]any {
	term := func(id string) map[string]string { return map[string]string{"@id": id, "@type": "@id"} }
	said := map[string]string{"@container": "@language"}
	return map[string]any{
		"dpv":     "https://w3id.org/dpv#",
		"eu-gdpr": "https://w3id.org/dpv/legal/eu/gdpr#",
		"pd":      "https://w3id.org/dpv/pd#",
		"@vocab":  "urn:rodopath:report#",
		"purpose_term": term(
			"dpv:hasPurpose",
		),
		"category_term": term("dpv:hasPersonalData"),
		"lawful_basis":  term("dpv:hasLegalBasis"),
		"justification": term(
			"dpv:hasJustification",
		),
		"right":   term("dpv:hasRight"),
		"storage": term("dpv:hasStorageCondition"),
		"event_state": term(
			"dpv:hasConsentStatus",
		),
		"event_type": term("dpv:hasLegalBasis"),
		"state_term": term("dpv:hasConsentStatus"),
		"name":       said,
		"says":       said,
		"ends":       said,
		"period":     said,
	}
}

// LawfulBasis returns the term for an article of the GDPR and a purpose; empty for an article other
// than Art. 6, such as that of a hold.
func LawfulBasis(article string, purpose rules.Purpose) string {
	switch article {
	case "6(1)(a)", "6(1)(c)", "6(1)(d)", "6(1)(e)", "6(1)(f)":
		return "eu-gdpr:A6-1-" + article[5:6]
	case "6(1)(b)":
		if purpose.Term == "dpv:NegotiateContract" {
			return "eu-gdpr:A6-1-b-enter-into-contract"
		}
		return "eu-gdpr:A6-1-b-contract-performance"
	}
	return ""
}

// justification is the term for why erasure does not reach data.
func justification(article string) string {
	switch article {
	case "17(3)(b)":
		return "eu-gdpr:JustificationA17LegallyRequired"
	case "17(3)(e)":
		return "eu-gdpr:JustificationA17LegalClaims"
	}
	return ""
}

// stateTerm returns the term for the state of a consent. The vocabulary has no state for an
// objection to marketing, which counts as a withdrawal.
func stateTerm(s rules.ConsentState) string {
	switch s {
	case rules.ConsentAsked, rules.ConsentPending:
		return "dpv:ConsentRequested"
	case rules.ConsentGiven:
		return "dpv:ConsentGiven"
	case rules.ConsentRefused:
		return "dpv:ConsentRefused"
	case rules.ConsentWithdrawn, rules.ConsentObjected:
		return "dpv:ConsentWithdrawn"
	case rules.ConsentExpired:
		return "dpv:ConsentExpired"
	case rules.ConsentInvalidated:
		return "dpv:ConsentInvalidated"
	}
	return unknownConsent // also of an unproven consent: invalid for processing
}

// rightTerm returns the term for the requested right.
func rightTerm(k fact.Kind) string {
	switch k {
	case fact.KindAccessRequest:
		return "eu-gdpr:A15"
	case fact.KindRectificationRequest:
		return "eu-gdpr:A16"
	case fact.KindErasure:
		return "eu-gdpr:A17"
	case fact.KindRestriction:
		return "eu-gdpr:A18"
	case fact.KindPortabilityRequest:
		return "eu-gdpr:A20"
	case fact.KindObjection:
		return "eu-gdpr:A21"
	}
	return ""
}
