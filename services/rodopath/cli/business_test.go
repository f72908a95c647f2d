package cli_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rodopath/rodopath/services/platforms/history"
	"github.com/rodopath/rodopath/services/platforms/history/historytest"
	mailerlite "github.com/rodopath/rodopath/services/platforms/mailerlite/history"
	"github.com/rodopath/rodopath/services/platforms/sender"
	stripe "github.com/rodopath/rodopath/services/platforms/stripe/history"
)

// business is the size of the generated business, and how many times its imports are killed.
func business(t *testing.T) (customers, kills int) {
	t.Helper()
	customers, kills = 60, 6
	if os.Getenv("RODOPATH_TEST_SLOW") != "" {
		customers, kills = 50_000, 20
	}
	if n, err := strconv.Atoi(os.Getenv("RODOPATH_TEST_IMPORT_CUSTOMERS")); err == nil {
		customers = n
	}
	return customers, kills
}

// faulty plans faults: about one call of twenty is refused for a time, fails, or is cut short.
func faulty(seed uint64, rarely int) func(int) historytest.Fault {
	var mu sync.Mutex
	random := rand.New(rand.NewPCG(seed, seed))
	return func(int) historytest.Fault {
		mu.Lock()
		defer mu.Unlock()
		switch n := random.IntN(20 * rarely); n {
		case 0:
			return historytest.Broken
		case 1:
			return historytest.Cut
		case 2, 3, 4:
			return historytest.TooFast
		}
		return historytest.None
	}
}

// interrupted imports with faults, and is killed at a call of the stand-in; false when the import was over before.
func (i *importing) interrupted(
	plan func(func(int) historytest.Fault),
	faults func(int) historytest.Fault,
	at int,
	source string,
) bool {
	i.t.Helper()
	cmd := program(i.t, i.args("import", source)...)
	started := make(chan struct{})
	var mu sync.Mutex
	calls := 0
	plan(func(call int) historytest.Fault {
		mu.Lock()
		calls++
		last := calls == at
		mu.Unlock()
		if last {
			<-started
			_ = cmd.Process.Kill()
		}
		return faults(call)
	})
	defer plan(faults)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		i.t.Fatal(err)
	}
	close(started)
	err := cmd.Wait()
	if exit, ok := err.(*exec.ExitError); err != nil && (!ok || exit.ExitCode() != -1) {
		i.t.Fatalf("the import ended by itself: %v: %s", err, out.String())
	}
	return err != nil
}

// TestImport_ABusinessIsThatOfItsWebhooks: the histories of three platforms are imported while calls fail, pages are
// cut and orders change, and the imports are killed again and again. Every person has the facts that the webhooks of
// the same business tell.
func TestImport_ABusinessIsThatOfItsWebhooks(t *testing.T) {
	persons, kills := business(t)
	shop, card, list := historytest.NewShop(
		21,
		persons,
	), historytest.NewAccount(
		21,
		persons,
	), historytest.NewList(
		21,
		persons,
	)
	shopServer, cardServer, listServer := httptest.NewServer(shop.Handler()), httptest.NewServer(card.Handler()),
		httptest.NewServer(list.Handler())
	defer shopServer.Close()
	defer cardServer.Close()
	defer listServer.Close()
	imported := newImporting(t, shopSource(shopServer.URL)+otherSources(cardServer.URL, listServer.URL))
	rarely := max(1, persons/500)
	random, changing := rand.New(rand.NewPCG(21, 21)), rand.New(rand.NewPCG(21, 22))
	var mu sync.Mutex // guards changing and changed, which the shop uses while the test goes on
	changed := map[int64]bool{}
	shop.OnOrders(func(ids []int64) {
		mu.Lock()
		defer mu.Unlock()
		if len(ids) == 0 || len(changed) == 30 {
			return
		}
		for _, n := range changing.Perm(len(ids)) {
			if shop.Refund(ids[n]) != nil { // behind the reader
				changed[ids[n]] = true
				return
			}
		}
	})
	began, killed := time.Now(), 0
	for _, source := range []struct {
		name string
		plan func(func(int) historytest.Fault)
	}{{"shop", shop.Plan}, {"card", card.Plan}, {"letters", list.Plan}} {
		faults := faulty(uint64(len(source.name)), rarely)
		source.plan(faults)
		for range (kills + 2) / 3 {
			if imported.interrupted(source.plan, faults, 2+random.IntN(6+persons/400), source.name) {
				killed++
			}
		}
		out := ask(t, imported.args("import", source.name)...)
		if !strings.Contains(out, "Recorded: the history of "+source.name) {
			t.Fatalf("the import says %s", out)
		}
	}
	mu.Lock()
	defer mu.Unlock()
	t.Logf("%d customers, %d and %d and %d calls, killed %d times, %d changes: imported in %s",
		persons, shop.Calls(), card.Calls(), list.Calls(), killed, len(changed), time.Since(began).Round(time.Second))
	if len(changed) == 0 {
		t.Error("no order changed while it was read")
	}
	if killed < kills-2 {
		t.Errorf("the imports were killed %d times, want about %d", killed, kills)
	}
	byWebhooks := *imported
	byWebhooks.dir = t.TempDir()
	byWebhooks.tellBusiness(shop, card, list)
	same(t, imported.standing(), byWebhooks.standing())
}

// tellBusiness tells a business by webhooks to a server, many at a time.
func (i *importing) tellBusiness(shop *historytest.Shop, card *historytest.Account, list *historytest.List) {
	i.t.Helper()
	cmd := program(i.t, i.args("serve", "--listen", "127.0.0.1:0")...)
	var log bytes.Buffer
	cmd.Stderr = &log
	if err := cmd.Start(); err != nil {
		i.t.Fatal(err)
	}
	i.t.Cleanup(func() { _ = cmd.Process.Kill() }) // it may have ended long ago
	address := i.control().Webhooks + "/webhooks/"
	free := make(chan struct{}, 16)
	var all sync.WaitGroup
	n := 0
	tell := func(source string, w sender.Webhook) {
		n++
		w.ID, w.At = strconv.Itoa(n), time.Now()
		free <- struct{}{}
		all.Go(func() {
			defer func() { <-free }()
			if err := post(address+source, &w); err != nil {
				i.t.Errorf("%s: %v", source, err)
			}
		})
	}
	shop.Each(func(topic string, thing historytest.Thing) {
		tell("shop", sender.Webhook{Platform: "woocommerce", Topic: topic, Body: thing.Body()})
	})
	objects := func(source, platform string, o []history.Object, err error) {
		if err != nil {
			i.t.Fatal(err)
		}
		for _, x := range slices.Clone(o) {
			tell(source, sender.Webhook{Platform: platform, Body: x.Body})
		}
	}
	card.Each(func(_ string, thing historytest.Thing) {
		o, err := stripe.FromObject(thing.Body())
		objects("card", "stripe", o, err)
	})
	list.Each(func(thing historytest.Thing) {
		o, err := mailerlite.FromObject(json.RawMessage(thing.Body()), map[string]string{historytest.Webinar: "webinar"})
		objects("letters", "mailerlite", o, err)
	})
	all.Wait()
	for { // until everything is applied
		metrics := i.metrics()
		if strings.Contains(metrics, "\nrodopath_intake_webhooks 0\n") &&
			strings.Contains(metrics, "\nrodopath_stream_waiting{stream=\"FACTS\"} 0\n") {
			break
		}
		time.Sleep(50 * time.Millisecond) // another process; there is nothing to wait on
	}
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		i.t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		i.t.Fatalf("stop: %v: %s", err, log.String())
	}
}

// post sends a webhook.
func post(address string, w *sender.Webhook) error {
	req, err := http.NewRequest(http.MethodPost, address, bytes.NewReader(w.Body))
	if err != nil {
		return err
	}
	if err := w.Sign(req.Header, importSecret); err != nil {
		return err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("the answer was %s", res.Status)
	}
	return nil
}
