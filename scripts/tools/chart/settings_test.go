package chart

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"
)

// field is a key of the configuration and, where it is or lists a struct, which.
type field struct{ key, of string }

// settings reads the structs of services/internal/config: by the name of each, its keys.
func settings(t *testing.T) map[string][]field {
	t.Helper()
	files, err := filepath.Glob(root + "/services/internal/config/*.go")
	if err != nil {
		t.Fatal(err)
	}
	out := map[string][]field{}
	for _, path := range files {
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if spec, ok := n.(*ast.TypeSpec); ok {
				if s, ok := spec.Type.(*ast.StructType); ok {
					out[spec.Name.Name] = fields(s)
				}
			}
			return true
		})
	}
	if len(out["Config"]) < 10 {
		t.Fatal("the structs of services/internal/config are not found")
	}
	return out
}

func fields(s *ast.StructType) []field {
	var out []field
	for _, f := range s.Fields.List {
		if f.Tag == nil {
			continue
		}
		tag, _ := strconv.Unquote(f.Tag.Value)
		key := reflect.StructTag(tag).Get("yaml")
		if key == "" {
			continue
		}
		one := field{key: key}
		ast.Inspect(f.Type, func(n ast.Node) bool {
			if id, ok := n.(*ast.Ident); ok && id.IsExported() {
				one.of = id.Name
			}
			return true
		})
		out = append(out, one)
	}
	return out
}

// variables are the names in the environment of all values, without those in lists.
func variables(all map[string][]field, of, prefix string) []string {
	var out []string
	for _, f := range all[of] {
		name := prefix + "_" + strings.ToUpper(f.key)
		out = append(out, name)
		if f.of != "" {
			out = append(out, variables(all, f.of, name)...)
		}
	}
	return out
}

// fromElsewhere are variables that are no settings.
func fromElsewhere() []string { return []string{"SSL_CERT_DIR"} }

func TestEnvironmentIsMadeOfSettings(t *testing.T) {
	known := append(variables(settings(t), "Config", "RODOPATH"), fromElsewhere()...)
	for _, want := range []string{"RODOPATH_NATS_URL", "RODOPATH_INTAKE_MAX_MB", "RODOPATH_CONTROLLER"} {
		if !slices.Contains(known, want) {
			t.Fatalf("%s is not found in services/internal/config", want)
		}
	}
	for _, set := range sets() {
		for _, p := range render(t, "rodopath", set).pods() {
			for _, e := range p.container().Env {
				if !slices.Contains(known, e.Name) {
					t.Errorf("%s: %s sets %s, which no service reads", set, p.name, e.Name)
				}
			}
		}
	}
}

// object is an object of a JSON Schema.
type object = map[string]any

func schemaOf(t *testing.T) object {
	t.Helper()
	text, err := os.ReadFile(chartDir + "/values.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	var out object
	if err := json.Unmarshal(text, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func properties(schema any) object {
	p, _ := schema.(object)["properties"].(object)
	return p
}

// The schema knows of the configuration what services/internal/config knows, without what the chart
// itself sets.
func TestSchemaKnowsTheConfiguration(t *testing.T) {
	schema, known := schemaOf(t), settings(t)
	defs := schema["$defs"].(object)
	config := properties(schema)["config"]
	byTheChart := map[string][]string{"Config": {"listen", "intake", "nats", "mongodb", "keys"}, "API": {"listen"}}
	for of, s := range map[string]any{
		"Config": config, "API": properties(config)["api"], "Source": defs["source"], "Product": defs["product"], "Recipient": defs["recipient"],
		"Token": defs["token"].(object)["oneOf"].([]any)[1],
	} {
		have := slices.Sorted(maps.Keys(properties(s)))
		var want []string
		for _, f := range known[of] {
			if !slices.Contains(byTheChart[of], f.key) {
				want = append(want, f.key)
			}
		}
		slices.Sort(want)
		if !slices.Equal(have, want) {
			t.Errorf("%s: these differ: %v", of, difference(have, want))
		}
	}
}

// Every object of the schema is closed, and every value is described.
func TestSchemaIsStrict(t *testing.T) {
	schema := schemaOf(t)
	defs := schema["$defs"].(object)
	var walk func(path string, s any)
	walk = func(path string, s any) {
		switch s := s.(type) {
		case object:
			if p := properties(s); p != nil && s["additionalProperties"] != false {
				t.Errorf("%s takes unknown keys", path)
			}
			for name, p := range properties(s) {
				described := p.(object)["description"] != nil
				if ref, ok := p.(object)["$ref"].(string); ok && !described {
					described = defs[strings.TrimPrefix(ref, "#/$defs/")].(object)["description"] != nil
				}
				if !described {
					t.Errorf("%s.%s is not described", path, name)
				}
			}
			for key, v := range s {
				walk(path+"."+key, v)
			}
		case []any:
			for i, v := range s {
				walk(fmt.Sprintf("%s[%d]", path, i), v)
			}
		}
	}
	walk("", schema)
}

// values.yaml shows every value that there is.
func TestValuesShowWhatThereIs(t *testing.T) {
	text, err := os.ReadFile(chartDir + "/values.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var values object
	if err := yaml.UnmarshalStrict(text, &values); err != nil {
		t.Fatal(err)
	}
	hidden := []string{".global", ".config.approve_above_percent", ".config.public_url", ".config.api", ".config.dispatch", ".config.limits", ".config.traces", ".config.keep_decisions_days", ".config.contact",
		".config.privacy_notice", ".config.observe", ".config.console", ".config.mail", ".config.request_form", ".config.notify"}
	var walk func(path string, schema any, value any)
	walk = func(path string, schema, value any) {
		for name, s := range properties(schema) {
			at := path + "." + name
			v, ok := value.(object)[name]
			if !ok && !slices.Contains(hidden, at) {
				t.Errorf("values.yaml does not show %s", at)
			}
			if ok && properties(s) != nil {
				walk(at, s, v)
			}
		}
	}
	walk("", schemaOf(t), values)
}

// built is where the programs are, built once, as they are for the images.
var built = struct {
	sync.Once
	dir string
	err error
}{}

// program builds a program of this repository and returns its path.
func program(t *testing.T, name string) string {
	t.Helper()
	built.Do(func() {
		if built.dir, built.err = os.MkdirTemp("", "rodopath-chart-"); built.err != nil {
			return
		}
		args := []string{"build", "-trimpath", "-o", built.dir + "/"}
		for _, p := range append(parts(), "console", "rodopath") {
			args = append(args, "./services/"+p+"/cmd/"+p)
		}
		cmd := exec.Command("go", args...)
		cmd.Dir = root
		cmd.Env = append(slices.DeleteFunc(os.Environ(), func(e string) bool { return strings.HasPrefix(e, "GOWORK=") }), "CGO_ENABLED=0")
		if out, err := cmd.CombinedOutput(); err != nil {
			built.err = fmt.Errorf("build: %w: %s", err, out)
		}
	})
	if built.err != nil {
		t.Fatal(built.err)
	}
	return filepath.Join(built.dir, name)
}

func TestMain(m *testing.M) {
	code := m.Run()
	if built.dir != "" {
		_ = os.RemoveAll(built.dir)
	}
	os.Exit(code)
}

// running is what ingest says, which takes webhooks before there is a NATS.
const running = "ingest is running"

// ear hears what a program says, and stops it once it runs or waits for a NATS.
type ear struct {
	said bytes.Buffer // not embedded: its ReadFrom would take the place of Write
	stop func()
}

func (e *ear) Write(p []byte) (int, error) {
	n, err := e.said.Write(p)
	if said := e.said.String(); strings.Contains(said, running) || strings.Contains(said, noNATS) {
		e.stop()
	}
	return n, err
}

// run runs a program to its end, or until it runs or waits for a NATS, and returns what it says
// on standard error.
func run(t *testing.T, env []string, name string, args ...string) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, program(t, name), args...)
	cmd.Env = env
	errs := &ear{stop: cancel}
	cmd.Stderr = errs
	err := cmd.Run()
	return errs.said.String(), err
}

// machine lays out what a container of a release sees, and returns its environment and
// arguments for this machine. Secrets hold a word. There is no NATS.
func machine(t *testing.T, r *release, p *pod) (env, args []string) {
	t.Helper()
	dir := t.TempDir()
	write := func(path, text string) {
		path = filepath.Join(dir, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	here := func(s string) string {
		return regexp.MustCompile(`(^|[=:"])/(config|credentials|secrets|spool)\b`).ReplaceAllString(s, "${1}"+dir+"/$2")
	}
	if err := os.Mkdir(filepath.Join(dir, "spool"), 0o700); err != nil {
		t.Fatal(err)
	}
	pair := clientCertificate(t)
	config := named[*corev1.ConfigMap](t, r, r.name).Data
	for name, text := range config {
		write("config/"+name, here(strings.ReplaceAll(text, "file:/", `file:`+dir+"/")))
	}
	for _, v := range p.spec.Volumes {
		if v.Projected == nil {
			continue
		}
		for _, s := range v.Projected.Sources {
			for _, item := range s.Secret.Items {
				text, special := pair[item.Path]
				if !special {
					text = word
				}
				write("credentials/"+item.Path, text)
			}
		}
	}
	for _, found := range regexp.MustCompile(`(env|file):([\w/-]+)`).FindAllStringSubmatch(config["rodopath.yaml"], -1) {
		if found[1] == "env" {
			env = append(env, found[2]+"="+word)
		} else {
			write(found[2], word)
		}
	}
	for _, e := range p.container().Env {
		value := here(e.Value)
		if e.Name == "RODOPATH_NATS_URL" {
			value = "nats://127.0.0.1:1" // nobody listens there
		}
		env = append(env, e.Name+"="+value)
	}
	for _, a := range p.container().Args {
		args = append(args, here(a))
	}
	return env, args
}

// clientCertificate is a certificate and its key, by the names of their files.
func clientCertificate(t *testing.T) map[string]string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return map[string]string{
		"nats.crt": string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert})),
		"nats.key": string(pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: secret})),
	}
}

// word is a secret that any platform may have.
const word = "whsec_d29yZCB3b3JkIHdvcmQgd29yZCB3b3Jk"

// noNATS is what a service says that waits for a NATS.
const noNATS = "NATS does not answer"

// What the chart gives to a service is taken by it, up to where it needs a NATS.
func TestServicesTakeTheirConfiguration(t *testing.T) {
	for _, set := range sets() {
		r := render(t, "rodopath", set)
		for _, part := range parts() {
			env, args := machine(t, r, r.service(t, part))
			if said, err := run(t, env, part, args...); err == nil || !strings.Contains(said, noNATS) && !strings.Contains(said, running) {
				t.Errorf("%s: %s: %v: %s", set, part, err, said)
			}
		}
	}
}

// The test above can fail.
func TestServicesRefuseWhatTheyDoNotKnow(t *testing.T) {
	r := render(t, "rodopath", "private")
	env, args := machine(t, r, r.service(t, "lifecycle"))
	for name, try := range map[string]struct{ env, args []string }{
		"a setting":  {append(slices.Clone(env), "RODOPATH_NATS_REPLICAS=many"), args},
		"a flag":     {env, append([]string{"--metrics=0.0.0.0:9092"}, args...)},
		"no file":    {env, []string{"--config=/nowhere/rodopath.yaml"}},
		"no secret":  {append(slices.Clone(env), "RODOPATH_NATS_CREDENTIALS=file:/nowhere"), args},
		"no MongoDB": {append(slices.Clone(env), "RODOPATH_MONGODB_URI="), args},
	} {
		if said, err := run(t, try.env, "lifecycle", try.args...); err == nil || strings.Contains(said, noNATS) {
			t.Errorf("%s: %v: %s", name, err, said)
		}
	}
}

// A policy goes through the ConfigMap unharmed.
func TestPolicyIsTaken(t *testing.T) {
	path := filepath.Join(t.TempDir(), "policy.yaml")
	text := named[*corev1.ConfigMap](t, render(t, "rodopath", "private"), "rodopath").Data["policy.yaml"]
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if said, err := run(t, []string{"HOME=" + t.TempDir()}, "rodopath", "policy", "check", path, "--data", t.TempDir()); err != nil {
		t.Errorf("%v: %s\n%s", err, said, text)
	}
}

// The pod of "helm test" asks every service, by a flag that its image has.
func TestTestPodAsksEveryService(t *testing.T) {
	asked := make(chan string, 10)
	ready := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { asked <- r.URL.Path }))
	defer ready.Close()
	for _, set := range sets() {
		r := render(t, "rodopath", set)
		c := r.service(t, "test").container()
		if c.Image != r.service(t, "ingest").container().Image {
			t.Errorf("%s: the image is %s", set, c.Image)
		}
		list := strings.TrimPrefix(c.Args[0], "--check=")
		var args []string
		for _, url := range strings.Split(list, ",") {
			host := strings.TrimSuffix(strings.TrimPrefix(url, "http://"), "/readyz")
			named[*corev1.Service](t, r, host)
			args = append(args, strings.Replace(url, "http://"+host, ready.URL+"/"+host, 1))
		}
		if len(args) != 3 {
			t.Fatalf("%s: it asks %v", set, args)
		}
		if set != "minimal" {
			continue
		}
		if said, err := run(t, nil, "ingest", "--check="+strings.Join(args, ",")); err != nil {
			t.Errorf("%v: %s", err, said)
		}
		var have []string
		for range args {
			have = append(have, <-asked)
		}
		slices.Sort(have)
		if want := []string{"/rodopath-dispatch/readyz", "/rodopath-ingest/readyz", "/rodopath-lifecycle/readyz"}; !slices.Equal(have, want) {
			t.Errorf("asked were %v", have)
		}
		if _, err := run(t, nil, "ingest", "--check=nowhere"); err == nil {
			t.Error("an address that is none is taken for ready")
		}
	}
}
