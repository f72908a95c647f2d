package standalone_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/rodopath/rodopath/api/certificate"
	"github.com/rodopath/rodopath/api/signature"
	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/rodopath/datadir"
	"github.com/rodopath/rodopath/services/rodopath/standalone"
)

// crm is a system that is told decisions by webhook and checks their signature.
type crm struct {
	t        *testing.T
	verifier *signature.Standard
	events   chan *stream.Event

	mu    sync.Mutex
	fails int // how many deliveries to refuse first
}

const crmSecret = "whsec_Y3JtLXNlY3JldC1jcm0tc2VjcmV0LTMyLWJ5dGVz"

func newCRM(t *testing.T) (*crm, string) {
	t.Helper()
	v, err := signature.NewStandard([]string{crmSecret})
	if err != nil {
		t.Fatal(err)
	}
	c := &crm{t: t, verifier: v, events: make(chan *stream.Event, 100)}
	srv := httptest.NewServer(c)
	t.Cleanup(srv.Close)
	return c, srv.URL
}

func (c *crm) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.fails > 0 {
		c.fails--
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	body, err := io.ReadAll(r.Body)
	if err == nil {
		err = c.verifier.Verify(
			r.Header.Get("Webhook-Id"),
			r.Header.Get("Webhook-Timestamp"),
			r.Header.Get("Webhook-Signature"),
			body,
			time.Now(),
		)
	}
	if err != nil {
		c.t.Errorf("a webhook that cannot be trusted: %v", err)
		return
	}
	e, err := stream.DecodeEvent(body)
	if err != nil {
		c.t.Error(err)
		return
	}
	c.events <- e
	w.WriteHeader(http.StatusNoContent)
}

func (c *crm) next() *stream.Event {
	c.t.Helper()
	select {
	case e := <-c.events:
		return e
	case <-time.After(20 * time.Second):
		c.t.Fatal("the CRM was told nothing")
		return nil
	}
}

// withRecipients makes a data directory whose configuration has recipients.
func withRecipients(t testing.TB, recipients string) string {
	t.Helper()
	dir := t.TempDir()
	h, err := datadir.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.EnsureConfig(); err != nil {
		t.Fatal(err)
	}
	config, err := os.ReadFile(h.ConfigPath())
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"rodopath.yaml": string(config) + "\nobserve: false\n" + recipients, "secrets/crm": crmSecret, "secrets/crm-token": "token-of-the-crm-0001", "secrets/ledger-token": "token-of-ledger-0001"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// receipt sends a receipt over HTTP as a recipient does.
func (m *machine) receipt(token string, r stream.Receipt) int {
	m.t.Helper()
	body, err := r.Encode()
	if err != nil {
		m.t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(
		m.t.Context(),
		http.MethodPost,
		m.Control.Webhooks+"/v1/receipts",
		bytes.NewReader(body),
	)
	if err != nil {
		m.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		m.t.Fatal(err)
	}
	defer res.Body.Close()
	m.settle()
	return res.StatusCode
}

type listed struct {
	Decisions []struct {
		Decision, State, Retracts string
		Missing                   []string
	}
}

func (m *machine) decisions(state string) listed {
	m.t.Helper()
	var list listed
	if err := json.Unmarshal([]byte(m.ask("/v1/decisions?state="+state, nil, "")), &list); err != nil {
		m.t.Fatal(err)
	}
	return list
}

const threeRecipients = `
public_url: https://hooks.example.com
privacy_notice: https://shop.example.com/privacy
recipients:
  - {id: crm, holds: ["*"], by: webhook, url: "URL", secrets: ["file:secrets/crm"], token: "file:secrets/crm-token", kinds: [delete, ask-consent], allow_private: true}
  - {id: ledger, by: nats, token: "file:secrets/ledger-token", holds: [contact]}
  - {id: books, by: hand, holds: [contact], kinds: [delete]}
`

// TestNode_AnErasureIsProvenAtEveryRecipient lives through a deletion: who is told, who
// answers, that it is not confirmed while one is missing, the certificate, and that the
// names have gone from the stream and the store.
func TestNode_AnErasureIsProvenAtEveryRecipient(t *testing.T) {
	sink, address := newCRM(t)
	sink.fails = 1 // it is brought there all the same
	dir := withRecipients(t, strings.ReplaceAll(threeRecipients, "URL", address))
	m := start(t, dir, func(o *standalone.Options) { o.NATSListen = "127.0.0.1:0" })
	defer m.stop()
	m.taken("letters", subscriber("created", "active", "ala@example.com", time.Now().Add(-time.Hour)))
	m.settle()
	m.ask("/v1/requests", map[string]any{"person": "ala@example.com", "right": "erasure"}, "")
	e := sink.next()
	if e.Data.Delete == nil || e.Data.Person.Emails[0] != "ala@example.com" ||
		strings.Join(e.Data.Recipients, " ") != "crm ledger books" {
		t.Fatalf("the CRM was told %+v", e.Data)
	}
	done := stream.Receipt{Decision: e.ID, Outcome: stream.OutcomeDone, At: time.Now()}
	for _, c := range []struct {
		token, decision string
		want            int
	}{
		{"nobody", e.ID, http.StatusUnauthorized}, {"token-of-the-crm-0001", "dec_unknown", http.StatusNotFound}, {"token-of-the-crm-0001", e.ID, http.StatusAccepted}, {"token-of-the-crm-0001", e.ID, http.StatusAccepted},
	} {
		r := done
		r.Decision = c.decision
		if got := m.receipt(c.token, r); got != c.want {
			t.Errorf("a receipt by %s for %s: %d, want %d", c.token, c.decision, got, c.want)
		}
	}
	forged := done
	forged.Recipient = "books"
	if got := m.receipt("token-of-the-crm-0001", forged); got != http.StatusForbidden {
		t.Errorf("a receipt for somebody else: %d", got)
	}
	if !m.streamed("ala@example.com") {
		t.Error("the names are not in the stream while an answer is missing")
	}
	m.answerByNATS("ledger", done)
	if got := m.decisions(
		"open",
	); len(got.Decisions) != 1 || got.Decisions[0].State != "partial" ||
		strings.Join(got.Decisions[0].Missing, " ") != "books" {
		t.Fatalf("with the books missing: %+v", got)
	}
	m.ask(
		"/v1/decisions/receipts",
		map[string]any{"decision": e.ID, "recipient": "books", "outcome": "not_found", "at": time.Now()},
		"",
	)
	if got := m.decisions("all"); len(got.Decisions) != 1 || got.Decisions[0].State != "confirmed" {
		t.Fatalf("with all answers: %+v", got)
	}
	m.certified(e.ID)
	if m.streamed("ala@example.com") {
		t.Error("the names are in the stream after everybody has confirmed")
	}
}

// answerByNATS answers as a recipient that has a name of its own to the broker, and
// tries to answer as another, which must have no effect.
func (m *machine) answerByNATS(id string, r stream.Receipt) {
	m.t.Helper()
	u, err := os.ReadFile(filepath.Join(m.dir, "consumer-"+id+".url"))
	if err != nil {
		m.t.Fatal(err)
	}
	nc, err := nats.Connect(
		strings.TrimSpace(string(u)),
		nats.ErrorHandler(func(*nats.Conn, *nats.Subscription, error) {}),
	)
	if err != nil {
		m.t.Fatal(err)
	}
	defer nc.Close()
	body, err := r.Encode()
	if err != nil {
		m.t.Fatal(err)
	}
	for _, subject := range []string{stream.ReceiptsOf("books"), stream.ReceiptsOf(""), stream.ReceiptsOf(id)} {
		if err := nc.Publish(subject, body); err != nil {
			m.t.Fatal(err)
		}
	}
	if err := nc.Flush(); err != nil {
		m.t.Fatal(err)
	}
	m.settle()
}

func (m *machine) certified(decision string) {
	m.t.Helper()
	data := []byte(m.ask("/v1/decisions/"+decision+"/certificate", nil, ""))
	var key struct{ Key string }
	if err := json.Unmarshal([]byte(m.ask("/v1/certificate-key", nil, "")), &key); err != nil {
		m.t.Fatal(err)
	}
	c, err := certificate.Verify(data, key.Key)
	if err != nil {
		m.t.Fatal(err)
	}
	var names struct {
		Key string `json:"names_key"`
	}
	if err := json.Unmarshal(data, &names); err != nil {
		m.t.Fatal(err)
	}
	payload := signedPayload(m.t, data)
	if len(c.Recipients) != 3 || !c.Names("ala@example.com", names.Key) || c.Names("ola@example.com", names.Key) ||
		bytes.Contains(data, []byte("ala@")) || bytes.Contains(payload, []byte("ala@")) {
		m.t.Errorf("the certificate says %s", payload)
	}
}

// signedPayload returns the JSON inside a certificate.
func signedPayload(t testing.TB, data []byte) []byte {
	t.Helper()
	var s certificate.Signed
	if err := json.Unmarshal(data, &s); err != nil {
		t.Fatal(err)
	}
	payload, err := base64.RawURLEncoding.DecodeString(s.Payload)
	if err != nil {
		t.Fatal(err)
	}
	return payload
}

// streamed reports whether a text is in a decision that can still be read. On the disk it
// must never be readable.
func (m *machine) streamed(text string) bool {
	m.t.Helper()
	err := filepath.WalkDir(filepath.Join(m.dir, "nats"), func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		if bytes.Contains(data, []byte(text)) {
			m.t.Errorf("%s can be read in %s", text, path)
		}
		return err
	})
	if err != nil {
		m.t.Fatal(err)
	}
	return strings.Contains(m.ask("/v1/events", nil, ""), text)
}

// TestNode_AReplayReachesWhoRestoredABackup sends a deletion once more: with names while
// they are there, with hashes once they are not, and it must be confirmed anew.
func TestNode_AReplayReachesWhoRestoredABackup(t *testing.T) {
	sink, address := newCRM(t)
	dir := withRecipients(t, strings.ReplaceAll(`
recipients:
  - {id: crm, holds: ["*"], by: webhook, url: "URL", secrets: ["file:secrets/crm"], token: "file:secrets/crm-token", allow_private: true}
`, "URL", address))
	m := start(t, dir, nil)
	defer m.stop()
	since := time.Now().Add(-time.Minute)
	m.taken("letters", subscriber("created", "active", "ala@example.com", time.Now().Add(-time.Hour)))
	m.settle()
	m.ask("/v1/requests", map[string]any{"person": "ala@example.com", "right": "erasure"}, "")
	e := sink.next()
	for _, named := range []bool{true, false} {
		m.ask("/v1/replay", map[string]any{"since": since, "recipient": "crm"}, "")
		again := sink.next()
		p := again.Data.Person
		if again.ID != e.ID || again.Data.Replay == nil || (len(p.Emails) == 1) != named {
			t.Fatalf("named %v: replayed %+v", named, again.Data)
		}
		if !named && !slices.Contains(p.Hashes, stream.Hash(p.Key, "ala@example.com")) {
			t.Errorf("the hashes say %+v", p)
		}
		if got := m.decisions("open"); len(got.Decisions) != 1 || got.Decisions[0].State == "confirmed" {
			t.Errorf("named %v: after the replay %+v", named, got)
		}
		if got := m.receipt(
			"token-of-the-crm-0001",
			stream.Receipt{Decision: e.ID, Outcome: stream.OutcomeDone, At: time.Now()},
		); got != http.StatusAccepted {
			t.Errorf("a receipt for the replay: %d", got)
		}
		if got := m.decisions("all"); len(got.Decisions) != 1 || got.Decisions[0].State != "confirmed" {
			t.Errorf("named %v: after the receipt %+v", named, got)
		}
	}
}

// page reads or sends the page of a question, and waits until the answer is applied.
func (m *machine) page(method, path string, form url.Values) (int, string) {
	m.t.Helper()
	status, body := m.submit(method, path, form)
	m.settle()
	return status, body
}

// submit reads or sends the page of a question.
func (m *machine) submit(method, path string, form url.Values) (int, string) {
	m.t.Helper()
	req, err := http.NewRequestWithContext(
		m.t.Context(),
		method,
		m.Control.Webhooks+path,
		strings.NewReader(form.Encode()),
	)
	if err != nil {
		m.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		m.t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		m.t.Fatal(err)
	}
	if policy := res.Header.Get("Content-Security-Policy"); !strings.Contains(policy, "default-src 'none'") {
		m.t.Errorf("the page may load things: %q", policy)
	}
	return res.StatusCode, string(body)
}

// TestNode_APageAsksForAConsentAndTakesItBack asks, is answered without a tick, with
// one, and is asked to forget it: all under one address that names nobody.
func TestNode_APageAsksForAConsentAndTakesItBack(t *testing.T) {
	sink, crmURL := newCRM(t)
	dir := withRecipients(t, strings.ReplaceAll(threeRecipients, "URL", crmURL))
	m := start(t, dir, nil)
	defer m.stop()
	m.taken(
		"forms",
		`{"kind": "sale", "at": "`+time.Now().
			UTC().
			Format(time.RFC3339)+
			`", "ref": "order-1", "access": "course", "person": {"email": "ala@example.com"}}`,
	)
	e := sink.next()
	if e.Data.Ask == nil || !strings.HasPrefix(e.Data.Ask.Page, "https://hooks.example.com/consent/") {
		t.Fatalf("the CRM was told %+v", e.Data)
	}
	path := strings.TrimPrefix(e.Data.Ask.Page, "https://hooks.example.com")
	granted := func() bool { // the sentence on the page is about the newsletter too
		may := func(purpose string) bool {
			question := map[string]any{"person": "ala@example.com", "purpose": purpose, "channel": "email"}
			return strings.Contains(m.ask("/v1/may", question, ""), `"allowed":true`)
		}
		if may("offers") != may("newsletter") {
			t.Error("the newsletter and offers differ")
		}
		return may("offers")
	}
	for _, step := range []struct {
		method, form, says string
		status             int
		granted            bool
	}{
		{http.MethodGet, "", `type="checkbox" name="agree" value="yes" autocomplete="off">`, http.StatusOK, false},
		{http.MethodGet, "", `type="checkbox"`, http.StatusOK, false}, // reading it changes nothing
		{http.MethodPost, "act=agree", "nie jest zaznaczone", http.StatusOK, false},
		{http.MethodPost, "act=agree&agree=yes", "Wycofuję zgodę", http.StatusOK, true},
		{http.MethodGet, "", "Wycofuję zgodę", http.StatusOK, true},
		{http.MethodPost, "act=withdraw", "Nie mamy od Ciebie tej zgody", http.StatusOK, false},
		{http.MethodPost, "act=agree&agree=yes", "Nie mamy od Ciebie tej zgody", http.StatusOK, false}, // a no is a no
	} {
		form, err := url.ParseQuery(step.form)
		if err != nil {
			t.Fatal(err)
		}
		status, body := m.page(step.method, path, form)
		if status != step.status || !strings.Contains(body, step.says) || strings.Contains(body, "ala@") ||
			strings.Contains(body, "checked") {
			t.Errorf("%s %s: %d %s", step.method, step.form, status, body)
		}
		if got := granted(); got != step.granted {
			t.Errorf("after %s %s offers may be sent: %v", step.method, step.form, got)
		}
	}
	if status, body := m.page(
		http.MethodGet,
		path+"x",
		nil,
	); status != http.StatusNotFound ||
		strings.Contains(body, "Zgadzam") {
		t.Errorf("another token: %d %s", status, body)
	}
}

// TestNode_AWithdrawalCountsBeforeTheAgreementIsApplied: both are sent at once, and the page shows an old state.
func TestNode_AWithdrawalCountsBeforeTheAgreementIsApplied(t *testing.T) {
	sink, crmURL := newCRM(t)
	m := start(t, withRecipients(t, strings.ReplaceAll(threeRecipients, "URL", crmURL)), nil)
	defer m.stop()
	at := time.Now().UTC().Format(time.RFC3339)
	m.taken(
		"forms",
		`{"kind": "sale", "at": "`+at+`", "ref": "order-1", "access": "course", "person": {"email": "ala@example.com"}}`,
	)
	path := strings.TrimPrefix(sink.next().Data.Ask.Page, "https://hooks.example.com")
	for _, form := range []url.Values{{"act": {"agree"}, "agree": {"yes"}}, {"act": {"withdraw"}}} {
		if status, body := m.submit(http.MethodPost, path, form); status != http.StatusOK {
			t.Fatalf("%v: %d %s", form, status, body)
		}
	}
	m.settle()
	if _, body := m.page(http.MethodGet, path, nil); !strings.Contains(body, "Nie mamy od Ciebie tej zgody") {
		t.Errorf("after a withdrawal the page says %s", body)
	}
	for range 30 {
		if status, body := m.submit(http.MethodPost, path, url.Values{"act": {"withdraw"}}); status != http.StatusOK {
			t.Fatalf("once more: %d %s", status, body)
		}
	}
	m.settle()
	var known struct{ Facts int }
	if err := json.Unmarshal(
		[]byte(m.ask("/v1/subjects", map[string]any{"person": "ala@example.com"}, "")),
		&known,
	); err != nil {
		t.Fatal(err)
	}
	if known.Facts > 8 {
		t.Errorf("30 further withdrawals make %d facts, want a few", known.Facts)
	}
}

// TestNode_AReceiptCannotSayWhatIsNotSo refuses answers that contradict themselves, the
// decision, or the person.
func TestNode_AReceiptCannotSayWhatIsNotSo(t *testing.T) {
	sink, address := newCRM(t)
	dir := withRecipients(t, strings.ReplaceAll(threeRecipients, "URL", address))
	m := start(t, dir, nil)
	defer m.stop()
	m.taken(
		"forms",
		`{"kind": "sale", "at": "`+time.Now().
			UTC().
			Format(time.RFC3339)+
			`", "ref": "order-1", "access": "course", "person": {"email": "ala@example.com"}}`,
	)
	question := sink.next()
	m.taken("letters", subscriber("created", "active", "ola@example.com", time.Now().Add(-time.Hour)))
	m.taken("letters", subscriber("unsubscribed", "unsubscribed", "ola@example.com", time.Now().Add(-time.Minute)))
	deletion := sink.next()
	m.settle()
	now := time.Now()
	for name, r := range map[string]stream.Receipt{
		"done while something is held":       {Decision: deletion.ID, Outcome: "done", Categories: map[string]string{"contact": "held"}, At: now},
		"a category of which it is not":      {Decision: deletion.ID, Outcome: "partial", Categories: map[string]string{"invoice": "held"}, At: now},
		"before the decision was made":       {Decision: deletion.ID, Outcome: "done", At: now.Add(-48 * time.Hour)},
		"a reason that is too long":          {Decision: deletion.ID, Outcome: "held", Reason: strings.Repeat("x", 301), At: now},
		"a reason with an address":           {Decision: deletion.ID, Outcome: "held", Reason: "ask ola@example.com", At: now},
		"an answer to a question":            {Decision: deletion.ID, Outcome: "granted", At: now},
		"a consent from before the question": {Decision: question.ID, Outcome: "granted", At: now.Add(-48 * time.Hour)},
	} {
		if got := m.receipt("token-of-the-crm-0001", r); got != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d", name, got)
		}
	}
	path := strings.TrimPrefix(question.Data.Ask.Page, "https://hooks.example.com")
	m.page(http.MethodPost, path, url.Values{"act": {"decline"}})
	if got := m.receipt(
		"token-of-the-crm-0001",
		stream.Receipt{Decision: question.ID, Outcome: "granted", At: time.Now()},
	); got != http.StatusUnprocessableEntity {
		t.Errorf("a consent after the person's no: %d", got)
	}
	for _, d := range m.decisions("all").Decisions {
		if d.Decision == question.ID && d.State != "answered" {
			t.Errorf("after the person's no the question is %s", d.State)
		}
	}
}

func TestNode_ATokenIsOneRecipientsAlone(t *testing.T) {
	for text, want := range map[string]string{
		`recipients: [{id: a, by: hand, token: "file:secrets/crm-token"}, {id: b, by: hand, token: "file:secrets/crm-token"}]`: "the token is the same as that of a",
		`recipients: [{id: a, by: hand, token: "file:secrets/short"}]`:                                                         "fewer than 16 characters",
		"public_url: https://shop.example.com/a?b=1":                                                                           "public_url must not contain ?",
	} {
		dir := withRecipients(t, text+"\n")
		if err := os.WriteFile(filepath.Join(dir, "secrets/short"), []byte("abc"), 0o600); err != nil {
			t.Fatal(err)
		}
		h, err := datadir.Open(dir)
		if err != nil {
			t.Fatal(err)
		}
		n, err := standalone.Start(
			t.Context(),
			standalone.Options{Home: h, Listen: "127.0.0.1:0", Log: slog.New(slog.DiscardHandler)},
		)
		if err == nil {
			_ = n.Close()
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", text, err)
		}
	}
}
