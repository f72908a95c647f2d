package lifecycle_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rodopath/rodopath/services/lifecycle"
	"github.com/rodopath/rodopath/services/lifecycle/internal/policy"
)

var (
	plainCount = flag.Int("plain.n", 1000, "how many random policies and histories the core and the plain evaluator are asked of")
	plainShow  = flag.Int("plain.show", 5, "how many scenes that differ are made small and shown")
	plainSeed  = flag.Uint64("plain.seed", 1, "which random policies and histories")
)

// plainScene is a policy and a history.
type plainScene struct {
	policy *plainPolicy
	facts  []lifecycle.Fact
}

func plainRandomScene(seed, n uint64) plainScene {
	r := &plainRandom{Rand: rand.New(rand.NewPCG(seed, n))} //nolint:gosec // It must be repeatable.
	p := plainRandomPolicy(r)
	return plainScene{p, r.history()}
}

// plainSpan is an item that may be held over a half-open interval.
type plainSpan struct {
	item  string
	since time.Time
	until *time.Time
}

func TestBases_AgreeWithThePlainEvaluator(t *testing.T) {
	probes, differing := 0, 0
	for n := range uint64(*plainCount) {
		scene := plainRandomScene(*plainSeed, n)
		asked, diff := scene.compare()
		probes += asked
		if diff == "" {
			continue
		}
		if differing++; differing > *plainShow {
			continue
		}
		small := scene.minimised()
		_, diff = small.compare()
		t.Errorf("-plain.seed=%d, scene %d:\n%s\n%s", *plainSeed, n, small, diff)
	}
	t.Logf("%d policies, %d probes, %d scenes differ", *plainCount, probes, differing)
}

// compare asks both at every probe and tells how many there were and where they differ.
func (s plainScene) compare() (int, string) {
	p, err := policy.Parse("random.yaml", []byte(s.policy.yaml()), "Sklep Ani")
	if err != nil {
		return 0, err.Error()
	}
	h := newPlainHistory(s.policy, s.facts)
	var core, plain []plainSpan
	for _, b := range lifecycle.Bases(p, slices.Clone(s.facts)) {
		core = append(core, h.spans(b.Keeps, b.Since, b.Until)...)
	}
	for _, b := range h.bases() {
		plain = append(plain, h.spans(b.items, b.since, b.until)...)
	}
	all := s.probes()
	for _, at := range all {
		c, p := plainHeld(core, at), plainHeld(plain, at)
		if c != p {
			return len(all), fmt.Sprintf("at %s\ncore:  %s\nplain: %s", at.Format(time.RFC3339Nano), c, p)
		}
	}
	return len(all), ""
}

// spans say when which items may be held, each record by one name and from when
// something is known of it.
func (h *plainHistory) spans(items []lifecycle.Item, since time.Time, until *time.Time) []plainSpan {
	var spans []plainSpan
	for _, item := range items {
		span := plainSpan{item: item.Category, since: since, until: until}
		if item.Ref != "" {
			record := h.record(item.Ref)
			span.item += "(" + record + ")"
			span.since = plainLater(since, h.firstOf(record))
		}
		spans = append(spans, span)
	}
	return spans
}

// firstOf is when something was first known of a record.
func (h *plainHistory) firstOf(record string) time.Time {
	for _, e := range h.events {
		if e.record != "" && h.record(e.record) == record {
			return e.at
		}
	}
	return time.Time{}
}

// plainHeld lists what may be held at an instant, with the first instant at which
// each may no longer be.
func plainHeld(spans []plainSpan, at time.Time) string {
	untils := map[string]string{}
	for _, s := range spans {
		if _, asked := untils[s.item]; asked || s.since.After(at) || s.until != nil && !s.until.After(at) {
			continue
		}
		untils[s.item] = plainUntil(spans, s.item, at)
	}
	held := make([]string, 0, len(untils))
	for item, until := range untils {
		held = append(held, item+until)
	}
	slices.Sort(held)
	return strings.Join(held, ", ")
}

// plainUntil goes from end to end while another span holds the item on.
func plainUntil(spans []plainSpan, item string, at time.Time) string {
	for {
		var end time.Time
		for _, s := range spans {
			if s.item != item || s.since.After(at) {
				continue
			}
			if s.until == nil {
				return ""
			}
			if s.until.After(at) && s.until.After(end) {
				end = *s.until
			}
		}
		if end.IsZero() {
			return " until " + at.UTC().Format(time.RFC3339Nano)
		}
		at = end
	}
}

// probes are every midnight in Warsaw of sixteen years, the instants around each
// fact, and some others.
func (s plainScene) probes() []time.Time {
	var all []time.Time
	for d := plainFind(2018, 1, 1); d < plainFind(2034, 1, 1); d++ {
		all = append(all, d.start())
	}
	for _, f := range s.facts {
		all = append(all, f.Occurred.Add(-time.Millisecond), f.Occurred, f.Occurred.Add(time.Millisecond))
	}
	r := rand.New(rand.NewPCG(uint64(len(s.facts)), 7)) //nolint:gosec // It must be repeatable.
	for range 100 {
		all = append(all, time.UnixMilli(1514764800000+r.Int64N(20*365*24*3600*1000)).UTC())
	}
	return all
}

// minimised drops rules, facts and words while a difference stays.
func (s plainScene) minimised() plainScene {
	for smaller := true; smaller; {
		smaller = false
		for _, less := range s.smaller() {
			if _, diff := less.compare(); diff != "" && !strings.Contains(diff, "random.yaml") {
				s, smaller = less, true
				break
			}
		}
	}
	return s
}

// smaller are scenes with a little less.
func (s plainScene) smaller() []plainScene {
	var out []plainScene
	for i := range s.policy.rules {
		p := *s.policy
		p.rules = slices.Delete(slices.Clone(p.rules), i, i+1)
		out = append(out, plainScene{&p, s.facts})
	}
	for i := range s.facts {
		out = append(out, plainScene{s.policy, slices.Delete(slices.Clone(s.facts), i, i+1)})
	}
	for i := range s.policy.rules {
		for _, simpler := range plainSimplerRules(*s.policy.rules[i]) {
			p := *s.policy
			p.rules = slices.Clone(p.rules)
			p.rules[i] = &simpler
			out = append(out, plainScene{&p, s.facts})
		}
	}
	for i := range s.facts {
		for _, simpler := range plainSimplerFacts(s.facts[i]) {
			facts := slices.Clone(s.facts)
			facts[i] = simpler
			out = append(out, plainScene{s.policy, facts})
		}
	}
	return out
}

// plainSimplerRules are the rule with one thing less each.
func plainSimplerRules(r plainRule) []plainRule {
	var out []plainRule
	change := func(really bool, less func(*plainRule)) {
		if really {
			simpler := r
			less(&simpler)
			out = append(out, simpler)
		}
	}
	change(len(r.where) > 0, func(r *plainRule) { r.where = nil })
	change(len(r.unless) > 0, func(r *plainRule) { r.unless = nil })
	change(len(r.access) > 0, func(r *plainRule) { r.access = nil })
	change(r.suspended, func(r *plainRule) { r.suspended = false })
	change(len(r.keeps) > 1, func(r *plainRule) { r.keeps = r.keeps[1:] })
	change(len(r.keeps) > 1, func(r *plainRule) { r.keeps = r.keeps[:1] })
	change(len(r.raised) > 1, func(r *plainRule) { r.raised = r.raised[1:] })
	change(len(r.raised) > 1, func(r *plainRule) { r.raised = r.raised[:1] })
	for i := range r.ended {
		change(true, func(r *plainRule) { r.ended = slices.Delete(slices.Clone(r.ended), i, i+1) })
	}
	change(len(r.until) > 1, func(r *plainRule) { r.until = r.until[1:] })
	change(len(r.until) > 1, func(r *plainRule) { r.until = r.until[:1] })
	if len(r.until) == 1 {
		p := *r.until[0]
		change(p.working, func(r *plainRule) { p := p; p.working = false; r.until = []*plainPeriod{&p} })
		change(p.of != nil && p.word != "term", func(r *plainRule) { r.until = []*plainPeriod{p.of} })
	}
	return out
}

// plainSimplerFacts are the fact with one thing less each.
func plainSimplerFacts(f lifecycle.Fact) []lifecycle.Fact {
	var out []lifecycle.Fact
	change := func(really bool, less func(*lifecycle.Fact)) {
		if really {
			simpler := f
			less(&simpler)
			out = append(out, simpler)
		}
	}
	change(len(f.Links) > 0, func(f *lifecycle.Fact) { f.Links = f.Links[1:] })
	change(f.Contract != "", func(f *lifecycle.Fact) { f.Contract = "" })
	change(f.Access != "" && f.Kind != lifecycle.AccessStarted, func(f *lifecycle.Fact) { f.Access, f.PaidUntil = "", nil })
	change(f.AccessDays != 0, func(f *lifecycle.Fact) { f.AccessDays = 0 })
	change(f.PaidUntil != nil, func(f *lifecycle.Fact) { f.PaidUntil = nil })
	change(f.PerformanceAwaited, func(f *lifecycle.Fact) { f.PerformanceAwaited = false })
	change(f.Full, func(f *lifecycle.Fact) { f.Full = false })
	change(len(f.Traits) > 0, func(f *lifecycle.Fact) { f.Traits = f.Traits[1:] })
	change(len(f.Channels) > 0, func(f *lifecycle.Fact) { f.Channels = nil })
	change(len(f.Purposes) > 0, func(f *lifecycle.Fact) { f.Purposes = f.Purposes[1:] })
	change(f.Ref != "" && slices.Contains(plainOfPerson, f.Kind) && !slices.Contains(plainRequests, f.Kind), func(f *lifecycle.Fact) { f.Ref = "" })
	return out
}

// String writes the scene so that it can be judged by hand.
func (s plainScene) String() string {
	var b strings.Builder
	text := s.policy.yaml()
	b.WriteString(text[strings.Index(text, "rules:"):])
	facts := slices.Clone(s.facts)
	slices.SortStableFunc(facts, func(a, b lifecycle.Fact) int { return a.Occurred.Compare(b.Occurred) })
	for _, f := range facts {
		if f.Received.Equal(f.Occurred) {
			f.Received = time.Time{}
		}
		text, err := json.Marshal(f)
		if err != nil {
			panic(err)
		}
		fmt.Fprintf(&b, "%s\n", strings.Replace(string(text), `,"received":"0001-01-01T00:00:00Z"`, "", 1))
	}
	return b.String()
}
