package chart

import (
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

const manifestsDir = root + "/deploy/manifests"

// builtIn are the groups of the API that every cluster has.
func builtIn() []string {
	return []string{"v1", "apps/v1", "networking.k8s.io/v1", "policy/v1"}
}

// manifests are the objects of deploy/manifests/rodopath.yaml.
func manifests(t *testing.T) *release {
	t.Helper()
	r := &release{name: "rodopath", text: readAll(t, manifestsDir+"/rodopath.yaml")}
	if err := r.decode(); err != nil {
		t.Fatal(err)
	}
	return r
}

// The manifests can be applied to a plain cluster, and do the work of production.
func TestManifestsAreForProductionInAnyCluster(t *testing.T) {
	r := manifests(t)
	for _, d := range r.custom {
		t.Errorf("a plain cluster has no %s", d.kind)
	}
	for _, o := range r.objects {
		if v := o.GetObjectKind().GroupVersionKind().GroupVersion().String(); !slices.Contains(builtIn(), v) {
			t.Errorf("a plain cluster may lack %s", v)
		}
	}
	for _, s := range all[*appsv1.StatefulSet](r) {
		for _, c := range s.Spec.VolumeClaimTemplates {
			if c.Spec.StorageClassName != nil {
				t.Errorf("%s: the volume has the class %s of another cluster", s.Name, *c.Spec.StorageClassName)
			}
		}
	}
	for _, p := range r.pods() {
		if slices.Contains(p.container().Args, "--dry-run") {
			t.Errorf("%s: no recipient is notified", p.name)
		}
		if ptr.Deref(p.replicas, 0) < 2 {
			t.Errorf("%s: fewer than two pods", p.name)
		}
		if len(p.spec.NodeSelector)+len(p.spec.Tolerations)+len(p.spec.ImagePullSecrets) > 0 {
			t.Errorf("%s asks for nodes or a login of another cluster", p.name)
		}
	}
	if text := named[*corev1.ConfigMap](t, r, "rodopath").Data["rodopath.yaml"]; strings.Contains(text, "dry_run") {
		t.Error("a recipient has a dry run")
	}
}

// Kustomize itself builds the base with every object, and the example of an overlay with its changes.
func TestKustomizeBuildsTheBaseAndTheOverlay(t *testing.T) {
	base, overlay := build(t, manifestsDir), build(t, root+"/deploy/overlay")
	if have, want := len(base.objects), len(manifests(t).objects); have != want {
		t.Errorf("Kustomize makes %d objects, want %d", have, want)
	}
	for _, p := range overlay.pods() {
		if want := "registry.example.com/" + p.part + ":1.2.3"; p.container().Image != want {
			t.Errorf("%s has the image %s, want %s", p.name, p.container().Image, want)
		}
	}
	configs := all[*corev1.ConfigMap](overlay)
	if len(configs) != 1 {
		t.Fatalf("%d ConfigMaps, want 1", len(configs))
	}
	if c := configs[0]; c.Data["rodopath.yaml"] != readAll(t, root+"/deploy/overlay/rodopath.yaml") || c.Namespace != "shop" {
		t.Errorf("the configuration is %v in %s", c.Data, c.Namespace)
	}
	for _, part := range parts() {
		if used := overlay.service(t, part).spec.Volumes[0].ConfigMap.Name; used != configs[0].Name {
			t.Errorf("%s mounts %s, and the configuration is %s", part, used, configs[0].Name)
		}
	}
	for _, in := range all[*networkingv1.Ingress](overlay) {
		if in.Spec.Rules[0].Host != "hooks.shop.example" || in.Spec.TLS[0].Hosts[0] != "hooks.shop.example" {
			t.Errorf("the Ingress is for %v", in.Spec)
		}
	}
}

func build(t *testing.T, dir string) *release {
	t.Helper()
	made, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), dir)
	if err != nil {
		t.Fatal(err)
	}
	text, err := made.AsYaml()
	if err != nil {
		t.Fatal(err)
	}
	r := &release{name: "rodopath", text: string(text)}
	if err := r.decode(); err != nil {
		t.Fatal(err)
	}
	return r
}
