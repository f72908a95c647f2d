package chart

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"sigs.k8s.io/yaml"
)

// httpRoute is what a route of the Gateway API holds, strictly: an unknown field is an error.
type httpRoute struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Metadata   struct {
		Name        string            `json:"name"`
		Labels      map[string]string `json:"labels"`
		Annotations map[string]string `json:"annotations"`
	} `json:"metadata"`
	Spec struct {
		ParentRefs []struct {
			Name        string `json:"name"`
			Namespace   string `json:"namespace"`
			SectionName string `json:"sectionName"`
		} `json:"parentRefs"`
		Hostnames []string `json:"hostnames"`
		Rules     []struct {
			Matches []struct {
				Path struct {
					Type  string `json:"type"`
					Value string `json:"value"`
				} `json:"path"`
			} `json:"matches"`
			BackendRefs []struct {
				Name string `json:"name"`
				Port int32  `json:"port"`
			} `json:"backendRefs"`
		} `json:"rules"`
	} `json:"spec"`
}

// gatewayArgs switch the route on.
func gatewayArgs() []string {
	return []string{
		"--set", "gateway.enabled=true,gateway.host=hooks.example.com",
		"--set", "gateway.parentRefs[0].name=public,gateway.parentRefs[0].namespace=gateways,gateway.parentRefs[0].sectionName=https",
	}
}

// routes are the routes of a release by name.
func routes(t *testing.T, r *release) map[string]*httpRoute {
	t.Helper()
	out := map[string]*httpRoute{}
	for _, d := range r.custom {
		if d.kind.Kind != "HTTPRoute" {
			continue
		}
		one := &httpRoute{}
		if err := yaml.UnmarshalStrict(d.text, one); err != nil {
			t.Fatalf("%v in\n%s", err, d.text)
		}
		out[one.Metadata.Name] = one
	}
	return out
}

// paths are the paths of a route with their Services, which must have the port.
func (h *httpRoute) paths(t *testing.T, r *release) []string {
	t.Helper()
	var out []string
	for _, rule := range h.Spec.Rules {
		for _, m := range rule.Matches {
			backend := rule.BackendRefs[0]
			s := named[*corev1.Service](t, r, backend.Name)
			if !slices.ContainsFunc(s.Spec.Ports, func(p corev1.ServicePort) bool { return p.Port == backend.Port }) {
				t.Errorf("the Service %s has no port %d", s.Name, backend.Port)
			}
			out = append(out, fmt.Sprintf("%s %s %s", m.Path.Value, strings.TrimPrefix(m.Path.Type, "Path"), strings.TrimPrefix(s.Name, "rodopath-")))
		}
	}
	slices.Sort(out)
	return out
}

// A route of the Gateway API has the public paths of the Ingress and no others.
func TestRouteHasThePathsOfTheIngress(t *testing.T) {
	for _, set := range []string{"production", "full"} {
		r := render(t, "rodopath", set, gatewayArgs()...)
		route := routes(t, r)["rodopath"]
		if route == nil {
			t.Fatalf("%s: there is no HTTPRoute", set)
		}
		var want []string
		for _, p := range named[*networkingv1.Ingress](t, r, "rodopath").Spec.Rules[0].HTTP.Paths {
			want = append(want, fmt.Sprintf("%s %s %s", p.Path, *p.PathType, strings.TrimPrefix(p.Backend.Service.Name, "rodopath-")))
		}
		slices.Sort(want)
		if have := route.paths(t, r); !slices.Equal(have, want) {
			t.Errorf("%s: the route has %v, want %v", set, have, want)
		}
		if p := route.Spec.ParentRefs[0]; route.APIVersion != "gateway.networking.k8s.io/v1" || p.Name != "public" || p.Namespace != "gateways" || p.SectionName != "https" {
			t.Errorf("%s: got %s with the parent %+v", set, route.APIVersion, p)
		}
		if !slices.Equal(route.Spec.Hostnames, []string{"hooks.example.com"}) {
			t.Errorf("%s: got the hosts %v", set, route.Spec.Hostnames)
		}
	}
}

func TestThereIsNoRouteByDefault(t *testing.T) {
	for _, set := range sets() {
		if found := routes(t, render(t, "rodopath", set)); len(found) > 0 {
			t.Errorf("%s: %d routes are made although the gateway is off", set, len(found))
		}
	}
}

// The console has a route of its own, with its pages alone, and no Ingress beside where the Ingress is off.
func TestConsoleHasARouteOfItsOwn(t *testing.T) {
	r := render(t, "rodopath", "console", append(gatewayArgs(), "--set", "ingress.enabled=false")...)
	route := routes(t, r)["rodopath-console"]
	if route == nil {
		t.Fatal("there is no HTTPRoute of the console")
	}
	if have := route.paths(t, r); !slices.Equal(have, []string{"/console/ Prefix console"}) || route.Spec.Hostnames[0] != "console.example.com" {
		t.Errorf("got %v for %v", have, route.Spec.Hostnames)
	}
	if n := len(all[*networkingv1.Ingress](r)); n > 0 {
		t.Errorf("there are %d objects of the kind Ingress", n)
	}
}

func TestARouteNeedsAGatewayAndAHost(t *testing.T) {
	for name, c := range map[string]struct{ set, want string }{
		"no gateway":    {"gateway.enabled=true,gateway.host=hooks.example.com", "gateway.parentRefs is empty"},
		"no host":       {"gateway.enabled=true,gateway.parentRefs[0].name=public", "gateway.host is missing"},
		"unknown field": {"gateway.parentRefs[0].name=public,gateway.parentRefs[0].listener=https", "'listener' not allowed"},
	} {
		_, errs, err := helm(t, "template", "rodopath", chartDir, "--kube-version", kubeVersion, "--values", valuesOf("minimal"), "--set", c.set)
		if err == nil || !strings.Contains(errs, c.want) {
			t.Errorf("%s: got %v: %s; want %q", name, err, errs, c.want)
		}
	}
}

// example is a file of values for a controller, beside those of production.
type example struct {
	name, path string
}

func examples(t *testing.T) []example {
	t.Helper()
	paths, err := filepath.Glob(chartDir + "/examples/*.yaml")
	if err != nil || len(paths) < 5 {
		t.Fatalf("got %d examples, want those of five controllers: %v", len(paths), err)
	}
	var out []example
	for _, p := range paths {
		out = append(out, example{strings.TrimSuffix(filepath.Base(p), ".yaml"), p})
	}
	return out
}

// The values for each controller are accepted, publish the host once, and let the controller reach the public paths.
func TestExamplesPublishTheHost(t *testing.T) {
	page := readAll(t, root+"/docs/kubernetes.md")
	for _, e := range examples(t) {
		if _, errs, err := helm(t, "lint", "--strict", "--quiet", "--kube-version", kubeVersion, chartDir, "--values", valuesOf("production"), "--values", e.path); err != nil {
			t.Errorf("%s: %s", e.name, errs)
		}
		r := render(t, "rodopath", "production", "--values", e.path)
		var hosts []string
		for _, in := range all[*networkingv1.Ingress](r) {
			hosts = append(hosts, in.Spec.Rules[0].Host)
		}
		for _, route := range routes(t, r) {
			hosts = append(hosts, route.Spec.Hostnames...)
		}
		if !slices.Equal(hosts, []string{"hooks.example.com"}) {
			t.Errorf("%s: got the hosts %v", e.name, hosts)
		}
		if !strings.Contains(page, "examples/"+e.name+".yaml") {
			t.Errorf("docs/kubernetes.md does not name examples/%s.yaml", e.name)
		}
	}
}

// The pods of a gateway and a load balancer outside reach the public ports and no other.
func TestPublicPeersReachThePublicPorts(t *testing.T) {
	for name, from := range map[string]place{
		"envoy-gateway":     podIn("envoy-gateway-system", nil),
		"traefik":           podIn("traefik", nil),
		"ingress-nginx":     podIn("ingress-nginx", nil),
		"gke":               address("35.191.0.1"),
		"aws-load-balancer": address("10.0.3.4"),
	} {
		r := render(t, "rodopath", "production", "--values", filepath.Join(chartDir, "examples", name+".yaml"))
		for part, want := range map[string][]int32{"ingest": {8080}, "lifecycle": {8081}, "dispatch": nil} {
			to := podIn(namespace, r.service(t, part).meta.Labels)
			var have []int32
			for _, port := range []int32{8080, 8081, 8082, 9090, 9091} {
				if passes(t, r, from, to, port) {
					have = append(have, port)
				}
			}
			if !slices.Equal(have, want) {
				t.Errorf("%s: %s is reached on %v, want %v", name, part, have, want)
			}
		}
	}
}
