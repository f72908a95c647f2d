package standalone_test

import (
	"bufio"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rodopath/rodopath/services/rodopath/standalone"
)

// run starts a program of the examples, which ends with the test, and returns the lines
// that it prints.
func run(t *testing.T, env []string, name string, args ...string) <-chan string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Env = append(cmd.Environ(), env...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines, drained := make(chan string, 100), make(chan struct{})
	go func() {
		defer close(drained)
		for s := bufio.NewScanner(out); s.Scan(); {
			lines <- s.Text()
		}
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-drained
		_ = cmd.Wait() // it was killed
	})
	return lines
}

func says(t *testing.T, lines <-chan string, want string) string {
	t.Helper()
	for {
		select {
		case line := <-lines:
			if strings.Contains(line, want) {
				return line
			}
		case <-time.After(60 * time.Second):
			t.Fatalf("the program never said %q", want)
		}
	}
}

// erased has a person deleted and waits until every recipient has confirmed it.
func (m *machine) erased(address string) {
	m.t.Helper()
	m.taken("letters", subscriber("created", "active", address, time.Now().Add(-time.Hour)))
	m.settle()
	m.ask("/v1/requests", map[string]any{"person": address, "right": "erasure"}, "")
	deadline := time.Now().Add(30 * time.Second)
	for len(m.decisions("open").Decisions) > 0 {
		if time.Now().After(deadline) {
			m.t.Fatalf("not confirmed: %+v", m.decisions("all"))
		}
		time.Sleep(20 * time.Millisecond) // another process answers
	}
	if all := m.decisions("all").Decisions; len(all) != 1 || all[0].State != "confirmed" {
		m.t.Errorf("got %+v", all)
	}
}

func TestExample_TheNodeProgramConfirmsADeletion(t *testing.T) {
	program, err := exec.LookPath("node")
	if err != nil {
		t.Skip("this machine has no Node")
	}
	lines := run(
		t,
		[]string{"SECRET=" + crmSecret, "PORT=0"},
		program,
		filepath.Join(apiDir, "examples/webhook/receive.mjs"),
	)
	port := strings.TrimPrefix(says(t, lines, "listening"), "listening ")
	dir := withRecipients(t, fmt.Sprintf(`
recipients: [{id: crm, holds: ["*"], by: webhook, url: "http://127.0.0.1:%s/", secrets: ["file:secrets/crm"], allow_private: true}]
`, port))
	m := start(t, dir, nil)
	defer m.stop()
	m.erased("ala@example.com")
	says(t, lines, "ala@example.com")
}

func TestExample_TheGoProgramConfirmsADeletion(t *testing.T) {
	dir := withRecipients(t, "recipients: [{id: crm, holds: [\"*\"], by: nats}]\n")
	m := start(t, dir, func(o *standalone.Options) { o.NATSListen = "127.0.0.1:0" })
	defer m.stop()
	binary := filepath.Join(t.TempDir(), "consume")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", binary, ".")
	build.Dir = filepath.Join(apiDir, "examples/consume")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	lines := run(t, nil, binary, m.ConsumerURL, "crm")
	m.erased("ala@example.com")
	says(t, lines, "ala@example.com")
}
