package chart

import (
	"debug/elf"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

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

// What is secret or large does not go to who builds the image.
func TestDockerLeavesOutWhatIsSecret(t *testing.T) {
	ignored := readAll(t, root+"/deploy/docker/Dockerfile.dockerignore")
	for _, want := range []string{".git", "bin", "data", "deploy/compose-secrets"} {
		if !slices.Contains(strings.Split(ignored, "\n"), want) {
			t.Errorf("Dockerfile.dockerignore lacks %s", want)
		}
	}
	if binary := readAll(t, root+"/deploy/docker/Dockerfile.binary.dockerignore"); !strings.Contains(binary, "*\n!bin\n") {
		t.Error("Dockerfile.binary.dockerignore must leave out everything but bin")
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
