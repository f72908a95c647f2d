package standalone_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// observingWith is a new installation with recipients that are not notified yet.
func observingWith(t *testing.T, recipients string) string {
	t.Helper()
	dir := withRecipients(t, recipients)
	path := filepath.Join(dir, "rodopath.yaml")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(strings.Replace(string(text), "observe: false\n", "", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

const oneRecipient = `recipients:
  - {id: crm, holds: ["*"], by: webhook, url: "URL", secrets: ["file:secrets/crm"], kinds: [delete, ask-consent], allow_private: true, delay: 0s}
`

// TestNode_ANewInstallationTellsNobodyBeforeItGoesLive: a subscriber who left, an active customer and a
// subscriber with a
// consent. Nobody is told anything, then the recipient is told of the one who left, and of nobody else.
func TestNode_ANewInstallationTellsNobodyBeforeItGoesLive(t *testing.T) {
	sink, address := newCRM(t)
	m := start(t, observingWith(t, strings.ReplaceAll(oneRecipient, "URL", address)), nil)
	defer m.stop()
	now := time.Now()
	m.taken("letters", subscriber("created", "active", "left@example.com", now.Add(-time.Hour)))
	m.taken("letters", subscriber("unsubscribed", "unsubscribed", "left@example.com", now.Add(-time.Minute)))
	m.taken("letters", subscriber("created", "active", "stays@example.com", now.Add(-time.Hour)))
	m.taken(
		"card",
		fmt.Sprintf(`{"id":"evt_1","object":"event","type":"customer.subscription.created","created":%d,"livemode":true,`+
			`"data":{"object":{"id":"sub_1","object":"subscription","status":"active","customer":"cus_unknown","items":{"data":[`+
			`{"price":{"id":"price_1","product":"prod_1"}}]}}}}`, now.Add(-time.Hour).Unix()),
	)
	m.taken(
		"shop",
		`{"id":17,"status":"completed","total":"9.00","date_created_gmt":"2026-03-01T10:00:00","date_paid_gmt":"2026-03-01T10:00:00",`+
			`"date_modified_gmt":"2026-03-01T10:00:00","billing":{"email":"buyer@example.com"},"line_items":[{"id":1,"product_id":99}]}`,
	)
	m.taken("forms", `{"kind": "sale", "at": "`+now.UTC().Format(time.RFC3339)+
		`", "ref": "order-1", "access": "course", "person": {"email": "buyer@example.com"}}`)
	m.settle()

	var preview struct {
		Observing bool
		Questions int
		Waiting   []struct {
			Recipient, Category, Reason string
			Persons                     int
		}
		Nameless, Conflicts, Unlisted int
		Months                        []struct {
			Categories map[string]int
			Recipients map[string]map[string]int
		}
	}
	if err := json.Unmarshal([]byte(m.ask("/v1/preview", nil, "")), &preview); err != nil {
		t.Fatal(err)
	}
	if !preview.Observing || preview.Questions != 1 || !slices.ContainsFunc(preview.Waiting, func(w struct {
		Recipient, Category, Reason string
		Persons                     int
	}) bool {
		return w.Recipient == "crm" && w.Category == "contact" && w.Reason == "observing" && w.Persons == 1
	}) {
		t.Errorf("the preview is %+v", preview)
	}
	if preview.Nameless != 1 || preview.Unlisted != 1 || preview.Conflicts != 0 {
		t.Errorf("persons without a name, products and conflicts are %+v, want one, one and none", preview)
	}
	for _, month := range preview.Months {
		if diff := cmp.Diff(month.Categories, month.Recipients["crm"]); diff != "" {
			t.Errorf("the CRM holds everything, and in a month (-all +crm):\n%s", diff)
		}
	}
	if held := m.decisions("held").Decisions; len(held) < 2 {
		t.Errorf("got %d decisions that wait, want the deletion and the question", len(held))
	}
	if all := m.decisions("all").Decisions; len(all) > 0 || len(sink.events) > 0 {
		t.Errorf("before go-live: published %+v, delivered %d", all, len(sink.events))
	}

	m.ask("/v1/live", map[string]any{"kinds": []string{"delete"}}, "")
	e := sink.next()
	if e.Data.Delete == nil || e.Data.Person.Emails[0] != "left@example.com" {
		t.Errorf("the first decision is %+v", e.Data)
	}
	m.settle()
	if all := m.decisions("all").Decisions; len(all) != 1 { // the question waits; nobody else is touched
		t.Errorf("published: %+v, want the one deletion", all)
	}
	m.ask("/v1/live", map[string]any{}, "")
	if e := sink.next(); e.Data.Ask == nil {
		t.Errorf("after go-live for questions: %+v", e.Data)
	}
}
