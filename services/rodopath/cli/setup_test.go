package cli_test

import (
	"encoding/json"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rodopath/rodopath/services/platforms/history/historytest"
)

// serving starts a server until the end of the test, and returns the address for webhooks.
func (i *importing) serving() string {
	i.t.Helper()
	cmd := program(i.t, i.args("serve", "--listen", "127.0.0.1:0")...)
	if err := cmd.Start(); err != nil {
		i.t.Fatal(err)
	}
	i.t.Cleanup(func() {
		_ = cmd.Process.Signal(os.Interrupt) // or it is killed with its directory
		_ = cmd.Wait()
	})
	return i.control().Webhooks
}

// says runs a command and wants an exit code and some words.
func (i *importing) says(code int, words []string, args ...string) string {
	i.t.Helper()
	out, err := program(i.t, i.args(args...)...).CombinedOutput()
	got := 0
	if exit, ok := err.(*exec.ExitError); ok {
		got = exit.ExitCode()
	}
	for _, want := range words {
		if got != code || !strings.Contains(string(out), want) {
			i.t.Fatalf("%v: exit %d, want %d; no %q in: %s", args, got, code, want, out)
		}
	}
	return string(out)
}

// TestSetup_CreatesWhatAShopLacks: a dry run changes nothing; the webhooks get the secret and the topics of the source;
// the test message of the shop arrives; a repetition keeps what is there; and a webhook that was switched off is named,
// and switched on again.
func TestSetup_CreatesWhatAShopLacks(t *testing.T) {
	shop := historytest.NewShop(3, 4)
	server := httptest.NewServer(shop.Handler())
	defer server.Close()
	i := newImporting(t, shopSource(server.URL))
	i.says(2, []string{"start \"rodopath serve\" first"}, "sources", "setup", "shop", "--url", "https://rodo.example.com")
	address := i.serving()
	shop.Hooks.Pinged = historytest.Ping
	i.says(2, []string{"set public_url"}, "sources", "setup", "shop")
	i.says(2, []string{"no source nobody"}, "sources", "setup", "nobody", "--url", address)
	i.says(
		0,
		[]string{
			"create a webhook to " + address + "/webhooks/shop for order.updated",
			"dry run",
			"no webhook at the platform",
		},
		"sources",
		"setup",
		"shop",
		"--url",
		address,
		"--dry-run",
	)
	i.says(2, []string{"Change the platform as listed?"}, "sources", "setup", "shop", "--url", address)
	if n := len(shop.Hooks.List()); n > 0 {
		t.Fatalf("without an answer %d webhooks were created", n)
	}
	i.says(0, []string{"A message of the platform arrived."}, "sources", "setup", "shop", "--url", address, "--yes")
	hooks := shop.Hooks.List()
	var topics []string
	for _, h := range hooks {
		topics = append(topics, h.Topics...)
		if h.Secret != importSecret || !h.Active {
			t.Errorf("a webhook is %+v", h)
		}
	}
	if len(hooks) != 9 || !slices.Contains(topics, "customer.created") ||
		!slices.Contains(topics, "subscription.deleted") {
		t.Errorf("the topics are %v, want those of a shop with subscriptions", topics)
	}
	shop.Hooks.Each(func(h *historytest.Hook) { h.Active = h.Topics[0] != "order.updated" })
	i.says(
		0,
		[]string{"Nothing has to be created", "Still wrong: webhooks are switched off"},
		"sources",
		"setup",
		"shop",
		"--url",
		address,
	)
	i.says(0, []string{"switch on the webhook"}, "sources", "enable", "shop", "--yes")
	out := i.says(0, []string{"Nothing has to be created"}, "sources", "enable", "shop")
	if strings.Contains(out, "Still wrong") || len(shop.Hooks.List()) != 9 {
		t.Errorf("after enabling: %s", out)
	}
	var all struct {
		Sources []struct {
			Source   string
			Webhooks struct{ Pinged time.Time }
		}
	}
	if err := json.Unmarshal([]byte(ask(t, i.args("sources", "--json")...)), &all); err != nil ||
		len(all.Sources) != 1 || all.Sources[0].Webhooks.Pinged.IsZero() {
		t.Errorf("%v: the sources are %+v", err, all)
	}
}

// TestSetup_StoresTheSecretThatThePlatformMakes, and keeps the former one; a key of the command line may do what the
// key of read may not.
func TestSetup_StoresTheSecretThatThePlatformMakes(t *testing.T) {
	card := historytest.NewAccount(3, 4)
	list := historytest.NewList(3, 4)
	cardServer, listServer := httptest.NewServer(card.Handler()), httptest.NewServer(list.Handler())
	defer cardServer.Close()
	defer listServer.Close()
	sources := strings.Replace(otherSources(cardServer.URL, listServer.URL),
		`secrets: ["env:RODOPATH_TEST_IMPORT_SECRET"]`, `secrets: ["file:card-secret"]`, 1)
	i := newImporting(
		t,
		strings.Replace(sources, "env:RODOPATH_TEST_IMPORT_STRIPE_KEY", "env:RODOPATH_TEST_SETUP_READ", 1),
	)
	t.Setenv("RODOPATH_TEST_SETUP_READ", "rk_live_that_may_nothing")
	secret := filepath.Join(filepath.Dir(i.config), "card-secret")
	if err := os.WriteFile(secret, []byte("whsec_before\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	address := i.serving()
	i.says(1, []string{"the key was refused"}, "sources", "setup", "card", "--url", address, "--yes")
	out := i.says(0, []string{"The secret of the platform is stored in " + secret, "Start Rodopath again", "--wait 10m"},
		"sources", "setup", "card", "--url", address, "--yes", "--key", "env:RODOPATH_TEST_IMPORT_STRIPE_KEY")
	made := card.Hooks.List()
	if len(made) != 1 || len(made[0].Topics) != 21 {
		t.Fatalf("the endpoints are %+v", made)
	}
	now, _ := os.ReadFile(secret)
	former, _ := os.ReadFile(secret + ".former")
	if string(now) != made[0].Secret+"\n" || string(former) != "whsec_before\n" || strings.Contains(out, made[0].Secret) {
		t.Errorf("the secret is %q, the former one %q; the output %s", now, former, out)
	}
	out = i.says(0, []string{"tells it once. Store it as env:RODOPATH_TEST_IMPORT_SECRET"},
		"sources", "setup", "letters", "--url", address, "--yes")
	if made := list.Hooks.List(); len(made) != 1 || !strings.Contains(out, made[0].Secret) {
		t.Errorf("the webhooks are %+v; the output %s", made, out)
	}
	i.says(0, []string{"the secret of a webhook at the platform is none of the secrets of the source"},
		"sources", "setup", "letters", "--url", address)
	i.says(
		1,
		[]string{"no message of the platform arrived within 1s"},
		"sources",
		"setup",
		"letters",
		"--url",
		address,
		"--wait",
		"1s",
	)
}
