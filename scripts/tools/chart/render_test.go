// Package chart tests what is under deploy: the Helm chart in every form that it has, the
// plain manifests, and what can be known of images and compose without an engine. "make
// chart" builds the helm that it calls.
package chart

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	yamldocs "k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/yaml"
)

var rewrite = flag.Bool("rewrite", false, "write what the chart renders to ci/golden, to read before it is kept")

const (
	root        = "../../.."
	chartDir    = root + "/deploy/helm/rodopath"
	kubeVersion = "1.31"
	namespace   = "rodopath"
)

// sets are the value sets under ci.
func sets() []string {
	return []string{"minimal", "full", "no-network-policy", "keda", "autoscaling", "private", "production"}
}

// parts are the services.
func parts() []string { return []string{"ingest", "lifecycle", "dispatch"} }

func valuesOf(set string) string { return filepath.Join(chartDir, "ci", set+".yaml") }

// helm runs the pinned helm, with nothing of this machine's own settings.
func helm(t *testing.T, args ...string) (stdout, stderr string, err error) {
	t.Helper()
	program, err := filepath.Abs(root + "/bin/tools/helm")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(program); err != nil {
		t.Fatal("there is no bin/tools/helm; \"make chart\" builds it and runs these tests")
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, args...)
	home := t.TempDir()
	cmd.Env = []string{"HOME=" + home, "HELM_PLUGINS=" + home, "PATH=" + os.Getenv("PATH")}
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err = cmd.Run()
	return out.String(), errs.String(), err
}

// release is what the chart renders for a value set.
type release struct {
	name    string
	text    string
	objects []runtime.Object
	// custom are the objects that are not Kubernetes' own.
	custom []document
}

type document struct {
	kind schema.GroupVersionKind
	text []byte
}

// rendered has what helm was asked already.
var rendered sync.Map

// render renders the chart under a name, with a value set and further arguments. What it
// gives is shared and must not be changed.
func render(t *testing.T, name, set string, args ...string) *release {
	t.Helper()
	key := strings.Join(append([]string{name, set}, args...), " ")
	if r, ok := rendered.Load(key); ok {
		return r.(*release)
	}
	all := []string{"template", name, chartDir, "--namespace", namespace, "--kube-version", kubeVersion, "--values", valuesOf(set)}
	out, errs, err := helm(t, append(all, args...)...)
	if err != nil {
		t.Fatalf("%s is not rendered: %s", key, errs)
	}
	r := &release{name: name, text: out}
	if err := r.decode(); err != nil {
		t.Fatalf("%s: %v", key, err)
	}
	rendered.Store(key, r)
	return r
}

// decode reads each document as Kubernetes would, and strictly: a field that is unknown
// or stands twice is an error.
func (r *release) decode() error {
	decoder := serializer.NewCodecFactory(scheme.Scheme, serializer.EnableStrict).UniversalDeserializer()
	docs := yamldocs.NewYAMLReader(bufio.NewReader(strings.NewReader(r.text)))
	for {
		text, err := docs.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		var head metav1.TypeMeta
		if err := yaml.Unmarshal(text, &head); err != nil {
			return err
		}
		if head.Kind == "" {
			continue // comments alone
		}
		if kind := head.GroupVersionKind(); !scheme.Scheme.Recognizes(kind) {
			r.custom = append(r.custom, document{kind, text})
			continue
		}
		o, _, err := decoder.Decode(text, nil, nil)
		if err != nil {
			return fmt.Errorf("%w in\n%s", err, text)
		}
		r.objects = append(r.objects, o)
	}
}

// all returns the objects of a type.
func all[T runtime.Object](r *release) []T {
	var out []T
	for _, o := range r.objects {
		if one, ok := o.(T); ok {
			out = append(out, one)
		}
	}
	return out
}

// named returns the object of a type and name.
func named[T interface {
	runtime.Object
	metav1.Object
}](t *testing.T, r *release, name string) T {
	t.Helper()
	for _, o := range all[T](r) {
		if o.GetName() == name {
			return o
		}
	}
	var none T
	t.Fatalf("there is no %T %s", none, name)
	return none
}

// pod is what a workload starts.
type pod struct {
	// part is ingest, lifecycle, dispatch, or test.
	part string
	// kind and name are those of what starts it.
	kind, name string
	selector   *metav1.LabelSelector
	replicas   *int32
	meta       metav1.ObjectMeta
	spec       corev1.PodSpec
	claims     []corev1.PersistentVolumeClaim
}

func (p *pod) container() *corev1.Container { return &p.spec.Containers[0] }

// pods returns what runs in a release, the pod of "helm test" included.
func (r *release) pods() []*pod {
	var out []*pod
	for _, o := range r.objects {
		switch o := o.(type) {
		case *appsv1.Deployment:
			out = append(out, &pod{kind: "Deployment", name: o.Name, selector: o.Spec.Selector, replicas: o.Spec.Replicas, meta: o.Spec.Template.ObjectMeta, spec: o.Spec.Template.Spec})
		case *appsv1.StatefulSet:
			out = append(out, &pod{kind: "StatefulSet", name: o.Name, selector: o.Spec.Selector, replicas: o.Spec.Replicas, meta: o.Spec.Template.ObjectMeta, spec: o.Spec.Template.Spec, claims: o.Spec.VolumeClaimTemplates})
		case *batchv1.Job:
			out = append(out, &pod{kind: "Job", part: "ingest-forward", name: o.Name, meta: o.Spec.Template.ObjectMeta, spec: o.Spec.Template.Spec})
		case *corev1.Pod:
			out = append(out, &pod{kind: "Pod", name: o.Name, meta: o.ObjectMeta, spec: o.Spec})
		}
	}
	for _, p := range out {
		if p.part != "" {
			continue
		}
		p.part = p.name[strings.LastIndex(p.name, "-")+1:]
	}
	return out
}

// service returns the pod of a service.
func (r *release) service(t *testing.T, part string) *pod {
	t.Helper()
	for _, p := range r.pods() {
		if p.part == part {
			return p
		}
	}
	t.Fatalf("nothing runs %s", part)
	return nil
}

func TestLintIsContent(t *testing.T) {
	for _, set := range sets() {
		out, errs, err := helm(t, "lint", "--strict", "--quiet", "--kube-version", kubeVersion, chartDir, "--values", valuesOf(set))
		if text := strings.TrimSpace(out + errs); err != nil || text != "" {
			t.Errorf("%s: %v: %s", set, err, text)
		}
	}
}

// The set "console" has tests of its own.
func TestEveryValueSetIsTested(t *testing.T) {
	files, err := filepath.Glob(valuesOf("*"))
	if err != nil || len(files) != len(sets())+1 {
		t.Errorf("ci has %d value sets and %d are tested", len(files), len(sets())+1)
	}
}

func TestRenderedIsGolden(t *testing.T) {
	for _, set := range sets() {
		same(t, filepath.Join(chartDir, "ci", "golden", set+".yaml"), render(t, "rodopath", set).text, "read the difference, then \"go test ./chart -rewrite\"")
	}
}

func TestPlainManifestsAreCurrent(t *testing.T) {
	r := render(t, "rodopath", "production", "--skip-tests")
	same(t, root+"/deploy/manifests/rodopath.yaml", r.text, "\"make manifests\"")
}

// same compares a file with what it should be, or writes it.
func same(t *testing.T, path, want, otherwise string) {
	t.Helper()
	if *rewrite {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(have) != want {
		a, b := strings.Split(string(have), "\n"), strings.Split(want, "\n")
		n := 0
		for n < min(len(a), len(b)) && a[n] == b[n] {
			n++
		}
		t.Errorf("%s is not current from line %d on; %s", path, n+1, otherwise)
	}
}
