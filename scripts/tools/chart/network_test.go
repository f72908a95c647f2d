package chart

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"
)

func matches(t *testing.T, s *metav1.LabelSelector, set map[string]string) bool {
	t.Helper()
	selector, err := metav1.LabelSelectorAsSelector(s)
	if err != nil {
		t.Fatal(err)
	}
	return selector.Matches(labels.Set(set))
}

// universe is a namespace with two releases of the chart and a stranger.
func universe(t *testing.T, set string) map[string]map[string]string {
	t.Helper()
	out := map[string]map[string]string{"stranger": {"app.kubernetes.io/name": "ingest"}, "bare": {}}
	for _, name := range []string{"rodopath", "second"} {
		for _, p := range render(t, name, set).pods() {
			out[name+"/"+p.part] = p.meta.Labels
		}
	}
	return out
}

// A selector means the pods of one service of one release, and finds no others.
func TestSelectorsFindThosePodsThatTheyMean(t *testing.T) {
	for _, set := range sets() {
		pods := universe(t, set)
		for _, name := range []string{"rodopath", "second"} {
			for _, s := range selectors(t, render(t, name, set)) {
				var found, want []string
				for pod, labels := range pods {
					if matches(t, s.selector, labels) {
						found = append(found, pod)
					}
				}
				for _, part := range s.parts {
					want = append(want, name+"/"+part)
				}
				slices.Sort(found)
				slices.Sort(want)
				if !slices.Equal(found, want) {
					t.Errorf("%s: %s finds %v, want %v", set, s.what, found, want)
				}
			}
		}
	}
}

type selection struct {
	what     string
	selector *metav1.LabelSelector
	parts    []string
}

// selectors are those of a release, each with the parts that its object names.
func selectors(t *testing.T, r *release) []selection {
	t.Helper()
	var out []selection
	add := func(kind, name string, s *metav1.LabelSelector) {
		means := strings.TrimPrefix(strings.TrimPrefix(name, r.name), "-rodopath")
		parts := []string{strings.TrimSuffix(strings.TrimPrefix(means, "-"), "-pods")}
		if means == "-default-deny" {
			parts = nil
			for _, p := range r.pods() {
				parts = append(parts, p.part)
			}
		}
		out = append(out, selection{kind + " " + name, s, parts})
	}
	for _, p := range r.pods() {
		if p.selector != nil {
			add(p.kind, p.name, p.selector)
		}
		for _, c := range p.spec.TopologySpreadConstraints {
			add("spread of", p.name, c.LabelSelector)
		}
	}
	for _, o := range all[*corev1.Service](r) {
		add("Service", o.Name, &metav1.LabelSelector{MatchLabels: o.Spec.Selector})
	}
	for _, o := range all[*policyv1.PodDisruptionBudget](r) {
		add("PodDisruptionBudget", o.Name, o.Spec.Selector)
	}
	for _, o := range all[*networkingv1.NetworkPolicy](r) {
		add("NetworkPolicy", o.Name, &o.Spec.PodSelector)
	}
	return out
}

func TestServicesReachNamedPorts(t *testing.T) {
	for _, set := range sets() {
		r := render(t, "rodopath", set)
		for _, s := range all[*corev1.Service](r) {
			for _, p := range r.pods() {
				if !matches(t, &metav1.LabelSelector{MatchLabels: s.Spec.Selector}, p.meta.Labels) {
					continue
				}
				for _, sp := range s.Spec.Ports {
					if sp.TargetPort.Type != intstr.String || port(p.container(), sp.TargetPort.StrVal) == 0 {
						t.Errorf("%s: Service %s: %s has no port %s", set, s.Name, p.name, sp.TargetPort.String())
					}
				}
			}
		}
		if s := named[*corev1.Service](t, r, "rodopath-ingest-pods"); s.Spec.ClusterIP != corev1.ClusterIPNone {
			t.Error("the Service of the StatefulSet must be headless")
		}
	}
}

func TestAutoscalersNameWhatRuns(t *testing.T) {
	want := map[string][]string{"autoscaling": parts(), "full": {"ingest", "dispatch"}} // there KEDA has lifecycle
	for _, set := range sets() {
		r := render(t, "rodopath", set)
		scaled := map[string]bool{}
		for _, a := range all[*autoscalingv2.HorizontalPodAutoscaler](r) {
			part := strings.TrimPrefix(a.Name, "rodopath-")
			scaled[part] = true
			p, ref := r.service(t, part), a.Spec.ScaleTargetRef
			if ref.Kind != p.kind || ref.Name != p.name || ref.APIVersion != "apps/v1" {
				t.Errorf("%s: %s scales %s %s", set, a.Name, ref.Kind, ref.Name)
			}
			if ptr.Deref(a.Spec.MinReplicas, 0) < 1 || *a.Spec.MinReplicas > a.Spec.MaxReplicas {
				t.Errorf("%s: %s has no room", set, a.Name)
			}
			if part == "ingest" && ptr.Deref(a.Spec.Behavior.ScaleDown.SelectPolicy, "") != autoscalingv2.DisabledPolicySelect {
				t.Errorf("%s: a pod of ingest may go with webhooks in its volume", set)
			}
		}
		for _, part := range parts() {
			if scaled[part] != slices.Contains(want[set], part) {
				t.Errorf("%s: %s: scaled by CPU: %v", set, part, scaled[part])
			}
			byKEDA := part == "lifecycle" && (set == "keda" || set == "full")
			// Two who set the number would undo each other.
			if fixed := r.service(t, part).replicas != nil; fixed == (scaled[part] || byKEDA) {
				t.Errorf("%s: %s: the number of pods is said by nobody, or twice", set, part)
			}
		}
	}
}

func TestIngressHasThePublicPathsAndNoOthers(t *testing.T) {
	paths := []string{"/consent/ Prefix lifecycle", "/todo Exact lifecycle", "/v1/receipts Exact lifecycle", "/webhooks/ Prefix ingest"}
	made := 0
	for _, set := range sets() {
		r := render(t, "rodopath", set)
		for _, in := range all[*networkingv1.Ingress](r) {
			made++
			var have []string
			for _, rule := range in.Spec.Rules {
				if rule.Host == "" {
					t.Errorf("%s: a rule is for every host", set)
				}
				for _, p := range rule.HTTP.Paths {
					s := named[*corev1.Service](t, r, p.Backend.Service.Name)
					if !slices.ContainsFunc(s.Spec.Ports, func(sp corev1.ServicePort) bool { return sp.Name == p.Backend.Service.Port.Name }) {
						t.Errorf("%s: Service %s has no port %s", set, s.Name, p.Backend.Service.Port.Name)
					}
					have = append(have, fmt.Sprintf("%s %s %s", p.Path, *p.PathType, strings.TrimPrefix(s.Name, "rodopath-")))
				}
				if len(in.Spec.TLS) != 1 || !slices.Equal(in.Spec.TLS[0].Hosts, []string{rule.Host}) {
					t.Errorf("%s: TLS is not for %s", set, rule.Host)
				}
			}
			slices.Sort(have)
			want := paths
			if set == "full" { // with the form for requests
				want = slices.Sorted(slices.Values(append([]string{"/request Exact lifecycle", "/request/ Prefix lifecycle"}, paths...)))
			}
			if !slices.Equal(have, want) || in.Spec.DefaultBackend != nil {
				t.Errorf("%s: the Ingress has %v, want %v", set, have, want)
			}
		}
	}
	if made != 3 {
		t.Errorf("%d value sets make an Ingress, want 3", made)
	}
}

// place is one end of a connection: a pod, or an address outside.
type place struct {
	namespace string
	labels    map[string]string
	addr      netip.Addr
}

func podIn(namespace string, labels map[string]string) place {
	return place{namespace: namespace, labels: labels}
}

// address is a place outside of the cluster.
func address(ip string) place { return place{addr: netip.MustParseAddr(ip)} }

// passes reports whether the policies of a release let a connection through, as the
// interface of NetworkPolicy says it: who is selected by a policy may do what some policy
// allows, and nothing else.
func passes(t *testing.T, r *release, from, to place, port int32) bool {
	t.Helper()
	out := side(t, r, from, networkingv1.PolicyTypeEgress, func(p *networkingv1.NetworkPolicy) bool {
		return slices.ContainsFunc(p.Spec.Egress, func(rule networkingv1.NetworkPolicyEgressRule) bool {
			return hasPort(rule.Ports, port) && hasPeer(t, rule.To, to)
		})
	})
	in := side(t, r, to, networkingv1.PolicyTypeIngress, func(p *networkingv1.NetworkPolicy) bool {
		return slices.ContainsFunc(p.Spec.Ingress, func(rule networkingv1.NetworkPolicyIngressRule) bool {
			return hasPort(rule.Ports, port) && hasPeer(t, rule.From, from)
		})
	})
	return out && in
}

func side(t *testing.T, r *release, at place, direction networkingv1.PolicyType, allows func(*networkingv1.NetworkPolicy) bool) bool {
	t.Helper()
	closed := false
	for _, p := range all[*networkingv1.NetworkPolicy](r) {
		if at.namespace != namespace || !matches(t, &p.Spec.PodSelector, at.labels) || !slices.Contains(p.Spec.PolicyTypes, direction) {
			continue
		}
		closed = true
		if allows(p) {
			return true
		}
	}
	return !closed
}

func hasPort(ports []networkingv1.NetworkPolicyPort, port int32) bool {
	return len(ports) == 0 || slices.ContainsFunc(ports, func(p networkingv1.NetworkPolicyPort) bool { return p.Port.IntVal == port })
}

func hasPeer(t *testing.T, peers []networkingv1.NetworkPolicyPeer, at place) bool {
	t.Helper()
	return len(peers) == 0 || slices.ContainsFunc(peers, func(p networkingv1.NetworkPolicyPeer) bool {
		if p.IPBlock != nil {
			return at.addr.IsValid() && inBlock(p.IPBlock, at.addr)
		}
		if at.addr.IsValid() {
			return false
		}
		if p.NamespaceSelector == nil && at.namespace != namespace {
			return false
		}
		if p.NamespaceSelector != nil && !matches(t, p.NamespaceSelector, map[string]string{"kubernetes.io/metadata.name": at.namespace}) {
			return false
		}
		return p.PodSelector == nil || matches(t, p.PodSelector, at.labels)
	})
}

func inBlock(b *networkingv1.IPBlock, a netip.Addr) bool {
	return netip.MustParsePrefix(b.CIDR).Contains(a) && !slices.ContainsFunc(b.Except, func(e string) bool { return netip.MustParsePrefix(e).Contains(a) })
}

// Who talks to whom: what is listed passes, and everything else does not.
func TestNetworkLetsThroughWhatIsMeant(t *testing.T) {
	want := []string{
		"ingress > ingest 8080", "ingress > lifecycle 8081",
		"prometheus > ingest 9090", "prometheus > lifecycle 8081", "prometheus > dispatch 9091",
		"panel > lifecycle 8081", "panel > dispatch 8082",
		"test > ingest 8080", "test > lifecycle 8081", "test > dispatch 8082",
		"ingest > dns 53", "lifecycle > dns 53", "dispatch > dns 53", "test > dns 53",
		"ingest > nats 4222", "lifecycle > nats 4222", "dispatch > nats 4222",
		"lifecycle > mongodb 27017", "dispatch > lifecycle 8081",
		"ingest > internet 443", "ingest > internet6 443", "panel > ingest 9090",
		"dispatch > internet 443", "dispatch > internet6 443", "dispatch > till 8443",
	}
	places := map[string]place{
		"ingress": podIn("ingress", nil), "prometheus": podIn("observability", nil), "dns": podIn("kube-system", nil), "nats": podIn("nats", nil),
		"mongodb": address("10.20.0.5"), "internet": address("93.184.216.34"), "internet6": address("2606:2800:220:1::1"),
		"inside": address("10.0.0.1"), "inside6": address("fd00::1"), "metadata": address("169.254.169.254"), "till": address("10.30.0.7"),
		"panel": podIn("back-office", map[string]string{"app": "panel"}), "other": podIn("back-office", map[string]string{"app": "other"}),
		"neighbour": podIn(namespace, map[string]string{"app": "neighbour"}),
	}
	r := render(t, "rodopath", "full")
	for _, p := range r.pods() {
		places[p.part] = podIn(namespace, p.meta.Labels)
	}
	slices.Sort(want)
	if have := flows(t, r, places, []int32{53, 80, 443, 4222, 8080, 8081, 8082, 8443, 9090, 9091, 27017}); !slices.Equal(have, want) {
		t.Errorf("these differ: %v", difference(have, want))
	}
}

// flows lists the connections that pass and have one of our pods at an end.
func flows(t *testing.T, r *release, places map[string]place, ports []int32) []string {
	t.Helper()
	ours := []string{"ingest", "lifecycle", "dispatch", "test"}
	var out []string
	for from := range places {
		for to := range places {
			if from == to || !slices.Contains(ours, from) && !slices.Contains(ours, to) {
				continue
			}
			for _, port := range ports {
				if passes(t, r, places[from], places[to], port) {
					out = append(out, fmt.Sprintf("%s > %s %d", from, to, port))
				}
			}
		}
	}
	slices.Sort(out)
	return out
}

func difference(a, b []string) []string {
	var out []string
	for _, s := range a {
		if !slices.Contains(b, s) {
			out = append(out, "+ "+s)
		}
	}
	for _, s := range b {
		if !slices.Contains(a, s) {
			out = append(out, "- "+s)
		}
	}
	return out
}

// With the values as they are, nothing inside is reached on another port than those of
// DNS, NATS and MongoDB, and nobody but the three who must gets in.
func TestNetworkIsClosedByDefault(t *testing.T) {
	r := render(t, "rodopath", "minimal")
	stranger, inside := podIn("elsewhere", nil), place{addr: netip.MustParseAddr("10.0.0.1")}
	for _, p := range r.pods() {
		us := podIn(namespace, p.meta.Labels)
		for _, port := range []int32{80, 443, 8080, 8081, 8082, 9090, 9091} {
			if passes(t, r, stranger, us, port) {
				t.Errorf("a stranger reaches %s on %d", p.part, port)
			}
			if passes(t, r, us, inside, port) || passes(t, r, us, stranger, port) {
				t.Errorf("%s reaches the inside on %d", p.part, port)
			}
		}
	}
	if n := len(all[*networkingv1.NetworkPolicy](render(t, "rodopath", "no-network-policy"))); n > 0 {
		t.Errorf("%d policies are made although they are switched off", n)
	}
}

// Each port that a policy opens is one on which the pod listens.
func TestPoliciesOpenPortsThatExist(t *testing.T) {
	r := render(t, "rodopath", "full")
	for _, np := range all[*networkingv1.NetworkPolicy](r) {
		for _, rule := range np.Spec.Ingress {
			for _, p := range rule.Ports {
				c := r.service(t, strings.TrimPrefix(np.Name, "rodopath-")).container()
				if !slices.ContainsFunc(c.Ports, func(cp corev1.ContainerPort) bool { return cp.ContainerPort == p.Port.IntVal }) {
					t.Errorf("%s opens %s, on which nothing listens", np.Name, p.Port.String())
				}
			}
		}
	}
}
