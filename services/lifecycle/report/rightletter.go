package report

import (
	"slices"

	"github.com/rodopath/rodopath/services/lifecycle/fact"
	"github.com/rodopath/rodopath/services/lifecycle/rules"
)

// rightBody writes the answer to a request for a right other than erasure.
func (l *letter) rightBody() {
	words := l.rightWords(&l.request, l.isAgainstMarketing())
	switch l.request.Outcome {
	case fact.OutcomeRefused:
		l.paragraph(words.refused)
	case fact.OutcomePartly:
		l.paragraph(l.settled(words.partly))
	default:
		l.paragraph(words.granted)
	}
	if l.request.Reason != "" {
		l.paragraph(l.words.reason + l.request.Reason)
	}
	if l.request.Outcome == fact.OutcomeRefused {
		return
	}
	switch l.request.Right {
	case fact.KindRestriction:
		if l.request.Outcome != fact.OutcomePartly { // the reason says which part
			l.writeRestricted()
		}
		l.writeDisclosed()
	case fact.KindRectificationRequest:
		l.writeDisclosed()
	case fact.KindPortabilityRequest:
		l.paragraph(l.notPortable())
	}
}

// hints writes the remarks of the draft: a request that is not decided, a missing reason, and what to attach.
func (l *letter) hints() {
	if l.request.Outcome == "" {
		l.paragraph(l.words.undecided)
	}
	l.hintReason()
	hint := l.rightWords(&l.request, false).attach
	if hint != "" && l.request.Outcome != fact.OutcomeRefused {
		l.paragraph(hint)
	}
}

// hintReason writes a remark when a refusal, in whole or in part, was recorded without its reason (Art. 12(4)), as
// earlier versions permitted.
func (l *letter) hintReason() {
	refused := l.request.Outcome == fact.OutcomeRefused || l.request.Outcome == fact.OutcomePartly
	if refused && l.request.Reason == "" {
		l.paragraph(l.words.noReason)
	}
}

// isAgainstMarketing reports whether an objection concerns direct marketing alone, which needs no decision (GDPR
// Art. 21(3)).
func (l *letter) isAgainstMarketing() bool {
	return !slices.ContainsFunc(l.request.Purposes, func(p string) bool { return !l.policy.IsMarketing(p) })
}

// writeRestricted lists the data whose processing is restricted.
func (l *letter) writeRestricted() {
	l.heading(l.words.restricted)
	var seen []rules.Item
	for i := range l.e.Holds {
		h := &l.e.Holds[i]
		if l.policy.IsPersonal(h.Item) && !slices.Contains(seen, h.Item) {
			seen = append(seen, h.Item)
			l.item(l.itemName(h.Item) + l.unlessKnown(h.Item))
		}
	}
	if len(seen) == 0 {
		l.item(l.words.nothingHeld)
	}
	l.out.WriteByte('\n')
}

// writeDisclosed lists the recipients of the held data, whom the controller must notify (Art. 19).
func (l *letter) writeDisclosed() {
	var seen []string
	for i := range l.e.Holds {
		h := &l.e.Holds[i]
		if !l.policy.IsPersonal(h.Item) {
			continue
		}
		for _, r := range l.recipients(h.Because, h.Category) {
			if slices.Contains(seen, r.ID) {
				continue
			}
			if len(seen) == 0 {
				l.heading(l.words.disclosed)
			}
			seen = append(seen, r.ID)
			l.item(r.Name.In(l.Language) + ": " + l.notNotified())
		}
	}
	if len(seen) > 0 {
		l.out.WriteByte('\n')
	}
}
