package background

import (
	"context"
	"time"

	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/lifecycle"
	"github.com/rodopath/rodopath/services/lifecycle/notice"
	"github.com/rodopath/rodopath/services/lifecycle/rules"
)

// look is a held deletion that is published again for the recipient that held it.
type look struct {
	notice.Look
	// subject is the place of the subject in its page.
	subject int
	at      time.Time
	// event is nil when nothing of the deletion holds.
	event *stream.Event
}

// done returns the subject after the publication.
func (l *look) done(p *rules.Policy, s lifecycle.Subject) lifecycle.Subject {
	if l.event == nil {
		return lifecycle.EndLook(p, s, l.Look)
	}
	s, _ = lifecycle.MarkReplayed(p, s, l.Decision, l.Recipient, l.at)
	return s
}

// lookAgain returns the deletions whose obstacles at a recipient have lapsed, as events for these recipients alone.
func (r *Relay) lookAgain(ctx context.Context, subjects []lifecycle.Subject) ([]look, error) {
	at := r.opts.Now().UTC().Truncate(time.Millisecond)
	var out []look
	for i := range subjects {
		s := &subjects[i]
		for _, l := range notice.Looks(s.Notices) {
			event, err := r.heldEvent(ctx, s, l, at)
			if err != nil {
				return nil, err
			}
			out = append(out, look{Look: l, subject: i, at: at, event: event})
		}
	}
	return out, nil
}

// heldEvent returns the part of a held deletion that holds now; nil when nothing holds.
func (r *Relay) heldEvent(
	ctx context.Context, s *lifecycle.Subject, l notice.Look, at time.Time,
) (*stream.Event, error) {
	event, err := findEvent(ctx, r.opts.Reader, s, l.Decision)
	if err != nil {
		return nil, err
	}
	if event == nil {
		event = hashedEvent(r.opts.Vault, r.opts.Policy, s, notice.Find(s.Notices, l.Decision))
	}
	hash := func(generation int, name string) string {
		return stream.Hash(r.opts.Vault.ProofKey(l.Decision, generation), name)
	}
	st := lifecycle.Check(r.opts.Policy, *s, l.Decision, event.Data.Delete.Items, hash, at)
	if len(st.Items) == 0 {
		return nil, nil
	}
	again := *event.Narrowed(&st)
	again.Data.Replay = &stream.Replay{At: at, Recipient: l.Recipient}
	return &again, nil
}
