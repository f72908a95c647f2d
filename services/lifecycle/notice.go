package lifecycle

import (
	"fmt"
	"maps"
	"slices"
	"time"
)

// ConnectedRecipient is a system that is told decisions: a recipient in the sense of Art. 4(9)
// and 19, as the seller configured it.
type ConnectedRecipient struct {
	ID string
	// Name is how people call it.
	Name string
	// Holds are the categories that it holds; it is told of no others. Empty means all.
	Holds []string
	// Kinds are the decisions that it takes.
	Kinds []DecisionKind
	// AnswerDays is by when it must answer.
	AnswerDays int
	// Dispatched tells that somebody brings decisions there and says when it has them.
	// The others read for themselves, and have a decision once it is published.
	Dispatched bool
}

// recipientsOf are those that a decision concerns.
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
	return len(a.Holds) == 0 || slices.ContainsFunc(items, func(i Item) bool { return slices.Contains(a.Holds, i.Category) })
}

func (p *Policy) connected(id string) *ConnectedRecipient {
	n := slices.IndexFunc(p.Connected, func(a ConnectedRecipient) bool { return a.ID == id })
	if n < 0 {
		return nil
	}
	return &p.Connected[n]
}

// Notice is a decision that was sent, and what became of it at those who were told.
// It is pseudonymous: names stand in it as hashes whose key is the decision's own.
type Notice struct {
	Decision string       `json:"decision"`
	Kind     DecisionKind `json:"kind"`
	// At is when it was decided, Effective the instant from which it is due.
	At          time.Time `json:"at"`
	Effective   time.Time `json:"effective"`
	WholePerson bool      `json:"whole_person,omitempty"`
	// Policy is what decided, as "pl@1a2b3c".
	Policy string `json:"policy,omitempty"`
	// Notifications are those who were told.
	Notifications []Notification `json:"to,omitempty"`
	// Names and Items say of whom and of what, in hashes; Generation is that of the key
	// of the hashes.
	Names      []string     `json:"names,omitempty"`
	Items      []HashedItem `json:"items,omitempty"`
	Generation int          `json:"generation,omitempty"`
	// Question is what was to be asked.
	Question *Question `json:"question,omitempty"`
	// Answer is what the person said, granted or refused, wherever they said it.
	Answer string `json:"answer,omitempty"`
	// Closed is when nothing more was awaited: everybody had confirmed, or the
	// question fell. Purged tells that the names have gone from the stream since.
	Closed *time.Time `json:"closed,omitempty"`
	Purged bool       `json:"purged,omitempty"`
	// Replayed is when it was last sent once more.
	Replayed *time.Time `json:"replayed,omitempty"`
}

// HashedItem is an item whose record is named by hashes: of its name, and of others.
type HashedItem struct {
	Category string   `json:"category"`
	Hashes   []string `json:"hashes,omitempty"`
}

// Notification is one recipient of a decision, and what it answered.
type Notification struct {
	Recipient string `json:"recipient"`
	// Due is by when it must answer. Late tells that it did not, and that this was said,
	// at Told; notices from before that was kept have no Told.
	Due         time.Time  `json:"due"`
	Escalated   bool       `json:"late,omitempty"`
	EscalatedAt *time.Time `json:"told,omitempty"`
	// Sent is when it had the decision; nil while it does not.
	Sent *time.Time `json:"sent,omitempty"`
	// Outcome is its answer, given at At; empty while there is none.
	Outcome    string            `json:"outcome,omitempty"`
	Categories map[string]string `json:"categories,omitempty"`
	Reason     string            `json:"reason,omitempty"`
	At         *time.Time        `json:"at,omitempty"`
}

// NewNotice makes the notice of a decision that is sent now, or nil where nobody is
// told and nobody is asked. hide makes a hash of a name under the decision's own key.
func NewNotice(p *Policy, d *Decision, names []string, hide func(name string) string) *Notice {
	if len(d.Recipients) == 0 && d.Question == nil {
		return nil
	}
	n := &Notice{Decision: d.ID, Kind: d.Kind, At: d.At, Effective: d.Effective, WholePerson: d.WholePerson, Question: d.Question, Policy: p.ID + "@" + d.Revision}
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

// notification is a recipient that is told at an instant.
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
		// News may have taken the question back after it went out.
		if n := &notices[i]; n.Question != nil {
			s.announceQuestion(AnnouncedQuestion{Purpose: n.Question.Purpose, Channel: n.Question.Channel, At: n.At, Decision: n.Decision})
		}
	}
	s.setNoticeDue()
	s.visitDeadlines(p, s.reviewBy)
	for i := range s.Facts {
		if f := &s.Facts[i]; f.Kind == KindReceipt && s.notice(f.Ref) != nil {
			s.reviewBy(f.Occurred) // it was there before the notice
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

// MarkPurged returns the subject once the names of closed notices have gone from the
// stream.
func MarkPurged(s Subject) Subject {
	s.Notices = slices.Clone(s.Notices)
	for i := range s.Notices {
		s.Notices[i].Purged = s.Notices[i].Purged || s.Notices[i].Closed != nil
	}
	return s
}

// MarkReplayed returns the subject once a deletion was sent once more to a recipient, or
// to all that were told. They must answer anew. It reports false where the subject
// knows of no such deletion.
func MarkReplayed(p *Policy, s Subject, decision, recipient string, at time.Time) (Subject, bool) {
	s.Notices = slices.Clone(s.Notices)
	n := s.notice(decision)
	if n == nil || n.Kind != DecisionDelete {
		return s, false
	}
	n.Notifications, n.Replayed, n.Closed, n.Purged = slices.Clone(n.Notifications), &at, nil, false
	if recipient != "" && !slices.ContainsFunc(n.Notifications, func(t Notification) bool { return t.Recipient == recipient }) {
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
		Key: "replayed:" + decision + ":" + recipient + ":" + at.Format(time.RFC3339Nano), At: at, Kind: EntryReplay, Decision: decision,
		Text: SentAgainTo + to,
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

// due is when the first answer that is missing must be there, or when a question
// falls. It is false when nothing is awaited.
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

// visitDeadlines visits the instants at which something is to be said of notices.
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

// isUnanswered tells whether an answer that settles it is yet to come.
func (t *Notification) isUnanswered() bool {
	switch t.Outcome {
	case "done", "not_found", "refused", "granted", "no_answer":
		return false
	}
	return true
}

// applyReceipts takes the receipts among the facts into the notices that they answer. What
// they answer is not told yet where a recipient was faster than the relay: such a
// receipt waits among the facts.
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
			s.alarm(at, "stranger:"+f.Ref+":"+f.Recipient+":"+f.ID, fmt.Sprintf("%s answers the decision %s, which it was not told", f.Recipient, f.Ref))
			return true
		}
		if n.Replayed == nil || !f.Occurred.Before(n.Replayed.Truncate(time.Second)) {
			s.applyReceipt(n, &n.Notifications[i], &f, at)
		}
		return true
	})
}

// applyReceipt takes one receipt. The latest answer counts, so receipts may come in any order.
func (s *Subject) applyReceipt(n *Notice, t *Notification, f *Fact, at time.Time) {
	if f.Outcome != "failed" && (t.Sent == nil || f.Occurred.Before(*t.Sent)) {
		t.Sent = &f.Occurred
	}
	if f.Outcome == "sent" || t.At != nil && (f.Occurred.Before(*t.At) || f.Occurred.Equal(*t.At) && f.Outcome <= t.Outcome) {
		return
	}
	t.Outcome, t.Categories, t.Reason, t.At = f.Outcome, maps.Clone(f.Categories), f.Reason, &f.Occurred
	if n.Closed != nil && n.Kind == DecisionDelete && n.Progress(at).State != NoticeConfirmed {
		n.Closed, n.Purged = nil, false
		s.alarm(at, "retracted:"+f.Ref+":"+f.Recipient+":"+f.ID, fmt.Sprintf("%s takes back that it carried out the decision %s: \"rodopath decisions\" says why", f.Recipient, f.Ref))
		return
	}
	switch {
	case f.Outcome == "failed":
		s.alarm(at, "failed:"+f.Ref+":"+f.Recipient+":"+f.ID, fmt.Sprintf("the decision %s could not be brought to %s: \"rodopath decisions\" says why; send it again with \"replay\"", f.Ref, f.Recipient))
	case f.Outcome == "refused" && n.Kind == DecisionDelete:
		s.alarm(at, "refused:"+f.Ref+":"+f.Recipient+":"+f.ID, fmt.Sprintf("%s refuses to carry out the decision %s: \"rodopath decisions\" says why", f.Recipient, f.Ref))
	}
}

// escalateDays is how many days before a request for erasure must be answered it is
// said who has not confirmed the deletion.
const escalateDays = 3

// updateNotices sees to what was sent: it says which answers are late, and closes what needs
// no more of them.
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
				Key: EntryConfirmed + ":" + n.Decision + ":" + at.Format(time.RFC3339Nano), At: at, Kind: EntryConfirmed, Decision: n.Decision,
				Answers: withoutReasons(n.answers()), Text: n.Progress(at).State,
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

// expiry is when a notice goes: with the tombstones, for who never answers does not keep a
// person known for longer; but not before the seller could ask who is late.
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

// advanceDue has the answers come before the person must be answered (Art. 12(3)).
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

// escalate says, once, whose answer is late.
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
		s.alarm(at, "unconfirmed:"+n.Decision+":"+t.Recipient+":"+t.Due.Format(time.RFC3339),
			fmt.Sprintf("%s has not confirmed the deletion %s by %s: ask it, or send it again", t.Recipient, n.Decision, t.Due.UTC().Format(minute)))
	}
}

// isComplete tells whether nothing more is awaited.
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
				Decision: n.Decision, Recipient: t.Recipient, Outcome: t.Outcome, Categories: t.Categories, Reason: t.Reason, At: *t.At,
			})
		}
	}
	return out
}

// withoutReasons leaves out what recipients wrote by hand: the journal outlives the person.
func withoutReasons(answers []RecipientAnswer) []RecipientAnswer {
	for i := range answers {
		answers[i].Reason = ""
	}
	return answers
}

// answerToQuestion is what the person said to a question, granted or refused; empty when they
// did not say, or nothing was asked.
func (h *history) answerToQuestion(q *Question, at time.Time) string {
	if q == nil {
		return ""
	}
	if h.refusedEver(q.Purpose, q.Channel) {
		return "refused"
	}
	for i := range h.consents {
		if c := &h.consents[i]; c.Purpose == q.Purpose && c.Channel == q.Channel && c.Stands(at) {
			return "granted"
		}
	}
	return ""
}

// needsPurge tells whether the names of a closed notice are yet to go from the stream.
func (n *Notice) needsPurge() bool { return n.Closed != nil && !n.Purged }

// Concerns tells whether a recipient was told, or holds some of what was deleted.
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

// Purgeable lists the decisions whose names are to go from the stream.
func (s *Subject) Purgeable() []string {
	var decisions []string
	for i := range s.Notices {
		if s.Notices[i].needsPurge() {
			decisions = append(decisions, s.Notices[i].Decision)
		}
	}
	return decisions
}

// awaitsAnswers tells whether something is awaited of recipients.
func (s *Subject) awaitsAnswers() bool {
	return slices.ContainsFunc(s.Notices, func(n Notice) bool { return n.Closed == nil })
}
