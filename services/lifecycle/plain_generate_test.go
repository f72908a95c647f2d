package lifecycle_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/rodopath/rodopath/services/lifecycle/fact"
	"github.com/rodopath/rodopath/services/lifecycle/rules"
)

// plainRandom makes policies and histories that hang together: facts of the kinds
// that the policy speaks of, of a few records that are joined in many ways, at
// instants of which many are the same or stand at the edge of a day.
//
// It leaves out what docs/policy.md says nothing of, so that nobody has to guess:
// "access" in rules that something else than a sale or a start of access raises, facts
// about the person that raise a rule per record, a kind that both raises and ends,
// hours after access_end, suspended hours, a hold without a record that raises more
// than a hold, an alternative to the end of a consent. And what other tests look at:
// addresses, tests of a platform, facts told twice.
type plainRandom struct {
	*rand.Rand
	policy *plainPolicy
	kinds  []fact.Kind // that the policy speaks of
}

func (r *plainRandom) chance(percent int) bool { return r.IntN(100) < percent }

func plainPick[T any](r *plainRandom, from []T) T { return from[r.IntN(len(from))] }

// plainSome picks up to n, each once, in the order of the list.
func plainSome[T any](r *plainRandom, n int, from []T) []T {
	chosen := r.Perm(len(from))[:min(n, len(from))]
	slices.Sort(chosen)
	out := make([]T, len(chosen))
	for i, c := range chosen {
		out[i] = from[c]
	}
	return out
}

var (
	plainRecordKinds = []fact.Kind{
		fact.KindSale,
		fact.KindRefund,
		fact.KindPerformed,
		fact.KindNegotiationOpened,
		fact.KindNegotiationClosed,
		fact.KindAccessStarted,
		fact.KindAccessEnded,
		fact.KindWebinar,
		fact.KindHold,
		fact.KindRelease,
		fact.KindDownload,
		fact.KindOrderPlaced,
		fact.KindOrderExpired,
		fact.KindComplaint,
		fact.KindComplaintSettled,
	}
	plainPersonKinds = []fact.Kind{
		fact.KindSignup,
		fact.KindSignupPending,
		fact.KindRefusal,
		fact.KindUnsubscribe,
		fact.KindObjection,
		fact.KindErasure,
		fact.KindBounce,
		fact.KindConsentAsked,
		fact.KindInvalidated,
		fact.KindAddressChanged,
		fact.KindRestriction,
		fact.KindRestrictionLifted,
		fact.KindIdentified,
		fact.KindDeath,
		fact.KindInactivity,
	}
	plainRequestKinds = []fact.Kind{
		fact.KindRequested,
		fact.KindRequested,
		fact.KindAccessRequest,
		fact.KindPortabilityRequest,
		fact.KindRectificationRequest,
	}
	plainStepKinds = []fact.Kind{
		fact.KindRequestVerified,
		fact.KindRequestExtended,
		fact.KindRequestDecided,
		fact.KindRequestDecided,
		fact.KindRequestAnswered,
	}
	plainChannels = []string{"email", "phone", "sms"}
	plainTraits   = []string{
		fact.TraitPreticked,
		fact.TraitForced,
		fact.TraitChild,
		fact.TraitParentAgreed,
		fact.TraitBusiness,
		fact.TraitOSS,
		fact.TraitLimitation,
		fact.TraitForClaims,
	}
)

func plainRandomPolicy(r *plainRandom) *plainPolicy {
	p := &plainPolicy{
		holidays: r.chance(80),
		perRec:   []string{"order", "invoice", "notes"},
		person:   []string{"contact", "phone_number", "profile"},
	}
	r.policy = p
	if r.chance(70) {
		r.consentRules() // before there are terms: a consent expires by few things
		r.allWordings()
	}
	if r.chance(40) {
		r.terms()
	}
	for i := range 1 + r.IntN(8-len(p.rules)) {
		p.rules = append(p.rules, r.rule(fmt.Sprintf("rule_%d", i)))
	}
	return p
}

func (r *plainRandom) terms() {
	due := r.moment(2, []fact.Kind{"act", fact.KindSale})
	due.working = r.chance(50)
	r.policy.terms = []*plainPeriod{{word: "term", name: "due", of: due}}
	if r.chance(50) {
		later := &plainPeriod{word: "after", n: 1 + r.IntN(9), unit: "month", of: r.policy.terms[0]}
		r.policy.terms = append(r.policy.terms, &plainPeriod{word: "term", name: "later", of: later})
	}
}

// consentRules makes rules for consents, no two of which stand for the same.
func (r *plainRandom) consentRules() {
	for _, purpose := range plainSome(r, 1+r.IntN(2), []string{"newsletter", "offers"}) {
		split := [][]string{nil}
		switch r.IntN(3) {
		case 0:
			split = [][]string{{"email"}, {"phone", "sms"}}
		case 1:
			split = [][]string{{"email", "sms"}}
		}
		for i, channels := range split {
			rule := &plainRule{
				id: fmt.Sprintf("%s_%d", purpose, i), purpose: purpose, consent: true, channels: channels,
				keeps: plainSome(r, 1+r.IntN(2), r.policy.person),
			}
			if r.chance(50) {
				rule.until = []*plainPeriod{r.moment(1, []fact.Kind{fact.KindBounce, fact.KindBounce, fact.KindInactivity, "act"})}
			}
			r.policy.rules = append(r.policy.rules, rule)
		}
	}
}

// allWordings makes texts that cover only what rules stand for.
func (r *plainRandom) allWordings() {
	p := r.policy
	for i := range 1 + r.IntN(3) {
		c := r.coverage()
		w := plainWording{id: fmt.Sprintf("text-%d", i), plainCoverage: c}
		if r.chance(30) {
			w.from = fmt.Sprintf("20%d-05-10", 19+r.IntN(4))
		}
		if r.chance(30) {
			w.to = fmt.Sprintf("20%d-10-25", 23+r.IntN(3))
		}
		p.wordings = append(p.wordings, w)
	}
	if r.chance(70) {
		p.unknown = r.coverage()
	}
}

func (r *plainRandom) coverage() plainCoverage {
	var purposes []string
	channels := plainChannels
	for _, rule := range r.policy.rules {
		if !slices.Contains(purposes, rule.purpose) && (len(purposes) == 0 || r.chance(60)) {
			purposes = append(purposes, rule.purpose)
		}
	}
	for _, purpose := range purposes {
		channels = plainOnly(channels, r.channelsOf(purpose))
	}
	return plainCoverage{purposes, plainSome(r, 1+r.IntN(len(channels)), channels)}
}

// channelsOf are those by which some rule stands for consent to a purpose.
func (r *plainRandom) channelsOf(purpose string) []string {
	var all []string
	for _, rule := range r.policy.rules {
		if rule.consent && rule.purpose == purpose {
			if len(rule.channels) == 0 {
				return plainChannels
			}
			all = append(all, rule.channels...)
		}
	}
	return all
}

func (r *plainRandom) rule(id string) *plainRule {
	rule := &plainRule{
		id:      id,
		purpose: plainPick(r, []string{"claims", "claims", "contract", "suppression", "newsletter"}),
		per: plainPick(
			r,
			[]rules.Per{rules.PerRecord, rules.PerRecord, rules.PerContract, rules.PerPerson},
		),
	}
	switch {
	case r.chance(15):
		r.holds(rule)
	case rule.per == rules.PerPerson:
		rule.raised = r.raising(
			append(
				slices.Clone(plainPersonKinds),
				fact.KindSignup,
				fact.KindSale,
				fact.KindSale,
				fact.KindWebinar,
				fact.KindRequested,
			),
		)
	case r.chance(10):
		rule.raised = plainSome(r, 1, plainRequestKinds)
	default:
		rule.raised = r.raising(
			append(
				slices.Clone(plainRecordKinds),
				fact.KindSale,
				fact.KindSale,
				fact.KindSale,
				fact.KindSale,
			),
		)
	}
	sold := func(k fact.Kind) bool { return k == fact.KindSale || k == fact.KindAccessStarted }
	if !slices.ContainsFunc(rule.raised, func(k fact.Kind) bool { return !sold(k) }) && r.chance(50) {
		rule.access = plainSome(r, 1+r.IntN(2), fact.Accesses())
	}
	if r.chance(20) {
		rule.where = plainSome(r, 1+r.IntN(2), plainTraits)
	}
	if r.chance(20) {
		rule.unless = plainSome(r, 1, plainTraits)
	}
	if r.chance(15) {
		rule.without = plainSome(r, 1+r.IntN(2), plainRecordKinds)
	}
	if r.chance(10) {
		rule.from = plainPick(r, []string{"2020-01-01", "2021-06-01", "2024-12-24"})
	}
	r.ending(rule)
	r.keeping(rule)
	return rule
}

// raising picks kinds that are of one sort often enough to meet.
func (r *plainRandom) raising(from []fact.Kind) []fact.Kind {
	kinds := plainSome(r, 1+r.IntN(3), from)
	slices.Sort(kinds)
	return slices.Compact(kinds)
}

// holds makes a rule that only prolongs.
func (r *plainRandom) holds(rule *plainRule) {
	rule.prolongs, rule.hold = true, r.chance(50)
	rule.raised = []fact.Kind{fact.KindHold}
	rule.ended = []fact.Kind{fact.KindRelease}
	if rule.per == rules.PerPerson {
		rule.raised = []fact.Kind{fact.KindRestriction}
		rule.ended = []fact.Kind{fact.KindRestrictionLifted}
	}
	if r.chance(20) {
		rule.raised = append(rule.raised, fact.KindComplaint)
	}
}

func (r *plainRandom) ending(rule *plainRule) {
	from := []fact.Kind{
		fact.KindErasure,
		fact.KindErasure,
		fact.KindObjection,
		fact.KindObjection,
		fact.KindRefund,
		fact.KindSignup,
		fact.KindRelease,
		fact.KindRestrictionLifted,
		fact.KindNegotiationClosed,
		fact.KindSale,
		fact.KindUnsubscribe,
		fact.KindRequestAnswered,
		fact.KindComplaintSettled,
		fact.KindRefusal,
	}
	rule.ended = append(rule.ended, plainSome(r, r.IntN(4), from)...)
	slices.Sort(rule.ended)
	rule.ended = slices.Compact(rule.ended)
	// What both raises and ends says nothing, but for an objection, which raises at
	// once and ends when it was granted.
	rule.ended = slices.DeleteFunc(rule.ended, func(k fact.Kind) bool {
		return slices.Contains(rule.raised, k) && (k != fact.KindObjection || r.policy.marketing(rule.purpose))
	})
	if len(rule.ended) > 0 && r.chance(25) {
		return // open
	}
	anchors := append(
		[]fact.Kind{
			"act",
			"act",
			"performance",
			"access_end",
			"supply_end",
			"event",
			"consent_end",
			"last_state",
			fact.KindBounce,
		},
		rule.raised...)
	anchors = append(anchors, rule.raised...)
	anchors = append(anchors, plainPick(r, plainRecordKinds), plainPick(r, plainStepKinds))
	for range 1 + r.IntN(6)/4 {
		p := r.moment(r.IntN(4), anchors)
		p.working = r.chance(30)
		if r.chance(15) {
			other := r.moment(r.IntN(3), anchors)
			other.working = r.chance(30)
			if plainInnermost(p).name != rules.AnchorConsentEnd && plainInnermost(other).name != rules.AnchorConsentEnd {
				p = &plainPeriod{word: "else", of: p, other: other}
			}
		}
		rule.until = append(rule.until, p)
	}
	rule.suspended = r.chance(20) && len(rule.until) == 1 && !slices.ContainsFunc(rule.until, plainUnsuspended)
}

func plainInnermost(p *plainPeriod) *plainPeriod {
	for p.of != nil {
		p = p.of
	}
	return p
}

// plainUnsuspended tells of a period that docs/policy.md does not say how to suspend:
// one of hours, which has no last day, and a term alone, which may have been moved off
// a day on which nobody works already.
func plainUnsuspended(p *plainPeriod) bool {
	if p.word == "term" || p.word == "else" {
		return true
	}
	for of := p; of != nil; of = of.of {
		if of.unit == "hour" {
			return true
		}
	}
	return false
}

func (r *plainRandom) keeping(rule *plainRule) {
	all := append(slices.Clone(r.policy.perRec), r.policy.person...)
	if rule.per == rules.PerPerson && !rule.prolongs {
		all = r.policy.person
	}
	rule.keeps = plainSome(r, 1+r.IntN(4), all)
}

// moment makes a period of up to so many words around an event.
func (r *plainRandom) moment(depth int, anchors []fact.Kind) *plainPeriod {
	if depth == 0 {
		if len(r.policy.terms) > 0 && r.chance(20) {
			term := *plainPick(r, r.policy.terms)
			return &term
		}
		return &plainPeriod{word: "anchor", name: string(plainPick(r, anchors)), last: r.chance(10)}
	}
	of := r.moment(depth-1, anchors)
	switch r.IntN(8) {
	case 0:
		return &plainPeriod{word: "end_of_year", of: of}
	case 1:
		return &plainPeriod{word: "end_of_month", of: of}
	case 2:
		return &plainPeriod{word: "month after", n: 1 + r.IntN(31), of: of}
	case 3:
		return &plainPeriod{word: "year after", n: 1 + r.IntN(31), month: time.Month(1 + r.IntN(12)), of: of}
	case 4:
		if plainInnermost(of).name != rules.AnchorAccessEnd { // which may be an instant or a day
			return &plainPeriod{word: "after", n: 1 + r.IntN(100), unit: "hour", of: of}
		}
	}
	unit := plainPick(r, []string{"day", "week", "month", "month", "year", "year"})
	most := map[string]int{"day": 60, "week": 20, "month": 14, "year": 6}[unit]
	return &plainPeriod{word: "after", n: 1 + r.IntN(most), unit: unit, of: of}
}
