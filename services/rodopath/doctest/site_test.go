package doctest_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// shared is a directory for what all tests use.
var shared string

func TestMain(m *testing.M) { os.Exit(runTests(m)) }

func runTests(m *testing.M) int {
	var err error
	if shared, err = os.MkdirTemp("", "rodopath-doctest-"); err != nil {
		panic(err)
	}
	defer os.RemoveAll(shared)
	return m.Run()
}

// site is a directory in which a reader follows a page: the files of the repository, the
// built program, and a data directory.
type site struct {
	t      *testing.T
	dir    string
	server *exec.Cmd
}

// newSite makes a site without a data directory.
func newSite(t *testing.T) *site {
	t.Helper()
	s := &site{t: t, dir: t.TempDir()}
	repository, err := filepath.Abs(root)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"api", "deploy", "docs", "scripts", "services"} {
		if err := os.Symlink(filepath.Join(repository, name), filepath.Join(s.dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"backups", "elsewhere"} {
		if err := os.Mkdir(filepath.Join(s.dir, name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := install(s.dir); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.stop)
	return s
}

// program is the program as "make run" builds it. It is built once.
var program = sync.OnceValues(func() (string, error) {
	path := filepath.Join(shared, "rodopath")
	cmd := exec.Command("go", "build", "-trimpath", "-o", path, "./services/rodopath/cmd/rodopath")
	cmd.Dir = root
	cmd.Env = append(cmd.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return path, nil
})

// install puts the program into bin/ of a directory.
func install(dir string) error {
	path, err := program()
	if err != nil {
		return err
	}
	if err := os.Mkdir(filepath.Join(dir, "bin"), 0o700); err != nil {
		return err
	}
	return os.Symlink(path, filepath.Join(dir, "bin", "rodopath"))
}

// demoData is a data directory after the demo, which is made once.
var demoData = sync.OnceValues(func() (string, error) {
	if err := install(shared); err != nil {
		return "", err
	}
	// With --yes, because recipients of some pages are notified of the persons.
	cmd := exec.Command(filepath.Join(shared, "bin", "rodopath"), "demo", "--yes", "--data", "data")
	cmd.Dir = shared
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return filepath.Join(shared, "data"), nil
})

// withDemo gives the site a data directory after the demo.
func (s *site) withDemo() {
	s.t.Helper()
	data, err := demoData()
	if err != nil {
		s.t.Fatal(err)
	}
	if err := os.CopyFS(filepath.Join(s.dir, "data"), os.DirFS(data)); err != nil {
		s.t.Fatal(err)
	}
	for _, private := range []string{"data", "data/secrets"} {
		if err := os.Chmod(filepath.Join(s.dir, private), 0o700); err != nil {
			s.t.Fatal(err)
		}
	}
}

// start starts a server on the data directory with the command that is given, and waits
// until it is ready.
func (s *site) start(line string) {
	s.t.Helper()
	control := filepath.Join(s.dir, "data", "control.json")
	if err := os.RemoveAll(control); err != nil {
		s.t.Fatal(err)
	}
	var log strings.Builder
	cmd := exec.Command("sh", "-c", "exec "+line)
	cmd.Dir, cmd.Stderr = s.dir, &log
	if err := cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.server = cmd
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if _, err := os.Stat(control); err == nil {
			return
		}
		if time.Now().After(deadline) {
			s.stop()
			s.t.Fatalf("%s: the server does not start: %s", line, log.String())
		}
	}
}

const serve = "bin/rodopath serve --listen 127.0.0.1:0"

// stop ends the server as Ctrl-C does.
func (s *site) stop() {
	if s.server == nil {
		return
	}
	if err := s.server.Process.Signal(syscall.SIGTERM); err != nil {
		s.t.Error(err)
	}
	if err := s.server.Wait(); err != nil {
		s.t.Errorf("the server ended with %v", err)
	}
	s.server = nil
}

// webhooks is the address of the running server before /webhooks/.
func (s *site) webhooks() string {
	s.t.Helper()
	data, err := os.ReadFile(filepath.Join(s.dir, "data", "control.json"))
	if err != nil {
		s.t.Fatal(err)
	}
	var control struct {
		Webhooks string `json:"webhooks"`
	}
	if err := json.Unmarshal(data, &control); err != nil {
		s.t.Fatal(err)
	}
	return control.Webhooks
}

// sh runs a line and returns what it prints and its exit code.
func (s *site) sh(line string) (stdout, stderr string, exit int) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), time.Minute)
	defer cancel()
	var out, errOut strings.Builder
	cmd := exec.CommandContext(ctx, "sh", "-c", line)
	cmd.Dir, cmd.Stdout, cmd.Stderr = s.dir, &out, &errOut
	err := cmd.Run()
	var failed *exec.ExitError
	if err != nil && !errors.As(err, &failed) {
		s.t.Fatalf("%s: %v", line, err)
	}
	return out.String(), errOut.String(), cmd.ProcessState.ExitCode()
}

// ask runs a command of the program and decodes the JSON that it prints.
func (s *site) ask(line string, into any) {
	s.t.Helper()
	out, errOut, exit := s.sh(line)
	if exit != 0 {
		s.t.Fatalf("%s: exit code %d: %s", line, exit, errOut)
	}
	if err := json.Unmarshal([]byte(out), into); err != nil {
		s.t.Fatal(err)
	}
}

func (s *site) write(name, text string) {
	s.t.Helper()
	path := filepath.Join(s.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		s.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		s.t.Fatal(err)
	}
}

// configure adds to the configuration.
func (s *site) configure(text string) {
	s.t.Helper()
	path := filepath.Join(s.dir, "data", "rodopath.yaml")
	before, err := os.ReadFile(path)
	if err != nil {
		s.t.Fatal(err)
	}
	if err := os.WriteFile(path, append(before, text...), 0o600); err != nil {
		s.t.Fatal(err)
	}
}

// oldSale is a fact whose retention periods are over.
const oldSale = `{"kind": "sale", "at": "2017-01-15T10:00:00Z", "ref": "order-1", "person": {"email": "ala@example.com"}}`

// lapse sends the old sale, so that recipients are notified of erasures.
func (s *site) lapse() {
	s.t.Helper()
	if _, errOut, exit := s.sh("echo '" + oldSale + "' | bin/rodopath send -"); exit != 0 {
		s.t.Fatal(errOut)
	}
}

// decision finds a deletion of which every recipient of the site is notified. It stays
// the same one for the whole page.
func (s *site) decision() string {
	s.t.Helper()
	var list struct {
		Decisions []struct {
			Decision   string
			Kind       string
			Categories []string
		}
	}
	for range 20 { // the relay publishes in the background
		s.ask("bin/rodopath decisions --all --json", &list)
		for _, d := range list.Decisions {
			if d.Kind == "delete" && len(d.Categories) == 1 && d.Categories[0] == "invoice" {
				return d.Decision
			}
		}
	}
	s.t.Fatal("no recipient was notified of the deletion of an invoice")
	return ""
}

// request finds the request that was opened on the page.
func (s *site) request() string {
	s.t.Helper()
	var list struct {
		Requests []struct{ Ref string }
	}
	s.ask("bin/rodopath requests --json", &list)
	for _, r := range list.Requests {
		if strings.HasPrefix(r.Ref, "req-") {
			return r.Ref
		}
	}
	s.t.Fatal("no request is open")
	return ""
}

// revision is the revision of the policy in force.
func (s *site) revision() string {
	s.t.Helper()
	var status struct{ Revision string }
	s.ask("bin/rodopath policy status --json", &status)
	return status.Revision
}
