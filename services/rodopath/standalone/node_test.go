package standalone_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/rodopath/rodopath/api/signature"
	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/platforms/mailerlite"
	"github.com/rodopath/rodopath/services/platforms/stripe"
	"github.com/rodopath/rodopath/services/platforms/woocommerce"
	"github.com/rodopath/rodopath/services/rodopath/client"
	"github.com/rodopath/rodopath/services/rodopath/datadir"
	"github.com/rodopath/rodopath/services/rodopath/standalone"
)

// machine is a node under test and its data directory.
type machine struct {
	*standalone.Server
	t   testing.TB
	dir string
	log *record
}

func start(t testing.TB, dir string, change func(*standalone.Options)) *machine {
	t.Helper()
	h, err := datadir.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	m := &machine{t: t, dir: dir, log: &record{}}
	opts := standalone.Options{Home: h, Listen: "127.0.0.1:0", Log: slog.New(slog.NewTextHandler(m.log, nil))}
	if change != nil {
		change(&opts)
	}
	if m.Server, err = standalone.Start(t.Context(), opts); err != nil {
		t.Fatal(err)
	}
	return m
}

func (m *machine) stop() {
	m.t.Helper()
	if err := m.Close(); err != nil {
		m.t.Error(err)
	}
}

func (m *machine) secret(source string) string {
	m.t.Helper()
	data, err := os.ReadFile(filepath.Join(m.dir, "secrets", source))
	if err != nil {
		m.t.Fatal(err)
	}
	return strings.TrimSpace(string(data))
}

// post sends a signed webhook and returns the status and the answer.
func (m *machine) post(source, body string) (int, string) {
	m.t.Helper()
	req, err := http.NewRequestWithContext(
		m.t.Context(),
		http.MethodPost,
		m.Control.Webhooks+"/webhooks/"+source,
		strings.NewReader(body),
	)
	if err != nil {
		m.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	secret, now := m.secret(source), time.Now()
	switch source {
	case "card":
		req.Header.Set("Stripe-Signature", stripe.Sign(secret, now, []byte(body)))
	case "shop":
		req.Header.Set("X-Wc-Webhook-Signature", woocommerce.Sign(secret, []byte(body)))
		req.Header.Set("X-Wc-Webhook-Topic", "order.updated")
		if strings.Contains(body, `"role":`) {
			req.Header.Set("X-Wc-Webhook-Topic", "customer.updated")
		}
	case "letters":
		req.Header.Set("Signature", mailerlite.Sign(secret, []byte(body)))
	case "forms":
		signed, err := signature.SignStandard(secret, "msg_1", now, []byte(body))
		if err != nil {
			m.t.Fatal(err)
		}
		req.Header.Set("Webhook-Id", "msg_1")
		req.Header.Set("Webhook-Timestamp", strconv.FormatInt(now.Unix(), 10))
		req.Header.Set("Webhook-Signature", signed)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		m.t.Fatal(err)
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		m.t.Fatal(err)
	}
	return res.StatusCode, string(answer)
}

func (m *machine) taken(source, body string) {
	m.t.Helper()
	if status, answer := m.post(source, body); status != http.StatusOK {
		m.t.Fatalf("%s: %d %s", source, status, answer)
	}
}

func (m *machine) settle() {
	m.t.Helper()
	ctx, cancel := context.WithTimeout(m.t.Context(), 2*time.Minute)
	defer cancel()
	if err := m.Settle(ctx); err != nil {
		m.t.Fatalf("%v\n%s", err, m.log)
	}
}

// eventLines returns all decisions as they are published.
func (m *machine) eventLines() [][]byte {
	m.t.Helper()
	c, err := client.Open(m.t.Context(), m.dir, "", slog.New(slog.DiscardHandler))
	if err != nil {
		m.t.Fatal(err)
	}
	var out [][]byte
	err = c.Events(m.t.Context(), false, func(data []byte) error {
		out = append(out, bytes.Clone(data))
		return nil
	})
	if err != nil {
		m.t.Fatal(err)
	}
	return out
}

// events returns all decisions, each as "kind who: items".
func (m *machine) events() []string {
	m.t.Helper()
	var out []string
	for _, line := range m.eventLines() {
		e, err := stream.DecodeEvent(line)
		if err != nil {
			m.t.Fatal(err)
		}
		out = append(out, text(e))
	}
	return out
}

func text(e *stream.Event) string {
	line := string(e.Data.Kind) + " " + strings.Join(e.Data.Person.Emails, ",") + ":"
	if e.Data.Ask != nil {
		return line + " " + e.Data.Ask.Purpose + " by " + e.Data.Ask.Channel
	}
	for _, i := range e.Data.Delete.Items {
		line += " " + i.Category
	}
	return line + " (" + e.Data.Delete.Scope + ")"
}

func checkout(id, email string, at time.Time) string {
	return fmt.Sprintf(
		`{"id":"evt_%[1]s","object":"event","type":"checkout.session.completed","created":%[3]d,"livemode":true,"data":{"object":{"id":"cs_%[1]s","object":"checkout.session","mode":"payment","payment_status":"paid","customer":"cus_%[1]s","customer_details":{"email":%[2]q},"payment_intent":"pi_%[1]s"}}}`,
		id,
		email,
		at.Unix(),
	)
}

func subscriber(event, status, email string, at time.Time) string {
	when := at.UTC().Format("2006-01-02 15:04:05")
	unsubscribed := "null"
	if status == "unsubscribed" {
		unsubscribed = strconv.Quote(when)
	}
	return fmt.Sprintf(
		`{"id":"31","email":%q,"status":%q,"source":"form","subscribed_at":%q,"created_at":%q,"updated_at":%q,"unsubscribed_at":%s,"event":"subscriber.%s","account_id":1}`,
		email,
		status,
		when,
		when,
		when,
		unsubscribed,
		event,
	)
}

func TestNode_AWebhookGoesInAndADecisionComesOut(t *testing.T) {
	m := start(t, t.TempDir(), nil)
	defer m.stop()
	day := time.Now().Add(-24 * time.Hour)
	m.taken("card", checkout("1", "Ala@example.com", day))
	m.taken("letters", subscriber("created", "active", "ola@example.com", day))
	m.taken("letters", subscriber("unsubscribed", "unsubscribed", "ola@example.com", day.Add(time.Hour)))
	m.taken(
		"shop",
		fmt.Sprintf(
			`{"id":7,"status":"completed","customer_id":3,"total":"9.00","date_created_gmt":%[1]q,"date_modified_gmt":%[1]q,"date_paid_gmt":%[1]q,"date_completed_gmt":%[1]q,"billing":{"email":"ewa@example.com"},"line_items":[{"product_id":1}],"meta_data":[{"key":"_mc4wp_optin","value":"1"}],"refunds":[]}`,
			day.UTC().Format("2006-01-02T15:04:05"),
		),
	)
	m.taken(
		"forms",
		fmt.Sprintf(
			`{"kind":"erasure","at":%q,"person":{"email":"ewa@example.com"}}`,
			day.Add(2*time.Hour).UTC().Format(time.RFC3339),
		),
	)
	m.settle()
	want := []string{
		"ask-consent ala@example.com: offers by email",
		"delete ola@example.com: contact marketing_profile newsletter (person)",
	}
	got := m.events()
	for _, w := range want {
		if !slices.Contains(got, w) {
			t.Errorf("no event %q in %q", w, got)
		}
	}
	if strings.Contains(m.log.String(), "example.com") {
		t.Errorf("an address is in the log:\n%s", m.log)
	}
}

func TestNode_GoesOnWhereItStopped(t *testing.T) {
	dir := t.TempDir()
	m := start(t, dir, nil)
	if !m.FirstStart {
		t.Error("the first start is not told")
	}
	m.taken("card", checkout("1", "ala@example.com", time.Now().Add(-time.Hour)))
	m.stop()
	m = start(t, dir, nil)
	defer m.stop()
	if m.FirstStart {
		t.Error("the second start is told as the first")
	}
	m.settle()
	m.taken("card", checkout("1", "ala@example.com", time.Now().Add(-time.Hour)))
	m.settle()
	if got := m.events(); len(got) != 1 {
		t.Errorf("got %q, want one question", got)
	}
}

func TestNode_WrongSignaturesAndUnknownSourcesAreRefused(t *testing.T) {
	m := start(t, t.TempDir(), nil)
	defer m.stop()
	res, err := http.Post(m.Control.Webhooks+"/webhooks/card", "application/json", strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var p struct {
		Status int    `json:"status"`
		Type   string `json:"type"`
	}
	if err := json.NewDecoder(res.Body).
		Decode(&p); err != nil || p.Status != http.StatusUnauthorized ||
		res.StatusCode != http.StatusUnauthorized {
		t.Errorf("got %d, %+v, %v", res.StatusCode, p, err)
	}
	if status, _ := m.post("forms", `{"kind":"sale"}`); status != http.StatusUnprocessableEntity {
		t.Errorf("an impossible fact: got %d", status)
	}
}

func TestNode_MissingKeysAreNotReplaced(t *testing.T) {
	dir := t.TempDir()
	start(t, dir, nil).stop()
	if err := os.Remove(filepath.Join(dir, "keys.json")); err != nil {
		t.Fatal(err)
	}
	h, err := datadir.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	_, err = standalone.Start(
		t.Context(),
		standalone.Options{Home: h, Listen: "127.0.0.1:0", Log: slog.New(slog.DiscardHandler)},
	)
	if err == nil || !strings.Contains(err.Error(), "restore the file from your backup") {
		t.Errorf("got %v", err)
	}
}

func TestNode_OtherKeysAreRefused(t *testing.T) {
	dir, other := t.TempDir(), t.TempDir()
	start(t, dir, nil).stop()
	start(t, other, nil).stop()
	if err := os.Rename(filepath.Join(other, "keys.json"), filepath.Join(dir, "keys.json")); err != nil {
		t.Fatal(err)
	}
	h, err := datadir.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	_, err = standalone.Start(
		t.Context(),
		standalone.Options{Home: h, Listen: "127.0.0.1:0", Log: slog.New(slog.DiscardHandler)},
	)
	if err == nil || !strings.Contains(err.Error(), "not those of this data directory") {
		t.Errorf("got %v", err)
	}
}

func TestNode_OnlyOneRunsOnADirectory(t *testing.T) {
	dir := t.TempDir()
	m := start(t, dir, nil)
	defer m.stop()
	h, err := datadir.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := standalone.Start(
		t.Context(),
		standalone.Options{Home: h, Log: slog.New(slog.DiscardHandler)},
	); err == nil ||
		!strings.Contains(err.Error(), "another rodopath") {
		t.Errorf("got %v", err)
	}
	if _, err := client.Open(t.Context(), dir, "", slog.New(slog.DiscardHandler)); err != nil {
		t.Errorf("the commands lost the running server: %v", err)
	}
}

func TestNode_DataCanBeReadByTheOwnerAlone(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	m := start(t, dir, nil)
	defer m.stop()
	for _, name := range []string{".", "rodopath.yaml", "keys.json", "control.json", "rodopath.db", "secrets", "secrets/card"} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %v", name, info.Mode())
		}
	}
}

func TestNode_ConsumersMayReadDecisionsAndNothingElse(t *testing.T) {
	m := start(t, t.TempDir(), func(o *standalone.Options) { o.NATSListen = "127.0.0.1:0" })
	defer m.stop()
	m.taken("card", checkout("1", "ala@example.com", time.Now().Add(-time.Hour)))
	nc, err := nats.Connect(m.ConsumerURL)
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	c, err := js.CreateOrUpdateConsumer(
		t.Context(),
		stream.Decisions,
		jetstream.ConsumerConfig{Durable: "crm", AckPolicy: jetstream.AckExplicitPolicy},
	)
	if err != nil {
		t.Fatal(err)
	}
	msg, err := c.Next(jetstream.FetchMaxWait(10 * time.Second))
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(msg.Subject()+fmt.Sprint(msg.Headers()), "example.com") {
		t.Errorf("an address is in %s %v", msg.Subject(), msg.Headers())
	}
	if e, err := stream.DecodeEvent(msg.Data()); err != nil || e.Data.Ask == nil {
		t.Errorf("got %s, %v", msg.Data(), err)
	}
	if err := msg.DoubleAck(t.Context()); err != nil {
		t.Error(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	if _, err := js.Stream(ctx, stream.Facts); err == nil {
		t.Error("a consumer can see the stream of facts")
	}
	if _, err := js.Publish(ctx, stream.DecisionFor("delete", "x"), nil); err == nil {
		t.Error("a consumer can publish decisions")
	}
}
