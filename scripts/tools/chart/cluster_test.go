package chart

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
)

// The values with which "make cluster-test" installs the chart are accepted, and have every service run.
func TestValuesOfTheClusterAreAccepted(t *testing.T) {
	text := readAll(t, root+"/services/rodopath/cluster/files/values.yaml")
	path := filepath.Join(t.TempDir(), "values.yaml")
	if err := os.WriteFile(path, []byte(strings.ReplaceAll(text, "$NODE_IP", "172.30.0.1")), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, scaled := range []string{"false", "true"} {
		out, errs, err := helm(t, "template", "rodopath", chartDir, "--namespace", namespace, "--kube-version", kubeVersion, "--values", path, "--set", "autoscaling.enabled="+scaled)
		if err != nil {
			t.Fatalf("autoscaling.enabled=%s: %s", scaled, errs)
		}
		r := &release{name: "rodopath", text: out}
		if err := r.decode(); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"rodopath-lifecycle", "rodopath-dispatch", "rodopath-console"} {
			named[*appsv1.Deployment](t, r, name)
		}
		named[*appsv1.StatefulSet](t, r, "rodopath-ingest")
	}
}
