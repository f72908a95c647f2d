package stream

import (
	"strings"
	"testing"
	"time"
)

func TestDecodeReceipt_SaysWhatIsWrongAndShowsNoValue(t *testing.T) {
	for text, want := range map[string]string{
		`{"decision":"dec_1","outcome":"done","at":"2026-01-15T10:00:00Z"}`:   "",
		`{"decision":"dec_1","outcome":"done","at":"2026-01-15T10:00:00Z"}{}`: "data follow",
		`{"decision":"dec_1","outcome":"done","at":"ala@example.com"}`:        "at must have the format",
		`{"decision":"dec_1","outcom":"ala@example.com"}`:                     "unknown field; a receipt has",
		`ala@example.com`: "not JSON such as",
		`{"outcome":"done","at":"2026-01-15T10:00:00Z"}`:                                                                "decision is missing",
		`{"decision":"dec_1","outcome":"ala@example.com","at":"2026-01-15T10:00:00Z"}`:                                  "outcome must be one of",
		`{"decision":"dec_1","outcome":"done"}`:                                                                         "at is missing",
		`{"decision":"dec_1","outcome":"done","categories":{"order":"held"},"at":"2026-01-15T10:00:00Z"}`:               "use partial",
		`{"decision":"dec_1","outcome":"not_found","categories":{"order":"done"},"at":"2026-01-15T10:00:00Z"}`:          "",
		`{"decision":"dec_1","outcome":"held","categories":{"order":"gone"},"at":"2026-01-15T10:00:00Z"}`:               "categories: each",
		`{"decision":"dec_1","outcome":"held","reason":"` + strings.Repeat("ż", 300) + `","at":"2026-01-15T10:00:00Z"}`: "",
		`{"decision":"dec_1","outcome":"held","reason":"` + strings.Repeat("ż", 301) + `","at":"2026-01-15T10:00:00Z"}`: "longer than 300",
	} {
		_, err := DecodeReceipt([]byte(text))
		if (want == "") != (err == nil) ||
			err != nil && (!strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "ala@")) {
			t.Errorf("%.80s: %v", text, err)
		}
	}
}

func TestReceipts_SeveralComeBackAsTheyWereWritten(t *testing.T) {
	at := time.Date(2026, 1, 15, 10, 0, 0, 0, time.UTC)
	for n := range 3 {
		var in []*Receipt
		for range n + 1 {
			in = append(in, &Receipt{Decision: "dec_1", Outcome: OutcomeDone, At: at})
		}
		data, err := EncodeReceipts(in)
		if err != nil {
			t.Fatal(err)
		}
		out, err := DecodeReceipts(data)
		if err != nil || len(out) != len(in) || out[n].Decision != "dec_1" || !out[n].At.Equal(at) {
			t.Errorf("%d: got %v, %v", n+1, out, err)
		}
	}
	if _, err := DecodeReceipts([]byte("[null]")); err == nil {
		t.Error("a receipt that is null was taken")
	}
}

func FuzzDecodeReceipts(f *testing.F) {
	f.Add([]byte(`{"decision":"dec_1","outcome":"done","at":"2026-01-15T10:00:00Z"}`))
	f.Add([]byte(`[{"decision":"dec_1","outcome":"sent","at":"2026-01-15T10:00:00Z"}, null]`))
	f.Fuzz(func(t *testing.T, data []byte) {
		list, err := DecodeReceipts(data)
		for _, r := range list {
			if err == nil && r == nil {
				t.Error("a receipt is nil")
			}
		}
	})
}
