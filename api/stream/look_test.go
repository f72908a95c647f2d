package stream

import (
	"strings"
	"testing"
)

func TestDecodeReceipt_ADateToLookAgainNeedsHeldData(t *testing.T) {
	const head = `{"decision": "dec_1", "at": "2026-03-02T10:05:00Z", "outcome": `
	for text, want := range map[string]string{
		head + `"held", "look_again": "2032-01-01T00:00:00Z"}`:    "",
		head + `"partial", "look_again": "2032-01-01T00:00:00Z"}`: "",
		head + `"done", "look_again": "2032-01-01T00:00:00Z"}`:    "look_again must be after at, and needs",
		head + `"held", "look_again": "2026-03-02T10:05:00Z"}`:    "look_again must be after at, and needs",
		head + `"held", "look_again": "soon"}`:                    "2026-01-15T10:00:00Z",
	} {
		_, err := DecodeReceipt([]byte(text))
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", text, err, want)
		}
	}
}
