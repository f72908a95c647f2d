package fact

// Outcome is the result of a request for a right, or the answer of a recipient or of a person
// to a decision.
type Outcome string

// The outcomes of requests for a right.
const (
	OutcomeGranted Outcome = "granted"
	OutcomePartly  Outcome = "partly"
	OutcomeRefused Outcome = "refused"
)

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
