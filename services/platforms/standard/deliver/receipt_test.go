package deliver

import (
	"slices"
	"strings"
	"testing"

	"github.com/rodopath/rodopath/api/stream"
)

func FuzzReceipt(f *testing.F) {
	f.Add([]byte(`{"decision":"dec_1","outcome":"done","at":"2026-01-15T10:00:00Z"}`), "delete")
	f.Add([]byte(`{"decision":"dec_1","outcome":"granted","at":"2026-01-15T10:00:00Z"}`), "ask-consent")
	f.Add(
		[]byte(`{"decision":"dec_1","outcome":"partial","categories":{"invoice":"held"},"at":"2026-01-15T10:00:00Z"}`),
		"delete",
	)
	f.Add([]byte(`[[[[`), "delete")
	f.Fuzz(func(t *testing.T, body []byte, kind string) {
		e := &stream.Event{ID: "dec_1", Data: stream.Decision{Kind: stream.Kind(kind)}}
		a := receipt(body, e, "crm")
		if a.Outcome != stream.OutcomeSent && !slices.Contains(stream.AnswersTo(stream.Kind(kind)), a.Outcome) {
			t.Errorf("got %+v", a)
		}
	})
}

func TestReceipt_WhatIsMeantAsOneAndIsNoneIsRemarked(t *testing.T) {
	e := &stream.Event{ID: "dec_1", Data: stream.Decision{Kind: "delete"}}
	for body, remark := range map[string]string{
		`{"decision":"dec_1","outcome":"done","at":"2026-01-15T10:00:00Z"}`: "",
		`{"ok":true}`: "",
		`[1]`:         "",
		`not JSON`:    "",
		`{"decision":"dec_1","outcome":"finished","at":"2026-01-15T10:00:00Z"}`:                           "outcome must be one of",
		`{"decision":"dec_2","outcome":"done","at":"2026-01-15T10:00:00Z"}`:                               "another decision",
		`{"decision":"dec_1","outcome":"granted","at":"2026-01-15T10:00:00Z"}`:                            "outcome must be one of",
		`{"decision":"dec_1","outcome":"done","at":"yesterday"}`:                                          "at must have the format",
		`{"decision":"dec_1","recipient":"shop","outcome":"done","at":"2026-01-15T10:00:00Z"}`:            "another recipient",
		`{"decision":"dec_1","outcome":"done","categories":{"order":"held"},"at":"2026-01-15T10:00:00Z"}`: "use partial",
	} {
		a := receipt([]byte(body), e, "crm")
		if (remark == "") != (a.Remark == "") || !strings.Contains(a.Remark, remark) ||
			remark != "" && a.Outcome != stream.OutcomeSent {
			t.Errorf("%s: got %+v", body, a)
		}
	}
}
