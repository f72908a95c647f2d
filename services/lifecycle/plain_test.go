package lifecycle_test

import (
	"cmp"
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rodopath/rodopath/services/lifecycle"
	"github.com/rodopath/rodopath/services/lifecycle/calendar"
	"github.com/rodopath/rodopath/services/lifecycle/fact"
	"github.com/rodopath/rodopath/services/lifecycle/policy"
	"github.com/rodopath/rodopath/services/lifecycle/rules"
)

var (
	plainCount = flag.Int(
		"plain.n",
		1000,
		"how many random policies and histories the core and the plain evaluator are asked of",
	)
	plainShow = flag.Int("plain.show", 5, "how many scenes that differ are made small and shown")
	plainSeed = flag.Uint64("plain.seed", 1, "which random policies and histories")
)

// plainScene is a policy and a history.
type plainScene struct {
	policy *plainPolicy
	facts  []fact.Fact
}

func plainRandomScene(seed, n uint64) plainScene {
	r := &plainRandom{Rand: rand.New(rand.NewPCG(seed, n))}
	p := plainRandomPolicy(r)
	return plainScene{p, r.history()}
}

// plainSpan is an item that may be held over a half-open interval, in milliseconds, of
// which plainForever is the last.
type plainSpan struct {
	item         string
	since, until int64
}

const plainForever = math.MaxInt64

// plainHeld is an item that may be held at an instant, and the first instant at which
// it may no longer be.
type plainHeld struct {
	item  string
	until int64
}

func (h plainHeld) String() string {
	if h.until == plainForever {
		return h.item
	}
	return h.item + " until " + time.UnixMilli(h.until).UTC().Format(time.RFC3339Nano)
}

// plainScenes visits all scenes, on all processors.
func plainScenes(t *testing.T, visit func(t *testing.T, n uint64, scene plainScene)) {
	t.Helper()
	parts := uint64(runtime.GOMAXPROCS(0))
	for part := range parts {
		t.Run(fmt.Sprint(part), func(t *testing.T) {
			t.Parallel()
			for n := part; n < uint64(*plainCount); n += parts {
				visit(t, n, plainRandomScene(*plainSeed, n))
			}
		})
	}
}

func TestBases_AgreeWithThePlainEvaluator(t *testing.T) {
	var probes, differing atomic.Int64
	t.Cleanup(func() {
		t.Logf("%d policies, %d probes", *plainCount, probes.Load())
		if n := differing.Load(); n > 0 {
			t.Errorf("%d scenes differ", n)
		}
	})
	plainScenes(t, func(t *testing.T, n uint64, scene plainScene) {
		t.Helper()
		asked, diff := scene.compare()
		probes.Add(int64(asked))
		if diff == "" || differing.Add(1) > int64(*plainShow) {
			return
		}
		small := scene.minimised()
		_, diff = small.compare()
		t.Errorf("-plain.seed=%d, scene %d:\n%s\n%s", *plainSeed, n, small, diff)
	})
}

// TestExplain_AgreesWithThePlainEvaluator asks what may be held at an instant by what
// had happened by then, as an owner would have been told.
func TestExplain_AgreesWithThePlainEvaluator(t *testing.T) {
	plainScenes(t, func(t *testing.T, n uint64, scene plainScene) {
		t.Helper()
		p, err := policy.Parse("random.yaml", []byte(scene.policy.yaml()), "Sklep Ani")
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range scene.facts {
			if core, plain := scene.explained(p, f.Occurred); !slices.Equal(core, plain) {
				t.Fatalf(
					"-plain.seed=%d, scene %d:\n%s\nat %s\ncore:  %v\nplain: %v",
					*plainSeed,
					n,
					scene,
					f.Occurred.Format(time.RFC3339Nano),
					core,
					plain,
				)
			}
		}
	})
}

// explained is what both hold by the facts up to an instant.
func (s plainScene) explained(p *rules.Policy, at time.Time) (core, plain []plainHeld) {
	known := slices.DeleteFunc(slices.Clone(s.facts), func(f fact.Fact) bool { return f.Occurred.After(at) })
	h := newPlainHistory(s.policy, known)
	subject := lifecycle.Subject{ID: "person", Facts: slices.Clone(s.facts)}
	slices.SortFunc(subject.Facts, func(a, b fact.Fact) int {
		return cmp.Or(a.Occurred.Compare(b.Occurred), plainRank(a.Kind)-plainRank(b.Kind), cmp.Compare(a.ID, b.ID))
	})
	var spans, bases []plainSpan
	for _, item := range lifecycle.Explain(p, subject, at).Holds {
		spans = append(spans, h.spans([]rules.Item{item.Item}, at, item.Until)...)
	}
	for _, b := range h.bases() {
		bases = append(bases, h.spans(b.items, b.since, b.until)...)
	}
	plainInOrder(spans)
	plainInOrder(bases)
	return plainHolds(spans, at, nil), plainHolds(bases, at, nil)
}

// compare asks both at every probe and tells how many there were and where they differ.
func (s plainScene) compare() (int, string) {
	parsed, err := policy.Parse("random.yaml", []byte(s.policy.yaml()), "Sklep Ani")
	if err != nil {
		return 0, err.Error()
	}
	h := newPlainHistory(s.policy, s.facts)
	var core, plain []plainSpan
	for _, b := range rules.Bases(parsed, slices.Clone(s.facts)) {
		core = append(core, h.spans(b.Keeps, b.Since, b.Until)...)
	}
	for _, b := range h.bases() {
		plain = append(plain, h.spans(b.items, b.since, b.until)...)
	}
	plainInOrder(core)
	plainInOrder(plain)
	all := s.probes()
	var c, p []plainHeld
	for _, at := range all {
		c, p = plainHolds(core, at, c[:0]), plainHolds(plain, at, p[:0])
		if !slices.Equal(c, p) {
			return len(all), fmt.Sprintf("at %s\ncore:  %v\nplain: %v", at.Format(time.RFC3339Nano), c, p)
		}
	}
	return len(all), ""
}

// spans say when which items may be held, each record by one name and from when
// something is known of it.
func (h *plainHistory) spans(items []rules.Item, since time.Time, until *time.Time) []plainSpan {
	var spans []plainSpan
	for _, item := range items {
		span := plainSpan{item: item.Category, since: since.UnixMilli(), until: plainForever}
		if until != nil {
			span.until = until.UnixMilli()
		}
		if item.Ref != "" {
			record := h.record(item.Ref)
			span.item += "(" + record + ")"
			span.since = plainLater(since, h.firstOf(record)).UnixMilli()
		}
		spans = append(spans, span)
	}
	return spans
}

func plainInOrder(spans []plainSpan) {
	slices.SortFunc(
		spans,
		func(a, b plainSpan) int { return cmp.Or(cmp.Compare(a.item, b.item), cmp.Compare(a.since, b.since)) },
	)
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

// plainHolds adds what may be held at an instant, of spans in order.
func plainHolds(spans []plainSpan, at time.Time, held []plainHeld) []plainHeld {
	now := at.UnixMilli()
	for i, s := range spans {
		if now < s.since || s.until <= now || len(held) > 0 && held[len(held)-1].item == s.item {
			continue
		}
		held = append(held, plainHeld{s.item, plainUntil(spans, i, now)})
	}
	return held
}

// plainUntil goes from end to end while another span holds the item on.
func plainUntil(spans []plainSpan, i int, now int64) int64 {
	for _, s := range spans[i:] {
		if s.item != spans[i].item || s.since > now {
			break
		}
		now = max(now, s.until)
	}
	return now
}

// probes are every midnight in Warsaw of thirteen years, the instants around each
// fact, and some others.
func (s plainScene) probes() []time.Time {
	var all []time.Time
	for d := plainFind(2018, 1, 1); d < plainFind(2031, 1, 1); d++ {
		all = append(all, d.start())
	}
	for _, f := range s.facts {
		all = append(all, f.Occurred.Add(-time.Millisecond), f.Occurred, f.Occurred.Add(time.Millisecond))
	}
	r := rand.New(rand.NewPCG(uint64(len(s.facts)), 7))
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
func plainSimplerFacts(f fact.Fact) []fact.Fact {
	var out []fact.Fact
	change := func(really bool, less func(*fact.Fact)) {
		if really {
			simpler := f
			less(&simpler)
			out = append(out, simpler)
		}
	}
	change(len(f.Links) > 0, func(f *fact.Fact) { f.Links = f.Links[1:] })
	change(f.Contract != "", func(f *fact.Fact) { f.Contract = "" })
	change(
		f.Access != "" && f.Kind != fact.KindAccessStarted,
		func(f *fact.Fact) { f.Access, f.PaidUntil = "", nil },
	)
	change(f.AccessDays != 0, func(f *fact.Fact) { f.AccessDays = 0 })
	change(f.PaidUntil != nil, func(f *fact.Fact) { f.PaidUntil = nil })
	change(f.PerformanceAwaited, func(f *fact.Fact) { f.PerformanceAwaited = false })
	change(f.Full, func(f *fact.Fact) { f.Full = false })
	change(len(f.Traits) > 0, func(f *fact.Fact) { f.Traits = f.Traits[1:] })
	change(f.Form != "", func(f *fact.Fact) { f.Form = "" })
	change(len(f.Proof) > 0, func(f *fact.Fact) { f.Proof = nil })
	change(f.DoubleOptIn != nil, func(f *fact.Fact) { f.DoubleOptIn = nil })
	change(f.Doubt != "", func(f *fact.Fact) { f.Doubt = "" })
	change(len(f.Channels) > 0, func(f *fact.Fact) { f.Channels = nil })
	change(len(f.Purposes) > 0, func(f *fact.Fact) { f.Purposes = f.Purposes[1:] })
	change(
		f.Ref != "" && slices.Contains(plainOfPerson, f.Kind) && !slices.Contains(plainRequests, f.Kind),
		func(f *fact.Fact) { f.Ref = "" },
	)
	return out
}

// String writes the scene so that it can be judged by hand.
func (s plainScene) String() string {
	var b strings.Builder
	text := s.policy.yaml()
	b.WriteString(text[strings.Index(text, "rules:"):])
	facts := slices.Clone(s.facts)
	slices.SortStableFunc(facts, func(a, b fact.Fact) int { return a.Occurred.Compare(b.Occurred) })
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

// TestCalendar_AgreesWithThePlainOne looks at every day of eighty years.
func TestCalendar_AgreesWithThePlainOne(t *testing.T) {
	for d := plainFind(2005, 1, 1); d < plainFind(2085, 1, 1); d++ {
		x := d.date()
		day := calendar.Date{Year: x.year, Month: time.Month(x.month), Day: x.day}
		for what, pair := range map[string][2]any{
			"start":        {day.Start(plainWarsaw()), d.start()},
			"end":          {day.End(plainWarsaw()), (d + 1).start()},
			"In":           {calendar.In(d.start(), plainWarsaw()), day},
			"a day on":     {plainDateOf(day.AddDays(1)), (d + 1).date()},
			"400 days on":  {plainDateOf(day.AddDays(400)), (d + 400).date()},
			"a month on":   {plainDateOf(day.AddMonths(1)), d.monthsOn(1).date()},
			"13 months on": {plainDateOf(day.AddMonths(13)), d.monthsOn(13).date()},
			"a year on":    {plainDateOf(day.AddYears(1)), d.monthsOn(12).date()},
			"month's end":  {plainDateOf(day.EndOfMonth()), plainFind(x.year, x.month, 31).date()},
			"off":          {calendar.Poland(day), d.off()},
			"working":      {plainDateOf(day.NextWorkingDay(calendar.Poland)), d.working(true).date()},
		} {
			if pair[0] != pair[1] {
				t.Errorf("%s of %s: calendar %v, plain %v", what, day, pair[0], pair[1])
			}
		}
	}
}

func plainDateOf(d calendar.Date) plainDate { return plainDate{d.Year, int(d.Month), d.Day} }
