package standalone_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rodopath/rodopath/services/internal/loop"
	"github.com/rodopath/rodopath/services/lifecycle/fact"
	"github.com/rodopath/rodopath/services/lifecycle/source"
	"github.com/rodopath/rodopath/services/lifecycle/sqlitestore"
	"github.com/rodopath/rodopath/services/platforms/history/historytest"
	webhook "github.com/rodopath/rodopath/services/platforms/sender"
	"github.com/rodopath/rodopath/services/rodopath/standalone"
)

// hand is a clock that a test moves.
type hand struct {
	mu sync.Mutex
	at time.Time
}

func (h *hand) now() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.at
}

func (h *hand) move(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.at = h.at.Add(d)
}

const lookSecret = "whsec_bG9va2xvb2tsb29rbG9vaw=="

// platforms are stand-ins of the three platforms, with the clock of a test.
type platforms struct {
	shop    *historytest.Shop
	card    *historytest.Account
	letters *historytest.List
	config  string
}

func newPlatforms(t *testing.T, clock *hand) *platforms {
	t.Helper()
	t.Setenv("RODOPATH_TEST_LOOK_SECRET", lookSecret)
	t.Setenv("RODOPATH_TEST_LOOK_KEY", historytest.Key)
	t.Setenv("RODOPATH_TEST_LOOK_STRIPE_KEY", historytest.StripeKey)
	t.Setenv("RODOPATH_TEST_LOOK_SHOP_KEY", historytest.ShopKey)
	p := &platforms{
		shop:    historytest.NewShop(1, 1),
		card:    historytest.NewAccount(1, 1),
		letters: historytest.NewList(1, 0),
	}
	p.shop.Clock(clock.now)
	p.card.Clock(clock.now)
	p.letters.Clock(clock.now)
	shop, card, letters := httptest.NewServer(p.shop.Handler()), httptest.NewServer(p.card.Handler()),
		httptest.NewServer(p.letters.Handler())
	t.Cleanup(shop.Close)
	t.Cleanup(card.Close)
	t.Cleanup(letters.Close)
	const secret = `secrets: ["env:RODOPATH_TEST_LOOK_SECRET"], `
	const rest = `allow_private: true, per_second: 1000}`
	p.config = "controller: Sklep\nkeys: file:keys.json\nsources:\n" +
		`  - {id: shop, platform: woocommerce, ` + secret + `wording: newsletter-offers, read: {url: "` + shop.URL +
		`", key: "env:RODOPATH_TEST_LOOK_SHOP_KEY", ` + rest + "}\n" +
		`  - {id: card, platform: stripe, ` + secret + `read: {url: "` + card.URL + `", key: "env:RODOPATH_TEST_LOOK_STRIPE_KEY", ` + rest + "}\n" +
		`  - {id: letters, platform: mailerlite, ` + secret + `wording: newsletter-offers, read: {url: "` + letters.URL +
		`", key: "env:RODOPATH_TEST_LOOK_KEY", ` + rest + "}\n"
	return p
}

// looking starts a machine with the platforms; without looks no platform is read.
func (p *platforms) looking(t *testing.T, dir, keys string, clock *hand, looks bool) *machine {
	t.Helper()
	base := t.TempDir()
	config := filepath.Join(base, "rodopath.yaml")
	text := p.config
	if !looks {
		var lines []string
		for line := range strings.Lines(text) {
			if before, _, ok := strings.Cut(line, ", read: "); ok {
				line = before + "}\n"
			}
			lines = append(lines, line)
		}
		text = strings.Join(lines, "")
	}
	for path, content := range map[string]string{config: text, filepath.Join(base, "keys.json"): keys} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return start(t, dir, func(o *standalone.Options) {
		o.ConfigPath, o.Now, o.LookTick = config, clock.now, 5*time.Millisecond
	})
}

// send sends a webhook of a platform.
func (m *machine) send(w *webhook.Webhook, source string) {
	m.t.Helper()
	req, err := http.NewRequestWithContext(m.t.Context(), http.MethodPost, m.Control.Webhooks+"/webhooks/"+source,
		bytes.NewReader(w.Body))
	if err != nil {
		m.t.Fatal(err)
	}
	if err := w.Sign(req.Header, lookSecret); err != nil {
		m.t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		m.t.Fatal(err)
	}
	_ = res.Body.Close()
	if res.StatusCode != http.StatusOK {
		m.t.Fatalf("%s: %s", source, res.Status)
	}
}

// sources are the sources as the interface shows them.
func (m *machine) sources() map[string]source.Source {
	m.t.Helper()
	res, err := http.DefaultClient.Do(m.request("GET", m.Control.API+"/v1/sources", "", true))
	if err != nil {
		m.t.Fatal(err)
	}
	defer res.Body.Close()
	var all source.Overview
	if err := json.NewDecoder(res.Body).Decode(&all); err != nil {
		m.t.Fatal(err)
	}
	out := map[string]source.Source{}
	for _, s := range all.Sources {
		out[s.Source] = s
	}
	return out
}

// looked waits until every source was compared up to an instant at least.
func (m *machine) looked(until time.Time) {
	m.t.Helper()
	ctx, cancel := context.WithTimeout(m.t.Context(), time.Minute)
	defer cancel()
	err := loop.Poll(ctx, "wait for the looks", 5*time.Millisecond, func(context.Context) (bool, error) {
		for _, s := range m.sources() {
			r := s.Reconciliation
			if r.Error != "" {
				return false, fmt.Errorf("%s: %s", s.Source, r.Error)
			}
			if r.Until == nil || r.Until.Before(until) || r.Running {
				return false, nil
			}
		}
		return true, nil
	})
	if err != nil {
		for _, s := range m.sources() {
			m.t.Logf("%s: %+v", s.Source, *s.Reconciliation)
		}
		m.t.Fatalf("%v; want %s\n%s", err, until, m.log)
	}
}

// facts are the facts of a stopped machine by id, each with its person; the times of receipt are left out.
func facts(t *testing.T, dir string) map[string]string {
	t.Helper()
	st, err := sqlitestore.Open(t.Context(), filepath.Join(dir, "rodopath.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	out := map[string]string{}
	for after := ""; ; {
		page, err := st.Walk(t.Context(), after, 100)
		if err != nil {
			t.Fatal(err)
		}
		for s := range page {
			person := slices.MinFunc(page[s].Facts, func(a, b fact.Fact) int { return strings.Compare(a.ID, b.ID) }).ID
			for _, f := range page[s].Facts {
				if f.Received, f.Reports = (time.Time{}), nil; f.AsOf != nil {
					at := f.AsOf.Truncate(time.Second) // the fraction tells when the report was received
					f.AsOf = &at
				}
				if len(f.Proof) > 0 {
					f.Proof = []byte("sealed") // another text at every sealing
				}
				text, err := json.Marshal(f)
				if err != nil {
					t.Fatal(err)
				}
				if !f.Kind.IsObservation() {
					out[f.ID+" "+f.Address] = person + " " + string(text)
				}
			}
			after = page[s].ID
		}
		if len(page) == 0 {
			return out
		}
	}
}

// TestReconcile_FindsEveryMissedWebhook: of the webhooks of six days one in twenty is lost, and all of two days. Each
// person has the facts of the same shop without a loss, and the number of missed facts is exact.
func TestReconcile_FindsEveryMissedWebhook(t *testing.T) {
	clock := &hand{at: time.Date(2026, 5, 4, 9, 0, 0, 0, time.UTC)}
	p := newPlatforms(t, clock)
	keys := newKeys(t)
	dirs := map[string]string{"whole": t.TempDir(), "lossy": t.TempDir(), "found": t.TempDir()}
	whole, lossy := p.looking(t, dirs["whole"], keys, clock, false), p.looking(t, dirs["lossy"], keys, clock, false)
	found := p.looking(t, dirs["found"], keys, clock, true)
	found.looked(clock.now())

	random := rand.New(rand.NewPCG(5, 7))
	began, lost := clock.now(), 0
	tell := func(platform, source, topic string, body any) (arrived bool) {
		data, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		w := &webhook.Webhook{Platform: platform, ID: fmt.Sprint(random.Uint64()), Topic: topic, At: clock.now(), Body: data}
		whole.send(w, source)
		day := clock.now().Sub(began) / (24 * time.Hour)
		if random.IntN(20) == 0 || day == 2 || day == 3 {
			lost++
			return false
		}
		lossy.send(w, source)
		found.send(w, source)
		return true
	}
	letter := func(event string, s historytest.Thing) bool {
		return tell(
			"mailerlite",
			"letters",
			"",
			map[string]any{"events": []any{map[string]any{"event": event, "subscriber": s}}},
		)
	}
	const buyers = 60
	sold, subscribed := map[int64]bool{}, map[int64]bool{} // by a webhook that arrived: a later one repeats what was sold
	for n := range buyers {
		id, email := int64(1000+n), fmt.Sprintf("person%d@example.com", n)
		tell("woocommerce", "shop", "customer.created", p.shop.Customer(id, email))
		clock.move(20 * time.Minute)
		sold[id] = tell("woocommerce", "shop", "order.updated", p.shop.Order(id, id, email, "completed"))
		clock.move(25 * time.Minute)
		subscribed[id] = letter("subscriber.created", p.letters.Subscribe(fmt.Sprint(id), email))
		clock.move(20 * time.Minute)
		customer := fmt.Sprintf("cus_person%d", n)
		tell("stripe", "card", "", p.card.Event("customers", "customer.created", historytest.Thing{
			"id": customer, "object": "customer", "created": clock.now().Unix(), "email": email, "livemode": true,
		}))
		clock.move(20 * time.Minute)
		tell("stripe", "card", "", p.card.Event("checkout/sessions", "checkout.session.completed", historytest.Thing{
			"id": fmt.Sprintf("cs_person%d", n), "object": "checkout.session", "created": clock.now().Unix(), "livemode": true,
			"status": "complete", "mode": "payment", "payment_status": "paid", "customer": customer,
			"customer_details": historytest.Thing{"email": email}, "payment_intent": fmt.Sprintf("pi_person%d", n),
			"metadata": historytest.Thing{"product": "course"},
		}))
		clock.move(20 * time.Minute)
		if sold[id-9] {
			tell("woocommerce", "shop", "order.updated", p.shop.Refund(id-9))
		}
		if n%3 == 0 && subscribed[id-8] {
			letter("subscriber.unsubscribed", p.letters.Unsubscribe(fmt.Sprint(id-8)))
		}
		clock.move(39 * time.Minute)
		found.looked(clock.now().Add(-2 * time.Hour))
	}
	clock.move(25 * time.Hour) // a night follows
	found.looked(clock.now().Add(-time.Hour))
	found.settle()
	exchange(t, openAPI(t), found.request("GET", found.Control.API+"/v1/sources", "", true), 200)
	sources := found.sources()
	for _, m := range []*machine{whole, lossy, found} {
		m.settle()
		m.stop()
	}
	want, got, told := facts(t, dirs["whole"]), facts(t, dirs["found"]), facts(t, dirs["lossy"])
	if diff := cmp.Diff(want, got); diff != "" || len(want) < 4*buyers {
		t.Errorf("of %d facts the found ones differ (-whole +found):\n%s", len(want), diff[:min(len(diff), 6000)])
	}
	missed := map[string]int64{}
	for id := range want {
		if _, ok := told[id]; !ok {
			var f fact.Fact
			_, text, _ := strings.Cut(want[id], " ")
			if err := json.Unmarshal([]byte(text), &f); err != nil {
				t.Fatal(err)
			}
			missed[f.Source]++
		}
	}
	t.Logf("%d of the webhooks were lost; missed facts: %v of %d", lost, missed, len(want))
	for id, s := range sources {
		if s.Missed.Facts != missed[id] || missed[id] == 0 {
			t.Errorf("%s: %d facts were missed, want %d", id, s.Missed.Facts, missed[id])
		}
	}
}

// newKeys makes keys for several machines.
func newKeys(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	m := start(t, dir, nil)
	m.stop()
	data, err := os.ReadFile(filepath.Join(dir, "keys.json"))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
