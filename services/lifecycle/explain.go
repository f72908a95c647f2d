package lifecycle

import (
	"cmp"
	"slices"
	"time"

	"github.com/rodopath/rodopath/services/lifecycle/calendar"
	"github.com/rodopath/rodopath/services/lifecycle/chain"
	"github.com/rodopath/rodopath/services/lifecycle/fact"
	"github.com/rodopath/rodopath/services/lifecycle/notice"
	"github.com/rodopath/rodopath/services/lifecycle/rights"
	"github.com/rodopath/rodopath/services/lifecycle/rules"
)

// Explanation is the answer to the question "why do you still hold this?" for one person at one
// instant.
type Explanation struct {
	Subject string    `json:"subject"`
	At      time.Time `json:"at"`
	Policy  string    `json:"policy"`
	// Holds are the items that may be held then.
	Holds []Held `json:"holds"`
	// Rules are the rules of the bases, by id: the law behind each rule, its period, and its line
	// in the policy.
	Rules map[string]RuleNote `json:"rules"`
	// Facts are the facts up to the instant, without the reports of states.
	Facts []fact.Fact `json:"facts"`
	// Consents, Requests and Bans are the state of each consent, of each request for a right, and
	// of each ban on use.
	Consents []rules.Consent  `json:"consents"`
	Requests []rights.Request `json:"requests,omitempty"`
	Bans     []rights.Ban     `json:"bans,omitempty"`
	// Receipts are the answers of recipients to deletions.
	Receipts []chain.Answer `json:"receipts,omitempty"`
	// Tombstone describes the tombstones of erased data.
	Tombstone *TombstoneNote `json:"tombstone,omitempty"`
	// Notified are the recipients to which a deletion was delivered by the instant, by decision.
	Notified map[string][]string `json:"notified,omitempty"`
	// Deleted and Asked are the announcements up to the instant.
	Deleted []AnnouncedDeletion `json:"deleted,omitempty"`
	Asked   []PastQuestion      `json:"asked,omitempty"`
	// NextChange is when time alone will next end something; nil means never.
	NextChange *time.Time `json:"next_change,omitempty"`
}

// RuleNote is the origin of a rule and its retention period.
type RuleNote struct {
	Purpose string `json:"purpose"`
	Article string `json:"article"`
	Cites   string `json:"cites,omitempty"`
	// Exempt is why the data may stay although erasure was asked for.
	Exempt string `json:"exempt,omitempty"`
	// Period is the rule's, in the words of the policy.
	Period string `json:"period"`
	// File and Line locate the rule.
	File string `json:"file,omitempty"`
	Line int    `json:"line,omitempty"`
}

// TombstoneNote counts tombstones and gives their end.
type TombstoneNote struct {
	// Deleted is when everything of the person was deleted; absent while only parts were.
	Deleted *time.Time `json:"deleted,omitempty"`
	Marks   int        `json:"marks"`
	// FactsLastDay is the last day of the minimised facts of a person of whom everything was deleted: kind, day and
	// references, without the address. The facts stay for the intake period; empty when none are left.
	FactsLastDay string `json:"facts_last_day,omitempty"`
	// LastDay is the last day of the last tombstone.
	LastDay string `json:"last_day"`
}

// PastQuestion is a consent that the person was to be asked for.
type PastQuestion struct {
	rules.AnnouncedQuestion
	// Stands reports whether the person may still be asked: no answer arrived and the contract is
	// in force.
	Stands bool `json:"stands"`
}

// Held is an item that may be held, and why.
type Held struct {
	rules.Item
	// Until is the first instant at which the item may no longer be held, LastDay the last whole
	// day before, in the policy's zone. Both are absent while no end is known.
	Until   *time.Time `json:"until,omitempty"`
	LastDay string     `json:"last_day,omitempty"`
	// Because lists the bases of the item, the longest first.
	Because []rules.Basis `json:"because"`
}

// Explain returns the items that may be held about a subject at an instant, past or future,
// according to the facts known today.
func Explain(p *rules.Policy, s Subject, at time.Time) Explanation {
	at = at.UTC()
	facts := slices.DeleteFunc(slices.Clone(s.Facts), func(f fact.Fact) bool { return f.Occurred.After(at) })
	h := rules.Evaluate(p, facts)
	bases := h.Bases()
	e := Explanation{
		Subject: s.ID,
		At:      at,
		Policy:  p.ID + "@" + p.Revision,
		Holds:   []Held{},
		Facts: slices.DeleteFunc(append([]fact.Fact{}, facts...), func(f fact.Fact) bool {
			return f.Kind == fact.KindState // the facts of the state say the same
		}),
	}
	because := standing(bases, at)
	for _, o := range rules.Holdings(bases, at) {
		if o.InForce {
			e.Holds = append(e.Holds, newHeld(p, &o, bases, because[o.Item]))
		}
	}
	e.Rules = ruleNotes(p, e.Holds)
	e.Consents, e.Requests, e.Bans = rules.Consents(
		p,
		facts,
		s.Questions,
		at,
	), rights.Requests(
		p,
		facts,
		at,
	), rights.Bans(
		p,
		facts,
		at,
	)
	e.Receipts, e.Tombstone = notice.AnswersBy(s.Notices, at), s.tombstone(p, at)
	for i := range bases {
		if until := bases[i].Until; until != nil && until.After(at) && (e.NextChange == nil || until.Before(*e.NextChange)) {
			e.NextChange = until
		}
	}
	e.Deleted, e.Notified = latestDeletions(s.Announced, at), notice.Delivered(s.Notices, at)
	for _, a := range s.Questions {
		if !a.At.After(at) {
			e.Asked = append(e.Asked, PastQuestion{a, h.BasisToAsk(a.Purpose, a.Channel, at) != nil})
		}
	}
	return e
}

// ruleNotes describes the rules of the held items.
func ruleNotes(p *rules.Policy, holds []Held) map[string]RuleNote {
	out := map[string]RuleNote{}
	for i := range holds {
		for _, b := range holds[i].Because {
			r := p.Rule(b.Rule)
			if _, ok := out[b.Rule]; ok || r == nil {
				continue
			}
			out[b.Rule] = RuleNote{
				Purpose: r.Purpose,
				Article: r.Article,
				Cites:   r.Cites,
				Exempt:  r.Exempt,
				Period:  r.Until.String(),
				File:    p.File,
				Line:    r.Line,
			}
		}
	}
	return out
}

func (s *Subject) tombstone(p *rules.Policy, at time.Time) *TombstoneNote {
	t := TombstoneNote{}
	var last time.Time
	for i := range s.Tombstones {
		if !s.Tombstones[i].At.After(at) {
			t.Marks++
			last = calendar.Later(last, p.TombstoneEnd(s.Tombstones[i].At))
		}
	}
	if h := s.FullErasure; h != nil && !h.At.After(at) {
		t.Deleted = &h.At
		t.FactsLastDay = s.minimisedUntil(p, at)
		last = calendar.Later(last, p.TombstoneEnd(h.At))
	}
	if !last.After(at) {
		return nil
	}
	t.LastDay = p.LastDay(&last)
	return &t
}

// minimisedUntil is the last day on which facts stay that add data although everything was deleted; empty for none.
func (s *Subject) minimisedUntil(p *rules.Policy, at time.Time) string {
	last := s.LastReceived.AddDate(0, 0, p.IntakeDays) // as scheduleReview forgets them
	if !last.After(at) || !slices.ContainsFunc(s.Facts, func(f fact.Fact) bool { return f.Kind.AddsData() }) {
		return ""
	}
	return calendar.In(last, p.Place.Zone).String()
}

// standing returns the places of the bases of each item that are in force at an instant.
func standing(bases []rules.Basis, at time.Time) map[rules.Item][]int {
	out := map[rules.Item][]int{}
	for i := range bases {
		if !bases[i].Stands(at) {
			continue
		}
		for _, item := range bases[i].Keeps {
			if of := out[item]; len(of) == 0 || of[len(of)-1] != i {
				out[item] = append(of, i)
			}
		}
	}
	return out
}

func newHeld(p *rules.Policy, o *rules.Holding, bases []rules.Basis, because []int) Held {
	h := Held{Item: o.Item, Until: o.Until, LastDay: p.LastDay(o.Until), Because: make([]rules.Basis, len(because))}
	for n, i := range because {
		h.Because[n] = bases[i]
	}
	slices.SortStableFunc(h.Because, func(a, b rules.Basis) int {
		return cmp.Or(compareEnds(b.Until, a.Until), compareInterests(&a, &b))
	})
	return h
}

// compareEnds orders ends by time; a missing end comes last.
func compareEnds(a, b *time.Time) int {
	switch {
	case a == nil && b == nil:
		return 0
	case a == nil:
		return 1
	case b == nil:
		return -1
	}
	return a.Compare(*b)
}

// compareInterests orders a legitimate interest without a known end after a contract and a legal obligation.
func compareInterests(a, b *rules.Basis) int {
	switch {
	case a.Until != nil:
		return 0
	case a.YieldsTo(b):
		return 1
	case b.YieldsTo(a):
		return -1
	}
	return 0
}

// Consents returns the state of each consent of the subject at an instant.
func (s *Subject) Consents(p *rules.Policy, at time.Time) []rules.Consent {
	return rules.Consents(p, s.Facts, s.Questions, at)
}

// May reports whether a use of the subject's data is allowed at an instant.
func (s *Subject) May(p *rules.Policy, use rights.Use, at time.Time) rights.Permission {
	return rights.May(p, s.Facts, s.Questions, use, at)
}
