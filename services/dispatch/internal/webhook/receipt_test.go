package webhook

import (
	"slices"
	"testing"

	"github.com/rodopath/rodopath/api/stream"
)

func FuzzReceipt(f *testing.F) {
	f.Add([]byte(`{"decision":"dec_1","outcome":"done","at":"2026-01-15T10:00:00Z"}`), "delete")
	f.Add([]byte(`{"decision":"dec_1","outcome":"granted","at":"2026-01-15T10:00:00Z"}`), "ask-consent")
	f.Add([]byte(`{"decision":"dec_1","outcome":"partial","categories":{"invoice":"held"},"at":"2026-01-15T10:00:00Z"}`), "delete")
	f.Add([]byte(`[[[[`), "delete")
	f.Fuzz(func(t *testing.T, body []byte, kind string) {
		e := &stream.Event{ID: "dec_1", Data: stream.Decision{Kind: kind}}
		a, ok := receipt(body, e, "crm")
		if ok && !slices.Contains(stream.AnswersTo(kind), a.Outcome) {
			t.Errorf("got %+v", a)
		}
		if !ok && a.Outcome != "" {
			t.Errorf("got %+v", a)
		}
	})
}
