package notice

import (
	"slices"
	"time"

	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/lifecycle/calendar"
	"github.com/rodopath/rodopath/services/lifecycle/chain"
	"github.com/rodopath/rodopath/services/lifecycle/decision"
	"github.com/rodopath/rodopath/services/lifecycle/fact"
	"github.com/rodopath/rodopath/services/lifecycle/rights"
	"github.com/rodopath/rodopath/services/lifecycle/rules"
)

// Notice is a published decision with the answers of its recipients. A notice is pseudonymous:
// names are hashed under a key of the decision.
type Notice struct {
	Decision string      `json:"decision"`
	Kind     stream.Kind `json:"kind"`
	// At is the instant of the decision, Effective the instant from which the decision is due.
	At          time.Time `json:"at"`
	Effective   time.Time `json:"effective"`
	WholePerson bool      `json:"whole_person,omitempty"`
	// Policy is the deciding policy, such as "pl@1a2b3c".
	Policy string `json:"policy,omitempty"`
	// Notifications has one entry for each recipient.
	Notifications []Notification `json:"to,omitempty"`
	// Names and Items are the hashed names of the person and the erased items. Generation is the
	// generation of the hash key.
	Names      []string     `json:"names,omitempty"`
	Items      []HashedItem `json:"items,omitempty"`
	Generation int          `json:"generation,omitempty"`
	// Question is the question for consent, if the decision is one.
	Question *stream.Ask `json:"question,omitempty"`
	// Answer is the person's answer to the question, granted or refused, by whatever source.
	Answer fact.Outcome `json:"answer,omitempty"`
	// Closed is the instant from which no answer was missing: all recipients had confirmed, or the
	// question had expired. Purged reports whether the names were purged from the stream
	// afterwards.
	Closed *time.Time `json:"closed,omitempty"`
	Purged bool       `json:"purged,omitempty"`
	// Replayed is the instant of the latest replay.
	Replayed *time.Time `json:"replayed,omitempty"`
	// Subject is the id under which the decision was published, which differs from the id of the
	// subject after a merge; notices of earlier versions have none.
	Subject string `json:"subject,omitempty"`
	// Retractions are the retracted parts of the decision.
	Retractions []Retraction `json:"retracted,omitempty"`
	// Retracts is the decision that is retracted, of a notice of the kind "retract".
	Retracts string `json:"retracts,omitempty"`

	// PlainItems are the deleted items without hashing, known from New until the notice is added to the
	// subject. PlainItems are not stored.
	PlainItems []rules.Item `json:"-"`
}

// HashedItem is an item whose record names are hashed.
type HashedItem struct {
	Category string   `json:"category"`
	Hashes   []string `json:"hashes,omitempty"`
}

// Notification is the notification of one recipient and its answer.
type Notification struct {
	Recipient string `json:"recipient"`
	// Due is the deadline of the answer. Escalated reports whether a missed deadline raised an
	// alarm, at EscalatedAt; notices of earlier versions have no EscalatedAt.
	Due         time.Time  `json:"due"`
	Escalated   bool       `json:"late,omitempty"`
	EscalatedAt *time.Time `json:"told,omitempty"`
	// Sent is the instant of the delivery; nil before the delivery.
	Sent *time.Time `json:"sent,omitempty"`
	// Narrowed is the instant from which the recipient received no more than the part that held; nil when
	// the recipient received the whole decision.
	Narrowed *time.Time `json:"narrowed,omitempty"`
	// Outcome is the answer, given at At; empty without an answer.
	Outcome    fact.Outcome            `json:"outcome,omitempty"`
	Categories map[string]fact.Outcome `json:"categories,omitempty"`
	Reason     string                  `json:"reason,omitempty"`
	At         *time.Time              `json:"at,omitempty"`
	// LookAgain is the instant from which the obstacle of held data has lapsed, so that the recipient is notified
	// again; nil for an answer without one. Look reports whether the notification is due now.
	LookAgain *time.Time `json:"look_again,omitempty"`
	Look      bool       `json:"look,omitempty"`
	// Lost are the categories that the recipient had erased although a basis was in force: see Losses.
	Lost []string `json:"lost,omitempty"`
}

// New returns the notice of a decision that is being published, or nil without recipients and
// without a question. hash hashes a name under the decision's key.
func New(p *rules.Policy, d *decision.Decision, names []string, hash func(name string) string) *Notice {
	if len(d.Recipients) == 0 && d.Ask == nil {
		return nil
	}
	n := &Notice{
		Decision:    d.ID,
		Kind:        d.Kind,
		At:          d.At,
		Effective:   d.Effective,
		WholePerson: d.WholePerson(),
		Question:    d.Ask,
		Policy:      p.ID + "@" + d.Revision,
		Subject:     d.Subject,
		PlainItems:  d.Items(),
	}
	for _, name := range names {
		n.Names = append(n.Names, hash(name))
	}
	if d.Delete != nil {
		n.Items = hashItems(d.Delete.Items, hash)
	}
	if d.Retract != nil {
		n.Items, n.Retracts = hashItems(d.Retract.Items, hash), d.Retract.Decision
	}
	for _, id := range d.Recipients {
		n.Notifications = append(n.Notifications, NewNotification(p, id, d.At))
	}
	return n
}

func hashItems(items []stream.Item, hash func(name string) string) []HashedItem {
	out := make([]HashedItem, len(items))
	for i, item := range items {
		out[i].Category = item.Category
		if item.Ref != "" {
			out[i].Hashes = append(out[i].Hashes, hash(item.Ref))
		}
		for _, name := range item.Names {
			out[i].Hashes = append(out[i].Hashes, hash(name))
		}
	}
	return out
}

// Delivered returns the recipients to which decisions were delivered by an instant, by decision; nil without one.
func Delivered(notices []Notice, at time.Time) map[string][]string {
	var out map[string][]string
	for i := range notices {
		n := &notices[i]
		for j := range n.Notifications {
			if sent := n.Notifications[j].Sent; sent == nil || sent.After(at) {
				continue
			}
			if out == nil {
				out = map[string][]string{}
			}
			out[n.Decision] = append(out[n.Decision], n.Notifications[j].Recipient)
		}
	}
	return out
}

// NewNotification returns the notification of a recipient at an instant.
func NewNotification(p *rules.Policy, id string, at time.Time) Notification {
	t := Notification{Recipient: id, Due: at}
	if r := p.Recipient(id); r != nil {
		t.Due = at.AddDate(0, 0, r.AnswerDays)
		if !r.Dispatched {
			t.Sent = &at
		}
	}
	return t
}

// MarkPurged returns the notices after the names of closed ones were purged from the stream.
func MarkPurged(all []Notice) []Notice {
	all = slices.Clone(all)
	for i := range all {
		all[i].Purged = all[i].Purged || all[i].Closed != nil
	}
	return all
}

// Replay opens the notice of a deletion again for one recipient, or for all when the recipient is
// empty: each must answer anew.
func (n *Notice) Replay(p *rules.Policy, recipient string, at time.Time) {
	n.Notifications, n.Replayed, n.Closed, n.Purged = slices.Clone(n.Notifications), &at, nil, false
	if recipient != "" && !n.notifies(recipient) {
		n.Notifications = append(n.Notifications, Notification{Recipient: recipient})
	}
	for i := range n.Notifications {
		if recipient == "" || n.Notifications[i].Recipient == recipient {
			n.Notifications[i] = NewNotification(p, n.Notifications[i].Recipient, at)
		}
	}
}

// Awaits returns the deadline of the answer of a recipient, and whether the answer is missing.
func (n *Notice) Awaits(recipient string) (due time.Time, awaited bool) {
	for i := range n.Notifications {
		if t := &n.Notifications[i]; t.Recipient == recipient && n.Closed == nil && t.isUnanswered() {
			return t.Due, true
		}
	}
	return time.Time{}, false
}

func (n *Notice) notifies(recipient string) bool {
	return slices.ContainsFunc(n.Notifications, func(t Notification) bool { return t.Recipient == recipient })
}

// Combine returns both lists ordered by instant, each decision once.
func Combine(have, more []Notice) []Notice {
	out := slices.Clone(have)
	for i := range more {
		if Find(out, more[i].Decision) == nil {
			out = append(out, more[i])
		}
	}
	slices.SortStableFunc(out, func(a, b Notice) int { return a.At.Compare(b.At) })
	return out
}

// Find returns the notice of a decision, or nil.
func Find(all []Notice, decision string) *Notice {
	n := slices.IndexFunc(all, func(n Notice) bool { return n.Decision == decision })
	if n < 0 {
		return nil
	}
	return &all[n]
}

// NextDue is the earliest deadline of the notices; nil when no answer is missing.
func NextDue(all []Notice) *time.Time {
	var first *time.Time
	for i := range all {
		if due := all[i].Due(); due != nil && (first == nil || due.Before(*first)) {
			first = due
		}
	}
	return first
}

// Due is the deadline of the first missing answer, or the expiry of a question; nil when no answer is
// missing.
func (n *Notice) Due() *time.Time {
	if n.Closed != nil {
		return nil
	}
	if q := n.Question; q != nil {
		return &q.Until
	}
	var first *time.Time
	for i := range n.Notifications {
		t := &n.Notifications[i]
		if due := t.deadline(); t.isUnanswered() && (first == nil || due.Before(*first)) {
			first = &due
		}
	}
	return first
}

// VisitDeadlines visits the instants at which a notice changes by time alone.
func VisitDeadlines(all []Notice, p *rules.Policy, visit func(time.Time)) {
	for i := range all {
		n := &all[i]
		if n.Closed != nil {
			continue
		}
		visit(n.expiry(p))
		if n.Question != nil {
			visit(n.Question.Until)
		}
		for j := range n.Notifications {
			t := &n.Notifications[j]
			if t.isUnanswered() && !t.Escalated {
				visit(t.deadline())
			}
			if t.LookAgain != nil && !t.Look {
				visit(*t.LookAgain)
			}
		}
	}
}

// isUnanswered reports whether a final answer is missing.
func (t *Notification) isUnanswered() bool {
	switch t.Outcome {
	case fact.OutcomeDone, fact.OutcomeNotFound, fact.OutcomeRefused, fact.OutcomeGranted, fact.OutcomeNoAnswer:
		return false
	}
	return true
}

// AdvanceDue moves the deadlines of recipients before the deadline of the person's request (Art.
// 12(3)).
func (n *Notice) AdvanceDue(requests []rights.Request) {
	if n.Kind != stream.KindDelete {
		return
	}
	for i := range requests {
		r := &requests[i]
		if r.Right != fact.KindErasure || !r.Open() {
			continue
		}
		by := r.Due.AddDate(0, 0, -escalateDays)
		for j := range n.Notifications {
			if by.Before(n.Notifications[j].Due) && by.After(n.At) { // a date to look again outranks Due
				n.Notifications[j].Due = by
			}
		}
	}
}

// escalateDays is the lead, in days, of the alarm about unconfirmed deletions before the deadline
// of a request for erasure.
const escalateDays = 3

// expiry is the end of a notice. A notice ends with the tombstones, so that a silent recipient does
// not extend the retention of the person; a late answer remains visible for one intake period.
func (n *Notice) expiry(p *rules.Policy) time.Time {
	end := p.TombstoneEnd(n.At)
	for i := range n.Notifications {
		t := &n.Notifications[i]
		if n.Kind != stream.KindDelete || !t.isUnanswered() || n.Retracted() {
			continue
		}
		escalated := t.deadline()
		if t.EscalatedAt != nil {
			escalated = *t.EscalatedAt
		}
		end = calendar.Later(end, escalated.AddDate(0, 0, p.IntakeDays))
	}
	return end
}

// isComplete reports whether no further answer is expected.
func (n *Notice) isComplete(e *rules.Evaluation, at time.Time) bool {
	state := n.Progress(at).State
	if q := n.Question; q != nil {
		return state == StateAnswered || state == StateLapsed || e.BasisToAsk(q.Purpose, q.Channel, at) == nil
	}
	if n.Retracts != "" {
		return n.isDelivered(at)
	}
	return state == StateConfirmed
}

// answers returns the answers of the recipients.
func (n *Notice) answers() []chain.Answer {
	var out []chain.Answer
	for i := range n.Notifications {
		if t := &n.Notifications[i]; t.Outcome != "" {
			out = append(out, chain.Answer{
				Decision: n.Decision, Recipient: t.Recipient, Outcome: t.Outcome, Categories: t.Categories,
				Reason: t.Reason, At: *t.At,
			})
		}
	}
	return out
}

// withoutReasons removes free text of recipients: the journal outlives the person.
func withoutReasons(answers []chain.Answer) []chain.Answer {
	for i := range answers {
		answers[i].Reason = ""
	}
	return answers
}

// NeedsPurge reports whether the names of a closed notice are still in the stream.
func (n *Notice) NeedsPurge() bool { return n.Closed != nil && !n.Purged }

// Concerns reports whether a recipient was notified, or holds one of the erased categories.
func (n *Notice) Concerns(p *rules.Policy, recipient string) bool {
	if n.notifies(recipient) {
		return true
	}
	items := make([]rules.Item, len(n.Items))
	for i := range n.Items {
		items[i].Category = n.Items[i].Category
	}
	return slices.Contains(decision.RecipientsOf(p, n.Kind, items), recipient)
}

// AnyOpen reports whether a notice is open.
func AnyOpen(all []Notice) bool {
	return slices.ContainsFunc(all, func(n Notice) bool { return n.Closed == nil })
}
