package consoletest_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rodopath/rodopath/api/signature"
	"github.com/rodopath/rodopath/services/platforms/mailerlite"
	"github.com/rodopath/rodopath/services/platforms/woocommerce"
	"github.com/rodopath/rodopath/services/rodopath/datadir"
	"github.com/rodopath/rodopath/services/rodopath/standalone"
)

// shop is the installation of an invented business.
type shop struct {
	*standalone.Server
	t   testing.TB
	dir string
	log *bytes.Buffer
	// crm are the events that the CRM of the business received.
	crm chan string
	now time.Time
}

const (
	crmSecret = "whsec_Y3JtLXNlY3JldC1jcm0tc2VjcmV0LTMyLWJ5dGVz"
	crmToken  = "token-of-the-crm-0001"
)

const recipients = `
contact: {address: "ul. Długa 1, 00-001 Warszawa", email: kontakt@example.com}
recipients:
  - {id: crm, name: "CRM Zielona Nitka", holds: ["*"], by: webhook, url: "%s", secrets: ["file:secrets/crm"], kinds: [delete, ask-consent], token: "file:secrets/crm-token", allow_private: true, delay: 0s}
  - {id: bookkeeper, name: "Biuro rachunkowe Liczydło", by: hand, holds: [order, invoice]}
%s`

// aloneConfig is the configuration of a business without recipients.
const aloneConfig = "\ncontact: {email: kontakt@example.com}\n%[2]s"

// newShop starts an installation that observes.
func newShop(t testing.TB, more string) *shop {
	t.Helper()
	return newConfiguredShop(t, recipients, more)
}

// newConfiguredShop starts an installation with a configuration of the address of the CRM and of more lines.
func newConfiguredShop(t testing.TB, config, more string) *shop {
	t.Helper()
	s := &shop{t: t, dir: t.TempDir(), log: &bytes.Buffer{}, crm: make(chan string, 1000), now: time.Now()}
	sink := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		s.crm <- string(body)
		w.WriteHeader(http.StatusNoContent)
	}))
	t.Cleanup(sink.Close)
	h, err := datadir.Open(s.dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.EnsureConfig(); err != nil {
		t.Fatal(err)
	}
	written, err := os.ReadFile(h.ConfigPath())
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Replace(string(written), "Moja Firma", "Zielona Nitka", 1) + fmt.Sprintf(config, sink.URL, more)
	for name, content := range map[string]string{
		"rodopath.yaml": text, "secrets/crm": crmSecret, "secrets/crm-token": crmToken,
	} {
		if err := os.WriteFile(filepath.Join(s.dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s.writeSecrets()
	s.start()
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func (s *shop) start() {
	s.t.Helper()
	h, err := datadir.Open(s.dir)
	if err != nil {
		s.t.Fatal(err)
	}
	s.Server, err = standalone.Start(s.t.Context(), standalone.Options{
		Home: h, Listen: "127.0.0.1:0", Log: slog.New(slog.NewTextHandler(&lockedWriter{w: s.log}, nil)),
	})
	if err != nil {
		s.t.Fatal(err)
	}
}

// lockedWriter serializes writes.
type lockedWriter struct {
	mu sync.Mutex
	w  io.Writer
}

func (l *lockedWriter) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(p)
}

func (s *shop) secret(source string) string {
	s.t.Helper()
	data, err := os.ReadFile(filepath.Join(s.dir, "secrets", source))
	if err != nil {
		s.t.Fatal(err)
	}
	return strings.TrimSpace(string(data))
}

// send sends a webhook and returns the status.
func (s *shop) send(source string, body []byte, header func(h http.Header)) int {
	s.t.Helper()
	req, err := http.NewRequestWithContext(
		s.t.Context(), http.MethodPost, s.Control.Webhooks+"/webhooks/"+source, bytes.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	header(req.Header)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	answer, _ := io.ReadAll(res.Body)
	if res.StatusCode >= http.StatusInternalServerError {
		s.t.Fatalf("%s: %d %s", source, res.StatusCode, answer)
	}
	return res.StatusCode
}

type object = map[string]any

// facts sends facts of the forms of the business.
func (s *shop) facts(facts ...object) {
	s.t.Helper()
	for len(facts) > 0 {
		n := min(len(facts), 100)
		body, err := json.Marshal(object{"facts": facts[:n]})
		if err != nil {
			s.t.Fatal(err)
		}
		facts = facts[n:]
		if status := s.sendForms(body); status != http.StatusOK {
			s.t.Fatalf("forms: %d", status)
		}
	}
	s.settle()
}

// sendForms sends a webhook of the forms of the business and returns the status.
func (s *shop) sendForms(body []byte) int {
	s.t.Helper()
	now := time.Now()
	id := fmt.Sprintf("msg_%d", now.UnixNano())
	signed, err := signature.SignStandard(s.secret("forms"), id, now, body)
	if err != nil {
		s.t.Fatal(err)
	}
	return s.send("forms", body, func(h http.Header) {
		h.Set("Webhook-Id", id)
		h.Set("Webhook-Timestamp", strconv.FormatInt(now.Unix(), 10))
		h.Set("Webhook-Signature", signed)
	})
}

// order sends an order of the shop.
func (s *shop) order(number int, email, sku string, days int) {
	s.t.Helper()
	at := s.ago(days).Format("2006-01-02T15:04:05")
	body, err := json.Marshal(object{
		"id": number, "status": "completed", "customer_id": 0, "total": "129.00", "currency": "PLN",
		"date_created_gmt": at, "date_modified_gmt": at, "date_paid_gmt": at, "date_completed_gmt": at,
		"billing":    object{"email": email, "first_name": "Imię", "phone": "600100200"},
		"line_items": []object{{"id": 1, "product_id": 7, "sku": sku, "quantity": 1}},
		"meta_data":  []object{}, "refunds": []object{},
	})
	if err != nil {
		s.t.Fatal(err)
	}
	s.send("shop", body, func(h http.Header) {
		h.Set("X-Wc-Webhook-Signature", woocommerce.Sign(s.secret("shop"), body))
		h.Set("X-Wc-Webhook-Topic", "order.updated")
	})
}

// listed sends a subscriber of the newsletter platform.
func (s *shop) listed(id int, email, status string, days int) {
	s.t.Helper()
	at := s.ago(days).Format("2006-01-02T15:04:05.000000Z")
	member := object{
		"event": "subscriber.created", "account_id": 1, "id": strconv.Itoa(id), "email": email, "status": status,
		"source": "form", "subscribed_at": at, "created_at": at, "updated_at": at, "opted_in_at": at,
	}
	if status == "unsubscribed" {
		member["event"], member["unsubscribed_at"] = "subscriber.unsubscribed", at
	}
	body, err := json.Marshal(member)
	if err != nil {
		s.t.Fatal(err)
	}
	s.send("letters", body, func(h http.Header) { h.Set("Signature", mailerlite.Sign(s.secret("letters"), body)) })
}

func (s *shop) settle() {
	s.t.Helper()
	ctx, stop := context.WithTimeout(s.t.Context(), 30*time.Second)
	defer stop()
	if err := s.Settle(ctx); err != nil {
		s.t.Fatalf("%v\n%s", err, s.log)
	}
}

// day is a time as a day of the zone of the policy, as pages and fields of forms have it.
func (s *shop) day(at time.Time) string {
	s.t.Helper()
	warsaw, err := time.LoadLocation("Europe/Warsaw")
	if err != nil {
		s.t.Fatal(err)
	}
	return at.In(warsaw).Format(time.DateOnly)
}

func (s *shop) ago(days int) time.Time { return s.now.UTC().AddDate(0, 0, -days).Truncate(time.Second) }

// fact is a fact about a person.
func (s *shop) fact(kind, email string, days int, more object) object {
	f := object{"kind": kind, "at": s.ago(days).Format(time.RFC3339), "person": object{"email": email}}
	maps.Copy(f, more)
	return f
}

func (s *shop) signup(email string, days int) object {
	return s.fact("signup", email, days, object{
		"wording": "newsletter-offers", "channels": []string{"email"},
		"evidence": object{"form": "stopka", "double_opt_in": s.ago(days).Add(time.Minute).Format(time.RFC3339)},
	})
}

func (s *shop) sale(email, ref, access string, days int) object {
	return s.fact("sale", email, days, object{"ref": ref, "access": access})
}

// populate sends the history of the business: persons at every stage of the path, and matters that need the owner.
func (s *shop) populate() {
	s.t.Helper()
	var facts []object
	add := func(f ...object) { facts = append(facts, f...) }
	at := func(name string) string { return name + "@example.com" }
	for i, name := range strings.Fields("anna bozena celina dorota edyta felicja grazyna halina irena joanna kinga lucyna maja nina") {
		add(s.signup(at(name), 20+i*37))
	}
	for i, name := range strings.Fields("adam bartek czarek damian edward filip gustaw henryk igor jacek") {
		add(s.sale(at(name), "ebook-"+name, "one_off", 30+i*190))
	}
	for i, name := range strings.Fields("ala ola ula ewa iza") {
		add(s.signup(at(name), 400+i*50), s.sale(at(name), "kurs-"+name, "course", 100+i*80))
	}
	for i, name := range strings.Fields("konrad leon") {
		add(s.sale(at(name), "abonament-"+name, "subscription", 12+i*9))
	}
	for i, name := range strings.Fields("roman sylwia tomasz") {
		add(s.fact("negotiation_opened", at(name), 5+i*12, object{"ref": "rozmowa-" + name}))
	}
	add(
		s.fact("negotiation_opened", at("wanda"), 250, object{"ref": "rozmowa-wanda"}),
		s.signup(at("zofia"), 300), s.fact("unsubscribe", at("zofia"), 60, nil),
		s.signup(at("zenon"), 500), s.fact("unsubscribe", at("zenon"), 45, nil),
		s.sale(at("piotr"), "kurs-piotr", "course", 40),
		s.fact("refusal", at("piotr"), 39, object{"purposes": []string{"offers"}, "channels": []string{"email"}}),
		s.sale(at("marek"), "stol-marek", "one_off", 200),
		s.fact("complaint", at("marek"), 8, object{"ref": "stol-marek"}),
		s.fact("access_request", at("ala"), 12, object{"ref": "wniosek-1"}),
		s.fact("rectification_request", at("bartek"), 45, object{"ref": "wniosek-2"}),
		s.fact("erasure", at("anna"), 2, object{"ref": "wniosek-3", "traits": []string{"unverified"}}),
		s.fact("hold", at("marek"), 6, object{"reason": "reklamacja w toku"}),
	)
	s.facts(facts...)
	for i, name := range strings.Fields("rita stefan teresa urszula waldemar") {
		s.listed(100+i, at(name), "active", 90+i*20)
	}
	s.order(1701, at("xenia"), "kubek", 3)
	s.order(1702, at("yeti"), "kubek", 2)
	s.order(1703, at("ala"), "kubek", 1)
	s.send("shop", []byte(`{"id": 1}`), func(h http.Header) {
		h.Set("X-Wc-Webhook-Signature", "bm90IHRoZSBzaWduYXR1cmU=")
		h.Set("X-Wc-Webhook-Topic", "order.updated")
	})
	s.settle()
}

// signedIn opens a tab and signs in with the address that the program prints.
func (s *shop) signedIn() *tab {
	s.t.Helper()
	b := newTab(s.t, s.Control.API)
	b.open(strings.TrimPrefix(s.ConsoleURL(), s.Control.API))
	b.follow("Zaloguj")
	return b
}

// ask puts a question to the interface and decodes the answer.
func (s *shop) ask(method, path string, question, into any) int {
	s.t.Helper()
	body, err := json.Marshal(question)
	if err != nil {
		s.t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(s.t.Context(), method, s.Control.API+path, bytes.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+s.Control.Token)
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	if into != nil && res.StatusCode < http.StatusBadRequest {
		if err := json.NewDecoder(res.Body).Decode(into); err != nil {
			s.t.Fatal(err)
		}
	}
	return res.StatusCode
}

// subject is the id of a person.
func (s *shop) subject(person string) string {
	s.t.Helper()
	var found struct{ Subject string }
	if status := s.ask(http.MethodPost, "/v1/subjects", object{"person": person}, &found); status != http.StatusOK {
		s.t.Fatalf("%s: %d", person, status)
	}
	return found.Subject
}

// until waits until a condition is true.
func (s *shop) until(is func() bool, what string) {
	s.t.Helper()
	for end := time.Now().Add(30 * time.Second); !is(); time.Sleep(50 * time.Millisecond) { // of another goroutine
		if time.Now().After(end) {
			s.t.Fatalf("%s: not within 30 seconds\n%s", what, s.log)
		}
	}
}
