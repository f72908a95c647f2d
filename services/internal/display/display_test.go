package display_test

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/rodopath/rodopath/services/internal/display"
)

// hostile are characters that a shown text must not contain.
const hostile = "\x00\x07\x08\x0d\x1b\x7f\u0080\u009b\u061c\u200b\u200c\u200d\u200e\u200f\u2028\u2029" +
	"\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2067\u2068\u2069\u00ad\u3164\ufeff\U000e0041"

func TestText_ShowsEveryCharacterThatIsNotText(t *testing.T) {
	for _, r := range hostile {
		if got := display.Text("a" + string(r) + "b"); got != "a\ufffdb" {
			t.Errorf("%U: %q", r, got)
		}
	}
	for text, want := range map[string]string{
		"": "",
		"Żółw, Ωμέγα, 👍🏽 \u0600 é": "Żółw, Ωμέγα, 👍🏽 \u0600 é",
		"two\nlines\tof text":      "two\nlines\tof text",
		"\x9b31m":                  "\ufffd31m",
		"\x1b[2Kdeleted":           "\ufffd[2Kdeleted",
	} {
		if got := display.Text(text); got != want {
			t.Errorf("%q: %q", text, got)
		}
	}
	if got := display.Line("a\nb\tc\r\nd\u2028e\x1bf"); got != "a b c  d e\ufffdf" {
		t.Errorf("a line: %q", got)
	}
}

func TestCell_IsNoFormula(t *testing.T) {
	for text, want := range map[string]string{
		"=HYPERLINK(1)": "'=HYPERLINK(1)", "+1": "'+1", "-1": "'-1", "@SUM(1)": "'@SUM(1)", "\tx": "'\tx", "\rx": "'\ufffdx",
		"＝1": "'＝1", "-": "-", "": "", "a=1": "a=1", "żółw": "żółw",
	} {
		if got := display.Cell(text); got != want {
			t.Errorf("%q: %q", text, got)
		}
	}
}

func TestJSON_KeepsEverythingButHostileText(t *testing.T) {
	got, err := display.JSON([]byte("{\"a\\u001b\":[\"x\\ny\",12345678901234567890,null,true],\"b\":{\"c\":\"\u202e\"}}"))
	if err != nil || string(got) != "{\"a\ufffd\":[\"x y\",12345678901234567890,null,true],\"b\":{\"c\":\"\ufffd\"}}" {
		t.Errorf("%s, %v", got, err)
	}
	if _, err := display.JSON([]byte("{")); err == nil {
		t.Error("half a value was read")
	}
}

func FuzzWriter_WritesWhatTextReturns(f *testing.F) {
	f.Add("ab\u202e"+hostile+"\xe2\x80", 3)
	f.Add(strings.Repeat("żółw\x1b", 2000), 7)
	f.Fuzz(func(t *testing.T, text string, step int) {
		if step < 1 {
			step = 1
		}
		var out bytes.Buffer
		w := display.NewWriter(&out)
		for rest := []byte(text); len(rest) > 0; {
			n := min(step, len(rest))
			if m, err := w.Write(rest[:n]); err != nil || m != n {
				t.Fatalf("wrote %d of %d: %v", m, n, err)
			}
			rest = rest[n:]
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		if !utf8.Valid(out.Bytes()) || strings.ContainsAny(out.String(), hostile) {
			t.Errorf("%q: %q", text, out.String())
		}
		if out.String() != display.Text(text) {
			t.Errorf("%q: %q, and in one piece %q", text, out.String(), display.Text(text))
		}
	})
}
