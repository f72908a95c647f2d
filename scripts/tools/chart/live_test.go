package chart

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
)

// live are the objects that a cluster has, by the path of each in the API.
type live map[string]any

// serve is the API of a cluster, as far as Helm asks it for objects that are there.
func (l live) serve(t *testing.T) *httptest.Server {
	t.Helper()
	resources := func(version string, kinds ...string) metav1.APIResourceList {
		list := metav1.APIResourceList{TypeMeta: metav1.TypeMeta{Kind: "APIResourceList", APIVersion: "v1"}, GroupVersion: version}
		for i := 0; i < len(kinds); i += 2 {
			list.APIResources = append(list.APIResources, metav1.APIResource{Name: kinds[i], Kind: kinds[i+1], Namespaced: true})
		}
		return list
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		var answer any
		switch r.URL.Path {
		case "/api/v1":
			answer = resources("v1", "secrets", "Secret")
		case "/apis/apps/v1":
			answer = resources("apps/v1", "deployments", "Deployment", "statefulsets", "StatefulSet")
		default:
			object, ok := l[r.URL.Path]
			if !ok {
				w.WriteHeader(http.StatusNotFound)
				object = metav1.Status{TypeMeta: metav1.TypeMeta{Kind: "Status", APIVersion: "v1"}, Status: "Failure", Reason: metav1.StatusReasonNotFound, Code: http.StatusNotFound}
			}
			answer = object
		}
		if err := json.NewEncoder(w).Encode(answer); err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(server.Close)
	return server
}

// kubeconfig is the path of a file that leads to the cluster.
func (l live) kubeconfig(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "kubeconfig")
	text := fmt.Sprintf(`{apiVersion: v1, kind: Config, current-context: c, clusters: [{name: c, cluster: {server: %q}}], contexts: [{name: c, context: {cluster: c, user: u}}], users: [{name: u, user: {}}]}`, l.serve(t).URL)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// upgrade renders the chart as an upgrade in a cluster with these objects would.
func (l live) upgrade(t *testing.T, set string) *release {
	t.Helper()
	out, errs, err := helm(t, "template", "rodopath", chartDir, "--namespace", namespace, "--kube-version", kubeVersion,
		"--values", valuesOf(set), "--is-upgrade", "--dry-run=server", "--kubeconfig", l.kubeconfig(t))
	if err != nil {
		t.Fatalf("%s is not rendered: %s", set, errs)
	}
	r := &release{name: "rodopath", text: out}
	if err := r.decode(); err != nil {
		t.Fatal(err)
	}
	return r
}

// workload is a workload with a number of pods.
func workload(kind string, replicas int) any {
	return map[string]any{"apiVersion": "apps/v1", "kind": kind, "metadata": map[string]any{"name": "any"}, "spec": map[string]any{"replicas": replicas}}
}

// Without the field, Kubernetes would set the number to 1 in the moment in which the autoscaler is switched on.
func TestAutoscalingKeepsThePodsThatRun(t *testing.T) {
	cluster := live{
		"/apis/apps/v1/namespaces/rodopath/statefulsets/rodopath-ingest":   workload("StatefulSet", 3),
		"/apis/apps/v1/namespaces/rodopath/deployments/rodopath-lifecycle": workload("Deployment", 5),
		"/apis/apps/v1/namespaces/rodopath/deployments/rodopath-dispatch":  workload("Deployment", 4),
	}
	for set, want := range map[string]map[string]int32{
		"autoscaling": {"ingest": 3, "lifecycle": 5, "dispatch": 4},
		"full":        {"ingest": 3, "lifecycle": 5, "dispatch": 4},
		"keda":        {"ingest": 2, "lifecycle": 5, "dispatch": 2}, // the number of the values, where nothing scales
		"minimal":     {"ingest": 2, "lifecycle": 2, "dispatch": 2},
	} {
		r := cluster.upgrade(t, set)
		for part, n := range want {
			if have := ptr.Deref(r.service(t, part).replicas, 0); have != n {
				t.Errorf("%s: %s has %d pods after the upgrade, want %d", set, part, have, n)
			}
		}
	}
	for _, part := range parts() {
		if n := (live{}).upgrade(t, "autoscaling").service(t, part).replicas; n != nil {
			t.Errorf("%s: the number of pods is %d in a cluster without the workload, want none", part, *n)
		}
	}
}

// secret is a Secret in a version.
func secret(name, version string) any {
	return map[string]any{"apiVersion": "v1", "kind": "Secret", "metadata": map[string]any{"name": name, "resourceVersion": version}, "data": map[string]any{"a": "c2VjcmV0"}}
}

// A changed Secret replaces the pods of the services that read the Secret, and no others.
func TestChangedSecretsReplaceThePodsThatReadThem(t *testing.T) {
	for _, set := range []string{"private", "full", "no-network-policy"} {
		cluster := live{}
		readers := map[string][]string{}
		for _, p := range render(t, "rodopath", set).pods() {
			if p.kind == "Job" { // it reads the Secrets of its one run
				continue
			}
			for _, name := range secretsOf(p) {
				cluster["/api/v1/namespaces/rodopath/secrets/"+name] = secret(name, "1")
				readers[name] = append(readers[name], p.part)
			}
		}
		before := cluster.upgrade(t, set)
		for name, want := range readers {
			changed := maps.Clone(cluster)
			changed["/api/v1/namespaces/rodopath/secrets/"+name] = secret(name, "2")
			after := changed.upgrade(t, set)
			var have []string
			for _, p := range after.pods() {
				if !maps.Equal(p.meta.Annotations, before.service(t, p.part).meta.Annotations) {
					have = append(have, p.part)
				}
			}
			slices.Sort(want)
			slices.Sort(have)
			if !slices.Equal(have, want) {
				t.Errorf("%s: a changed %s replaces the pods of %v, want %v", set, name, have, want)
			}
		}
	}
}
