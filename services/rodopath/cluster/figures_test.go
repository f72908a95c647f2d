package cluster

import (
	"bytes"
	"strings"
	"testing"
	"time"
)

// told is a story of two acts, the second of which kills.
func told() *Figures {
	f := &Figures{Webhooks: 40, Facts: 40, Decisions: 15, Least: few + 1, Most: 4, Took: time.Minute}
	for _, a := range []act{{name: "rollouts", gentle: true}, {name: "kills"}} {
		c := f.begin(a)
		c.Sent.Store(20)
		c.Accepted.Store(20)
	}
	return f
}

func TestJudge_FindsBrokenPromises(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*Figures)
		want   string
	}{
		"nothing":                {func(*Figures) {}, ""},
		"no answer while rolled": {func(f *Figures) { f.Acts[0].counts.Unanswered.Add(1) }, "rollouts: 0 webhooks were refused and 1 got no answer"},
		"a refusal while rolled": {func(f *Figures) { f.Acts[0].counts.Refused.Add(2) }, "rollouts: 2 webhooks were refused"},
		"no answer while killed": {func(f *Figures) { f.Acts[1].counts.Unanswered.Add(1) }, ""},
		"a loss":                 {func(f *Figures) { f.Lost = 3 }, "3 accepted webhooks are not known to lifecycle"},
		"a fall to one pod":      {func(f *Figures) { f.Least = 1 }, "ingest had 1 pods while autoscaling was switched on, and 3 before"},
	} {
		t.Run(name, func(t *testing.T) {
			f := told()
			c.change(f)
			f.judge()
			got := strings.Join(f.Violations, "\n")
			if (c.want == "") != (got == "") || !strings.Contains(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestPrint_ShowsEachActAndTheSum(t *testing.T) {
	f := told()
	f.judge()
	var out bytes.Buffer
	if err := f.Print(&out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"no answer", "rollouts", "kills", "40 webhooks, 40 known to lifecycle, 0 lost; 15 decisions delivered"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the table lacks %q:\n%s", want, out.String())
		}
	}
}
