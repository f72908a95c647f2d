package lifecycle

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/lifecycle/calendar"
	"github.com/rodopath/rodopath/services/lifecycle/chain"
	"github.com/rodopath/rodopath/services/lifecycle/decision"
	"github.com/rodopath/rodopath/services/lifecycle/fact"
	"github.com/rodopath/rodopath/services/lifecycle/notice"
	"github.com/rodopath/rodopath/services/lifecycle/rights"
	"github.com/rodopath/rodopath/services/lifecycle/rules"
)

// The labels without a parameter.
const (
	// LabelAlarm: an alarm that the controller has not seen.
	LabelAlarm = "alarm"
	// LabelUnproven: a consent in force that cannot be demonstrated (Art. 7(1)).
	LabelUnproven = "unproven"
	// LabelUnlisted: a sale of a product that the configuration does not list.
	LabelUnlisted = "unlisted"
	// LabelHold: a legal hold in force.
	LabelHold = "hold"
	// LabelRequest: an open request of the person. LabelAnswered: a request that was answered.
	LabelRequest  = "request"
	LabelAnswered = "request-answered"
)

// The labels with a parameter begin with one of these, and their parts are joined by ":".
const (
	// stage:STAGE.
	prefixStage = "stage:"
	// moved:MONTH:STAGE:STAGE, from the first stage to the second in a civil month.
	prefixMoved = "moved:"
	// lapse:MONTH, the civil month in which personal data lapse by time alone.
	prefixLapse = "lapse:"
	// use:PURPOSE:CHANNEL:ANSWER, where the answer is "yes" or a rights.UseReason.
	prefixUse = "use:"
	// decision:KIND:STATE and decision:KIND:STATE:RECIPIENT.
	prefixDecision = "decision:"
	// answered:OUTCOME, of those who answered a question for consent.
	prefixAnswered = "answered:"
)

// isDerived reports whether a label follows from the outbox and the notices, and not from an evaluation.
func isDerived(label string) bool {
	return strings.HasPrefix(label, prefixDecision) || strings.HasPrefix(label, prefixAnswered)
}

// Stage is the furthest point of a person on the path from a follower to a past customer.
type Stage string

// The stages, the furthest first. A person stands at one of them.
const (
	// StageCustomer: a contract is in force.
	StageCustomer Stage = "customer"
	// StageTalking: talks before a contract.
	StageTalking Stage = "talking"
	// StagePast: only the books, complaints or conformity keep data of a contract.
	StagePast Stage = "past"
	// StageClaims: only claims keep data of a contract or of talks.
	StageClaims Stage = "claims"
	// StageSubscriber: a consent that can be demonstrated.
	StageSubscriber Stage = "subscriber"
	// StageFollower: on a list, without a consent that can be demonstrated.
	StageFollower Stage = "follower"
	// StageOther: data are held for another purpose, such as a webinar or the respect for an objection.
	StageOther Stage = "other"
	// StageGone: no personal data may be held.
	StageGone Stage = "gone"
)

// Stages are all stages, in the order of the path.
func Stages() []Stage {
	return []Stage{
		StageFollower, StageSubscriber, StageTalking, StageCustomer, StagePast, StageClaims, StageOther, StageGone,
	}
}

// MarkSeen returns the subject after the controller has seen its alarms.
func MarkSeen(s Subject) Subject {
	s.Labels = slices.DeleteFunc(slices.Clone(s.Labels), func(l string) bool { return l == LabelAlarm })
	return s
}

// NoteRead returns the subject with a note that a person read its data: who, and which page (GDPR Art. 5(2)).
func NoteRead(s Subject, key, by, page string, at time.Time) Subject {
	s.note(chain.Note{Key: key, At: at, Kind: chain.KindRead, Text: by + ": " + page})
	return s
}

// UseYes is the answer of a label of a use that is allowed.
const UseYes = "yes"

// LabelOfStage is the label of a stage.
func LabelOfStage(s Stage) string { return prefixStage + string(s) }

// LabelOfMove is the label of those who went from one stage to another in a civil month such as 2027-01; the stage
// before the first is empty.
func LabelOfMove(month string, from, to Stage) string {
	return prefixMoved + month + ":" + string(from) + ":" + string(to)
}

// LabelOfLapse is the label of those of whom personal data lapse in a civil month.
func LabelOfLapse(month string) string { return prefixLapse + month }

// LabelOfUse is the label of an answer about a use.
func LabelOfUse(purpose, channel, answer string) string {
	return prefixUse + purpose + ":" + channel + ":" + answer
}

// The states of decisions in labels.
const (
	// LabelHeld: the decision is not published yet.
	LabelHeld = "held"
	// LabelOpen: an answer of a recipient is missing.
	LabelOpen = "open"
	// LabelConfirmed: every recipient confirmed. LabelRefused: every recipient answered, and one refuses.
	LabelConfirmed = "confirmed"
	LabelRefused   = "refused"
)

// LabelOfDecision is the label of a decision in a state, at a recipient unless empty.
func LabelOfDecision(kind stream.Kind, state, recipient string) string {
	label := prefixDecision + string(kind) + ":" + state
	if recipient != "" {
		label += ":" + recipient
	}
	return label
}

// LabelOfHeld is the label of a decision that waits for a reason.
func LabelOfHeld(kind stream.Kind, reason decision.HeldReason) string {
	return prefixDecision + string(kind) + ":" + LabelHeld + "=" + string(reason)
}

// AllLabels returns the labels under which a store finds the subject: those of the last evaluation and those of its
// decisions, sorted. A redirect has none.
func (s *Subject) AllLabels() []string {
	if s.MergedInto != "" {
		return nil
	}
	out := slices.DeleteFunc(slices.Clone(s.Labels), isDerived)
	for i := range s.Outbox {
		d := &s.Outbox[i]
		out = append(out, LabelOfDecision(d.Kind, LabelHeld, ""))
		if d.Held != nil {
			out = append(out, LabelOfHeld(d.Kind, d.Held.Reason))
		}
		for _, id := range d.Recipients {
			out = append(out, LabelOfDecision(d.Kind, LabelHeld, id))
		}
	}
	for i := range s.Notices {
		out = append(out, noticeLabels(&s.Notices[i])...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// RestoreLabels sets the labels of a subject that a store has read, from those that AllLabels returned.
func (s *Subject) RestoreLabels(stored []string) {
	s.Labels = slices.DeleteFunc(stored, isDerived)
	slices.Sort(s.Labels)
	if len(s.Labels) == 0 {
		s.Labels = nil
	}
}

// noticeLabels are the labels of a published deletion or question.
func noticeLabels(n *notice.Notice) []string {
	if n.Kind == stream.KindRetract {
		return nil
	}
	state := LabelOpen
	switch {
	case n.Retracted():
		return nil
	case n.Closed != nil:
		state = LabelConfirmed
	case slices.ContainsFunc(n.Notifications, func(t notice.Notification) bool {
		return t.Outcome == fact.OutcomeRefused && n.Kind == stream.KindDelete
	}):
		state = LabelRefused
	}
	out := []string{LabelOfDecision(n.Kind, state, "")}
	if n.Question != nil && n.Answer != "" {
		out = append(out, prefixAnswered+string(n.Answer))
	}
	for i := range n.Notifications {
		t := &n.Notifications[i]
		_, awaited := n.Awaits(t.Recipient)
		switch {
		case t.Outcome == fact.OutcomeRefused && n.Kind == stream.KindDelete:
			out = append(out, LabelOfDecision(n.Kind, LabelRefused, t.Recipient))
		case awaited:
			out = append(out, LabelOfDecision(n.Kind, LabelOpen, t.Recipient))
		default:
			out = append(out, LabelOfDecision(n.Kind, LabelConfirmed, t.Recipient))
		}
	}
	return out
}

// Stage is the stage of the last evaluation; empty before the first.
func (s *Subject) Stage() Stage {
	for _, l := range s.Labels {
		if stage, ok := strings.CutPrefix(l, prefixStage); ok {
			return Stage(stage)
		}
	}
	return ""
}

// movesKept is the number of months for which a move is labelled.
const movesKept = 3

// Relabel returns a subject of a former version with the labels of an evaluation at an instant, and changes nothing
// else.
func Relabel(p *rules.Policy, s Subject, at time.Time) Subject {
	h := rules.Evaluate(p, s.Facts)
	s.relabel(h, h.Holdings(at), nil, at)
	h.Release()
	return s
}

// usualLabels is more than the number of labels of a usual person.
const usualLabels = 24

// relabel sets the labels after an evaluation of all facts.
func (s *Subject) relabel(h *rules.Evaluation, held []rules.Holding, news []fact.Fact, at time.Time) {
	p, was := h.Policy(), s.Stage()
	s.Labels = slices.Grow(s.keptLabels(p, at), usualLabels)
	consents := false
	for _, a := range s.answers(h, at) {
		switch {
		case a.Allowed:
			s.addLabel(LabelOfUse(a.Purpose, a.Channel, UseYes))
			consents = consents || a.Reason == rights.ReasonConsent
		case a.Reason != rights.UseReason(rules.ConsentNone):
			s.addLabel(LabelOfUse(a.Purpose, a.Channel, string(a.Reason)))
		}
		if a.Reason == rights.UseReason(rules.ConsentUnproven) {
			s.addLabel(LabelUnproven)
		}
	}
	stage := StageGone
	if s.HoldsPersonal {
		stage = stageOf(h.Bases(), consents, at)
	}
	s.labelStage(p, was, stage, news, at)
	s.labelLapses(p, held)
	holds, answered, unlisted := false, false, false
	for i := range s.Facts {
		holds = holds || s.Facts[i].Kind == fact.KindHold
		answered = answered || s.Facts[i].Kind == fact.KindRequestAnswered
		unlisted = unlisted || p.IsGuessed(&s.Facts[i])
	}
	if holds && len(rules.OpenHolds(p, s.Facts, at)) > 0 {
		s.addLabel(LabelHold)
	}
	if s.RequestDue != nil {
		s.addLabel(LabelRequest)
	}
	if answered {
		s.addLabel(LabelAnswered)
	}
	if s.HoldsPersonal && unlisted {
		s.addLabel(LabelUnlisted)
	}
	slices.Sort(s.Labels)
	s.Labels = slices.Clip(s.Labels)
}

// answers are the answers about uses of a person of whom personal data may be held; nobody else can be addressed.
func (s *Subject) answers(h *rules.Evaluation, at time.Time) []rights.Answer {
	if !s.HoldsPersonal {
		return nil
	}
	return rights.Answers(h, s.Facts, s.Questions, at)
}

// relabelRecords adds the labels that follow from the records of new facts. Labels that no longer hold go with the next
// evaluation of all facts.
func (s *Subject) relabelRecords(h *rules.Evaluation, held []rules.Holding, news []fact.Fact, at time.Time) {
	p, was := h.Policy(), s.Stage()
	s.Labels = slices.Clone(s.Labels)
	if stage := stageOf(h.Bases(), false, at); rank(stage) < rank(was) {
		s.Labels = slices.DeleteFunc(s.Labels, func(l string) bool { return strings.HasPrefix(l, prefixStage) })
		s.labelStage(p, was, stage, news, at)
	}
	s.labelLapses(p, held)
	if slices.ContainsFunc(news, func(f fact.Fact) bool { return len(p.Guessed(&f)) > 0 }) {
		s.addLabel(LabelUnlisted)
	}
}

// keptLabels are the labels that no evaluation derives: an alarm that was not seen, and the moves of the last months.
func (s *Subject) keptLabels(p *rules.Policy, at time.Time) []string {
	oldest := ""
	var out []string
	for _, l := range s.Labels {
		moved := strings.HasPrefix(l, prefixMoved)
		if moved && oldest == "" {
			oldest = monthLabel(prefixMoved, calendar.In(at.AddDate(0, -movesKept, 0), p.Place.Zone))
		}
		if l == LabelAlarm || moved && l > oldest {
			out = append(out, l)
		}
	}
	return out
}

// labelStage sets the stage, and a move to another one. The move happened when the latest of the new facts did, or,
// when time alone moved the person, now.
func (s *Subject) labelStage(p *rules.Policy, was, stage Stage, news []fact.Fact, at time.Time) {
	s.addLabel(LabelOfStage(stage))
	if was == stage || was == "" && s.Version > 0 { // a subject of a former version did not move now
		return
	}
	var since time.Time
	for i := range news {
		since = calendar.Later(since, news[i].Occurred)
	}
	if since.IsZero() || since.After(at) {
		since = at
	}
	if !since.Before(at.AddDate(0, -movesKept, 0)) {
		s.addLabel(LabelOfMove(month(p, since), was, stage))
	}
}

func (s *Subject) labelLapses(p *rules.Policy, held []rules.Holding) {
	var seen [8]int // the months of the last items; most items of a person lapse in few months
	for i := range held {
		o := &held[i]
		if !o.InForce || o.Until == nil || p.Categories[o.Category].Pseudonymous {
			continue
		}
		day := calendar.In(o.Until.Add(-time.Millisecond), p.Place.Zone)
		number := day.Year*12 + int(day.Month)
		if slices.Contains(seen[:], number) {
			continue
		}
		seen[i%len(seen)] = number
		s.addLabel(monthLabel(prefixLapse, day))
	}
}

// month is the civil month of an instant, such as 2027-01.
func month(p *rules.Policy, at time.Time) string {
	return monthLabel("", calendar.In(at, p.Place.Zone))
}

// monthLabel is a prefix with a civil month, such as 2027-01, in one allocation.
func monthLabel(prefix string, day calendar.Date) string {
	var buf [32]byte
	out := append(buf[:0], prefix...)
	out = strconv.AppendInt(out, int64(day.Year), 10)
	out = append(out, '-')
	if day.Month < time.October {
		out = append(out, '0')
	}
	out = strconv.AppendInt(out, int64(day.Month), 10)
	return string(out)
}

// addLabel adds a label that is missing. No other subject may share the list.
func (s *Subject) addLabel(label string) {
	if !slices.Contains(s.Labels, label) {
		s.Labels = append(s.Labels, label)
	}
}

// stageOf is the furthest stage of the purposes in force. The names are those of the default policy; data for another
// purpose are StageOther.
func stageOf(bases []rules.Basis, consented bool, at time.Time) Stage {
	out := StageOther
	for i := range bases {
		b := &bases[i]
		if !b.Stands(at) {
			continue
		}
		stage := StageOther
		switch b.Purpose {
		case "contract", "consumer_withdrawal":
			stage = StageCustomer
		case "pre_contract":
			stage = StageTalking
		case "tax_documents", "accounting", "structured_invoices", "conformity", "complaints":
			stage = StagePast
		case "claims":
			stage = StageClaims
		case "newsletter", "offers":
			if stage = StageFollower; consented {
				stage = StageSubscriber
			}
		}
		if rank(stage) < rank(out) {
			out = stage
		}
	}
	return out
}

// rank orders the stages, the furthest first.
func rank(s Stage) int {
	return slices.Index([]Stage{
		StageCustomer, StageTalking, StagePast, StageClaims, StageSubscriber, StageFollower, StageOther, StageGone, "",
	}, s)
}
