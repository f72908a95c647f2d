package delivery_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/dispatch"
	"github.com/rodopath/rodopath/services/dispatch/delivery"
	"github.com/rodopath/rodopath/services/dispatch/outbound"
	"github.com/rodopath/rodopath/services/platforms/erasure/erasuretest"
	mailerlite "github.com/rodopath/rodopath/services/platforms/mailerlite/erase"
	webhook "github.com/rodopath/rodopath/services/platforms/standard/deliver"
	stripe "github.com/rodopath/rodopath/services/platforms/stripe/erase"
	woocommerce "github.com/rodopath/rodopath/services/platforms/woocommerce/erase"
)

// ledger keeps what a lane says: its log, its receipts, and why a recipient is disabled.
type ledger struct {
	mu   sync.Mutex
	text bytes.Buffer
	// said is closed at the first receipt, or when the recipient is disabled.
	said chan struct{}
	once sync.Once
}

func (l *ledger) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *ledger) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func (l *ledger) Publish(_ context.Context, id string, r *stream.Receipt) error {
	defer l.once.Do(func() { close(l.said) })
	_, err := fmt.Fprintln(l, "receipt", id, *r)
	return err
}

func (l *ledger) Disable(_ context.Context, recipient, reason string) error {
	defer l.once.Do(func() { close(l.said) })
	_, err := fmt.Fprintln(l, "disabled", recipient, reason)
	return err
}

func (l *ledger) Off(string) (since time.Time, reason string, off bool) {
	return time.Time{}, "", false
}
func (l *ledger) Changed() <-chan struct{} { return nil }
func (l *ledger) Ack() error               { return nil }

// faults answer with the address and the name of a person in every place that an answer
// has.
func faults() map[string]http.HandlerFunc {
	echo := func(r *http.Request) string {
		body, _ := io.ReadAll(r.Body)
		return erasuretest.Email + " " + erasuretest.Family + " " + r.URL.RequestURI() + " " + string(body)
	}
	answer := func(status int, header, text string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if header != "" {
				w.Header().Set(header, text)
			}
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(status)
			_, _ = fmt.Fprintf(
				w,
				`{"code": %[1]q, "error": {"code": %[1]q, "type": %[1]q, "message": %[2]q}, "message": %[2]q, "decision": %[2]q, "reason": %[2]q}`,
				erasuretest.Email,
				echo(r),
			)
		}
	}
	babble := func(lines string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
				_, _ = io.WriteString(conn, lines)
				_ = conn.Close()
			}
		}
	}
	return map[string]http.HandlerFunc{
		"a fault of theirs": answer(
			500,
			"",
			"",
		),
		"a fault of ours": answer(422, "", ""),
		"not found":       answer(404, "", ""),
		"a refused key":   answer(401, "", ""),
		"gone":            answer(410, "", ""),
		"moved": answer(
			302,
			"Location",
			"https://x/%zz?e="+erasuretest.Email,
		),
		"too many":    answer(429, "Retry-After", erasuretest.Email),
		"a length":    babble("HTTP/1.1 200 OK\r\nContent-Length: " + erasuretest.Email + "\r\n\r\n"),
		"an encoding": babble("HTTP/1.1 200 OK\r\nTransfer-Encoding: " + erasuretest.Family + "\r\n\r\n"),
		"no HTTP": babble(
			erasuretest.Family + " " + base64.StdEncoding.EncodeToString([]byte(erasuretest.Email)) + "\r\n\r\n",
		),
		"a status":         babble("HTTP/1.1 " + erasuretest.Family + " OK\r\n\r\n"),
		"no header":        babble("HTTP/1.1 200 OK\r\n" + erasuretest.Family + "\r\n\r\n"),
		"a name of header": babble("HTTP/1.1 200 OK\r\nX " + erasuretest.Family + ": 1\r\n\r\n"),
		"an end":           babble(""),
		"a receipt": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			reason := "ask " + erasuretest.Email + " or https://x/?e=" + url.QueryEscape(erasuretest.Email)
			_, _ = fmt.Fprintf(w, `{"decision": "dec_1", "outcome": "held", "reason": %q, "at": "2026-01-15T10:00:00Z"}`, reason)
		},
		"other JSON": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_, _ = fmt.Fprintf(w, `{"data": %[1]q, "id": %[1]q, "email": [%[1]q]} %[1]s`, echo(r))
		},
	}
}

// TestLane_NamesNobodyWhateverARecipientAnswers has every connector meet every fault, and
// looks for the person in the log, the receipts, the status and what is kept.
func TestLane_NamesNobodyWhateverARecipientAnswers(t *testing.T) {
	for fault, handler := range faults() {
		for by, connect := range connectors() {
			t.Run(by+", "+fault, func(t *testing.T) {
				srv := httptest.NewServer(handler)
				defer srv.Close()
				connector, err := connect(srv.URL)
				if err != nil {
					t.Fatal(err)
				}
				said := tried(t, connector)
				lower := strings.ToLower(said)
				for _, mark := range []string{"ala@", "leak.example", strings.ToLower(erasuretest.Family), "%40", strings.ToLower(base64.StdEncoding.EncodeToString([]byte(erasuretest.Email))[:10])} {
					if strings.Contains(lower, mark) {
						t.Errorf("it says %q in\n%s", mark, said)
					}
				}
			})
		}
	}
}

func connectors() map[string]func(base string) (dispatch.Connector, error) {
	client := outbound.Client(outbound.Options{AllowPrivate: true, Timeout: 5 * time.Second})
	return map[string]func(string) (dispatch.Connector, error){
		"mailerlite": func(base string) (dispatch.Connector, error) {
			return mailerlite.New(mailerlite.Options{Key: "k", Base: base, AllowPrivate: true, Client: client})
		},
		"stripe": func(base string) (dispatch.Connector, error) {
			return stripe.New(stripe.Options{Key: "rk_1", Base: base, AllowPrivate: true, Client: client})
		},
		"woocommerce": func(base string) (dispatch.Connector, error) {
			return woocommerce.New(
				woocommerce.Options{URL: base, Key: "ck_1:cs_1", Source: "shop", AllowPrivate: true, Client: client},
			)
		},
		"webhook": func(base string) (dispatch.Connector, error) {
			return webhook.New(
				webhook.Options{
					Recipient:    "crm",
					URL:          base + "/?to=" + url.QueryEscape(erasuretest.Email),
					AllowPrivate: true,
					Client:       client,
					Secrets:      []string{"whsec_Y3JtLXNlY3JldC1jcm0tc2VjcmV0LTMyLWJ5dGVz"},
				},
			)
		},
	}
}

// tried lets a lane carry a decision that is too old to be tried twice, and returns all
// that it says.
func tried(t *testing.T, c dispatch.Connector) string {
	t.Helper()
	l := &ledger{said: make(chan struct{})}
	lane := delivery.New(delivery.Options{
		Recipient: "crm", Connector: c, Receipts: l, Switch: l,
		Log: slog.New(slog.NewJSONHandler(l, &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
	e := erasuretest.Deletion(
		"person",
		[]string{"mailerlite:" + erasuretest.Email, "stripe:cus_1", "woocommerce:5@shop"},
		"contact",
		"order woocommerce:order/17@shop",
	)
	body, err := e.Encode()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	in := make(chan delivery.Arrival, 1)
	stored := time.Now().Add(-30 * 24 * time.Hour)
	in <- delivery.Arrival{Message: &delivery.Message{Sequence: 1, Stored: stored, Event: e, Body: body, Claim: l}}
	done := make(chan struct{})
	go func() { lane.Run(ctx, in); close(done) }()
	select {
	case <-l.said:
	case <-time.After(20 * time.Second):
		t.Errorf("nothing was said:\n%s", l)
	}
	fmt.Fprintf(l, "%+v\n", lane.Status())
	cancel()
	<-done
	return l.String()
}
