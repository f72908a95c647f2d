package standalone_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// shopOrder is a paid order of a shop under an account; 0 is a guest.
func shopOrder(id, account int, email string, changed time.Time) string {
	when := changed.UTC().Format("2006-01-02T15:04:05")
	return fmt.Sprintf(
		`{"id":%d,"status":"processing","total":"49.00","customer_id":%d,"billing":{"email":%q,"phone":"600 100 200"},`+
			`"payment_method":"stripe","transaction_id":"ch_%[1]d","date_created_gmt":"2026-01-02T03:04:05",`+
			`"date_paid_gmt":"2026-01-02T03:05:05","date_modified_gmt":%[4]q,"line_items":[{"product_id":5}]}`,
		id, account, email, when)
}

func shopCustomer(id int, email string) string {
	return fmt.Sprintf(`{"id":%d,"email":%q,"role":"customer","date_created_gmt":"2026-01-01T03:04:05"}`, id, email)
}

// known returns the subject of a person, and the kinds of its facts.
func (m *machine) known(person string) (subject string, kinds []string) {
	m.t.Helper()
	var a struct {
		Subject string                  `json:"subject"`
		Facts   []struct{ Kind string } `json:"facts"`
	}
	if err := json.Unmarshal([]byte(m.ask("/v1/explain", map[string]any{"person": person}, "")), &a); err != nil {
		m.t.Fatal(err)
	}
	for _, f := range a.Facts {
		kinds = append(kinds, f.Kind)
	}
	slices.Sort(kinds)
	return a.Subject, kinds
}

func (m *machine) holds(person, want string) {
	m.t.Helper()
	if _, kinds := m.known(person); strings.Join(kinds, " ") != want {
		m.t.Errorf("%s has facts %v, want %s", person, kinds, want)
	}
}

func (m *machine) one(persons ...string) {
	m.t.Helper()
	first, _ := m.known(persons[0])
	for _, p := range persons[1:] {
		if id, _ := m.known(p); id != first {
			m.t.Errorf("%s is %s and %s is %s, want one person", persons[0], first, p, id)
		}
	}
}

func (m *machine) many(persons ...string) {
	m.t.Helper()
	seen := map[string]string{}
	for _, p := range persons {
		id, _ := m.known(p)
		if other, ok := seen[id]; ok {
			m.t.Errorf("%s and %s are one person", other, p)
		}
		seen[id] = p
	}
}

// TestNode_AnAccountJoinsNoStrangers takes orders by telephone under one account, and an order to an
// address that the buyer mistyped.
func TestNode_AnAccountJoinsNoStrangers(t *testing.T) {
	m := start(t, t.TempDir(), nil)
	defer m.stop()
	now := time.Now()
	m.taken("shop", shopCustomer(1, "boss@example.com"))
	for i, email := range []string{"ala@example.com", "ola@example.com", "ula@example.com"} {
		m.taken("shop", shopOrder(10+i, 1, email, now))
	}
	m.taken("shop", shopOrder(20, 1, "", now))
	m.taken("shop", shopOrder(30, 0, "", now))
	m.settle()
	m.many("boss@example.com", "ala@example.com", "ola@example.com", "ula@example.com", "woocommerce:order/30@shop")
	m.one("boss@example.com", "woocommerce:order/20@shop")
	m.taken("card", `{"id":"evt_d","object":"event","type":"charge.dispute.created","created":1767400000,"livemode":true,`+
		`"data":{"object":{"id":"du_1","object":"dispute","charge":"ch_10","payment_intent":"pi_10","status":"needs_response"}}}`)
	m.taken("shop", shopOrder(11, 1, "olga@example.com", now.Add(time.Minute)))
	m.settle()
	m.holds("ala@example.com", "hold sale")
	m.holds("ola@example.com", "")
	m.holds("olga@example.com", "sale")
	m.ask("/v1/requests", map[string]any{"person": "woocommerce:order/30@shop", "right": "erasure"}, "")
	m.holds("woocommerce:order/30@shop", "erasure sale")
	m.ask("/v1/holds", map[string]any{"person": "woocommerce:order/20@shop", "reason": "inspection"}, "")
	m.holds("boss@example.com", "hold sale")
	events := m.events()
	if slices.ContainsFunc(events, func(e string) bool { return strings.HasPrefix(e, "ask-consent :") }) {
		t.Errorf("a person without a name is asked: %v", events)
	}
	if !slices.ContainsFunc(events, func(e string) bool {
		return strings.HasPrefix(e, "delete ola@example.com:") && strings.HasSuffix(e, "(person)")
	}) {
		t.Errorf("the data of the mistyped address are not deleted: %v", events)
	}
}

// TestNode_APersonIsSplitAndJoinedOnAnOrder parts two persons and makes one of both again.
func TestNode_APersonIsSplitAndJoinedOnAnOrder(t *testing.T) {
	m := start(t, t.TempDir(), nil)
	defer m.stop()
	now := time.Now()
	m.taken("shop", shopOrder(10, 0, "ala@example.com", now))
	m.taken("shop", shopOrder(11, 0, "ola@example.com", now))
	identified := fmt.Sprintf(
		`{"facts":[{"kind":"identified","at":%q,"person":{"email":"ala@example.com","ids":{"crm":"1"}}},`+
			`{"kind":"identified","at":%[1]q,"person":{"email":"ula@example.com","ids":{"crm":"1"}}}]}`,
		now.UTC().Format(time.RFC3339))
	m.taken("forms", identified)
	m.settle()
	m.one("ala@example.com", "ula@example.com", "crm:1")
	m.ask("/v1/subjects/join", map[string]any{"persons": []string{"ala@example.com", "ola@example.com"}}, "")
	m.one("ala@example.com", "ola@example.com")
	m.ask("/v1/subjects/split", map[string]any{"person": "ala@example.com", "names": []string{"ola@example.com"}}, "")
	m.many("ala@example.com", "ola@example.com")
	m.one("ola@example.com", "woocommerce:order/11@shop")
	m.holds("ola@example.com", "sale")
	m.holds("ala@example.com", "sale")
	if journal := m.ask(
		"/v1/journal",
		map[string]any{"person": "ola@example.com"},
		"",
	); !strings.Contains(
		journal,
		`"parted"`,
	) {
		t.Errorf("the journal has no entry of the parting: %s", journal)
	}
}
