package standalone_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	ingestapp "github.com/rodopath/rodopath/services/ingest/app"
	"github.com/rodopath/rodopath/services/internal/config"
	"github.com/rodopath/rodopath/services/internal/service"
	"github.com/rodopath/rodopath/services/platforms/stripe"
)

// tidings is a log that hands over its messages.
type tidings chan string

func (m tidings) Enabled(context.Context, slog.Level) bool { return true }

func (m tidings) Handle(_ context.Context, r slog.Record) error {
	select {
	case m <- r.Message:
	default: // nobody reads so many
	}
	return nil
}

func (m tidings) WithAttrs([]slog.Attr) slog.Handler { return m }
func (m tidings) WithGroup(string) slog.Handler      { return m }

// rotating is an ingest with the secrets of one source in the files "new" and "old".
type rotating struct {
	t    *testing.T
	dir  string
	log  tidings
	hook http.Handler
}

func newRotating(t *testing.T) *rotating {
	t.Helper()
	r := &rotating{t: t, dir: t.TempDir(), log: make(tidings, 100)}
	r.write("whsec_a", "whsec_a")
	path := filepath.Join(r.dir, "rodopath.yaml")
	text := `sources: [{id: card, platform: stripe, secrets: ["file:new", "file:old"]}]`
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := config.Load(path, []string{"RODOPATH_NATS_URL=" + natsOn(t, t.TempDir(), -1).ClientURL()})
	if err != nil {
		t.Fatal(err)
	}
	nc, err := service.Connect(t.Context(), c, "test", slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	a, err := ingestapp.New(t.Context(), ingestapp.Options{
		Config: c, NATS: nc, Intake: t.TempDir(), SecretTick: time.Millisecond, Log: slog.New(r.log),
	})
	if err != nil {
		t.Fatal(err)
	}
	a.Start(t.Context())
	t.Cleanup(func() {
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	})
	r.hook = a.Handler()
	return r
}

func (r *rotating) write(next, old string) {
	r.t.Helper()
	for name, text := range map[string]string{"new": next, "old": old} {
		path := filepath.Join(r.dir, name)
		if err := os.WriteFile(path+".part", []byte(text+"\n"), 0o600); err != nil {
			r.t.Fatal(err)
		}
		if err := os.Rename(path+".part", path); err != nil {
			r.t.Fatal(err)
		}
	}
}

// rotate replaces the secrets, and waits until ingest accepts both and no former one. A file is in force as soon as it
// is there, also before the other.
func (r *rotating) rotate(next, old, former string) {
	r.t.Helper()
	r.write(next, old)
	for r.answer(next) != http.StatusOK || r.answer(old) != http.StatusOK || r.answer(former) == http.StatusOK {
		for message := range r.log {
			if message == "a changed secret is in force" {
				break
			}
		}
	}
}

// answer is the status of the answer to a webhook that a secret signs.
func (r *rotating) answer(secret string) int {
	r.t.Helper()
	const body = `{"id":"evt_1","object":"event","type":"ping","livemode":true,"created":1700000000,"data":{"object":{}}}`
	req := httptest.NewRequestWithContext(r.t.Context(), http.MethodPost, "/webhooks/card", strings.NewReader(body))
	req.Header.Set("Stripe-Signature", stripe.Sign(secret, time.Now(), []byte(body)))
	rec := httptest.NewRecorder()
	r.hook.ServeHTTP(rec, req)
	return rec.Code
}

func TestIngest_AcceptsTheOldAndTheNewSecretWhileASecretIsRotated(t *testing.T) {
	r := newRotating(t)
	for _, c := range []struct{ next, old, former string }{
		{"whsec_b", "whsec_a", "whsec_c"}, // the new secret beside the old one
		{"whsec_b", "whsec_b", "whsec_a"}, // the old one is withdrawn
		{"whsec_c", "whsec_b", "whsec_a"}, // the next rotation
	} {
		r.rotate(c.next, c.old, c.former)
		for secret, want := range map[string]int{
			c.next: http.StatusOK, c.old: http.StatusOK, c.former: http.StatusUnauthorized,
		} {
			if got := r.answer(secret); got != want {
				t.Errorf("%+v: a webhook signed with %s got %d, want %d", c, secret, got, want)
			}
		}
	}
}
