package chart

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	psa "k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
	"k8s.io/utils/ptr"
)

// unsafe says what a pod may do and should not: by the level "restricted" of Kubernetes
// itself, and beyond it.
func unsafe(t *testing.T, p *pod) []string {
	t.Helper()
	evaluator, err := policy.NewEvaluator(policy.DefaultChecks(), nil)
	if err != nil {
		t.Fatal(err)
	}
	restricted := psa.LevelVersion{Level: psa.LevelRestricted, Version: psa.LatestVersion()}
	var out []string
	if r := policy.AggregateCheckResults(evaluator.EvaluatePod(restricted, &p.meta, &p.spec)); !r.Allowed {
		out = append(out, "restricted: "+r.ForbiddenDetail())
	}
	if ptr.Deref(p.spec.AutomountServiceAccountToken, true) {
		out = append(out, "it has a token of the API")
	}
	if p.spec.ServiceAccountName == "" || p.spec.ServiceAccountName == "default" {
		out = append(out, "it runs under the account of others")
	}
	for _, v := range p.spec.Volumes {
		if v.Projected != nil {
			for _, s := range v.Projected.Sources {
				if s.ServiceAccountToken != nil {
					out = append(out, "a volume has a token of the API")
				}
			}
		}
	}
	if p.spec.SecurityContext == nil || ptr.Deref(p.spec.SecurityContext.RunAsUser, 0) == 0 || !ptr.Deref(p.spec.SecurityContext.RunAsNonRoot, false) {
		out = append(out, "it may run as root")
	}
	for _, c := range slices.Concat(p.spec.InitContainers, p.spec.Containers) {
		out = append(out, unsafeContainer(&c)...)
	}
	return out
}

func unsafeContainer(c *corev1.Container) []string {
	s := c.SecurityContext
	if s == nil {
		return []string{"no security context"}
	}
	var out []string
	if !ptr.Deref(s.ReadOnlyRootFilesystem, false) {
		out = append(out, "its root can be written")
	}
	if s.Capabilities == nil || len(s.Capabilities.Add) > 0 || !slices.Equal(s.Capabilities.Drop, []corev1.Capability{"ALL"}) {
		out = append(out, "it has capabilities")
	}
	if ptr.Deref(s.Privileged, false) || ptr.Deref(s.AllowPrivilegeEscalation, true) {
		out = append(out, "it may become more")
	}
	if s.RunAsUser != nil || s.RunAsNonRoot != nil || s.SeccompProfile != nil {
		out = append(out, "it has another user or profile than its pod")
	}
	if c.Resources.Requests.Cpu().IsZero() || c.Resources.Requests.Memory().IsZero() || c.Resources.Limits.Memory().IsZero() {
		out = append(out, "its resources are open")
	}
	for _, m := range c.VolumeMounts {
		if !m.ReadOnly && m.Name != "spool" && (m.Name != "tmp" || m.MountPath != "/tmp") {
			out = append(out, "it can write to "+m.MountPath)
		}
	}
	return out
}

func TestPodsAreRestricted(t *testing.T) {
	for _, set := range sets() {
		r := render(t, "rodopath", set)
		want := 4
		if set == "full" { // with the volume of a pod that is gone
			want = 5
		}
		if n := len(r.pods()); n != want {
			t.Fatalf("%s: %d workloads; want %d: three services, a test, and in full a job", set, n, want)
		}
		for _, p := range r.pods() {
			if p.spec.SecurityContext.SeccompProfile.Type != corev1.SeccompProfileTypeRuntimeDefault {
				t.Errorf("%s: %s has another seccomp profile than RuntimeDefault", set, p.name)
			}
			for _, fault := range unsafe(t, p) {
				t.Errorf("%s: %s: %s", set, p.name, fault)
			}
		}
	}
}

func TestUnsafePodsAreSeen(t *testing.T) {
	for name, spoil := range map[string]func(*corev1.PodSpec){
		"token":    func(s *corev1.PodSpec) { s.AutomountServiceAccountToken = nil },
		"root":     func(s *corev1.PodSpec) { s.SecurityContext.RunAsUser = ptr.To[int64](0) },
		"any user": func(s *corev1.PodSpec) { s.SecurityContext.RunAsNonRoot = nil },
		"seccomp":  func(s *corev1.PodSpec) { s.SecurityContext.SeccompProfile = nil },
		"host":     func(s *corev1.PodSpec) { s.HostNetwork = true },
		"host path": func(s *corev1.PodSpec) {
			s.Volumes[0].VolumeSource = corev1.VolumeSource{HostPath: &corev1.HostPathVolumeSource{}}
		},
		"root disk":   func(s *corev1.PodSpec) { s.Containers[0].SecurityContext.ReadOnlyRootFilesystem = nil },
		"capability":  func(s *corev1.PodSpec) { s.Containers[0].SecurityContext.Capabilities.Drop = nil },
		"escalation":  func(s *corev1.PodSpec) { s.Containers[0].SecurityContext.AllowPrivilegeEscalation = nil },
		"container":   func(s *corev1.PodSpec) { s.Containers = append(s.Containers, corev1.Container{Name: "more"}) },
		"write":       func(s *corev1.PodSpec) { s.Containers[0].VolumeMounts[0].ReadOnly = false },
		"no requests": func(s *corev1.PodSpec) { s.Containers[0].Resources.Requests = nil },
	} {
		p := *render(t, "rodopath", "full").service(t, "lifecycle")
		spoiled := p.spec.DeepCopy()
		spoil(spoiled)
		p.spec = *spoiled
		if len(unsafe(t, &p)) == 0 {
			t.Errorf("%s is not seen", name)
		}
	}
}

// secretsIn are the marks of a secret that was written out.
var secretsIn = regexp.MustCompile(`whsec_|sk_live|sk_test|rk_live|cs_[0-9a-f]{8}|-----BEGIN|://[^/\s"]*:[^/\s"]*@`)

func TestNoSecretIsRendered(t *testing.T) {
	for _, set := range sets() {
		r := render(t, "rodopath", set)
		if n := len(all[*corev1.Secret](r)); n > 0 {
			t.Errorf("%s: %d Secrets are made; the chart must only name those that exist", set, n)
		}
		if found := secretsIn.FindString(r.text); found != "" {
			t.Errorf("%s: %q looks like a secret", set, found)
		}
	}
	for _, secret := range []string{"nats://user:password@nats:4222", "whsec_MDEy", "-----BEGIN NATS USER JWT-----"} {
		if !secretsIn.MatchString(secret) {
			t.Errorf("%q is not seen", secret)
		}
	}
}

// Each service has the Secrets that it works with, and those of no other.
func TestSecretsReachWhoNeedsThem(t *testing.T) {
	want := map[string][]string{
		"ingest":    {"rodopath-ca", "rodopath-nats", "rodopath-sources"},
		"lifecycle": {"rodopath-ca", "rodopath-keys", "rodopath-mongodb", "rodopath-nats", "rodopath-receipts", "rodopath-token"},
		"dispatch":  {"rodopath-ca", "rodopath-nats", "rodopath-recipients", "rodopath-token"},
		"test":      nil,
	}
	for _, p := range render(t, "rodopath", "private").pods() {
		if have := secretsOf(p); !slices.Equal(have, want[p.part]) {
			t.Errorf("%s sees %v, want %v", p.part, have, want[p.part])
		}
	}
}

// secretsOf are the names of all Secrets that a pod reads, sorted.
func secretsOf(p *pod) []string {
	var out []string
	for _, v := range p.spec.Volumes {
		if v.Secret != nil {
			out = append(out, v.Secret.SecretName)
		}
		if v.Projected != nil {
			for _, s := range v.Projected.Sources {
				out = append(out, s.Secret.Name)
			}
		}
	}
	for _, c := range p.spec.Containers {
		for _, e := range c.EnvFrom {
			out = append(out, e.SecretRef.Name)
		}
		for _, e := range c.Env {
			if e.ValueFrom != nil {
				out = append(out, e.ValueFrom.SecretKeyRef.Name)
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func TestVolumesAndMountsBelongTogether(t *testing.T) {
	for _, set := range sets() {
		for _, p := range render(t, "rodopath", set).pods() {
			var have, used []string
			for _, v := range p.spec.Volumes {
				have = append(have, v.Name)
			}
			for _, c := range p.claims {
				have = append(have, c.Name)
			}
			for _, m := range p.container().VolumeMounts {
				used = append(used, m.Name)
			}
			if !slices.Equal(have, used) {
				t.Errorf("%s: %s has the volumes %v and mounts %v", set, p.name, have, used)
			}
		}
	}
}

// paths are those of the answers about health in the sources of a service.
func paths(t *testing.T, part string) string {
	t.Helper()
	var all strings.Builder
	err := filepath.WalkDir(filepath.Join(root, "services", part), func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		all.Write(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all.String()
}

// To start, to live and to be ready are three things; only the last may depend on others.
func TestProbesAskTheRightQuestion(t *testing.T) {
	for _, set := range sets() {
		for _, p := range render(t, "rodopath", set).pods() {
			if p.part == "test" || p.kind == "Job" {
				continue
			}
			source, c := paths(t, p.part), p.container()
			for _, ask := range []struct {
				probe *corev1.Probe
				path  string
			}{{c.StartupProbe, "/healthz"}, {c.LivenessProbe, "/healthz"}, {c.ReadinessProbe, "/readyz"}} {
				if fault := probeFault(ask.probe, ask.path, c, source); fault != "" {
					t.Errorf("%s: %s: %s", set, p.name, fault)
				}
			}
			if s := c.StartupProbe; s.PeriodSeconds*s.FailureThreshold < 60 {
				t.Errorf("%s: %s has less than a minute to start", set, p.name)
			}
			drain := c.Lifecycle.PreStop.Sleep
			if drain == nil || drain.Seconds <= 0 || drain.Seconds+20 > ptr.Deref(p.spec.TerminationGracePeriodSeconds, 30) {
				t.Errorf("%s: %s has no time to leave the endpoints and to end what it began", set, p.name)
			}
		}
	}
}

// A rollout does not count as failed while the start-up probe still waits.
func TestRolloutsWaitForTheStart(t *testing.T) {
	for _, set := range sets() {
		r := render(t, "rodopath", set)
		for _, d := range all[*appsv1.Deployment](r) {
			s := d.Spec.Template.Spec.Containers[0].StartupProbe
			start := s.InitialDelaySeconds + s.PeriodSeconds*s.FailureThreshold
			if have := ptr.Deref(d.Spec.ProgressDeadlineSeconds, 600); d.Spec.ProgressDeadlineSeconds == nil || have < start+300 {
				t.Errorf("%s: a rollout of %s may take %d s, and its start %d s", set, d.Name, have, start)
			}
		}
	}
}

func probeFault(p *corev1.Probe, path string, c *corev1.Container, source string) string {
	switch {
	case p == nil || p.HTTPGet == nil:
		return "a probe is missing"
	case p.HTTPGet.Path != path:
		return fmt.Sprintf("a probe asks %s, want %s", p.HTTPGet.Path, path)
	case !strings.Contains(source, `GET("`+p.HTTPGet.Path+`"`):
		return "nothing answers " + p.HTTPGet.Path
	case p.HTTPGet.Port.Type != intstr.String || port(c, p.HTTPGet.Port.StrVal) == 0:
		return "no port has the name " + p.HTTPGet.Port.String()
	}
	return ""
}

// port is the number of a named port, or 0.
func port(c *corev1.Container, name string) int32 {
	for _, p := range c.Ports {
		if p.Name == name {
			return p.ContainerPort
		}
	}
	return 0
}

// The ports by which others reach a service are those on which it listens.
func TestPortsAreThoseThatAreListenedOn(t *testing.T) {
	for _, set := range sets() {
		for _, p := range render(t, "rodopath", set).pods() {
			c := p.container()
			listen := map[string]string{"ingest": "RODOPATH_LISTEN", "lifecycle": "RODOPATH_API_LISTEN", "dispatch": "RODOPATH_API_LISTEN"}[p.part]
			for _, e := range c.Env {
				if e.Name == listen && e.Value != fmt.Sprintf("0.0.0.0:%d", port(c, "http")) {
					t.Errorf("%s: %s listens on %s and says %d", set, p.name, e.Value, port(c, "http"))
				}
			}
			for _, a := range c.Args {
				if at, ok := strings.CutPrefix(a, "--metrics="); ok && at != fmt.Sprintf("0.0.0.0:%d", port(c, "metrics")) {
					t.Errorf("%s: %s has metrics on %s and says %d", set, p.name, at, port(c, "metrics"))
				}
			}
		}
	}
}

// A pod of ingest keeps what it has taken.
func TestIngestKeepsItsVolume(t *testing.T) {
	for _, set := range sets() {
		p := render(t, "rodopath", set).service(t, "ingest")
		if p.kind != "StatefulSet" || len(p.claims) != 1 {
			t.Fatalf("%s: ingest is a %s with %d volumes of its own", set, p.kind, len(p.claims))
		}
		var path, spool string
		for _, e := range p.container().Env {
			if e.Name == "RODOPATH_INTAKE_PATH" {
				path = e.Value
			}
		}
		for _, m := range p.container().VolumeMounts {
			if m.Name == p.claims[0].Name {
				spool = m.MountPath
			}
		}
		if spool == "" || filepath.Dir(path) != spool {
			t.Errorf("%s: the spool is %q and the volume %q", set, path, spool)
		}
	}
}
