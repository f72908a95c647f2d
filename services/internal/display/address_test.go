package display_test

import (
	"testing"

	"github.com/rodopath/rodopath/services/internal/display"
)

func TestMaskedAddress_ShowsEnoughForItsHolder(t *testing.T) {
	for address, want := range map[string]string{
		"ala@example.com": "al…@example.com", "ab@example.com": "a…@example.com", "a@example.com": "…@example.com",
		"łucja@example.pl": "łu…@example.pl", "@example.com": "…@example.com",
	} {
		if got := display.MaskedAddress(address); got != want {
			t.Errorf("%s: got %q, want %q", address, got, want)
		}
	}
}
