package cli_test

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rodopath/rodopath/services/platforms/sender"
)

// unreadOrder is an order in the shape of WooCommerce's Legacy REST API, which no reader understands.
const unreadOrder = `{"order":{"id":17,"status":"processing","billing_address":{"email":"ola@example.com"}}}`

// sendUnread serves from a directory, sends a webhook that cannot be read, and ends the server.
func sendUnread(t *testing.T, dir string) {
	t.Helper()
	server, c := serve(t, dir)
	secret, err := os.ReadFile(filepath.Join(dir, "secrets", "shop"))
	if err != nil {
		t.Fatal(err)
	}
	w := sender.Webhook{
		Platform: "woocommerce",
		ID:       "1",
		Topic:    "order.updated",
		At:       time.Now(),
		Body:     []byte(unreadOrder),
	}
	req, err := http.NewRequestWithContext(
		t.Context(), http.MethodPost, c.Webhooks+"/webhooks/shop", strings.NewReader(unreadOrder),
	)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Sign(req.Header, strings.TrimSpace(string(secret))); err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK || !strings.Contains(string(answer), "unread") {
		t.Fatalf("got %d %s, %v, want 200 and unread", res.StatusCode, answer, err)
	}
	deadline := time.Now().Add(20 * time.Second)
	for strings.Contains(ask(t, "quarantine", "list", "--data", dir), "is empty") {
		if time.Now().After(deadline) {
			t.Fatal("the webhook is not in quarantine")
		}
	}
	end(t, server)
}

// TestQuarantine_KeepsShowsAndDropsAWebhook follows a webhook that cannot be read through the quarantine.
func TestQuarantine_KeepsShowsAndDropsAWebhook(t *testing.T) {
	dir := t.TempDir()
	sendUnread(t, dir)
	for _, step := range []struct {
		want string
		args []string
	}{
		{"unsupported_version", []string{"quarantine", "list"}},
		{`"topic":"order.updated"`, []string{"quarantine", "list", "--json"}},
		{unreadOrder, []string{"quarantine", "show", "1"}},
		{"is removed", []string{"quarantine", "drop", "1"}},
		{"The quarantine is empty", []string{"quarantine", "list"}},
	} {
		if got := ask(t, append(step.args, "--data", dir)...); !strings.Contains(got, step.want) {
			t.Errorf("%s: got %s, want %s", strings.Join(step.args, " "), got, step.want)
		}
	}
	out, err := program(t, "quarantine", "show", "1", "--data", dir).CombinedOutput()
	if err == nil || !strings.Contains(string(out), "No entry of this number") {
		t.Errorf("show of a dropped webhook: %v: %s", err, out)
	}
}

// TestQuarantine_RetryReadsOnceMore: a webhook that still cannot be read stays.
func TestQuarantine_RetryReadsOnceMore(t *testing.T) {
	dir := t.TempDir()
	sendUnread(t, dir)
	out, err := program(t, "quarantine", "retry", "1", "--data", dir).CombinedOutput()
	if err == nil || !strings.Contains(string(out), "still cannot be read") {
		t.Errorf("retry: %v: %s", err, out)
	}
	if got := ask(t, "quarantine", "list", "--data", dir); strings.Count(got, "unsupported_version") != 1 {
		t.Errorf("after the retry: got %s, want one webhook", got)
	}
}
