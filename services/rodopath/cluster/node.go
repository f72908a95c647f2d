package cluster

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// The addresses of the cluster, in a network that ends with the run.
const (
	nodeName  = "node"
	nodeIP    = "172.30.0.1"
	serviceIP = "10.96.0.1"
	podRange  = "10.244.0.0/16"
	services  = "10.96.0.0/16"
	apiServer = "https://" + nodeIP + ":6443"
)

// node is the one node of a cluster, with its control plane.
type node struct {
	dir, bin string
	done     sync.WaitGroup
	// fail ends the run with an error, such as the end of a daemon.
	fail context.CancelCauseFunc
}

func newNode(dir, bin string, fail context.CancelCauseFunc) (*node, error) {
	n := &node{dir: dir, bin: bin, fail: fail}
	for _, sub := range []string{"logs", "pki", "config", "cni", "images", "volumes", "kubelet", "pods", "plugins"} {
		if err := os.MkdirAll(n.path(sub), dirMode); err != nil {
			return nil, err
		}
	}
	return n, nil
}

func (n *node) path(parts ...string) string {
	return filepath.Join(append([]string{n.dir}, parts...)...)
}

// files are the configurations of the parts, with $DIR, $BIN and addresses to replace.
//
//go:embed files
var files embed.FS

// configure writes the certificates and the configurations.
func (n *node) configure() error {
	a, err := newAuthority(n.path("pki"))
	if err != nil {
		return err
	}
	err = errors.Join(
		a.issue("admin", a.template("admin", "system:masters")),
		a.issue("server", a.template("kube-apiserver")),
		a.issue("front", a.template("front-proxy")),
		a.issue("accounts", a.template("service-accounts")),
	)
	if err != nil {
		return err
	}
	entries, err := files.ReadDir("files")
	if err != nil {
		return err
	}
	for _, e := range entries {
		text, err := n.file(e.Name())
		if err != nil {
			return err
		}
		if err := os.WriteFile(n.place(e.Name()), []byte(text), fileMode); err != nil {
			return err
		}
	}
	return os.WriteFile(n.path("config", "resolv.conf"), []byte("nameserver "+nodeIP+"\n"), fileMode)
}

// place is where a file is read from.
func (n *node) place(name string) string {
	switch name {
	case "kubeconfig":
		return n.path(name)
	case "10-bridge.conflist":
		return n.path("cni", name)
	}
	return n.path("config", name)
}

// file is one of the embedded files with the values of this run.
func (n *node) file(name string) (string, error) {
	data, err := files.ReadFile("files/" + name)
	if err != nil {
		return "", err
	}
	return strings.NewReplacer(
		"$DIR", n.dir, "$BIN", n.bin, "$NODE_IP", nodeIP, "$NODE", nodeName, "$API", apiServer, "$PODS", podRange,
		"$PAUSE", image("pause"), "$NAMESPACE", namespace,
	).Replace(string(data)), nil
}

// startControl starts the control plane, and waits until the API answers.
func (n *node) startControl(ctx context.Context) error {
	pki := func(name string) string { return n.path("pki", name) }
	kubeconfig := "--kubeconfig=" + n.path("kubeconfig")
	if err := n.start(ctx, daemon{name: "etcd", args: []string{
		"--data-dir=" + n.path("etcd"), "--listen-client-urls=http://127.0.0.1:2379",
		"--advertise-client-urls=http://127.0.0.1:2379", "--listen-peer-urls=http://127.0.0.1:2380",
	}}); err != nil {
		return err
	}
	if err := n.start(ctx, daemon{name: "kube-apiserver", args: []string{
		"--etcd-servers=http://127.0.0.1:2379", "--advertise-address=" + nodeIP, "--service-cluster-ip-range=" + services,
		"--tls-cert-file=" + pki("server.crt"), "--tls-private-key-file=" + pki("server.key"),
		"--client-ca-file=" + pki("ca.crt"), "--authorization-mode=Node,RBAC",
		"--kubelet-client-certificate=" + pki("admin.crt"), "--kubelet-client-key=" + pki("admin.key"),
		"--kubelet-certificate-authority=" + pki("ca.crt"), "--kubelet-preferred-address-types=InternalIP",
		"--service-account-issuer=https://kubernetes.default.svc", "--service-account-key-file=" + pki("accounts.crt"),
		"--service-account-signing-key-file=" + pki("accounts.key"), "--requestheader-client-ca-file=" + pki("ca.crt"),
		"--requestheader-allowed-names=front-proxy", "--requestheader-username-headers=X-Remote-User",
		"--requestheader-group-headers=X-Remote-Group", "--requestheader-extra-headers-prefix=X-Remote-Extra-",
		"--proxy-client-cert-file=" + pki("front.crt"), "--proxy-client-key-file=" + pki("front.key"),
	}}); err != nil {
		return err
	}
	if err := n.await(ctx, "the API of the cluster answers", "get", "--raw", "/readyz"); err != nil {
		return err
	}
	if err := n.start(ctx, daemon{name: "kube-controller-manager", args: []string{
		kubeconfig, "--service-account-private-key-file=" + pki("accounts.key"), "--root-ca-file=" + pki("ca.crt"),
		"--allocate-node-cidrs", "--cluster-cidr=" + podRange, "--leader-elect=false", "--bind-address=127.0.0.1",
		"--horizontal-pod-autoscaler-sync-period=5s", "--horizontal-pod-autoscaler-cpu-initialization-period=30s",
	}}); err != nil {
		return err
	}
	return n.start(ctx, daemon{name: "kube-scheduler", args: []string{
		kubeconfig, "--leader-elect=false", "--bind-address=127.0.0.1",
	}})
}

// startWorker starts what runs pods, and waits until the node is ready.
func (n *node) startWorker(ctx context.Context) error {
	config := func(name string) string { return "--config=" + n.path("config", name) }
	kubeconfig := "--kubeconfig=" + n.path("kubeconfig")
	if err := n.startRuntime(ctx); err != nil {
		return err
	}
	for _, d := range []daemon{
		{name: "kubelet", args: []string{
			config("kubelet.yaml"), kubeconfig, "--root-dir=" + n.path("kubelet"), "--hostname-override=" + nodeName,
			"--node-ip=" + nodeIP,
		}},
		{name: "kube-proxy", args: []string{config("proxy.yaml")}},
		{name: "coredns", args: []string{"-conf", n.path("config", "Corefile")}},
		{name: "metrics-server", args: []string{
			kubeconfig, "--authentication-kubeconfig=" + n.path("kubeconfig"),
			"--authorization-kubeconfig=" + n.path("kubeconfig"), "--secure-port=4443", "--cert-dir=" + n.path("metrics"),
			"--kubelet-certificate-authority=" + n.path("pki", "ca.crt"), "--kubelet-preferred-address-types=InternalIP",
			"--metric-resolution=15s",
		}},
	} {
		if err := n.start(ctx, d); err != nil {
			return err
		}
	}
	if err := n.await(ctx, "the node is ready", "wait", "--for=condition=Ready", "node/"+nodeName); err != nil {
		return err
	}
	return n.start(ctx, daemon{name: "kube-router", args: []string{
		kubeconfig, "--hostname-override=" + nodeName, "--run-firewall=true", "--run-router=false",
		"--run-service-proxy=false", "--run-loadbalancer=false", "--enable-cni=false",
		"--service-cluster-ip-range=" + services, "--iptables-sync-period=1m", "--metrics-port=0", "--health-port=0",
	}, env: []string{"NODE_NAME=" + nodeName}})
}

// startRuntime starts containerd, and waits until it answers: a kubelet ends without it.
func (n *node) startRuntime(ctx context.Context) error {
	err := n.start(ctx, daemon{name: "containerd", args: []string{"--config", n.path("config", "containerd.toml")}})
	if err != nil {
		return err
	}
	return await(ctx, "containerd answers", startsWithin, func(ctx context.Context) error {
		_, err := n.ctr(ctx, "version")
		return err
	})
}

const startsWithin = 2 * time.Minute

// await waits until a command of kubectl succeeds.
func (n *node) await(ctx context.Context, act string, args ...string) error {
	return await(ctx, act, startsWithin, func(ctx context.Context) error {
		_, err := n.kubectl(ctx, args...)
		return err
	})
}

// startNetwork makes the network of the node: one address, from which pods are reached.
func (n *node) startNetwork(ctx context.Context) error {
	for _, line := range []string{
		"link set lo up", "link add uplink type veth peer name nowhere", "link set nowhere up",
		"address add " + nodeIP + "/24 dev uplink", "link set uplink up", "route add default dev uplink",
	} {
		if _, err := n.run(ctx, "", "ip", strings.Fields(line)...); err != nil {
			return err
		}
	}
	for name, value := range map[string]string{
		"/proc/sys/net/ipv4/ip_forward": "1", "/proc/sys/net/bridge/bridge-nf-call-iptables": "1",
	} {
		if err := os.WriteFile(name, []byte(value), fileMode); err != nil {
			return fmt.Errorf("set %s: %w", name, err)
		}
	}
	return nil
}
