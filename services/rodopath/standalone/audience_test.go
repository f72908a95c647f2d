package standalone_test

import (
	"encoding/csv"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// get asks the owner's interface and decodes the answer.
func (m *machine) get(path string, into any) {
	m.t.Helper()
	if err := json.Unmarshal([]byte(m.ask(path, nil, "")), into); err != nil {
		m.t.Fatal(err)
	}
}

// consented is a sign-up with its proof.
func consented(name string, at time.Time) string {
	return `{"kind": "signup", "at": "` + at.UTC().Format(time.RFC3339) + `", "wording": "newsletter-offers",
		"evidence": {"form": "footer", "double_opt_in": "` + at.UTC().Format(time.RFC3339) + `"}, "person": {"email": "` + name + `"}}`
}

// monthBegin is the begin of the month of a time, in the zone of the policy.
func monthBegin(t *testing.T, now time.Time) time.Time {
	t.Helper()
	warsaw, err := time.LoadLocation("Europe/Warsaw")
	if err != nil {
		t.Fatal(err)
	}
	year, month, _ := now.In(warsaw).Date()
	return time.Date(year, month, 1, 0, 0, 0, 0, warsaw)
}

// TestNode_WhomMayIWriteTo counts and lists those whom the owner may address, with the reasons for the rest.
func TestNode_WhomMayIWriteTo(t *testing.T) {
	m := start(t, observingWith(t, "recipients: [{id: books, holds: [\"*\"], by: hand}]\n"), nil)
	defer m.stop()
	// A move counts in its month, and the hour before may be of the month before.
	now := time.Now()
	hour := min(time.Hour, now.Sub(monthBegin(t, now))/3)
	for _, name := range []string{"yes1@example.com", "yes2@example.com", "left@example.com"} {
		m.taken("forms", consented(name, now.Add(-48*time.Hour)))
	}
	m.taken(
		"forms",
		`{"kind": "unsubscribe", "at": "`+now.UTC().
			Add(-hour).
			Format(time.RFC3339)+
			`", "person": {"email": "left@example.com"}}`,
	)
	m.taken("forms", `{"kind": "signup", "at": "`+now.UTC().Add(-hour).Format(time.RFC3339)+
		`", "wording": "newsletter-offers", "traits": ["unproven"], "person": {"email": "listed@example.com"}}`)
	m.taken("forms", `{"kind": "negotiation_opened", "at": "`+now.UTC().Add(-hour).Format(time.RFC3339)+
		`", "ref": "talk-1", "person": {"email": "talks@example.com"}}`)
	m.taken("forms", `{"kind": "sale", "at": "`+now.UTC().Add(-2*hour).Format(time.RFC3339)+
		`", "ref": "order-2", "access": "course", "person": {"email": "left@example.com"}}`)
	m.taken("forms", `{"kind": "sale", "at": "`+now.UTC().Add(-hour).Format(time.RFC3339)+
		`", "ref": "order-1", "access": "course", "person": {"email": "buyer@example.com"}}`)
	m.settle()
	var audience struct {
		Counts map[string]int
		Rows   []struct {
			Address string
			Person  []string
			Allowed bool
			Why     string
		}
		Complete bool
	}
	m.get("/v1/audience?purpose=offers&channel=email", &audience)
	var got []string
	for _, r := range audience.Rows {
		got = append(got, r.Address)
	}
	slices.Sort(got)
	if want := []string{"yes1@example.com", "yes2@example.com"}; !slices.Equal(got, want) || !audience.Complete {
		t.Errorf("got %v, want %v: %+v", got, want, audience)
	}
	if audience.Counts["yes"] != 2 || audience.Counts["withdrawn"] != 1 || audience.Counts["none"] != 1 ||
		audience.Counts["unproven"] != 1 {
		t.Errorf("got the counts %v, want yes 2, withdrawn 1, and those who stated nothing", audience.Counts)
	}
	m.get("/v1/audience?purpose=offers&channel=email&answer=withdrawn", &audience)
	if len(audience.Rows) != 1 || audience.Rows[0].Person[0] != "left@example.com" || audience.Rows[0].Why != "withdrawn" {
		t.Errorf("who withdrew: got %+v", audience.Rows)
	}
	rows, err := csv.NewReader(strings.NewReader(
		m.ask("/v1/audience?purpose=offers&channel=email&form=mailerlite", nil, ""))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(rows, func(r []string) bool { return r[0] == "left@example.com" && r[1] == "unsubscribed" }) ||
		len(rows) != 4 {
		t.Errorf("the list for MailerLite: got %v, want two active, one unsubscribed", rows)
	}
	silent := m.ask("/v1/audience?purpose=offers&channel=email&answer=none&form=csv", nil, "")
	if strings.Count(silent, "\n") != 2 || !strings.Contains(silent, "talks@example.com") {
		t.Errorf("those who stated nothing: got %q, want a head and talks@example.com", silent)
	}
	var counts struct {
		Persons int
		Stages  []struct {
			Stage string
			Count int
		}
		Moves []struct{ From, To string }
	}
	m.get("/v1/counts", &counts)
	stages := map[string]int{}
	for _, s := range counts.Stages {
		stages[s.Stage] = s.Count
	}
	if counts.Persons != 6 || stages["subscriber"] != 2 || stages["customer"] != 2 || len(counts.Moves) == 0 {
		t.Errorf("got %+v", counts)
	}
	var list struct {
		Persons []struct{ Person []string }
		Count   int
	}
	m.get("/v1/persons?label=stage:customer&order=old", &list)
	if len(list.Persons) != 2 || list.Count != 2 ||
		!slices.ContainsFunc(list.Persons, func(p struct{ Person []string }) bool {
			return p.Person[0] == "buyer@example.com"
		}) {
		t.Errorf("the customers: got %+v", list)
	}
	var found struct {
		Persons []struct{ Person []string }
	}
	if err := json.Unmarshal([]byte(m.ask("/v1/find", map[string]any{"text": "order-1"}, "")), &found); err != nil {
		t.Fatal(err)
	}
	if len(found.Persons) != 1 {
		t.Errorf("found by the number of an order: got %+v", found)
	}
}

// TestNode_AConsentIsRecordedWithItsProof records a consent on paper of a person on a list.
func TestNode_AConsentIsRecordedWithItsProof(t *testing.T) {
	m := start(t, observingWith(t, "recipients: [{id: books, holds: [\"*\"], by: hand}]\n"), nil)
	defer m.stop()
	now := time.Now().UTC()
	m.taken(
		"forms",
		`{"kind": "listed", "at": "`+now.Add(-time.Hour).Format(time.RFC3339)+`", "person": {"email": "listed@example.com"}}`,
	)
	m.settle()
	may := func() string {
		return m.ask("/v1/may", map[string]any{"person": "listed@example.com", "purpose": "offers", "channel": "email"}, "")
	}
	if answer := may(); strings.Contains(answer, `"allowed":true`) {
		t.Fatalf("before: %s", answer)
	}
	m.ask("/v1/consents", map[string]any{
		"person": "listed@example.com", "wording": "newsletter-offers", "form": "formularz papierowy z targów",
		"at": now.Add(-30 * time.Minute).Format(time.RFC3339),
	}, "")
	m.settle()
	if answer := may(); !strings.Contains(answer, `"allowed":true`) {
		t.Errorf("after: %s", answer)
	}
	req := m.request(http.MethodPost, m.Control.API+"/v1/consents",
		`{"person": "listed@example.com", "wording": "unknown", "form": "x"}`, true)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("an unknown wording: got %d, want 422", res.StatusCode)
	}
}

// TestNode_ANumberThatMayBeCalledIsShown: the number of a person who consented to text messages alone is listed,
// although the e-mail address was deleted.
func TestNode_ANumberThatMayBeCalledIsShown(t *testing.T) {
	m := start(t, t.TempDir(), nil)
	defer m.stop()
	signed := time.Now().Add(-60 * 24 * time.Hour).UTC().Format(time.RFC3339)
	m.taken("forms", `{"kind": "signup", "at": "`+signed+`", "wording": "offers-phone",
		"evidence": {"form": "footer", "double_opt_in": "`+signed+`"},
		"person": {"email": "ala@example.com", "ids": {"phone": "600100200"}}}`)
	m.settle()
	var audience struct{ Rows []struct{ Person []string } }
	m.get("/v1/audience?purpose=offers&channel=sms", &audience)
	if len(audience.Rows) != 1 || !slices.Equal(audience.Rows[0].Person, []string{"phone:600100200"}) {
		t.Errorf("got %+v, want the number alone", audience.Rows)
	}
}
