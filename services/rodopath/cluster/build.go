package cluster

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// version is the Kubernetes of scripts/cluster/kubernetes.
const version = "v1.34.4"

// module is a module of the repository, of which programs are built.
type module struct {
	dir     string
	flags   string
	targets []string
}

// modules are what a run builds. The programs of Kubernetes take a quarter of an hour at the first time.
func modules() []module {
	const stamp = "-X k8s.io/component-base/version."
	return []module{
		{dir: "services", flags: "-s -w", targets: []string{
			"./ingest/cmd/ingest", "./lifecycle/cmd/lifecycle", "./dispatch/cmd/dispatch", "./console/cmd/console",
			"./rodopath/cmd/cluster",
		}},
		{dir: "scripts/tools", flags: "-s -w", targets: []string{"helm.sh/helm/v3/cmd/helm"}},
		{
			dir: "scripts/cluster/kubernetes",
			flags: strings.Join([]string{
				"-s -w", stamp + "gitVersion=" + version, stamp + "gitMajor=1", stamp + "gitMinor=34", stamp + "gitTreeState=clean",
			}, " "),
			targets: []string{
				"k8s.io/kubernetes/cmd/kubectl", "k8s.io/kubernetes/cmd/kubelet", "k8s.io/kubernetes/cmd/kube-apiserver",
				"k8s.io/kubernetes/cmd/kube-controller-manager", "k8s.io/kubernetes/cmd/kube-scheduler",
				"k8s.io/kubernetes/cmd/kube-proxy", "github.com/containernetworking/plugins/plugins/main/bridge",
				"github.com/containernetworking/plugins/plugins/main/loopback",
				"github.com/containernetworking/plugins/plugins/ipam/host-local",
				"github.com/containernetworking/plugins/plugins/meta/portmap",
			},
		},
		{dir: "scripts/cluster/addons", flags: "-s -w", targets: []string{
			"github.com/coredns/coredns", "github.com/cloudnativelabs/kube-router/v2/cmd/kube-router",
		}},
		{dir: "scripts/cluster/metrics", flags: "-s -w", targets: []string{"sigs.k8s.io/metrics-server/cmd/metrics-server"}},
	}
}

// Unreachable lists the modules whose dependencies can neither be found on this machine nor be fetched.
func Unreachable(ctx context.Context, repository string) []string {
	var out []string
	for _, m := range modules() {
		args := append([]string{"list", "-deps", "-f", ""}, m.targets...)
		cmd := exec.CommandContext(ctx, "go", args...) //nolint:gosec // constants
		cmd.Dir = filepath.Join(repository, m.dir)
		cmd.Env = append(os.Environ(), "GOWORK=off")
		if text, err := cmd.CombinedOutput(); err != nil {
			lines := strings.Split(strings.TrimSpace(string(text)), "\n")
			out = append(out, fmt.Sprintf("the dependencies of %s, or the Go module proxy: %s", m.dir, lines[len(lines)-1]))
		}
	}
	return out
}

// Build builds all programs of a run into a directory. Go builds what has changed since the last time alone.
func Build(ctx context.Context, repository, bin string, progress io.Writer) error {
	if err := os.MkdirAll(bin, dirMode); err != nil {
		return err
	}
	for _, m := range modules() {
		for _, target := range m.targets {
			fmt.Fprintf(progress, "build %s\n", target)
			out := filepath.Join(bin, filepath.Base(target))
			args := []string{"build", "-trimpath", "-ldflags", m.flags, "-o", out, target}
			cmd := exec.CommandContext(ctx, "go", args...) //nolint:gosec // constants
			cmd.Dir = filepath.Join(repository, m.dir)
			cmd.Env = append(os.Environ(), "GOWORK=off", "CGO_ENABLED=0")
			if text, err := cmd.CombinedOutput(); err != nil {
				return fmt.Errorf("build %s: %w\n%s", target, err, text)
			}
		}
	}
	return nil
}

const (
	dirMode  = 0o755
	fileMode = 0o600
)
