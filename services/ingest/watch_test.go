package ingest

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	factv1 "github.com/rodopath/rodopath/api/gen/rodopath/fact/v1"
	"github.com/rodopath/rodopath/services/internal/connection"
)

// TestWatch tells the story of a source in lines, and checks the fault that is shown in the end.
func TestWatch(t *testing.T) {
	start := time.Date(2026, 11, 2, 8, 0, 0, 0, time.UTC)
	facts := Reading{Facts: []*factv1.Fact{{}}}
	silent := func(reason string) Reading { return Reading{Silent: []string{reason}} }
	for _, c := range []struct {
		name  string
		story func(w *watch)
		want  fault
	}{
		{"four wrong signatures", func(w *watch) { times(4, func() { w.badSignature("shop", connection.Refusal{}) }) }, ""},
		{"five wrong signatures", func(w *watch) { times(5, func() { w.badSignature("shop", connection.Refusal{}) }) }, faultSignature},
		{"a right one between", func(w *watch) {
			times(3, func() { w.badSignature("shop", connection.Refusal{}) })
			w.accepted("shop", facts, start)
			times(3, func() { w.badSignature("shop", connection.Refusal{}) })
		}, ""},
		{"a ping, then wrong signatures", func(w *watch) {
			w.ping("shop", time.Time{})
			times(2, func() { w.badSignature("shop", connection.Refusal{}) })
		}, faultSignature},
		{"a right signature ends the fault", func(w *watch) {
			times(9, func() { w.badSignature("shop", connection.Refusal{}) })
			w.accepted("shop", facts, start)
		}, ""},
		{"the owner of the webhook is gone", func(w *watch) {
			w.accepted("shop", facts, start)
			w.accepted("shop", silent(SilentPlatformError), start)
		}, faultPlatform},
		{"the owner is back", func(w *watch) {
			w.accepted("shop", silent(SilentPlatformError), start)
			w.accepted("shop", facts, start)
		}, ""},
		{"one of several webhooks is broken", func(w *watch) {
			for i := range 9 {
				w.accepted("shop", of("2", silent(SilentPlatformError)), start.Add(time.Duration(i)*time.Hour))
				w.accepted("shop", of("1", facts), start.Add(time.Duration(i)*time.Hour))
			}
		}, faultPlatform},
		{"the broken webhook is mended", func(w *watch) {
			w.accepted("shop", of("2", silent(SilentPlatformError)), start)
			w.accepted("shop", of("1", facts), start)
			w.accepted("shop", of("2", silent(SilentDraft)), start)
		}, ""},
		{"the broken webhook is deleted", func(w *watch) {
			w.accepted("shop", of("1", facts), start)
			w.accepted("shop", of("2", silent(SilentPlatformError)), start)
			w.checkSilence(start.AddDate(0, 0, 8))
		}, ""},
		{"a webhook finds no record at all", func(w *watch) {
			w.accepted("shop", of("1", facts), start)
			times(5, func() { w.accepted("shop", of("2", silent(SilentGone)), start) })
		}, faultPlatform},
		{"a few records were deleted", func(w *watch) {
			w.accepted("shop", of("1", facts), start)
			times(4, func() { w.accepted("shop", of("1", silent(SilentGone)), start) })
			w.accepted("shop", of("1", facts), start)
			times(4, func() { w.accepted("shop", of("1", silent(SilentGone)), start) })
		}, ""},
		{"the wrong topics", func(w *watch) {
			times(5, func() { w.accepted("shop", silent(SilentUnhandled), start) })
		}, faultNothingRead},
		{"many products are saved in a shop that sells", func(w *watch) {
			w.accepted("shop", facts, start)
			times(50, func() { w.accepted("shop", silent(SilentUnhandled), start) })
		}, ""},
		{"five refused", func(w *watch) { times(5, func() { w.refused("shop", connection.Refusal{}) }) }, faultRefused},
		{"a night", func(w *watch) {
			hourly(w, start, 20)
			w.checkSilence(start.Add(19*time.Hour + 6*time.Hour))
		}, ""},
		{"a day without the hourly order", func(w *watch) {
			hourly(w, start, 20)
			w.checkSilence(start.Add(19*time.Hour + 24*time.Hour))
		}, faultQuiet},
		{"too little is known", func(w *watch) {
			hourly(w, start, 5)
			w.checkSilence(start.Add(240 * time.Hour))
		}, ""},
		{"the silence ends", func(w *watch) {
			hourly(w, start, 20)
			w.checkSilence(start.Add(48 * time.Hour))
			w.accepted("shop", facts, start.Add(49*time.Hour))
		}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			var log bytes.Buffer
			w := newWatch(slog.New(slog.NewTextHandler(&log, nil)), map[string]Provider{"shop": nil})
			c.story(w)
			for _, f := range faults() {
				want := 0.0
				if f == c.want {
					want = 1
				}
				if got := testutil.ToFloat64(w.faults.WithLabelValues("shop", string(f))); got != want {
					t.Errorf("%s: got %v, want %v", f, got, want)
				}
			}
			if c.want != "" && strings.Count(log.String(), "level=ERROR") != 1 {
				t.Errorf("got the log\n%swant one error", log.String())
			}
		})
	}
}

// of returns the reading of a webhook with a number.
func of(webhook string, r Reading) Reading {
	r.Webhook = webhook
	return r
}

func times(n int, do func()) {
	for range n {
		do()
	}
}

// hourly accepts a webhook with facts every hour.
func hourly(w *watch, start time.Time, n int) {
	for i := range n {
		w.accepted("shop", Reading{Facts: []*factv1.Fact{{}}}, start.Add(time.Duration(i)*time.Hour))
	}
}
