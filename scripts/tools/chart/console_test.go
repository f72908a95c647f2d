package chart

import (
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	networkingv1 "k8s.io/api/networking/v1"
)

// The console is a Deployment of its own that asks lifecycle, sees the token and the secrets of its users, and neither
// NATS nor MongoDB nor the keys.
func TestConsoleAsksLifecycleAlone(t *testing.T) {
	r := render(t, "rodopath", "console")
	var found *appsv1.Deployment
	var policy *networkingv1.NetworkPolicy
	var ingress *networkingv1.Ingress
	for _, o := range r.objects {
		switch o := o.(type) {
		case *appsv1.Deployment:
			if o.Name == "rodopath-console" {
				found = o
			}
		case *networkingv1.NetworkPolicy:
			if o.Name == "rodopath-console" {
				policy = o
			}
		case *networkingv1.Ingress:
			if o.Name == "rodopath-console" {
				ingress = o
			}
		}
	}
	if found == nil || policy == nil || ingress == nil {
		t.Fatalf("the console lacks a Deployment, a NetworkPolicy or an Ingress: %v, %v, %v", found != nil, policy != nil, ingress != nil)
	}
	if n := *found.Spec.Replicas; n != 2 || found.Spec.Strategy.Type == appsv1.RecreateDeploymentStrategyType {
		t.Errorf("got %d replicas and the strategy %q, want 2 one after the other: lifecycle keeps the sessions", n,
			found.Spec.Strategy.Type)
	}
	known := variables(settings(t), "Config", "RODOPATH")
	for _, e := range found.Spec.Template.Spec.Containers[0].Env {
		if !slices.Contains(known, e.Name) {
			t.Errorf("the console sets %s, which no service reads", e.Name)
		}
		if strings.Contains(e.Name, "NATS") || strings.Contains(e.Name, "MONGODB") || strings.Contains(e.Name, "KEYS") {
			t.Errorf("the console is given %s", e.Name)
		}
	}
	for _, v := range found.Spec.Template.Spec.Volumes {
		if v.Secret != nil && v.Secret.SecretName != "rodopath-token" {
			t.Errorf("the console mounts the Secret %s", v.Secret.SecretName)
		}
	}
	if from := policy.Spec.Ingress; len(from) != 1 || from[0].Ports[0].Port.IntValue() != 8083 {
		t.Errorf("got %v, want browsers by the ingress controller alone", from)
	}
	paths := ingress.Spec.Rules[0].HTTP.Paths
	if len(paths) != 1 || paths[0].Path != "/console/" || ingress.Spec.TLS[0].Hosts[0] != "console.example.com" {
		t.Errorf("got the paths %v and the hosts %v, want /console/ by TLS", paths, ingress.Spec.TLS)
	}
	for _, o := range r.objects {
		i, ok := o.(*networkingv1.Ingress)
		if !ok || i.Name == "rodopath-console" {
			continue
		}
		for _, p := range i.Spec.Rules[0].HTTP.Paths {
			if strings.HasPrefix(p.Path, "/console") {
				t.Error("the public host of webhooks leads to the console")
			}
		}
	}
}

// Only the console and dispatch may ask lifecycle, and the console may leave the cluster for the provider alone.
func TestConsoleNetwork(t *testing.T) {
	r := render(t, "rodopath", "console")
	reaches := map[string]bool{}
	for _, o := range r.objects {
		np, ok := o.(*networkingv1.NetworkPolicy)
		if !ok || np.Name != "rodopath-lifecycle" {
			continue
		}
		for _, rule := range np.Spec.Ingress {
			for _, from := range rule.From {
				if from.PodSelector != nil {
					reaches[from.PodSelector.MatchLabels["app.kubernetes.io/name"]] = true
				}
			}
		}
	}
	if !reaches["console"] || !reaches["dispatch"] || len(reaches) != 3 {
		t.Errorf("lifecycle is reached by %v, want console, dispatch and the test", reaches)
	}
	without := render(t, "rodopath", "minimal")
	if strings.Contains(without.text, "console") && strings.Contains(without.text, "rodopath-console") {
		t.Error("a release without the console has a part of it")
	}
}

// A console without a door, without an address or without TLS is refused.
func TestConsoleRefused(t *testing.T) {
	for args, want := range map[string]string{
		"config.console.public_url=ftp://x": "public_url",
		"config.console.users[0].role=king": "role",
		"console.tlsSecret=":                "console.tlsSecret is missing",
		"config.console.oidc.unknown=1":     "unknown",
		"console.replicas=0":                "replicas",
	} {
		_, errs, err := helm(t, "template", "rodopath", chartDir, "--kube-version", kubeVersion, "--values", valuesOf("console"), "--set", args)
		if err == nil || !strings.Contains(errs, want) {
			t.Errorf("%s: got %v %s, want %q", args, err, errs, want)
		}
	}
}
