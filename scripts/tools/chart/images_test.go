package chart

import (
	"debug/elf"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/moby/patternmatcher"
	"github.com/moby/patternmatcher/ignorefile"
	"go.yaml.in/yaml/v3"
)

// programs are what images can be made of.
func programs(t *testing.T) []string {
	t.Helper()
	mains, err := filepath.Glob(root + "/services/*/cmd/*/main.go")
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, m := range mains {
		if name := filepath.Base(filepath.Dir(m)); m == filepath.Join(root, "services", name, "cmd", name, "main.go") {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

// An image with nothing but the program in it needs a program that needs nothing else.
func TestProgramsAreStatic(t *testing.T) {
	for _, name := range programs(t) {
		f, err := elf.Open(program(t, name))
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range f.Progs {
			if p.Type == elf.PT_INTERP || p.Type == elf.PT_DYNAMIC {
				t.Errorf("%s has a segment %s: it is not static", name, p.Type)
			}
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// instructions are those of a Dockerfile, each in one line.
func instructions(t *testing.T, path string) []string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for line := range strings.SplitSeq(strings.ReplaceAll(string(text), "\\\n", " "), "\n") {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			out = append(out, line)
		}
	}
	return out
}

func TestDockerfilesEndInAnImageOfTheProgramAlone(t *testing.T) {
	for _, file := range []string{"Dockerfile", "Dockerfile.binary"} {
		all := instructions(t, root+"/deploy/docker/"+file)
		last := slices.IndexFunc(all, func(s string) bool { return s == "FROM scratch" })
		if last < 0 || slices.ContainsFunc(all[last+1:], func(s string) bool { return strings.HasPrefix(s, "FROM ") || strings.HasPrefix(s, "RUN ") }) {
			t.Errorf("%s does not end FROM scratch", file)
			continue
		}
		data := regexp.MustCompile(`^COPY --from=\w+ --chown=65532:65532 /out/data /data$`)
		if !slices.ContainsFunc(all[last:], data.MatchString) {
			t.Errorf("%s: /data does not belong to the user of the image", file)
		}
		for _, want := range []string{"ARG PROGRAM", "USER 65532:65532", `ENTRYPOINT ["/program"]`} {
			if !slices.Contains(all[last:], want) {
				t.Errorf("%s lacks %s", file, want)
			}
		}
		if !strings.Contains(strings.Join(all[last:], "\n"), "ca-certificates.crt /etc/ssl/certs/") {
			t.Errorf("%s: the program would trust nobody", file)
		}
	}
	build := strings.Join(instructions(t, root+"/deploy/docker/Dockerfile"), "\n")
	for _, want := range []string{"CGO_ENABLED=0", "-trimpath", `"./services/$PROGRAM/cmd/$PROGRAM"`} {
		if !strings.Contains(build, want) {
			t.Errorf("Dockerfile lacks %s", want)
		}
	}
	for _, p := range programs(t) {
		if p != "bench" && !strings.Contains(readAll(t, root+"/deploy/docker/Dockerfile"), p) {
			t.Errorf("Dockerfile does not name %s", p)
		}
	}
}

// The version of Go in the image builds the modules.
func TestDockerfileHasTheGoOfTheModules(t *testing.T) {
	want := regexp.MustCompile(`(?m)^go (\d+\.\d+)`).FindStringSubmatch(readAll(t, root+"/go.work"))[1]
	if !slices.Contains(instructions(t, root+"/deploy/docker/Dockerfile"), "FROM golang:"+want+" AS build") {
		t.Errorf("go.work wants Go %s", want)
	}
}

// buildContext is what a build sends to the engine: the files of the repository that .dockerignore lets through.
func buildContext(t *testing.T) *patternmatcher.PatternMatcher {
	t.Helper()
	f, err := os.Open(root + "/.dockerignore")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	patterns, err := ignorefile.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	m, err := patternmatcher.New(patterns)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func sent(t *testing.T, m *patternmatcher.PatternMatcher, path string) bool {
	t.Helper()
	left, err := m.MatchesOrParentMatches(path)
	if err != nil {
		t.Fatal(err)
	}
	return !left
}

// Secrets and large files do not go to the engine, whichever Dockerfile is built and however old the engine is: the
// classic one knows no other file than .dockerignore.
func TestContextIsWithoutSecrets(t *testing.T) {
	m := buildContext(t)
	for _, path := range []string{
		".git/config", "keys.json", "my-values.yaml", "rodopath.yaml", "data/keys.json", "deploy/compose-secrets/token", "deploy/.env",
		"services/.env", "services/keys.json", "bin/tools/helm", "bin/ingest.sbom.json", "docs/kubernetes.md", "scripts/tools/go.sum",
	} {
		if sent(t, m, path) {
			t.Errorf("%s goes to the engine", path)
		}
	}
	for _, path := range []string{"go.work", "go.work.sum", "api/go.mod", "services/go.mod", "bin/ingest", "bin/lifecycle", "bin/dispatch", "bin/console", "bin/rodopath"} {
		if !sent(t, m, path) {
			t.Errorf("%s does not go to the engine", path)
		}
	}
	if other, _ := filepath.Glob(root + "/deploy/docker/*.dockerignore"); len(other) > 0 {
		t.Errorf("%v replace .dockerignore, and only for some engines", other)
	}
}

// The sources that are sent suffice for every program, with the files that are embedded, and are few.
func TestContextHasTheSources(t *testing.T) {
	m, dir := buildContext(t), t.TempDir()
	size := 0
	err := filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
		rel, _ := filepath.Rel(root, path)
		switch {
		case err != nil:
			return err
		case d.IsDir():
			if slices.Contains([]string{".git", "bin", "data", "tmp"}, rel) {
				return filepath.SkipDir
			}
			return nil
		case !d.Type().IsRegular() || !sent(t, m, rel):
			return nil
		}
		text := readAll(t, path)
		size += len(text)
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, rel)), 0o700); err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(dir, rel), []byte(text), 0o600)
	})
	if err != nil {
		t.Fatal(err)
	}
	if size > 20<<20 {
		t.Errorf("%d MiB of sources are sent", size>>20)
	}
	for _, name := range []string{"ingest", "lifecycle", "dispatch", "rodopath"} {
		cmd := exec.CommandContext(t.Context(), "go", "list", "-deps", "./services/"+name+"/cmd/"+name)
		cmd.Dir, cmd.Env = dir, append(os.Environ(), "GOWORK=", "GOFLAGS=-mod=readonly")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%s: %v: %s", name, err, out)
		}
	}
}

// steps are the commands that a Dockerfile runs for a program, with the directories of the image under dir.
func steps(t *testing.T, file, program, dir string) (string, error) {
	t.Helper()
	script := "set -e\nchown() { :; }\n"
	for _, line := range instructions(t, root+"/deploy/docker/"+file) {
		if run, ok := strings.CutPrefix(line, "RUN "); ok {
			script += run + "\n"
		}
	}
	script = strings.NewReplacer("/in/", dir+"/in/", "/out/", dir+"/out/", "/etc/ssl/certs/", dir+"/certs/").Replace(script)
	cmd := exec.CommandContext(t.Context(), "sh", "-c", script)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "PROGRAM=" + program}
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// Dockerfile.binary says what is missing, and otherwise makes the files of the image.
func TestBinaryImageSaysWhatIsMissing(t *testing.T) {
	for name, c := range map[string]struct{ program, binary, want string }{
		"no argument":     {"", "", "PROGRAM is missing or unknown"},
		"another program": {"helm", "", "PROGRAM is missing or unknown"},
		"no binary":       {"ingest", "", `bin/ingest is missing: run "make build" first`},
		"not for Linux":   {"ingest", "\xcf\xfa\xed\xfe", "bin/ingest is no program for Linux"},
		"a program":       {"ingest", "\x7fELF", ""},
		"the console":     {"console", "\x7fELF", ""},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			files := map[string]string{"in/go.work": "", "certs/ca-certificates.crt": "a certificate"}
			if c.binary != "" {
				files["in/"+c.program] = c.binary
			}
			for path, text := range files {
				if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, path)), 0o700); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(filepath.Join(dir, path), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			said, err := steps(t, "Dockerfile.binary", c.program, dir)
			if (err != nil) != (c.want != "") || !strings.Contains(said, c.want) {
				t.Errorf("it ends with %v and says %q, want %q", err, said, c.want)
			}
			if c.want == "" {
				exists(t, "the image", dir+"/out/data")
				if f, err := os.Stat(dir + "/out/program"); err != nil || f.Mode().Perm() != 0o755 {
					t.Errorf("the program: %v, %v", f, err)
				}
			}
		})
	}
}

func readAll(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

type compose struct {
	Services map[string]struct {
		Image string `yaml:"image"`
		Build struct {
			Context    string            `yaml:"context"`
			Dockerfile string            `yaml:"dockerfile"`
			Args       map[string]string `yaml:"args"`
		} `yaml:"build"`
		Command     []string          `yaml:"command"`
		Environment map[string]string `yaml:"environment"`
		Volumes     []string          `yaml:"volumes"`
		Ports       []string          `yaml:"ports"`
		DependsOn   any               `yaml:"depends_on"`
		ReadOnly    bool              `yaml:"read_only"`
		CapDrop     []string          `yaml:"cap_drop"`
	} `yaml:"services"`
	Volumes map[string]any `yaml:"volumes"`
}

func readCompose(t *testing.T) compose {
	t.Helper()
	var c compose
	if err := yaml.Unmarshal([]byte(readAll(t, root+"/deploy/compose.yaml")), &c); err != nil {
		t.Fatal(err)
	}
	return c
}

func TestComposeBuildsProgramsThatExist(t *testing.T) {
	var made []string
	for name, s := range readCompose(t).Services {
		if s.Image != "" {
			if !strings.Contains(s.Image, ":") {
				t.Errorf("%s: the image has no version", name)
			}
			continue
		}
		made = append(made, name)
		if s.Build.Args["PROGRAM"] != name || !slices.Contains(programs(t), name) {
			t.Errorf("%s is built of %q", name, s.Build.Args["PROGRAM"])
		}
		exists(t, name, filepath.Join(root, "deploy", s.Build.Context, s.Build.Dockerfile))
		if !s.ReadOnly || !slices.Equal(s.CapDrop, []string{"ALL"}) {
			t.Errorf("%s may do more than it needs", name)
		}
	}
	slices.Sort(made)
	if want := []string{"dispatch", "ingest", "lifecycle"}; !slices.Equal(made, want) {
		t.Errorf("built are %v, want %v", made, want)
	}
}

// The classic docker-compose knows no "name", and its builder no RUN --mount; the images are made of the programs that
// "make build" builds.
func TestComposeIsForTheClassicToo(t *testing.T) {
	var top map[string]any
	if err := yaml.Unmarshal([]byte(readAll(t, root+"/deploy/compose.yaml")), &top); err != nil {
		t.Fatal(err)
	}
	for key := range top {
		if !slices.Contains([]string{"services", "networks", "volumes"}, key) && !strings.HasPrefix(key, "x-") {
			t.Errorf("the classic docker-compose refuses %q", key)
		}
	}
	if !strings.Contains(readAll(t, root+"/deploy/.env"), "\nCOMPOSE_PROJECT_NAME=rodopath\n") {
		t.Error("the volumes would have the name of the directory")
	}
	for _, name := range parts() {
		file := readCompose(t).Services[name].Build.Dockerfile
		if file != "deploy/docker/Dockerfile.binary" {
			t.Errorf("%s is built with %s", name, file)
		}
		if strings.Contains(readAll(t, filepath.Join(root, file)), "--mount") {
			t.Errorf("the classic builder refuses the --mount of %s", file)
		}
	}
}

func TestComposeMountsWhatExists(t *testing.T) {
	c := readCompose(t)
	for name, s := range c.Services {
		if len(s.Volumes) == 0 {
			t.Errorf("%s has no volumes", name)
		}
		for _, v := range s.Volumes {
			from, _, _ := strings.Cut(v, ":")
			switch _, volume := c.Volumes[from]; {
			case from == "./compose-secrets": // the reader makes it
			case strings.HasPrefix(from, "."):
				exists(t, name, filepath.Join(root, "deploy", from))
			case !volume:
				t.Errorf("%s: there is no volume %s", name, from)
			}
		}
		for _, p := range s.Ports {
			if !strings.HasPrefix(p, "127.0.0.1:") {
				t.Errorf("%s: %s can be reached from other machines", name, p)
			}
		}
	}
}

func exists(t *testing.T, who, path string) {
	t.Helper()
	if _, err := os.Stat(path); err != nil {
		t.Errorf("%s: %v", who, err)
	}
}

// The services of compose take what they are given, up to where they need a NATS.
func TestComposeConfiguresTheServices(t *testing.T) {
	known := variables(settings(t), "Config", "RODOPATH")
	dir := t.TempDir()
	files := map[string]string{"rodopath.yaml": readAll(t, root+"/deploy/compose-config.yaml"), "secrets/forms": word, "secrets/token": word, "secrets/keys.json": word}
	for path, text := range files {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, path)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, path), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c := readCompose(t)
	for _, part := range parts() {
		var env []string
		for name, value := range c.Services[part].Environment {
			if !slices.Contains(known, name) {
				t.Errorf("%s: no service reads %s", part, name)
			}
			if name == "RODOPATH_NATS_URL" {
				value = "nats://127.0.0.1:1"
			}
			if name == "RODOPATH_INTAKE_PATH" {
				value = filepath.Join(dir, "intake")
			}
			env = append(env, name+"="+value)
		}
		var args []string
		for _, a := range c.Services[part].Command {
			args = append(args, strings.Replace(a, "/config/", dir+"/", 1))
		}
		if said, err := run(t, env, part, args...); err == nil || !strings.Contains(said, noNATS) && !strings.Contains(said, running) {
			t.Errorf("%s: %v: %s", part, err, said)
		}
	}
}

// Prometheus asks each service where it has its metrics.
func TestPrometheusFindsTheServices(t *testing.T) {
	text := readAll(t, root+"/deploy/observability/prometheus.yaml")
	r := render(t, "rodopath", "minimal")
	for part, name := range map[string]string{"ingest": "metrics", "lifecycle": "http", "dispatch": "metrics"} {
		at := fmt.Sprintf("%s:%d", part, port(r.service(t, part).container(), name))
		if !strings.Contains(text, `["`+at+`"]`) {
			t.Errorf("prometheus.yaml does not ask %s", at)
		}
	}
}

func TestPlainYAMLParses(t *testing.T) {
	for _, file := range []string{"observability/prometheus.yaml", "observability/grafana.yaml", "observability/dashboards.yaml", "observability/dashboard.json", "compose-config.yaml"} {
		var v any
		if err := yaml.Unmarshal([]byte(readAll(t, root+"/deploy/"+file)), &v); err != nil || v == nil {
			t.Errorf("%s: %v", file, err)
		}
	}
}
