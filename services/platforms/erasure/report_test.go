package erasure_test

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/platforms/erasure"
	"github.com/rodopath/rodopath/services/platforms/erasure/erasuretest"
)

func TestReport_LooksAgainAtTheFirstObstacleThatLapses(t *testing.T) {
	now := erasuretest.Now()
	day := func(n int) *time.Time { at := now.AddDate(0, 0, n); return &at }
	for name, c := range map[string]struct {
		say  func(*erasure.Report)
		want time.Duration
	}{
		"nothing is held":         {func(r *erasure.Report) { r.Say("contact", stream.OutcomeDone, "") }, 0},
		"two obstacles":           {func(r *erasure.Report) { r.Hold("contact", "a", day(9), ""); r.Hold("order", "b", day(4), "") }, 4 * 24 * time.Hour},
		"no known end":            {func(r *erasure.Report) { r.Hold("contact", "a", nil, "") }, 90 * 24 * time.Hour},
		"an end that is near":     {func(r *erasure.Report) { at := now.Add(time.Second); r.Hold("contact", "a", &at, "") }, time.Hour},
		"an end that has passed":  {func(r *erasure.Report) { r.Hold("contact", "a", day(-1), "") }, time.Hour},
		"done beside":             {func(r *erasure.Report) { r.Hold("contact", "a", day(4), ""); r.Say("phone", stream.OutcomeDone, "") }, 4 * 24 * time.Hour},
		"a person is needed too":  {func(r *erasure.Report) { r.Hold("contact", "a", day(4), ""); r.Say("phone", stream.OutcomeHeld, "b") }, 0},
		"something is left there": {func(r *erasure.Report) { r.Hold("contact", "a", day(4), ""); r.Leave("order", "refund reasons") }, 0},
	} {
		r := erasure.Report{Now: now}
		c.say(&r)
		a := r.Answer()
		if c.want == 0 && a.LookAgain == nil || a.LookAgain != nil && a.LookAgain.Sub(now) == c.want {
			continue
		}
		t.Errorf("%s: got %v, want %s", name, a.LookAgain, c.want)
	}
}

func TestReport_TheReasonIsBounded(t *testing.T) {
	var r erasure.Report
	r.Leave("order", "refund reasons", "entries of order lines")
	for _, letter := range []string{"a", "b", "ż"} {
		r.Say("order", stream.OutcomePartial, strings.Repeat(letter, 140))
	}
	reason := r.Answer().Reason
	if n := utf8.RuneCountInString(
		reason,
	); n != 300 ||
		!strings.HasPrefix(reason, "left at the platform: refund reasons, entries of order lines; aaa") {
		t.Errorf("got %d characters: %s", n, reason)
	}
}

// TestReport_NamesNoCategoryThatTheDecisionDoesNot: lifecycle would refuse the receipt.
func TestReport_NamesNoCategoryThatTheDecisionDoesNot(t *testing.T) {
	task, err := erasure.Read(t.Context(), erasuretest.Deletion("person", nil, "order a"))
	if err != nil {
		t.Fatal(err)
	}
	r := erasure.NewReport(task, erasuretest.Now())
	r.Say("order", stream.OutcomeDone, "")
	r.Say("contact", stream.OutcomeHeld, "x")
	if a := r.Answer(); a.Outcome != stream.OutcomePartial || len(a.Categories) != 1 ||
		a.Categories["order"] != stream.OutcomeDone {
		t.Errorf("got %+v, want partial with the order done", a)
	}
}
