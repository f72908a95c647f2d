package doctest_test

import (
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rodopath/rodopath/services/platforms/history/historytest"
)

// excuses are the commands that no test can run here, each with the reason. An excuse
// that matches no command fails the test.
var excuses = map[string]string{
	"bin/rodopath quarantine show 1":                    "every webhook of the demo is read; the tests of the commands put one into quarantine",
	"bin/rodopath quarantine retry 1":                   "every webhook of the demo is read; the tests of the commands put one into quarantine",
	"bin/rodopath quarantine drop 1":                    "every webhook of the demo is read; the tests of the commands put one into quarantine",
	"bin/rodopath password > data/secrets/console-anna": "asks for a password; TestPassword_PrintsAHash",
	"make run":                              "the test starts the server itself",
	"make test":                             "this test is a part of it",
	"make build":                            "compiles every program; the Makefile runs nothing else",
	"make check":                            "runs every check, this test included",
	"make drift":                            "compiles the generators",
	"make lint":                             "compiles the linter",
	"make vuln":                             "asks vuln.go.dev",
	"make test-slow":                        "takes minutes",
	"make test-at":                          "runs all tests with another clock",
	"make bench":                            "takes minutes",
	"make pictures":                         "takes minutes, and writes into the repository",
	`make bench ARGS="-only Apply"`:         "takes minutes",
	"make scale":                            "takes half a minute; the tests of rodopath/scale run the simulation",
	"make soak":                             "takes 20 minutes",
	"make cluster-test":                     "builds Kubernetes, and needs root",
	`make chaos ARGS="--seed 7"`:            "takes an hour; TestChaos_ of internal/chaos runs a few rounds",
	"go test ./services/lifecycle -rewrite": "writes into the repository",
	"RODOPATH_TEST_MONGODB_URI=mongodb://… go test ./services/lifecycle/mongostore":                                                                                     "needs a MongoDB",
	"RODOPATH_NATS_URL=nats://… bin/ingest --config rodopath.yaml":                                                                                                      "needs a NATS; internal/chaos runs these processes",
	`RODOPATH_NATS_URL=nats://… RODOPATH_MONGODB_URI=mongodb://… RODOPATH_KEYS=file:keys.json RODOPATH_API_TOKENS='["env:TOKEN"]' bin/lifecycle --config rodopath.yaml`: "needs a NATS and a MongoDB; internal/chaos runs these processes",
	"RODOPATH_NATS_URL=nats://… RODOPATH_DISPATCH_LIFECYCLE_URL=http://127.0.0.1:8081 RODOPATH_API_TOKENS='[\"env:TOKEN\"]' bin/dispatch --config rodopath.yaml":        "needs a NATS; internal/chaos runs these processes",
	"helm install rodopath deploy/helm/rodopath --values my-values.yaml":                                                                                                "needs a cluster; make chart tests the chart",
	"helm test rodopath":      "needs a cluster",
	"helm uninstall rodopath": "needs a cluster",
	"kubectl delete persistentvolumeclaim --selector app.kubernetes.io/instance=rodopath,app.kubernetes.io/name=ingest":                  "needs a cluster; TestNotesNameWhatUninstallLeaves",
	"kubectl delete secret rodopath-mongodb rodopath-keys rodopath-token rodopath-sources":                                               "needs a cluster",
	"kubectl get pods --selector app.kubernetes.io/name=lifecycle":                                                                       "needs a cluster",
	"kubectl logs deployment/rodopath-lifecycle --previous":                                                                              "needs a cluster",
	"kubectl rollout restart statefulset/rodopath-ingest deployment/rodopath-lifecycle deployment/rodopath-dispatch":                     "needs a cluster",
	"helm upgrade rodopath deploy/helm/rodopath --values my-values.yaml":                                                                 "needs a cluster; make chart tests the chart",
	"bin/rodopath subject join ala@example.com ola@example.com":                                                                          "needs two persons who are one; TestNode_APersonIsSplitAndJoinedOnAnOrder",
	"bin/rodopath subject split ala@example.com --names ola@example.com":                                                                 "needs two persons in one; TestNode_APersonIsSplitAndJoinedOnAnOrder",
	"bin/rodopath import shop --lifecycle http://127.0.0.1:8081 --ingest http://127.0.0.1:9090 --token env:TOKEN --config rodopath.yaml": "needs a cluster; TestImport_InACluster",
	"bin/rodopath sources setup shop":                                                                                                    "asks; TestSetup_CreatesWhatAShopLacks",
	"bin/rodopath sources enable shop":                                                                                                   "asks; TestSetup_CreatesWhatAShopLacks",
	"bin/rodopath sources setup shop --dry-run":                                                                                          "needs a public address; TestSetup_CreatesWhatAShopLacks",
	"bin/rodopath sources setup card --wait 10m":                                                                                         "waits for a platform; TestSetup_StoresTheSecretThatThePlatformMakes",
	`nats --server "$(cat data/consumer.url)" consumer add DECISIONS warehouse --pull --defaults`:                                        "needs the nats command; internal/standalone reads as this consumer does",
	`nats --server "$(cat data/consumer.url)" consumer next DECISIONS warehouse --raw`:                                                   "needs the nats command; internal/standalone reads as this consumer does",
}

// replacement puts a value of this test in the place of a part of a command.
type replacement struct {
	from string
	to   func(*site) string
}

var replacements = []replacement{
	{
		"make demo",
		func(*site) string { return "bin/rodopath demo --data data" },
	}, // the recipe of the Makefile, without the compiler
	{"dec_…", (*site).decision},
	{"req-…", (*site).request},
	{"REVISION", (*site).revision},
	{"https://hooks.example.com", (*site).webhooks},
	{"http://127.0.0.1:8080", (*site).webhooks},
	{"127.0.0.1:4222", func(*site) string { return "127.0.0.1:0" }},
	{"/backups/", func(s *site) string { return filepath.Join(s.dir, "backups") + "/" }},
	{"/elsewhere/", func(s *site) string { return filepath.Join(s.dir, "elsewhere") + "/" }},
}

// offline are commands that need the server to be stopped, and what happens before.
var offline = map[string]func(*site){
	"bin/rodopath keys rotate --yes": func(*site) {},
	"bin/rodopath restore /backups/rodopath.tar.gz --data data --keys /elsewhere/keys.json --yes": func(s *site) {
		if err := os.Rename(filepath.Join(s.dir, "data"), filepath.Join(s.dir, "data-lost")); err != nil {
			s.t.Fatal(err)
		}
	},
}

// tools are programs of the reader's machine. A command with one that this machine does
// not have is left out.
var tools = []string{"curl", "openssl"}

// recipientSecrets is run before the server starts, which reads the files.
const recipientSecrets = `(umask 077; echo "whsec_$(openssl rand -base64 32)" > data/secrets/crm; openssl rand -hex 20 > data/secrets/crm-token)`

// scenes are the pages whose commands are run. before prepares the site of the page.
var scenes = map[string]struct{ before func(*site) }{
	"README.md":              {},
	"SECURITY.md":            {},
	"CONTRIBUTING.md":        {},
	"docs/standard.md":       {before: (*site).withDemo},
	"docs/console.md":        {before: (*site).withDemo},
	"docs/rights.md":         {before: (*site).withDemo},
	"docs/operations.md":     {before: (*site).withDemo},
	"docs/kubernetes.md":     {before: (*site).withDemo},
	"docs/runbook.md":        {before: withRecipients},
	"docs/recipients.md":     {before: withRecipients},
	"docs/history.md":        {before: withPast},
	"docs/reconciliation.md": {before: withPast},
	"docs/policy.md": {before: func(s *site) {
		s.withDemo()
		for _, b := range blocks(s.t, "docs/policy.md") {
			switch {
			case strings.HasPrefix(b.text, "case "):
				s.write("my-scenarios/shop.case", b.text)
			case strings.Contains(b.text, "extends:"):
				s.write("my-policy.yaml", b.text)
			}
		}
	}},
}

func withRecipients(s *site) {
	s.start(serve)
	s.stop()
	line := recipientSecrets
	if !available(line) {
		line = "umask 077; echo whsec_c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0 > data/secrets/crm; echo a-token-of-the-test-alone > data/secrets/crm-token"
	}
	if _, errOut, exit := s.sh(line); exit != 0 {
		s.t.Fatal(errOut)
	}
	s.configure(`
observe: false
recipients:
  - {id: crm, holds: ["*"], by: webhook, url: "http://127.0.0.1:9/", secrets: ["file:secrets/crm"], token: "file:secrets/crm-token", kinds: [delete, ask-consent], allow_private: true}
  - {id: letters, by: nats}
  - {id: bookkeeper, by: hand}
`)
	s.start(serve)
	s.lapse()
	s.stop()
}

// withPast gives the site a shop with a history.
func withPast(s *site) {
	s.withDemo()
	shop := httptest.NewServer(historytest.NewShop(1, 20).Handler())
	s.t.Cleanup(shop.Close)
	s.write("data/secrets/shop-read", historytest.ShopKey)
	path := filepath.Join(s.dir, "data", "rodopath.yaml")
	text, err := os.ReadFile(path)
	if err != nil {
		s.t.Fatal(err)
	}
	const secrets = `    secrets: ["file:secrets/shop"]` + "\n"
	read := `    read: {url: "` + shop.URL + `", key: "file:secrets/shop-read", allow_private: true, per_second: 1000}` + "\n"
	s.write("data/rodopath.yaml", strings.Replace(string(text), secrets, secrets+read, 1))
}

func available(line string) bool {
	for _, tool := range tools {
		if _, err := exec.LookPath(tool); err != nil && strings.Contains(line, tool+" ") {
			return false
		}
	}
	return true
}

func TestCommands_OfEveryPageWork(t *testing.T) {
	for _, page := range pages(t) {
		t.Run(page, func(t *testing.T) {
			t.Parallel()
			follow(t, page, true)
		})
	}
}

func TestCommands_OfTheREADMEWorkWithoutAServer(t *testing.T) {
	t.Parallel()
	follow(t, "README.md", false)
}

func TestDemo_ARepeatedRunHasPersonsOfItsOwn(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.withDemo()
	for _, line := range []string{"bin/rodopath demo --data data", "bin/rodopath explain ala-2@example.com"} {
		if _, errOut, exit := s.sh(line); exit != 0 {
			t.Fatalf("%s: exit code %d: %s", line, exit, errOut)
		}
	}
}

// follow runs a page as a reader does, with a server or without one.
func follow(t *testing.T, page string, server bool) {
	scene, ok := scenes[page]
	all := blocks(t, page)
	if !ok {
		for _, b := range all {
			if b.language == "sh" {
				t.Fatalf("%s:%d: no scene of this test runs this page", page, b.line)
			}
		}
		return
	}
	s := newSite(t)
	if scene.before != nil {
		scene.before(s)
	}
	if server {
		s.start(serve)
	}
	for _, b := range all {
		switch {
		case b.language == "sh":
			for _, c := range b.commands() {
				s.run(page, c, server)
			}
		case page == "README.md" && b.language == "yaml":
			s.stop()
			s.configure(b.text)
			if server {
				s.start(serve)
			}
			s.lapse()
		}
	}
}

// run runs one command, or leaves it out for a reason of the tables.
func (s *site) run(page string, c command, server bool) {
	s.t.Helper()
	switch {
	case excuses[c.text] != "", c.text == recipientSecrets:
		return
	case !available(c.text):
		s.t.Logf("%s:%d: left out, because this machine lacks a tool: %s", page, c.line, c.text)
		return
	}
	line := c.text
	for _, r := range replacements {
		if strings.Contains(line, r.from) {
			line = strings.ReplaceAll(line, r.from, r.to(s))
		}
	}
	prepare, isOffline := offline[c.text]
	starts := strings.HasPrefix(c.text, "bin/rodopath serve ")
	if isOffline || starts {
		s.stop()
	}
	if starts {
		s.start(line + " --listen 127.0.0.1:0")
		return
	}
	if isOffline {
		prepare(s)
	}
	if strings.Contains(line, "$(date ") {
		// A reader's receipt, of whole seconds, comes seconds after the decision.
		time.Sleep(time.Until(time.Now().Truncate(time.Second).Add(time.Second)))
	}
	out, errOut, exit := s.sh(line)
	if exit != c.exit {
		s.t.Errorf("%s:%d: %s: exit code %d, want %d\n%s%s", page, c.line, line, exit, c.exit, out, errOut)
	}
	if isOffline && server {
		s.start(serve)
	}
}

func TestTables_MatchTheDocumentation(t *testing.T) {
	all := map[string]bool{}
	var text strings.Builder
	for _, page := range pages(t) {
		for _, b := range blocks(t, page) {
			if b.language != "sh" {
				continue
			}
			for _, c := range b.commands() {
				all[c.text] = true
				text.WriteString(c.text + "\n")
			}
		}
	}
	for line := range excuses {
		if !all[line] {
			t.Errorf("excused, and in no page: %s", line)
		}
	}
	for line := range offline {
		if !all[line] {
			t.Errorf("run without a server, and in no page: %s", line)
		}
	}
	if !all[recipientSecrets] {
		t.Errorf("in no page: %s", recipientSecrets)
	}
	for _, r := range replacements {
		if !strings.Contains(text.String(), r.from) {
			t.Errorf("replaced, and in no page: %s", r.from)
		}
	}
	for page := range scenes {
		if _, err := os.Stat(filepath.Join(root, page)); err != nil {
			t.Error(err)
		}
	}
	makefile := read(t, "Makefile")
	if !strings.Contains(makefile, "\t./bin/rodopath demo --data $(DATA)\n") {
		t.Error("make demo does something else than this test runs in its place")
	}
	for line := range all {
		if goal, ok := strings.CutPrefix(line, "make "); ok {
			goal, _, _ = strings.Cut(goal, " ")
			if !strings.Contains(makefile, "\n"+goal+":") {
				t.Errorf("the Makefile has no goal for: %s", line)
			}
		}
	}
}
