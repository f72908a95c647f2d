package chart

import (
	"regexp"
	"strings"
	"testing"

	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/engine"
	"k8s.io/apimachinery/pkg/labels"
)

// notes is what "helm install" prints after an installation: "helm template" leaves the notes out, so the engine of Helm
// renders them here.
func notes(t *testing.T, name, set string) string {
	t.Helper()
	c, err := loader.Load(chartDir)
	if err != nil {
		t.Fatal(err)
	}
	given, err := chartutil.ReadValuesFile(valuesOf(set))
	if err != nil {
		t.Fatal(err)
	}
	values, err := chartutil.ToRenderValues(c, given, chartutil.ReleaseOptions{Name: name, Namespace: namespace}, chartutil.DefaultCapabilities)
	if err != nil {
		t.Fatal(err)
	}
	files, err := engine.Render(c, values)
	if err != nil {
		t.Fatal(err)
	}
	return files["rodopath/templates/NOTES.txt"]
}

// The notes name the rest after "helm uninstall", and the command for the volumes selects those of ingest in this release.
func TestNotesNameWhatUninstallLeaves(t *testing.T) {
	for _, set := range sets() {
		text, r := notes(t, "rodopath", set), render(t, "rodopath", set)
		for _, p := range r.pods() {
			for _, name := range secretsOf(p) {
				if !strings.Contains(text, name) {
					t.Errorf("%s: the notes do not name the Secret %s", set, name)
				}
			}
		}
		m := regexp.MustCompile(`delete persistentvolumeclaim --selector (\S+)`).FindStringSubmatch(text)
		if m == nil {
			t.Fatalf("%s: the notes have no command for the volumes: %s", set, text)
		}
		selector, err := labels.Parse(m[1])
		if err != nil {
			t.Fatal(err)
		}
		// The labels of a volume are those by which the StatefulSet selects its pods.
		for name, want := range map[string]bool{"rodopath": true, "second": false} {
			if volume := render(t, name, set).service(t, "ingest").selector.MatchLabels; selector.Matches(labels.Set(volume)) != want {
				t.Errorf("%s: %s selects the volumes of the release %s: %v, want %v", set, m[1], name, !want, want)
			}
		}
		if page := readAll(t, root+"/docs/kubernetes.md"); !strings.Contains(page, "--selector "+m[1]) {
			t.Errorf("docs/kubernetes.md lacks the command with %s", m[1])
		}
	}
}
