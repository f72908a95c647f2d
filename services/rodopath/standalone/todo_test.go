package standalone_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"
)

// TestNode_ARecipientTicksOffItsWorkList: the bookkeeper sees whose invoice to delete, and confirms on the page.
func TestNode_ARecipientTicksOffItsWorkList(t *testing.T) {
	dir := withRecipients(
		t,
		`recipients: [{id: books, name: "Biuro Liczb", by: hand, holds: [invoice, order], token: "file:secrets/crm-token"}]
`,
	)
	m := start(t, dir, nil)
	defer m.stop()
	m.taken(
		"forms",
		`{"kind": "sale", "at": "2015-03-05T10:00:00Z", "ref": "order-7", "person": {"email": "ala@example.com"}}`,
	)
	m.settle()
	var list struct {
		Tasks []struct {
			Decision string
			Person   []string
			Items    []struct {
				Category string
				Records  []string
			}
		}
	}
	if err := json.Unmarshal([]byte(m.ask("/v1/todo/books", nil, "")), &list); err != nil {
		t.Fatal(err)
	}
	if len(list.Tasks) == 0 || list.Tasks[0].Person[0] != "ala@example.com" ||
		list.Tasks[0].Items[0].Records[0] != "order-7" {
		t.Fatalf("the list is %+v", list)
	}
	page := func(method, user, token string, form url.Values) (int, string) {
		req, err := http.NewRequestWithContext(
			t.Context(),
			method,
			m.Control.Webhooks+"/todo",
			strings.NewReader(form.Encode()),
		)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.SetBasicAuth(user, token)
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		body, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return res.StatusCode, string(body)
	}
	const token = "token-of-the-crm-0001"
	for _, wrong := range [][2]string{{"", ""}, {"books", "another"}, {"shop", token}} {
		if status, _ := page(http.MethodGet, wrong[0], wrong[1], nil); status != http.StatusUnauthorized {
			t.Errorf("%v: got %d, want 401", wrong, status)
		}
	}
	status, body := page(http.MethodGet, "books", token, nil)
	if status != http.StatusOK || !strings.Contains(body, "Biuro Liczb") || !strings.Contains(body, "ala@example.com") {
		t.Fatalf("%d %s", status, body)
	}
	decision := list.Tasks[0].Decision
	if status, _ := page(
		http.MethodPost,
		"books",
		token,
		url.Values{"decision": {decision}, "outcome": {"done"}},
	); status != http.StatusForbidden {
		t.Errorf("a form of another page: got %d, want 403", status)
	}
	seal := regexp.MustCompile(`value="` + decision + `">\s*<input type="hidden" name="seal" value="([^"]+)"`).
		FindStringSubmatch(body)
	if seal == nil {
		t.Fatalf("no seal on the page:\n%s", body)
	}
	form := url.Values{"decision": {decision}, "seal": {seal[1]}, "outcome": {"done"}}
	if status, body := page(
		http.MethodPost,
		"books",
		token,
		form,
	); status != http.StatusOK ||
		strings.Contains(body, decision) {
		t.Errorf("after the tick: %d %s", status, body)
	}
	for range 100 {
		m.settle()
		for _, d := range m.decisions("all").Decisions {
			if d.Decision == decision && d.State == "confirmed" {
				return
			}
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Error("the decision is not confirmed")
}
