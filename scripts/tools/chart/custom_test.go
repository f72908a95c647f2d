package chart

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/yaml"
)

// What these operators read is not part of the API of Kubernetes; of their types, the
// fields that this chart may use.
type (
	serviceMonitor struct {
		metav1.TypeMeta   `json:",inline"`
		metav1.ObjectMeta `json:"metadata"`
		Spec              struct {
			Selector  metav1.LabelSelector `json:"selector"`
			Endpoints []struct {
				Port     string `json:"port"`
				Path     string `json:"path"`
				Interval string `json:"interval"`
			} `json:"endpoints"`
		} `json:"spec"`
	}
	prometheusRule struct {
		metav1.TypeMeta   `json:",inline"`
		metav1.ObjectMeta `json:"metadata"`
		Spec              struct {
			Groups []struct {
				Name  string `json:"name"`
				Rules []struct {
					Alert       string            `json:"alert"`
					Expr        string            `json:"expr"`
					For         string            `json:"for"`
					Labels      map[string]string `json:"labels"`
					Annotations map[string]string `json:"annotations"`
				} `json:"rules"`
			} `json:"groups"`
		} `json:"spec"`
	}
	scaledObject struct {
		metav1.TypeMeta   `json:",inline"`
		metav1.ObjectMeta `json:"metadata"`
		Spec              struct {
			ScaleTargetRef struct {
				APIVersion string `json:"apiVersion"`
				Kind       string `json:"kind"`
				Name       string `json:"name"`
			} `json:"scaleTargetRef"`
			MinReplicaCount int32 `json:"minReplicaCount"`
			MaxReplicaCount int32 `json:"maxReplicaCount"`
			Fallback        struct {
				FailureThreshold int32 `json:"failureThreshold"`
				Replicas         int32 `json:"replicas"`
			} `json:"fallback"`
			Triggers []struct {
				Type     string            `json:"type"`
				Metadata map[string]string `json:"metadata"`
			} `json:"triggers"`
		} `json:"spec"`
	}
)

// customs returns the objects of a kind that is not Kubernetes' own.
func customs[T any](t *testing.T, r *release, group, version, kind string) []*T {
	t.Helper()
	var out []*T
	for _, d := range r.custom {
		if d.kind != (schema.GroupVersionKind{Group: group, Version: version, Kind: kind}) {
			continue
		}
		one := new(T)
		if err := yaml.UnmarshalStrict(d.text, one); err != nil {
			t.Fatalf("%s: %v", kind, err)
		}
		out = append(out, one)
	}
	return out
}

func TestEveryDocumentIsOfAKnownKind(t *testing.T) {
	for _, set := range sets() {
		r := render(t, "rodopath", set)
		known := len(monitors(t, r)) + len(rules(t, r)) + len(scalers(t, r))
		if known != len(r.custom) {
			t.Errorf("%s: %d documents are of an unknown kind or version", set, len(r.custom)-known)
		}
	}
}

func monitors(t *testing.T, r *release) []*serviceMonitor {
	t.Helper()
	return customs[serviceMonitor](t, r, "monitoring.coreos.com", "v1", "ServiceMonitor")
}

func rules(t *testing.T, r *release) []*prometheusRule {
	t.Helper()
	return customs[prometheusRule](t, r, "monitoring.coreos.com", "v1", "PrometheusRule")
}

func scalers(t *testing.T, r *release) []*scaledObject {
	t.Helper()
	return customs[scaledObject](t, r, "keda.sh", "v1alpha1", "ScaledObject")
}

// Each service is watched once, at the port where its metrics are.
func TestServiceMonitorsFindOneService(t *testing.T) {
	r := render(t, "rodopath", "full")
	if n := len(monitors(t, r)); n != 3 {
		t.Fatalf("%d ServiceMonitors, want 3", n)
	}
	for _, m := range monitors(t, r) {
		if m.Labels["release"] != "prometheus" {
			t.Errorf("%s lacks the labels of the values", m.Name)
		}
		var found []string
		for _, s := range append(all[*corev1.Service](r), all[*corev1.Service](render(t, "second", "full"))...) {
			if matches(t, &m.Spec.Selector, s.Labels) {
				found = append(found, s.Name)
				if !slices.ContainsFunc(s.Spec.Ports, func(p corev1.ServicePort) bool { return p.Name == m.Spec.Endpoints[0].Port }) {
					t.Errorf("%s: Service %s has no port %s", m.Name, s.Name, m.Spec.Endpoints[0].Port)
				}
			}
		}
		if !slices.Equal(found, []string{m.Name}) {
			t.Errorf("%s finds %v", m.Name, found)
		}
	}
	if !strings.Contains(paths(t, "lifecycle"), `GET("/metrics"`) {
		t.Error("lifecycle has no metrics under /metrics")
	}
}

func TestRulesAreThoseOfTheFile(t *testing.T) {
	made := rules(t, render(t, "rodopath", "full"))
	if len(made) != 1 || len(made[0].Spec.Groups) == 0 {
		t.Fatal("no rules are made")
	}
	text, err := os.ReadFile(filepath.Join(chartDir, "alerts.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	want := new(prometheusRule)
	if err := yaml.UnmarshalStrict(text, &want.Spec); err != nil {
		t.Fatal(err)
	}
	have, _ := yaml.Marshal(made[0].Spec)
	wanted, _ := yaml.Marshal(want.Spec)
	if string(have) != string(wanted) {
		t.Error("the rules are not those of alerts.yaml")
	}
	for _, rule := range want.Spec.Groups[0].Rules {
		if rule.Alert == "" || rule.Expr == "" || rule.Labels["severity"] == "" || rule.Annotations["summary"] == "" || rule.Annotations["runbook"] == "" {
			t.Errorf("%s says too little", rule.Alert)
		}
	}
}

// What alerts and the dashboard look at is counted by some service.
func TestMetricsExist(t *testing.T) {
	source := paths(t, "")
	for _, file := range []string{chartDir + "/alerts.yaml", root + "/deploy/observability/dashboard.json"} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		found := regexp.MustCompile(`rodopath_[a-z_]+`).FindAllString(string(text), -1)
		if len(found) == 0 {
			t.Errorf("%s looks at nothing", file)
		}
		for _, metric := range found {
			metric = strings.TrimSuffix(metric, "_bucket")
			if !strings.Contains(source, `"`+metric+`"`) {
				t.Errorf("%s: nothing counts %s", file, metric)
			}
		}
	}
}

// consumers are the consumers of FACTS of a lifecycle whose environment has the number of partitions.
func consumers(whole string, p *pod) []string {
	partitions := 0
	for _, e := range p.container().Env {
		if e.Name == "RODOPATH_NATS_PARTITIONS" {
			partitions, _ = strconv.Atoi(e.Value)
		}
	}
	if partitions <= 1 {
		return []string{whole}
	}
	out := []string{fmt.Sprintf("%s-rest-of-%d", whole, partitions)}
	for i := range partitions {
		out = append(out, fmt.Sprintf("%s-%d-of-%d", whole, i, partitions))
	}
	return out
}

func TestScaledObjectNamesStreamsAndConsumerThatExist(t *testing.T) {
	stream, err := os.ReadFile(root + "/api/stream/stream.go")
	if err != nil {
		t.Fatal(err)
	}
	partition, err := os.ReadFile(root + "/services/lifecycle/natsio/partition.go")
	if err != nil {
		t.Fatal(err)
	}
	whole := regexp.MustCompile(`const wholeConsumer = "(.*)"`).FindStringSubmatch(string(partition))
	if whole == nil {
		t.Fatal("lifecycle has no consumer")
	}
	for _, set := range []string{"keda", "full"} {
		r := render(t, "rodopath", set)
		made := scalers(t, r)
		if len(made) != 1 {
			t.Fatalf("%s: %d ScaledObjects", set, len(made))
		}
		spec, p := made[0].Spec, r.service(t, "lifecycle")
		if spec.ScaleTargetRef.Kind != p.kind || spec.ScaleTargetRef.Name != p.name {
			t.Errorf("%s: it scales %s %s", set, spec.ScaleTargetRef.Kind, spec.ScaleTargetRef.Name)
		}
		if spec.MinReplicaCount < 1 || spec.MinReplicaCount > spec.MaxReplicaCount || spec.Fallback.Replicas < 1 {
			t.Errorf("%s: it has no room", set)
		}
		var facts []string
		for _, trigger := range spec.Triggers {
			m := trigger.Metadata
			if trigger.Type != "nats-jetstream" || m["natsServerMonitoringEndpoint"] == "" || m["account"] == "" || m["lagThreshold"] == "" {
				t.Errorf("%s: a trigger says too little: %v", set, m)
			}
			if !strings.Contains(string(stream), `= "`+m["stream"]+`"`) {
				t.Errorf("%s: there is no stream %s", set, m["stream"])
			}
			if m["stream"] == "FACTS" {
				facts = append(facts, m["consumer"])
			} else if m["consumer"] != whole[1] {
				t.Errorf("%s: lifecycle has no consumer %s of %s", set, m["consumer"], m["stream"])
			}
		}
		if want := consumers(whole[1], p); !slices.Equal(facts, want) {
			t.Errorf("%s: it looks at the consumers %v of FACTS, want %v", set, facts, want)
		}
	}
}
