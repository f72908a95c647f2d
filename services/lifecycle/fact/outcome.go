package fact

// Outcome is the result of a request for a right, or the answer of a recipient or of a person
// to a decision.
type Outcome string

// ConvertOutcomes converts the answers of a recipient for single categories of data, between Outcome and the
// strings of a wire; nil for none.
func ConvertOutcomes[To, From ~string](categories map[string]From) map[string]To {
	if len(categories) == 0 {
		return nil
	}
	out := make(map[string]To, len(categories))
	for category, outcome := range categories {
		out[category] = To(outcome)
	}
	return out
}

// The outcomes of requests for a right.
const (
	OutcomeGranted Outcome = "granted"
	OutcomePartly  Outcome = "partly"
	OutcomeRefused Outcome = "refused"
)

// OutcomeMistaken in a KindRequestAnswered says that the request was recorded by mistake, such as for another person or
// twice: no answer was given, and none is owed.
const OutcomeMistaken Outcome = "mistaken"

// The answers of recipients (see api/stream.Receipt). OutcomeGranted and OutcomeRefused are
// answers too: of a person to a question, and of a recipient that does not erase.
const (
	OutcomeDone     Outcome = "done"
	OutcomePartial  Outcome = "partial"
	OutcomeHeld     Outcome = "held"
	OutcomeNotFound Outcome = "not_found"
	OutcomeNoAnswer Outcome = "no_answer"
	// OutcomeSent acknowledges that a recipient received a decision.
	OutcomeSent Outcome = "sent"
	// OutcomeFailed reports that a decision could not be delivered.
	OutcomeFailed Outcome = "failed"
)
