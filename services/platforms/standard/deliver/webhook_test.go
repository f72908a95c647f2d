package deliver_test

import (
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/rodopath/rodopath/api/signature"
	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/dispatch"
	"github.com/rodopath/rodopath/services/dispatch/natstest"
	"github.com/rodopath/rodopath/services/dispatch/outbound"
	webhook "github.com/rodopath/rodopath/services/platforms/standard/deliver"
)

func secret(name string) string {
	return "whsec_" + base64.StdEncoding.EncodeToString([]byte(strings.Repeat(name, 24)))
}

var now = time.Date(2031, 1, 15, 10, 0, 0, 0, time.UTC)

func connector(t *testing.T, url string, change func(*webhook.Options)) *webhook.Connector {
	t.Helper()
	opts := webhook.Options{
		Recipient: "crm", URL: url, Secrets: []string{secret("n")}, AllowPrivate: true, Now: func() time.Time { return now },
		Client: outbound.Client(outbound.Options{AllowPrivate: true, Timeout: 300 * time.Millisecond}),
	}
	if change != nil {
		change(&opts)
	}
	c, err := webhook.New(opts)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestCarry_SendsTheBytesSignedByEverySecret(t *testing.T) {
	e := natstest.Event("dec_1", "ala", "crm")
	body, err := e.Encode()
	if err != nil {
		t.Fatal(err)
	}
	for name, secrets := range map[string][]string{"old": {secret("o")}, "both": {secret("n"), secret("o")}, "new": {secret("n")}} {
		s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			got, _ := io.ReadAll(r.Body)
			if string(got) != string(body) || r.Header.Get("Content-Type") != "application/cloudevents+json" ||
				r.Header.Get("Webhook-Id") != "dec_1" {
				t.Errorf("got %q with %v", got, r.Header)
			}
			if !strings.HasPrefix(r.Header.Get("User-Agent"), "Rodopath") || r.Header.Get("Accept-Encoding") != "" {
				t.Errorf("got %v", r.Header)
			}
			for _, known := range secrets { // the receiver may still know one alone
				v, err := signature.NewStandard([]string{known})
				if err != nil {
					t.Error(err)
					continue
				}
				if err := v.Verify(
					r.Header.Get("Webhook-Id"),
					r.Header.Get("Webhook-Timestamp"),
					r.Header.Get("Webhook-Signature"),
					got,
					now.Add(time.Minute),
				); err != nil {
					t.Errorf("%s: %v", name, err)
				}
			}
			if v, _ := signature.NewStandard(
				[]string{secret("x")},
			); v.Verify(
				r.Header.Get("Webhook-Id"),
				r.Header.Get("Webhook-Timestamp"),
				r.Header.Get("Webhook-Signature"),
				got,
				now,
			) == nil {
				t.Error("another secret verifies it")
			}
		}))
		a, err := connector(t, s.URL, func(o *webhook.Options) { o.Secrets = secrets }).Deliver(t.Context(), e, body)
		if err != nil || a.Outcome != stream.OutcomeSent {
			t.Errorf("%s: got %+v, %v", name, a, err)
		}
		s.Close()
	}
}

func TestCarry_TakesTheAnswerOutOfTheBody(t *testing.T) {
	const js = "application/json; charset=utf-8"
	for _, c := range []struct{ name, kind, contentType, body, want string }{
		{"empty", "delete", "", "", "sent"},
		{"text", "delete", "text/plain", `{"decision":"dec_1","outcome":"done","at":"2026-01-15T10:00:00Z"}`, "sent"},
		{"done", "delete", js, `{"decision":"dec_1","outcome":"done","at":"2026-01-15T10:00:00Z"}`, "done"},
		{"done, as a vendor's JSON", "delete", "application/vnd.crm+json", `{"decision":"dec_1","recipient":"crm","outcome":"held","at":"2026-01-15T10:00:00Z"}`, "held"},
		{"another decision", "delete", js, `{"decision":"dec_2","outcome":"done","at":"2026-01-15T10:00:00Z"}`, "sent"},
		{"another recipient", "delete", js, `{"decision":"dec_1","recipient":"shop","outcome":"done","at":"2026-01-15T10:00:00Z"}`, "sent"},
		{"not an answer to this", "delete", js, `{"decision":"dec_1","outcome":"granted","at":"2026-01-15T10:00:00Z"}`, "sent"},
		{"our own word", "delete", js, `{"decision":"dec_1","outcome":"failed","at":"2026-01-15T10:00:00Z"}`, "sent"},
		{"a question", "ask-consent", js, `{"decision":"dec_1","outcome":"granted","at":"2026-01-15T10:00:00Z"}`, "granted"},
		{"garbage", "delete", js, "\x00\xff{", "sent"},
		{"too long", "delete", js, `{"decision":"dec_1","outcome":"done","at":"2026-01-15T10:00:00Z"` + strings.Repeat(" ", 70_000) + "}", "sent"},
	} {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", c.contentType)
			w.WriteHeader(http.StatusAccepted)
			_, _ = io.WriteString(w, c.body)
		}))
		e := natstest.Event("dec_1", "ala", "crm")
		e.Data.Kind = stream.Kind(c.kind)
		a, err := connector(t, s.URL, nil).Deliver(t.Context(), e, []byte("{}"))
		if err != nil || a.Outcome != c.want {
			t.Errorf("%s: got %+v, %v", c.name, a, err)
		}
		s.Close()
	}
}

func TestCarry_EverythingElseHasFailed(t *testing.T) {
	stop := make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		switch r.URL.Path {
		case "/500":
			w.WriteHeader(http.StatusInternalServerError)
			_, _ = io.WriteString(w, "ala@leak.example is not known")
		case "/410":
			w.WriteHeader(http.StatusGone)
		case "/429":
			w.Header().Set("Retry-After", "17")
			w.WriteHeader(http.StatusTooManyRequests)
		case "/redirect":
			http.Redirect(w, r, "/ok", http.StatusPermanentRedirect)
		case "/ok":
			t.Error("a redirect was followed")
		case "/garbage":
			conn, _, err := w.(http.Hijacker).Hijack()
			if err == nil {
				_, _ = io.WriteString(conn, "\x00\x01 garbage ala@leak.example\r\n\r\n")
				_ = conn.Close()
			}
		case "/never":
			select {
			case <-stop:
			case <-r.Context().Done():
			}
		}
	}))
	defer s.Close()
	defer close(stop)
	for _, path := range []string{"/500", "/410", "/429", "/redirect", "/garbage", "/never"} {
		begin := time.Now()
		_, err := connector(
			t,
			s.URL+path+"?key=hidden",
			nil,
		).Deliver(t.Context(), natstest.Event("dec_1", "ala", "crm"), []byte("{}"))
		var wait *dispatch.Wait
		switch {
		case err == nil || time.Since(begin) > 5*time.Second:
			t.Errorf("%s: %v", path, err)
		case strings.Contains(err.Error(), "hidden") || path != "/garbage" && strings.Contains(err.Error(), "@"):
			t.Errorf("%s tells too much: %v", path, err)
		case errors.Is(err, dispatch.ErrGone) != (path == "/410"),
			errors.As(err, &wait) != (path == "/429"),
			wait != nil && wait.After != 17*time.Second:
			t.Errorf("%s: %v", path, err)
		}
	}
}

func TestCarry_ASuccessThatDripsIsASuccess(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			if _, err := io.WriteString(w, " "); err != nil {
				return
			}
			w.(http.Flusher).Flush()
			time.Sleep(10 * time.Millisecond)
		}
	}))
	defer s.Close()
	begin := time.Now()
	a, err := connector(t, s.URL, nil).Deliver(t.Context(), natstest.Event("dec_1", "ala", "crm"), []byte("{}"))
	if err != nil || a.Outcome != stream.OutcomeSent || time.Since(begin) > 5*time.Second {
		t.Errorf("got %+v, %v after %s", a, err, time.Since(begin))
	}
}

func TestNew_RefusesWhatCannotBe(t *testing.T) {
	good := webhook.Options{URL: "https://crm.example/hooks", Secrets: []string{secret("n")}}
	if _, err := webhook.New(good); err != nil {
		t.Fatal(err)
	}
	for want, change := range map[string]func(*webhook.Options){
		"allow_private":  func(o *webhook.Options) { o.URL = "http://crm.example/hooks" },
		"password":       func(o *webhook.Options) { o.URL = "https://me:hidden@crm.example/hooks" },
		"https://":       func(o *webhook.Options) { o.URL = "ftp://crm.example" },
		"not an address": func(o *webhook.Options) { o.URL = "https://" },
		"none given":     func(o *webhook.Options) { o.Secrets = nil },
		"whsec_":         func(o *webhook.Options) { o.Secrets = []string{secret("n"), "hidden"} },
	} {
		opts := good
		change(&opts)
		if _, err := webhook.New(
			opts,
		); err == nil || !strings.Contains(err.Error(), want) ||
			strings.Contains(err.Error(), "hidden") {
			t.Errorf("%s: got %v", want, err)
		}
	}
}
