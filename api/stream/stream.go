package stream

import (
	"fmt"
	"hash/fnv"
	"io"
	"strings"
	"time"
)

// The streams and their subjects. Subjects carry ids without a meaning of their own, never an
// address.
const (
	// Facts holds webhooks that are not applied yet: protobuf rodopath.fact.v1.Delivery on
	// "rodopath.facts.SOURCE", or in an installation with partitions on the subject of FactsIn. A work queue: an
	// acknowledgement removes the message.
	Facts        = "FACTS"
	factsSubject = "rodopath.facts."
	// Decisions holds the decisions for recipients: CloudEvents as JSON on
	// "rodopath.decisions.KIND.PART". PART is one of Parts parts of all persons; see DecisionFor.
	Decisions        = "DECISIONS"
	decisionsSubject = "rodopath.decisions."
	// Receipts holds answers of recipients that are not applied yet: a Receipt as JSON on
	// "rodopath.receipts.RECIPIENT", or on "rodopath.receipts" from recipients without an account
	// of their own. A work queue.
	Receipts        = "RECEIPTS"
	receiptsSubject = "rodopath.receipts"
	// Quarantine holds webhooks with a valid signature that no reader understands, encrypted, on
	// "rodopath.quarantine.SOURCE.DELIVERY".
	Quarantine        = "QUARANTINE"
	quarantineSubject = "rodopath.quarantine."
)

// AllDecisions matches the subject of every decision.
const AllDecisions = decisionsSubject + ">"

// AllFacts and AllReceipts match the subject of every delivery of facts without a slot, and of the receipts of every
// recipient with an account of its own. AllSlots matches the subject of every delivery of facts with a slot.
const (
	AllFacts    = factsSubject + "*"
	AllSlots    = factsSubject + "*.>"
	AllReceipts = receiptsSubject + ".*"
)

// AllQuarantine matches the subject of every webhook in quarantine.
const AllQuarantine = quarantineSubject + ">"

// QuarantineFrom matches the subject of every delivery of a source in quarantine.
func QuarantineFrom(source string) string { return quarantineSubject + token(source) + ".>" }

// QuarantineOf returns the subject for a delivery of a source in quarantine. A redelivery replaces the
// delivery.
func QuarantineOf(source, delivery string) string {
	return quarantineSubject + token(source) + "." + token(delivery)
}

// FactsOf returns the subject for the deliveries of a source.
func FactsOf(source string) string { return factsSubject + token(source) }

// Parts is the number of parts into which the persons are divided in the subjects of decisions. A server keeps each
// subject of a stream in memory, so their number is bounded.
const Parts = 16384

// DecisionFor returns the subject for decisions of a kind about a person. Other persons share the subject: the person
// is the Subject of the Event.
func DecisionFor(kind Kind, subject string) string {
	return decisionsSubject + token(string(kind)) + "." + part(subject)
}

// FormerDecisionFor returns the subject on which a version before the parts published decisions about a person.
func FormerDecisionFor(kind Kind, subject string) string {
	return decisionsSubject + token(string(kind)) + "." + token(subject)
}

// part returns the part of a person, as four hexadecimal digits.
func part(subject string) string {
	sum := fnv.New32a()
	_, _ = io.WriteString(sum, subject) // never fails
	return fmt.Sprintf("%04x", sum.Sum32()%Parts)
}

// DecisionsOf matches the subject of every decision of a kind.
func DecisionsOf(kind Kind) string { return decisionsSubject + token(string(kind)) + ".*" }

// ReceiptsOf returns the subject for the receipts of a recipient; without one, the
// subject that all share.
func ReceiptsOf(recipient string) string {
	if recipient == "" {
		return receiptsSubject
	}
	return receiptsSubject + "." + token(recipient)
}

// RecipientOf returns the recipient of a subject of receipts; empty for the shared subject.
func RecipientOf(subject string) string {
	return strings.TrimPrefix(strings.TrimPrefix(subject, receiptsSubject), ".")
}

// token makes one token of a NATS subject of a name.
func token(name string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '.', r == '*', r == '>', r <= ' ', r == 0x7f:
			return '_'
		}
		return r
	}, name)
}

// Window is how long a stream knows a message id again.
const Window = 2 * time.Minute
