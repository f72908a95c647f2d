package cluster

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/rodopath/rodopath/services/console"
	"github.com/rodopath/rodopath/services/lifecycle/identity"
)

// The names of the installation.
const (
	namespace = "shop"
	release   = "rodopath"
	sourceID  = "forms"
)

// volumes is how many pods of ingest can have a volume.
const volumes = 8

// parts are the services of the chart, each with the kind of its workload.
func parts() map[string]string {
	return map[string]string{
		"ingest": "statefulset", "lifecycle": "deployment", "dispatch": "deployment", "console": "deployment",
	}
}

// secrets are the secrets of an installation, by the names of their files.
type secrets struct {
	token string
	// forms sign webhooks and crm sign decisions; the one before is accepted as well.
	forms, formsBefore, crm, crmBefore string
}

// newSecret returns a secret in the form of Standard Webhooks.
func newSecret() string {
	key := make([]byte, 32)
	_, _ = rand.Read(key) // never fails
	return "whsec_" + base64.StdEncoding.EncodeToString(key)
}

// importImages brings the images into the container runtime.
func (n *node) importImages(ctx context.Context) error {
	programs := map[string]string{"pause": "cluster"}
	for name := range parts() {
		programs[name] = name
	}
	for name, program := range programs {
		path := n.path("images", name+".tar")
		if err := writeImage(path, name, n.bin+"/"+program); err != nil {
			return fmt.Errorf("make the image %s: %w", name, err)
		}
		if _, err := n.ctr(ctx, "images", "import", path); err != nil {
			return err
		}
	}
	return nil
}

// prepare creates the namespaces, the volumes and the Secrets.
func (n *node) prepare(ctx context.Context, s *secrets) error {
	objects, err := n.file("objects.yaml")
	if err != nil {
		return err
	}
	if err := n.apply(ctx, objects); err != nil {
		return err
	}
	for i := range volumes {
		path := n.path("volumes", strconv.Itoa(i))
		if err := os.MkdirAll(path, dirMode); err != nil {
			return err
		}
		if err := n.apply(ctx, volume(i, path)); err != nil {
			return err
		}
	}
	keys, err := identity.NewKeysJSON()
	if err != nil {
		return err
	}
	hash, err := console.HashPassword(rand.Text())
	if err != nil {
		return err
	}
	mongo := "mongodb://" + nodeIP + ":" + mongoPort + "/?directConnection=true"
	for name, data := range map[string]map[string]string{
		"rodopath-keys":    {"keys.json": string(keys)},
		"rodopath-token":   {"token": s.token},
		"rodopath-mongodb": {"uri": mongo},
		"rodopath-console": {"anna": hash},
	} {
		if err := n.secret(ctx, name, data); err != nil {
			return err
		}
	}
	return n.storeSecrets(ctx, s)
}

// storeSecrets writes the secrets that sign.
func (n *node) storeSecrets(ctx context.Context, s *secrets) error {
	err := n.secret(ctx, "rodopath-sources", map[string]string{"forms": s.forms, "forms-before": s.formsBefore})
	if err != nil {
		return err
	}
	return n.secret(ctx, "rodopath-recipients", map[string]string{"crm": s.crm, "crm-before": s.crmBefore})
}

func (n *node) secret(ctx context.Context, name string, data map[string]string) error {
	text, err := json.Marshal(map[string]any{
		"apiVersion": "v1", "kind": "Secret", "stringData": data,
		"metadata": map[string]any{"name": name, "namespace": namespace},
	})
	if err != nil {
		return err
	}
	return n.apply(ctx, string(text))
}

func volume(number int, path string) string {
	return fmt.Sprintf(`apiVersion: v1
kind: PersistentVolume
metadata: {name: disk-%d}
spec:
  capacity: {storage: 1Gi}
  accessModes: [ReadWriteOnce]
  storageClassName: disk
  local: {path: %q}
  nodeAffinity:
    required:
      nodeSelectorTerms: [{matchExpressions: [{key: kubernetes.io/hostname, operator: In, values: [%s]}]}]
`, number, path, nodeName)
}

// install installs or upgrades the chart, and waits until all pods are ready.
func (n *node) install(ctx context.Context, chart string, set ...string) error {
	args := []string{
		"upgrade", release, chart, "--install", "--namespace", namespace, "--values", n.path("config", "values.yaml"),
		"--wait", "--timeout", "5m",
	}
	for _, one := range set {
		args = append(args, "--set", one)
	}
	_, err := n.run(ctx, "", "helm", args...)
	return err
}

// clusterIP is the address of a service of the chart.
func (n *node) clusterIP(ctx context.Context, part string) (string, error) {
	out, err := n.kubectl(ctx, "get", "service", release+"-"+part, "--output", "jsonpath={.spec.clusterIP}")
	return "http://" + out, err
}

// replicas is the number of pods that a workload asks for.
func (n *node) replicas(ctx context.Context, part string) (int, error) {
	out, err := n.kubectl(ctx, "get", parts()[part], release+"-"+part, "--output", "jsonpath={.spec.replicas}")
	if err != nil {
		return 0, err
	}
	var count int
	_, err = fmt.Sscan(out, &count)
	return count, err
}

// pods returns a field of the pods of a part, one for each pod.
func (n *node) pods(ctx context.Context, part, field string) ([]string, error) {
	out, err := n.kubectl(ctx, "get", "pods", "--selector", "app.kubernetes.io/name="+part,
		"--field-selector", "status.phase=Running", "--output", "jsonpath={range .items[*]}{"+field+"}{\"\\n\"}{end}")
	return strings.Fields(out), err
}

// settled waits until every workload has its pods, all ready.
func (n *node) settled(ctx context.Context) error {
	for part, kind := range parts() {
		_, err := n.kubectl(ctx, "rollout", "status", kind+"/"+release+"-"+part, "--timeout", "5m")
		if err != nil {
			return err
		}
	}
	return nil
}

// reaches reports whether a pod of a namespace reaches the public port of ingest.
func (n *node) reaches(ctx context.Context, from string) (bool, error) {
	url := fmt.Sprintf("http://%s-ingest.%s.svc.cluster.local/readyz", release, namespace)
	args := []string{
		"--namespace", from, "run", "ask", "--image", image("ingest"), "--restart", "Never", "--image-pull-policy", "Never",
		"--", "--check=" + url,
	}
	if _, err := n.run(ctx, "", "kubectl", args...); err != nil {
		return false, err
	}
	phase := ""
	err := await(ctx, "the pod that asks ends", startsWithin, func(ctx context.Context) error {
		var err error
		phase, err = n.run(
			ctx,
			"",
			"kubectl",
			"--namespace",
			from,
			"get",
			"pod",
			"ask",
			"--output",
			"jsonpath={.status.phase}",
		)
		if err == nil && phase != "Succeeded" && phase != "Failed" {
			err = fmt.Errorf("the phase is %q", phase)
		}
		return err
	})
	return phase == "Succeeded", err
}

// known is the number of facts of a person in lifecycle.
func known(ctx context.Context, client *http.Client, base, token, email string) (int, error) {
	body, err := json.Marshal(map[string]string{"person": email})
	if err != nil {
		return 0, err
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, base+"/v1/subjects", strings.NewReader(string(body)))
	if err != nil {
		return 0, err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	res, err := client.Do(req)
	if err != nil {
		return 0, err
	}
	defer res.Body.Close()
	switch res.StatusCode {
	case http.StatusNotFound:
		return 0, nil
	case http.StatusOK:
		var person struct{ Facts int }
		return person.Facts, json.NewDecoder(res.Body).Decode(&person)
	}
	return 0, fmt.Errorf("ask lifecycle about a person: %s", res.Status)
}
