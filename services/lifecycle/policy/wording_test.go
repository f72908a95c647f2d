package policy

import "testing"

// TestStems_SayWhatATextMeans has texts that name a word and deny it.
func TestStems_SayWhatATextMeans(t *testing.T) {
	for text, want := range map[string]bool{
		"Chcę dostawać oferty od {controller}":              true,
		"Newsletter bez ofert":                              false,
		"Newsletter bez żadnych ofert i promocji":           false,
		"Nie wyrażam zgody na oferty":                       false,
		"Nie chcę otrzymywać informacji handlowych":         false,
		"Nie tylko artykuły, lecz także oferty":             true,
		"Nie tylko oferty":                                  true,
		"Nie wysyłamy spamu. Znajdziesz tu oferty i rabaty": true,
		"Nie wysyłamy ofert, a tylko artykuły":              false,
		"Zapisz się na newsletter":                          false,
		"Oferty bez przesady":                               true,
	} {
		if got := offersStems().in(text, "pl"); got != want {
			t.Errorf("%q mentions offers: %v", text, got)
		}
	}
	for text, want := range map[string]bool{
		"I can withdraw my consent at any time": true,
		"You may opt out at any time":           true,
		"You can not opt out":                   false,
		"I will never withdraw":                 false,
	} {
		if got := withdrawalStems().in(text, "en"); got != want {
			t.Errorf("%q mentions the withdrawal: %v", text, got)
		}
	}
	if !offersStems().in("Angebote", "de") {
		t.Error("a language that cannot be read is faulted")
	}
}
