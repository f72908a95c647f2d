package cli

import "testing"

func TestPermission_IsALine(t *testing.T) {
	says := map[string]string{"en": "On the list since 1 March 2026.", "pl": "Brakuje dowodu zgody."}
	for want, p := range map[string]permission{
		"yes: consent, rule offers":       {Allowed: true, Why: "consent", Rule: "offers"},
		"no: consent for another address": {Why: "consent_for_another_address"},
		"no: unproven: On the list since 1 March 2026; the person may be asked by an unticked box at the checkout": {
			Why: "unproven", Says: says, Box: true,
		},
	} {
		if got := p.text("en"); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	if p := (permission{Why: "unproven", Says: says}); p.text("pl") != "no: unproven: Brakuje dowodu zgody" {
		t.Errorf("got %q", p.text("pl"))
	}
}
