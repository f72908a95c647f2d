package address_test

import (
	"testing"

	"github.com/rodopath/rodopath/services/internal/address"
)

func TestNormal_OneAddressHasOneWriting(t *testing.T) {
	for want, writings := range map[string][]string{
		"ala@xn--w-uga1v8h.example": {"Ala@Żółw.Example", "ala@XN--W-UGA1V8H.example", "ala@z\u0307o\u0301łw.example"},
		"ola@example.com": {
			"Ola@Example.COM ", "ola@example.com\u200b", "\ufeffola@example.com", "ola@exam\u00adple.com",
			"\u00a0ola@example.com\u00a0", "\u202aola@example.com\u202c", "mailto:ola@example.com", "<ola@example.com>",
			"&lt;ola@example.com&gt;", "MAILTO:Ola@example.com",
		},
		"o'brien@example.com":        {"o&#039;brien@example.com", `o\'brien@example.com`, "o&amp;#39;brien@example.com", `O\\'Brien@example.com`},
		"r&d@example.com":            {"r&amp;d@example.com"},
		"a&lt@example.com":           {"a&lt@example.com"},
		"jan.kowalski+x@example.com": {"Jan.Kowalski+X@example.com"},
		"ala@under_score.example":    {"ala@under_score.example"},
		"zażółć@example.com":         {"zaz\u0307o\u0301łc\u0301@example.com"},
	} {
		for _, w := range writings {
			if got := address.Normal(w); got != want {
				t.Errorf("%q: got %q, want %q", w, got, want)
			}
		}
	}
	for _, apart := range [][2]string{{"jan.kowalski@x.pl", "jankowalski@x.pl"}, {"jan+a@x.pl", "jan@x.pl"}} {
		if address.Normal(apart[0]) == address.Normal(apart[1]) {
			t.Errorf("%s and %s became one", apart[0], apart[1])
		}
	}
}

func FuzzNormal_IsIdempotent(f *testing.F) {
	for _, s := range []string{"Ala@Żółw.Example", "&amp;amp;#039;@x", `\\\'@x`, "<<a@b>>", "mailto:mailto: a@b", "İ@İ.example", "a@\u00ad"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		once := address.Normal(s)
		if twice := address.Normal(once); twice != once {
			t.Errorf("%q: %q, then %q", s, once, twice)
		}
	})
}

func TestFormer_ListsWritingsOfEarlierVersions(t *testing.T) {
	for s, want := range map[string]string{
		"ala@xn--w-uga1v8h.example": "ala@żółw.example",
		"o'brien@example.com":       "o&#039;brien@example.com",
	} {
		found := false
		for _, w := range address.Former(s) {
			found = found || w == want
		}
		if !found {
			t.Errorf("%s: %q is missing", s, want)
		}
	}
	if got := address.Former("ala@example.com"); len(got) != 0 {
		t.Errorf("an address with one writing: %q", got)
	}
}
