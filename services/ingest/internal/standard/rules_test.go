package standard_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/rodopath/rodopath/services/ingest"
	"github.com/rodopath/rodopath/services/ingest/internal/standard"
)

func TestNew_NeedsALongSecret(t *testing.T) {
	for name, secrets := range map[string][]string{
		"none":              nil,
		"empty":             {""},
		"without its mark":  {strings.TrimPrefix(secret, "whsec_")},
		"nothing after it":  {"whsec_"},
		"15 bytes":          {"whsec_MDEyMzQ1Njc4OWFiY2Rl"},
		"not base64":        {"whsec_!!!!"},
		"a good one, a bad": {secret, "whsec_"},
	} {
		if _, err := standard.New(ingest.Source{ID: "forms", Secrets: secrets}); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}

func TestRead_AWrongTypeNamesNoAddress(t *testing.T) {
	p := provider(t)
	for _, body := range []string{
		fact("signup", `,"person":{"ids":{"ann@example.com":{}}}`),
		fact("signup", `,"person":{"ids":{"ann@example.com":7}}`),
		fact("signup", `,"evidence":{"ip":["ann@example.com"]}`),
		fact("signup", `,"purposes":"ann@example.com"`),
	} {
		_, err := p.Read(header(), []byte(body), now)
		if !errors.Is(err, ingest.ErrUnreadable) || strings.Contains(err.Error(), "@") {
			t.Errorf("got %v", err)
		}
	}
}

func TestRead_OneBadFactRefusesTheWholeBatch(t *testing.T) {
	body := `{"facts":[` + fact("signup", "") + `,` + fact("sale", "") + `]}`
	got, err := provider(t).Read(header(), []byte(body), now)
	if !errors.Is(err, ingest.ErrImpossible) || len(got.Facts) != 0 {
		t.Errorf("got %d facts, %v", len(got.Facts), err)
	}
}
