package cli_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/rodopath/rodopath/services/platforms/stripe"
	"github.com/rodopath/rodopath/services/rodopath/cli"
)

// asRodopath makes the test binary behave as the program itself.
const asRodopath = "RODOPATH_TEST_RUN_AS_RODOPATH"

func TestMain(m *testing.M) {
	if os.Getenv(asRodopath) == "" {
		os.Exit(m.Run())
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(cli.Run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// program runs rodopath as a process of its own.
func program(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(exe, args...)
	races := filepath.Join(t.TempDir(), "race")
	cmd.Env = append(os.Environ(), asRodopath+"=1", "GORACE=exitcode=0 log_path="+races)
	t.Cleanup(func() { failOnRaces(t, races) })
	return cmd
}

// failOnRaces fails on the data races that processes reported, except those within the NATS server alone: at
// a start, its stream updates race with its creation of consumers.
func failOnRaces(t *testing.T, path string) {
	t.Helper()
	files, err := filepath.Glob(path + ".*")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, report := range strings.Split(string(text), "WARNING: DATA RACE")[1:] {
			accesses, _, _ := strings.Cut(report, "\nGoroutine ") // the rest says who started the goroutines
			if !strings.Contains(accesses, "nats-server") || strings.Contains(accesses, "rodopath/rodopath") {
				t.Errorf("a process has a data race:%s", report)
			}
		}
	}
}

// ask runs a command that must succeed and returns what it prints.
func ask(t *testing.T, args ...string) string {
	t.Helper()
	var out, errOut strings.Builder
	cmd := program(t, args...)
	cmd.Stdout, cmd.Stderr = &out, &errOut
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v: %v: %s", args, err, errOut.String())
	}
	return out.String()
}

// control is where a server is reached.
type control struct {
	API, Webhooks, Token string
}

// serve starts a server process and waits until it says where it is.
func serve(t *testing.T, dir string) (*exec.Cmd, control) {
	t.Helper()
	if err := os.RemoveAll(filepath.Join(dir, "control.json")); err != nil {
		t.Fatal(err)
	}
	cmd := program(t, "serve", "--data", dir, "--listen", "127.0.0.1:0")
	cmd.Stdout, cmd.Stderr = io.Discard, os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() }) // it may have ended long ago
	deadline := time.Now().Add(30 * time.Second)
	for time.Now().Before(deadline) {
		var c control
		data, err := os.ReadFile(filepath.Join(dir, "control.json"))
		if err == nil && json.Unmarshal(data, &c) == nil {
			return cmd, c
		}
		time.Sleep(10 * time.Millisecond) // another process; there is nothing to wait on
	}
	t.Fatal("the server did not start")
	return nil, control{}
}

// sale posts a signed checkout of one person and reports whether it was taken.
func sale(c control, secret string, n int) bool {
	body := fmt.Sprintf(
		`{"id":"evt_%[1]d","object":"event","type":"checkout.session.completed","created":%[2]d,"livemode":true,"data":{"object":{"id":"cs_%[1]d","object":"checkout.session","mode":"payment","payment_status":"paid","customer":"cus_%[1]d","customer_details":{"email":"p%[1]d@example.com"}}}}`,
		n,
		time.Now().Add(-time.Hour).Unix(),
	)
	req, err := http.NewRequest(http.MethodPost, c.Webhooks+"/webhooks/card", strings.NewReader(body))
	if err != nil {
		return false
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Stripe-Signature", stripe.Sign(secret, time.Now(), []byte(body)))
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return false
	}
	defer res.Body.Close()
	return res.StatusCode == http.StatusOK
}

func TestServe_KillLosesNothingThatWasTaken(t *testing.T) {
	dir := t.TempDir()
	cmd, c := serve(t, dir)
	secret, err := os.ReadFile(filepath.Join(dir, "secrets", "card"))
	if err != nil {
		t.Fatal(err)
	}
	var (
		wg    sync.WaitGroup
		next  atomic.Int64
		mu    sync.Mutex
		taken []int
	)
	const enough = 120
	killed := make(chan struct{})
	for range 8 {
		wg.Go(func() {
			for {
				n := int(next.Add(1))
				if !sale(c, strings.TrimSpace(string(secret)), n) {
					return // the server is gone
				}
				mu.Lock()
				if taken = append(taken, n); len(taken) == enough {
					close(killed)
				}
				mu.Unlock()
			}
		})
	}
	<-killed
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	wg.Wait()
	_ = cmd.Wait() // it was killed

	// The first command brings to its end what the server could not.
	ask(t, "explain", "p1@example.com", "--data", dir)
	out := ask(t, "events", "--json", "--data", dir)
	for _, n := range taken {
		if got := strings.Count(out, fmt.Sprintf("\"p%d@example.com\"", n)); got != 1 {
			t.Errorf("webhook %d was answered 200 and has %d decisions", n, got)
		}
	}
}

func TestExplain_ExitCodesMeanSomething(t *testing.T) {
	dir := t.TempDir()
	if out, err := program(
		t,
		"serve",
		"--data",
		dir,
		"--listen",
		"nowhere",
	).CombinedOutput(); err == nil ||
		!strings.Contains(string(out), "--listen") {
		t.Errorf("a bad address: %v, %s", err, out)
	}
	for _, c := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"explain", "nobody@example.com", "--data", dir}, 3, "no person is known by this name"},
		{[]string{"explain", "--data", dir}, 2, "explain --help"},
		{[]string{"explain", "x@example.com", "--at", "soon", "--data", dir}, 2, "2027-01-01"},
		{[]string{"frobnicate"}, 2, "no command \"frobnicate\""},
		{[]string{"explain", "not a person", "--data", dir}, 2, "e-mail address"},
		{[]string{"explain", "x@example.com", "--data", filepath.Join(dir, "missing")}, 1, "rodopath serve"},
		{[]string{"serve", "--config", filepath.Join(dir, "missing.yaml"), "--data", dir}, 1, "missing.yaml"},
		{[]string{"send", filepath.Join(dir, "missing.json"), "--data", dir}, 1, "missing.json"},
	} {
		out, err := program(t, c.args...).CombinedOutput()
		code := 0
		if exit, ok := err.(*exec.ExitError); ok {
			code = exit.ExitCode()
		}
		if code != c.code || !strings.Contains(string(out), c.says) {
			t.Errorf("%v: exit %d, want %d; says %s", c.args, code, c.code, out)
		}
	}
}

func TestSend_AndExplainWorkWithoutAServer(t *testing.T) {
	dir := t.TempDir()
	serving, _ := serve(t, dir)
	if err := serving.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := serving.Wait(); err != nil {
		t.Errorf("stopping: %v", err)
	}
	file := filepath.Join(dir, "fact.json")
	fact := fmt.Sprintf(
		`{"kind":"sale","at":%q,"ref":"order-17","person":{"email":"ala@example.com"},"access":"course"}`,
		time.Now().Add(-time.Hour).UTC().Format(time.RFC3339),
	)
	if err := os.WriteFile(file, []byte(fact), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := program(t, "send", file, "--data", dir).CombinedOutput(); err != nil || string(out) != "1 recorded\n" {
		t.Fatalf("%v: %s", err, out)
	}
	out, err := program(t, "explain", "Ala@example.com", "--data", dir).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for _, want := range []string{"ala@example.com", "contract, Art. 6(1)(b)", "tax documents, Art. 6(1)(c)", "hand:order-17", "asked, no answer yet"} {
		if !strings.Contains(string(out), want) {
			t.Errorf("no %q in:\n%s", want, out)
		}
	}
	if out, err := program(
		t,
		"demo",
		"--data",
		dir,
	).CombinedOutput(); err != nil ||
		!strings.Contains(string(out), "== Hubert") {
		t.Errorf("demo: %v: %s", err, out)
	}
}
