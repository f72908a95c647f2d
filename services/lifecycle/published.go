package lifecycle

import (
	"slices"
	"time"

	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/lifecycle/chain"
	"github.com/rodopath/rodopath/services/lifecycle/decision"
	"github.com/rodopath/rodopath/services/lifecycle/fact"
	"github.com/rodopath/rodopath/services/lifecycle/notice"
	"github.com/rodopath/rodopath/services/lifecycle/rights"
	"github.com/rodopath/rodopath/services/lifecycle/rules"
)

// MarkSent returns the subject without the published decisions. When nothing personal may be held,
// the sealed identities are removed with the last decision.
func MarkSent(s Subject, ids []string) Subject {
	s.Outbox = slices.DeleteFunc(
		slices.Clone(s.Outbox),
		func(d decision.Decision) bool { return slices.Contains(ids, d.ID) },
	)
	s.dropSuperseded(ids)
	s.dropSealed()
	return s
}

// MarkPublished returns the subject after the stream was found to hold decisions that the outbox
// still holds: the decisions count as sent, and notes queue them for the journal.
func MarkPublished(p *rules.Policy, s Subject, ids []string, notices []notice.Notice) Subject {
	for i := range s.Outbox {
		if d := s.Outbox[i]; slices.Contains(ids, d.ID) {
			s.note(chain.Note{Key: d.ID, At: d.At, Kind: chain.Kind(d.Kind), Decision: d.ID, Published: &d})
		}
	}
	return AddNotices(p, MarkSent(s, ids), notices)
}

// AddNotices returns the subject with the notices of decisions that were published.
func AddNotices(p *rules.Policy, s Subject, notices []notice.Notice) Subject {
	if len(notices) == 0 {
		return s
	}
	s.Notices = notice.Combine(s.Notices, notices)
	for i := range s.Notices {
		n := &s.Notices[i]
		n.Notifications = slices.Clone(n.Notifications)
		n.AdvanceDue(rights.Requests(p, s.Facts, n.At))
		n.PlainItems = nil
	}
	s.Questions = slices.Clone(s.Questions)
	for i := range notices {
		// A later fact may have retracted the question after its publication.
		if n := &notices[i]; n.Question != nil {
			s.announceQuestion(rules.AnnouncedQuestion{
				Purpose: n.Question.Purpose, Channel: n.Question.Channel, At: n.At, Decision: n.Decision,
			})
		}
		s.announcePublished(&notices[i])
		notice.LookAgainAfter(s.Notices, &notices[i])
	}
	s.scheduleNotices(p)
	for i := range s.Facts {
		if f := &s.Facts[i]; f.Kind == fact.KindReceipt && notice.Find(s.Notices, f.Ref) != nil {
			s.reviewBy(f.Occurred) // the receipt arrived before the notice
		}
	}
	return s
}

// announcePublished records the items of a published deletion that a later fact retracted before the
// publication was known. The next review retracts the deletion for its recipients as well.
func (s *Subject) announcePublished(n *notice.Notice) {
	if len(n.PlainItems) == 0 ||
		slices.ContainsFunc(s.Announced, func(d AnnouncedDeletion) bool { return d.Decision == n.Decision }) {
		return
	}
	s.Announced = slices.Clip(s.Announced)
	for _, item := range n.PlainItems {
		s.Announced = append(s.Announced, AnnouncedDeletion{
			Item: item, Lapse: n.Effective, At: n.At, Decision: n.Decision,
		})
	}
	s.reviewBy(n.At)
}

// scheduleNotices sets the deadline of the notices and a review no later than it.
func (s *Subject) scheduleNotices(p *rules.Policy) {
	s.NoticeDue = notice.NextDue(s.Notices)
	notice.VisitDeadlines(s.Notices, p, s.reviewBy)
}

// reviewBy schedules the review of the subject no later than an instant.
func (s *Subject) reviewBy(t time.Time) {
	if s.ReviewAt == nil || t.Before(*s.ReviewAt) {
		s.ReviewAt = &t
	}
}

// MarkPurged returns the subject after the names of closed notices were purged from the stream.
func MarkPurged(s Subject) Subject {
	s.Notices = notice.MarkPurged(s.Notices)
	return s
}

// EndLook returns the subject after a held deletion needed no further look, because nothing of the deletion holds.
func EndLook(p *rules.Policy, s Subject, l notice.Look) Subject {
	s.Notices = slices.Clone(s.Notices)
	if n := notice.Find(s.Notices, l.Decision); n != nil {
		n.Notifications = slices.Clone(n.Notifications)
		n.EndLook(l.Recipient)
	}
	s.scheduleNotices(p)
	return s
}

// MarkReplayed returns the subject after a deletion was replayed to one recipient, or to all for an
// empty recipient. Every recipient of the replay must answer anew. The result is false when the
// subject has no such deletion.
func MarkReplayed(p *rules.Policy, s Subject, decisionID, recipient string, at time.Time) (Subject, bool) {
	s.Notices = slices.Clone(s.Notices)
	n := notice.Find(s.Notices, decisionID)
	if n == nil || n.Kind != stream.KindDelete {
		return s, false
	}
	n.Replay(p, recipient, at)
	s.narrowReplay(p, n, recipient, at)
	to := recipient
	if to == "" {
		to = chain.AllNotified
	}
	s.note(chain.Note{
		Key: "replayed:" + decisionID + ":" + recipient + ":" + at.Format(time.RFC3339Nano),
		At:  at, Kind: chain.KindReplay, Decision: decisionID, Text: chain.SentAgainTo + to,
	})
	s.scheduleNotices(p)
	return s, true
}

// narrowReplay records the items that a replay leaves out because the items may be held again.
func (s *Subject) narrowReplay(p *rules.Policy, n *notice.Notice, recipient string, at time.Time) {
	h := rules.Evaluate(p, s.Facts)
	r, _ := s.returned(n, h, rules.Holdings(h.Bases(), at), at)
	if len(r.Items) == 0 || r.Whole {
		return
	}
	s.note(n.Retract(r))
	n.MarkNarrowed(recipient, at)
}

// Purgeable lists the decisions whose names must be purged from the stream.
func (s *Subject) Purgeable() []string {
	var decisions []string
	for i := range s.Notices {
		if s.Notices[i].NeedsPurge() {
			decisions = append(decisions, s.Notices[i].Decision)
		}
	}
	return decisions
}
