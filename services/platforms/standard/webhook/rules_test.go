package webhook_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	factv1 "github.com/rodopath/rodopath/api/gen/rodopath/fact/v1"
	"github.com/rodopath/rodopath/services/ingest"
	"github.com/rodopath/rodopath/services/platforms/facttest"
	"github.com/rodopath/rodopath/services/platforms/standard/webhook"
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
		if _, err := webhook.New(ingest.Source{ID: "forms", Secrets: secrets}); err == nil {
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

// one reads a body of one fact.
func one(t *testing.T, p *webhook.Provider, body string) *factv1.Fact {
	t.Helper()
	got, err := p.Read(header(), []byte(body), now)
	if err != nil || len(got.Facts) != 1 {
		t.Fatalf("%v\n%s", err, facttest.Reading(got))
	}
	for _, flaw := range facttest.Flaws("forms", got, err) {
		t.Error(flaw)
	}
	return got.Facts[0]
}

func TestRead_ARequestIsKnownByItsNameAcrossSources(t *testing.T) {
	p := provider(t)
	for _, kind := range []string{
		"erasure", "objection", "restriction", "restriction_lifted", "access_request", "portability_request",
		"rectification_request", "request_verified", "request_extended", "request_decided", "request_answered",
	} {
		f := one(t, p, fact(kind, `,"ref":"r-1"`+needed(kind)))
		if f.GetRef() != "r-1" || !slices.Equal(f.GetLocators(), []string{"request:r-1"}) {
			t.Errorf("%s: %s", kind, facttest.Fact(f))
		}
	}
	for _, kind := range []string{"erasure", "objection", "restriction", "access_request"} {
		if f := one(t, p, fact(kind, "")); f.GetRef() != "" || f.Locators != nil {
			t.Errorf("%s without a name: %s", kind, facttest.Fact(f))
		}
	}
}

func TestRead_AStepOfARequestNeedsNobodyButItsName(t *testing.T) {
	p := provider(t)
	for _, kind := range []string{"request_verified", "request_extended", "request_decided", "request_answered"} {
		body := fmt.Sprintf(`{"kind":%q,"at":"2025-10-09T08:00:00Z","ref":"r-1"%s}`, kind, needed(kind))
		f := one(t, p, body)
		if len(f.GetIdentities()) != 0 || !slices.Equal(f.GetLocators(), []string{"request:r-1"}) {
			t.Errorf("%s: %s", kind, facttest.Fact(f))
		}
	}
}

func TestRead_AReceiptNamesOurDecision(t *testing.T) {
	f := one(
		t,
		provider(t),
		fact("receipt", `,"ref":"dec_1","recipient":"crm","outcome":"not_found","reason":"Nobody of this name."`),
	)
	want := `receipt 2025-10-09T08:00:00Z ref=dec_1 outcome=not_found recipient=crm reason="Nobody of this name." who=email:ann@example.com`
	if diff := cmp.Diff(want, facttest.Fact(f)); diff != "" {
		t.Error(diff)
	}
}

func TestRead_ARestrictionIsLiftedAtTheEarliestWhenThePersonIsTold(t *testing.T) {
	f := one(t, provider(t), fact("restriction_lifted", `,"ref":"r-1","told":"2025-10-09T08:00:00Z"`))
	want := "restriction_lifted 2025-10-09T08:00:00Z ref=r-1 told=2025-10-09T08:00:00Z who=email:ann@example.com locators=request:r-1"
	if diff := cmp.Diff(want, facttest.Fact(f)); diff != "" {
		t.Error(diff)
	}
}

func TestRead_LongTextsAreCountedInCharacters(t *testing.T) {
	p := provider(t)
	one(t, p, fact("hold", `,"reason":"`+strings.Repeat("ą", 300)+`"`))
	one(t, p, fact("signup", `,"evidence":{"text":"`+strings.Repeat("ą", 2000)+`"}`))
}

func TestRead_WhatIsNotRealIsTakenWhereTestsAre(t *testing.T) {
	test := fact("sale", `,"ref":"o","traits":["test"]`)
	body := `{"facts":[` + test + `,` + fact("signup", "") + `]}`
	accepting := forms()
	accepting.AcceptTest = true
	for name, c := range map[string]struct {
		source ingest.Source
		want   string
	}{
		"dropped": {forms(), "signup 2025-10-09T08:00:00Z wording=newsletter-1 " + ann + "silent test_mode\n"},
		"taken": {accepting, "sale 2025-10-09T08:00:00Z ref=forms:o access=one_off traits=test " + ann +
			"signup 2025-10-09T08:00:00Z wording=newsletter-1 " + ann},
	} {
		p, err := webhook.New(c.source)
		if err != nil {
			t.Fatal(err)
		}
		got, err := p.Read(header(), []byte(body), now)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(c.want, facttest.Reading(got)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestRead_WhatIsNotRealIsCheckedAllTheSame(t *testing.T) {
	_, err := provider(t).Read(header(), []byte(fact("sale", `,"traits":["test"]`)), now)
	if !errors.Is(err, ingest.ErrImpossible) {
		t.Errorf("got %v", err)
	}
}
