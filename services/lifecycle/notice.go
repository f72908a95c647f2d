package lifecycle

import (
	"fmt"
	"maps"
	"slices"
	"time"
)

// ConnectedRecipient is a configured system that is notified of decisions: a recipient under Art.
// 4(9) and Art. 19.
type ConnectedRecipient struct {
	ID string
	// Name is the display name.
	Name string
	// Holds lists the categories that the recipient holds; notifications cover no others. Empty
	// means all.
	Holds []string
	// Kinds are the kinds of decisions that the recipient accepts.
	Kinds []DecisionKind
	// AnswerDays is the time to answer, in days.
	AnswerDays int
	// Dispatched reports whether dispatch delivers decisions to the recipient and reports the
	// delivery. Other recipients read the stream, so publication is delivery.
	Dispatched bool
}

// recipientsOf returns the ids of the recipients concerned by a decision.
func (p *Policy) recipientsOf(d *Decision) []string {
	var out []string
	for i := range p.Connected {
		a := &p.Connected[i]
		if slices.Contains(a.Kinds, d.Kind) && (d.Kind != DecisionDelete || a.holdsAny(d.Items)) {
			out = append(out, a.ID)
		}
	}
	return out
}

func (a *ConnectedRecipient) holdsAny(items []Item) bool {
	return len(a.Holds) == 0 ||
		slices.ContainsFunc(items, func(i Item) bool { return slices.Contains(a.Holds, i.Category) })
}

func (p *Policy) connected(id string) *ConnectedRecipient {
	n := slices.IndexFunc(p.Connected, func(a ConnectedRecipient) bool { return a.ID == id })
	if n < 0 {
		return nil
	}
	return &p.Connected[n]
}

// Notice is a published decision with the answers of its recipients. A notice is pseudonymous:
// names are hashed under a key of the decision.
type Notice struct {
	Decision string       `json:"decision"`
	Kind     DecisionKind `json:"kind"`
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
	Question *Question `json:"question,omitempty"`
	// Answer is the person's answer to the question, granted or refused, by whatever source.
	Answer Outcome `json:"answer,omitempty"`
	// Closed is the instant from which no answer was missing: all recipients had confirmed, or the
	// question had expired. Purged reports whether the names were purged from the stream
	// afterwards.
	Closed *time.Time `json:"closed,omitempty"`
	Purged bool       `json:"purged,omitempty"`
	// Replayed is the instant of the latest replay.
	Replayed *time.Time `json:"replayed,omitempty"`
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
	// Outcome is the answer, given at At; empty without an answer.
	Outcome    Outcome            `json:"outcome,omitempty"`
	Categories map[string]Outcome `json:"categories,omitempty"`
	Reason     string             `json:"reason,omitempty"`
	At         *time.Time         `json:"at,omitempty"`
}

// NewNotice returns the notice of a decision that is being published, or nil without recipients and
// without a question. hide hashes a name under the decision's key.
func NewNotice(p *Policy, d *Decision, names []string, hide func(name string) string) *Notice {
	if len(d.Recipients) == 0 && d.Question == nil {
		return nil
	}
	n := &Notice{
		Decision:    d.ID,
		Kind:        d.Kind,
		At:          d.At,
		Effective:   d.Effective,
		WholePerson: d.WholePerson,
		Question:    d.Question,
		Policy:      p.ID + "@" + d.Revision,
	}
	for _, name := range names {
		n.Names = append(n.Names, hide(name))
	}
	for _, i := range d.Items {
		item := HashedItem{Category: i.Category}
		if i.Ref != "" {
			item.Hashes = append(item.Hashes, hide(i.Ref))
		}
		for _, name := range d.Names[i.Ref] {
			item.Hashes = append(item.Hashes, hide(name))
		}
		n.Items = append(n.Items, item)
	}
	for _, id := range d.Recipients {
		n.Notifications = append(n.Notifications, p.notification(id, d.At))
	}
	return n
}

// notification returns the notification of a recipient at an instant.
func (p *Policy) notification(id string, at time.Time) Notification {
	t := Notification{Recipient: id, Due: at}
	if a := p.connected(id); a != nil {
		t.Due = at.AddDate(0, 0, a.AnswerDays)
		if !a.Dispatched {
			t.Sent = &at
		}
	}
	return t
}

// AddNotices returns the subject with the notices of decisions that were sent.
func AddNotices(p *Policy, s Subject, notices []Notice) Subject {
	if len(notices) == 0 {
		return s
	}
	s.Notices = joinNotices(s.Notices, notices)
	for i := range s.Notices {
		n := &s.Notices[i]
		n.Notifications = slices.Clone(n.Notifications)
		s.advanceDue(n, Requests(p, s.Facts, n.At))
	}
	s.Questions = slices.Clone(s.Questions)
	for i := range notices {
		// A later fact may have retracted the question after its publication.
		if n := &notices[i]; n.Question != nil {
			s.announceQuestion(
				AnnouncedQuestion{Purpose: n.Question.Purpose, Channel: n.Question.Channel, At: n.At, Decision: n.Decision},
			)
		}
	}
	s.setNoticeDue()
	s.visitDeadlines(p, s.reviewBy)
	for i := range s.Facts {
		if f := &s.Facts[i]; f.Kind == KindReceipt && s.notice(f.Ref) != nil {
			s.reviewBy(f.Occurred) // the receipt arrived before the notice
		}
	}
	return s
}

// reviewBy has the subject looked at no later than an instant.
func (s *Subject) reviewBy(t time.Time) {
	if s.ReviewAt == nil || t.Before(*s.ReviewAt) {
		s.ReviewAt = &t
	}
}

// MarkPurged returns the subject after the names of closed notices were purged from the stream.
func MarkPurged(s Subject) Subject {
	s.Notices = slices.Clone(s.Notices)
	for i := range s.Notices {
		s.Notices[i].Purged = s.Notices[i].Purged || s.Notices[i].Closed != nil
	}
	return s
}

// MarkReplayed returns the subject after a deletion was replayed to one recipient, or to all for an
// empty recipient. Every recipient of the replay must answer anew. The result is false when the
// subject has no such deletion.
func MarkReplayed(p *Policy, s Subject, decision, recipient string, at time.Time) (Subject, bool) {
	s.Notices = slices.Clone(s.Notices)
	n := s.notice(decision)
	if n == nil || n.Kind != DecisionDelete {
		return s, false
	}
	n.Notifications, n.Replayed, n.Closed, n.Purged = slices.Clone(n.Notifications), &at, nil, false
	if recipient != "" &&
		!slices.ContainsFunc(n.Notifications, func(t Notification) bool { return t.Recipient == recipient }) {
		n.Notifications = append(n.Notifications, Notification{Recipient: recipient})
	}
	for i := range n.Notifications {
		if recipient == "" || n.Notifications[i].Recipient == recipient {
			n.Notifications[i] = p.notification(n.Notifications[i].Recipient, at)
		}
	}
	to := recipient
	if to == "" {
		to = AllNotified
	}
	s.note(Note{
		Key: "replayed:" + decision + ":" + recipient + ":" + at.Format(
			time.RFC3339Nano,
		),
		At:       at,
		Kind:     EntryReplay,
		Decision: decision,
		Text:     SentAgainTo + to,
	})
	s.setNoticeDue()
	s.visitDeadlines(p, s.reviewBy)
	return s, true
}

func joinNotices(have, more []Notice) []Notice {
	out := slices.Clone(have)
	for i := range more {
		if !slices.ContainsFunc(out, func(n Notice) bool { return n.Decision == more[i].Decision }) {
			out = append(out, more[i])
		}
	}
	slices.SortStableFunc(out, func(a, b Notice) int { return a.At.Compare(b.At) })
	return out
}

func (s *Subject) notice(decision string) *Notice {
	n := slices.IndexFunc(s.Notices, func(n Notice) bool { return n.Decision == decision })
	if n < 0 {
		return nil
	}
	return &s.Notices[n]
}

// setNoticeDue sets by when the next answer is due, and has the subject looked at then.
func (s *Subject) setNoticeDue() {
	s.NoticeDue = nil
	for i := range s.Notices {
		if due, ok := s.Notices[i].due(); ok && (s.NoticeDue == nil || due.Before(*s.NoticeDue)) {
			s.NoticeDue = &due
		}
	}
}

// Due is by when the next answer must be there, or when a question falls; nil when
// nothing is awaited.
func (n *Notice) Due() *time.Time {
	if due, ok := n.due(); ok {
		return &due
	}
	return nil
}

// due is the deadline of the first missing answer, or the expiry of a question; false when no
// answer is missing.
func (n *Notice) due() (first time.Time, ok bool) {
	if n.Closed != nil {
		return first, false
	}
	if q := n.Question; q != nil {
		return q.Until, true
	}
	for i := range n.Notifications {
		if t := &n.Notifications[i]; t.isUnanswered() && (!ok || t.Due.Before(first)) {
			first, ok = t.Due, true
		}
	}
	return first, ok
}

// visitDeadlines visits the instants at which a notice changes by time alone.
func (s *Subject) visitDeadlines(p *Policy, visit func(time.Time)) {
	for i := range s.Notices {
		n := &s.Notices[i]
		if n.Closed != nil {
			continue
		}
		visit(n.expiry(p))
		if n.Question != nil {
			visit(n.Question.Until)
		}
		for j := range n.Notifications {
			if t := &n.Notifications[j]; t.isUnanswered() && !t.Escalated {
				visit(t.Due)
			}
		}
	}
}

// isUnanswered reports whether a final answer is missing.
func (t *Notification) isUnanswered() bool {
	switch t.Outcome {
	case OutcomeDone, OutcomeNotFound, OutcomeRefused, OutcomeGranted, OutcomeNoAnswer:
		return false
	}
	return true
}

// applyReceipts moves receipts from the facts into the notices they answer. A receipt that arrives
// before its notice stays among the facts.
func (s *Subject) applyReceipts(at time.Time) {
	s.Notices = slices.Clone(s.Notices)
	s.Facts = slices.DeleteFunc(slices.Clone(s.Facts), func(f Fact) bool {
		if f.Kind != KindReceipt {
			return false
		}
		n := s.notice(f.Ref)
		if n == nil {
			return false
		}
		n.Notifications = slices.Clone(n.Notifications)
		i := slices.IndexFunc(n.Notifications, func(t Notification) bool { return t.Recipient == f.Recipient })
		if i < 0 {
			s.alarm(
				at,
				"stranger:"+f.Ref+":"+f.Recipient+":"+f.ID,
				fmt.Sprintf("%s answered the decision %s without a notification of the decision", f.Recipient, f.Ref),
			)
			return true
		}
		if n.Replayed == nil || !f.Occurred.Before(n.Replayed.Truncate(time.Second)) {
			s.applyReceipt(n, &n.Notifications[i], &f, at)
		}
		return true
	})
}

// applyReceipt applies one receipt. The latest answer counts, so the order of receipts has no
// effect.
func (s *Subject) applyReceipt(n *Notice, t *Notification, f *Fact, at time.Time) {
	if f.Outcome != OutcomeFailed && (t.Sent == nil || f.Occurred.Before(*t.Sent)) {
		t.Sent = &f.Occurred
	}
	if f.Outcome == OutcomeSent ||
		t.At != nil && (f.Occurred.Before(*t.At) || f.Occurred.Equal(*t.At) && f.Outcome <= t.Outcome) {
		return
	}
	t.Outcome, t.Categories, t.Reason, t.At = f.Outcome, maps.Clone(f.Categories), f.Reason, &f.Occurred
	if n.Closed != nil && n.Kind == DecisionDelete && n.Progress(at).State != NoticeConfirmed {
		n.Closed, n.Purged = nil, false
		s.alarm(
			at,
			"retracted:"+f.Ref+":"+f.Recipient+":"+f.ID,
			fmt.Sprintf(
				"%s retracted its confirmation of the decision %s: run \"rodopath decisions\" for the reason",
				f.Recipient,
				f.Ref,
			),
		)
		return
	}
	switch {
	case f.Outcome == OutcomeFailed:
		s.alarm(
			at,
			"failed:"+f.Ref+":"+f.Recipient+":"+f.ID,
			fmt.Sprintf(
				"the decision %s could not be delivered to %s: run \"rodopath decisions\" for the reason and \"rodopath replay\" to send the decision again",
				f.Ref,
				f.Recipient,
			),
		)
	case f.Outcome == OutcomeRefused && n.Kind == DecisionDelete:
		s.alarm(
			at,
			"refused:"+f.Ref+":"+f.Recipient+":"+f.ID,
			fmt.Sprintf(
				"%s refuses to carry out the decision %s: run \"rodopath decisions\" for the reason",
				f.Recipient,
				f.Ref,
			),
		)
	}
}

// escalateDays is the lead, in days, of the alarm about unconfirmed deletions before the deadline
// of a request for erasure.
const escalateDays = 3

// updateNotices raises an alarm for late answers and closes completed notices.
func (s *Subject) updateNotices(p *Policy, h *history, requests []Request, at time.Time) {
	for i := range s.Notices {
		n := &s.Notices[i]
		if n.Closed != nil {
			continue
		}
		n.Notifications = slices.Clone(n.Notifications)
		s.advanceDue(n, requests)
		s.escalate(n, at)
		if n.isComplete(h, at) {
			n.Closed = &at
			n.Answer = h.answerToQuestion(n.Question, at)
			note := Note{
				Key: string(
					EntryConfirmed,
				) + ":" + n.Decision + ":" + at.Format(
					time.RFC3339Nano,
				),
				At:       at,
				Kind:     EntryConfirmed,
				Decision: n.Decision,
				Answers:  withoutReasons(n.answers()),
				Text:     string(n.Progress(at).State),
			}
			if n.Kind == DecisionDelete {
				note.Names, note.Generation = n.Names, n.Generation // for the certificate
			}
			s.note(note)
		}
	}
	s.Notices = slices.DeleteFunc(s.Notices, func(n Notice) bool { return !n.expiry(p).After(at) && !n.needsPurge() })
	s.setNoticeDue()
}

// expiry is the end of a notice. A notice ends with the tombstones, so that a silent recipient does
// not extend the retention of the person; a late answer remains visible for one intake period.
func (n *Notice) expiry(p *Policy) time.Time {
	end := p.tombstoneEnd(n.At)
	for i := range n.Notifications {
		t := &n.Notifications[i]
		if n.Kind != DecisionDelete || !t.isUnanswered() {
			continue
		}
		said := t.Due
		if t.EscalatedAt != nil {
			said = *t.EscalatedAt
		}
		end = maxTime(end, said.AddDate(0, 0, p.IntakeDays))
	}
	return end
}

// advanceDue moves the deadlines of recipients before the deadline of the person's request (Art.
// 12(3)).
func (*Subject) advanceDue(n *Notice, requests []Request) {
	if n.Kind != DecisionDelete {
		return
	}
	for i := range requests {
		r := &requests[i]
		if r.Right != KindErasure || !r.Open() {
			continue
		}
		by := r.Due.AddDate(0, 0, -escalateDays)
		for j := range n.Notifications {
			if by.Before(n.Notifications[j].Due) && by.After(n.At) {
				n.Notifications[j].Due = by
			}
		}
	}
}

// escalate raises one alarm for each late answer.
func (s *Subject) escalate(n *Notice, at time.Time) {
	if n.Kind != DecisionDelete {
		return
	}
	for i := range n.Notifications {
		t := &n.Notifications[i]
		if t.Escalated || !t.isUnanswered() || t.Due.After(at) {
			continue
		}
		t.Escalated, t.EscalatedAt = true, &at
		s.alarm(
			at,
			"unconfirmed:"+n.Decision+":"+t.Recipient+":"+t.Due.Format(time.RFC3339),
			fmt.Sprintf(
				"%s has not confirmed the deletion %s by %s: ask the recipient, or send the decision again (\"rodopath replay\")",
				t.Recipient,
				n.Decision,
				t.Due.UTC().Format(minute),
			),
		)
	}
}

// isComplete reports whether no further answer is expected.
func (n *Notice) isComplete(h *history, at time.Time) bool {
	state := n.Progress(at).State
	if q := n.Question; q != nil {
		return state == NoticeAnswered || state == NoticeLapsed || h.basisToAsk(q.Purpose, q.Channel, at) == nil
	}
	return state == NoticeConfirmed
}

func (n *Notice) answers() []RecipientAnswer {
	var out []RecipientAnswer
	for i := range n.Notifications {
		if t := &n.Notifications[i]; t.Outcome != "" {
			out = append(out, RecipientAnswer{
				Decision:   n.Decision,
				Recipient:  t.Recipient,
				Outcome:    t.Outcome,
				Categories: t.Categories,
				Reason:     t.Reason,
				At:         *t.At,
			})
		}
	}
	return out
}

// withoutReasons removes free text of recipients: the journal outlives the person.
func withoutReasons(answers []RecipientAnswer) []RecipientAnswer {
	for i := range answers {
		answers[i].Reason = ""
	}
	return answers
}

// answerToQuestion is the person's answer to a question, granted or refused; empty without an
// answer or a question.
func (h *history) answerToQuestion(q *Question, at time.Time) Outcome {
	if q == nil {
		return ""
	}
	if h.refusedEver(q.Purpose, q.Channel) {
		return OutcomeRefused
	}
	for i := range h.consents {
		if c := &h.consents[i]; c.Purpose == q.Purpose && c.Channel == q.Channel && c.Stands(at) {
			return OutcomeGranted
		}
	}
	return ""
}

// needsPurge reports whether the names of a closed notice are still in the stream.
func (n *Notice) needsPurge() bool { return n.Closed != nil && !n.Purged }

// Concerns reports whether a recipient was notified, or holds one of the erased categories.
func (n *Notice) Concerns(p *Policy, recipient string) bool {
	if slices.ContainsFunc(n.Notifications, func(t Notification) bool { return t.Recipient == recipient }) {
		return true
	}
	items := make([]Item, len(n.Items))
	for i := range n.Items {
		items[i].Category = n.Items[i].Category
	}
	return slices.Contains(p.recipientsOf(&Decision{Kind: n.Kind, Items: items}), recipient)
}

// Purgeable lists the decisions whose names must be purged from the stream.
func (s *Subject) Purgeable() []string {
	var decisions []string
	for i := range s.Notices {
		if s.Notices[i].needsPurge() {
			decisions = append(decisions, s.Notices[i].Decision)
		}
	}
	return decisions
}

// awaitsAnswers reports whether a notice is open.
func (s *Subject) awaitsAnswers() bool {
	return slices.ContainsFunc(s.Notices, func(n Notice) bool { return n.Closed == nil })
}
