// Package cluster runs the Helm chart in a real Kubernetes of one node, in namespaces of its own on this machine, and
// counts what becomes of webhooks while pods are replaced, killed, scaled and given other secrets.
package cluster

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// Options configure a run.
type Options struct {
	// Repository is the root of the repository; empty means the current directory.
	Repository string
	// Dir is where the run keeps everything, logs too; empty means a directory that is removed when nothing is wrong.
	Dir string
	// PerSecond is the number of webhooks in a second; 0 means 50.
	PerSecond int
	// Rollouts is how often every workload is restarted; 0 means 10.
	Rollouts int
	// Seconds is how long the autoscaler is watched; 0 means 60.
	Seconds int
	// Only is a pattern of the acts that happen; empty means all of them.
	Only string
	// Built uses the programs of the last build.
	Built bool
	// JSON prints the figures as JSON.
	JSON bool
}

func (o *Options) setDefaults() error {
	for _, d := range []struct {
		value *int
		or    int
	}{{&o.PerSecond, 50}, {&o.Rollouts, 10}, {&o.Seconds, 60}} {
		if *d.value == 0 {
			*d.value = d.or
		}
	}
	_, err := regexp.Compile(o.Only)
	if err != nil {
		return fmt.Errorf("the pattern of the acts: %w", err)
	}
	o.Repository, err = filepath.Abs(o.Repository)
	return err
}

func (o *Options) bin() string { return filepath.Join(o.Repository, "bin", "cluster") }

// Run builds what is needed and runs the cluster. The result is the exit code: 0 without a violation, or where the
// machine lacks something, which Run prints.
func Run(ctx context.Context, opts Options) (code int, err error) {
	if err := opts.setDefaults(); err != nil {
		return 1, err
	}
	missing := Missing()
	if len(missing) == 0 && !opts.Built {
		fmt.Fprintln(os.Stderr, "look for what is to be built")
		missing = Unreachable(ctx, opts.Repository)
	}
	if len(missing) > 0 {
		fmt.Printf("make cluster-test is skipped. This machine lacks:\n  %s\n", strings.Join(missing, "\n  "))
		return 0, nil
	}
	if !opts.Built {
		if err := Build(ctx, opts.Repository, opts.bin(), os.Stderr); err != nil {
			return 1, err
		}
	}
	kept := opts.Dir != ""
	if !kept {
		if opts.Dir, err = os.MkdirTemp("", "rodopath-cluster-"); err != nil {
			return 1, err
		}
	}
	if opts.Dir, err = filepath.Abs(opts.Dir); err != nil {
		return 1, err
	}
	code, err = isolate(ctx, opts)
	if err == nil && code == 0 && !kept {
		return 0, os.RemoveAll(opts.Dir)
	}
	fmt.Fprintln(os.Stderr, "logs are in", filepath.Join(opts.Dir, "logs"))
	return code, err
}

// RunInside is the main function of the process within namespaces.
func RunInside(ctx context.Context, text string) (code int, err error) {
	var opts Options
	if err := json.Unmarshal([]byte(text), &opts); err != nil {
		return 1, fmt.Errorf("read options: %w", err)
	}
	if err := cover(); err != nil {
		return 1, err
	}
	ctx, fail := context.WithCancelCause(ctx)
	n, err := newNode(opts.Dir, opts.bin(), fail)
	if err != nil {
		return 1, err
	}
	defer n.done.Wait()
	defer fail(nil)
	r := &run{Options: opts, node: n, progress: os.Stderr}
	if err := r.setUp(ctx); err != nil {
		return 1, cmp.Or(context.Cause(ctx), err)
	}
	defer r.outside.close()
	figures, err := r.story(ctx)
	if err != nil {
		return 1, cmp.Or(context.Cause(ctx), err)
	}
	if opts.JSON {
		err = json.NewEncoder(os.Stdout).Encode(figures)
	} else {
		err = figures.Print(os.Stdout)
	}
	if len(figures.Violations) > 0 {
		code = violated
	}
	return code, err
}

// InsideFlag marks the arguments of the process that runs within namespaces of its own.
const InsideFlag = "-inside"

// violated is the exit code of a run that found a violation.
const violated = 4

// run is one run.
type run struct {
	Options
	node     *node
	outside  *outside
	secrets  secrets
	load     *load
	figures  Figures
	progress io.Writer
	// ingest and lifecycle are the addresses of the services.
	ingest, lifecycle string
}

func (r *run) logf(format string, args ...any) {
	fmt.Fprintf(r.progress, time.Now().Format("15:04:05 ")+format+"\n", args...)
}

// setUp starts the cluster and what is beside it, and installs the chart.
func (r *run) setUp(ctx context.Context) error {
	n := r.node
	first := newSecret()
	signed := newSecret()
	r.secrets = secrets{token: rand.Text(), forms: first, formsBefore: first, crm: signed, crmBefore: signed}
	for _, step := range []struct {
		what string
		do   func(context.Context) error
	}{
		{"configure", func(context.Context) error { return n.configure() }},
		{"network", n.startNetwork},
		{"control plane", n.startControl},
		{"node", n.startWorker},
		{"images", n.importImages},
		{"NATS, database and recipient", func(ctx context.Context) (err error) {
			r.outside, err = startOutside(ctx, n.path("nats"))
			return err
		}},
		{"namespaces, volumes and Secrets", func(ctx context.Context) error { return n.prepare(ctx, &r.secrets) }},
		{"chart", func(ctx context.Context) error { return n.install(ctx, r.chart()) }},
		{"helm test", func(ctx context.Context) error {
			_, err := n.run(ctx, "", "helm", "test", release, "--namespace", namespace, "--logs")
			return err
		}},
		{"network policies", r.policies},
	} {
		r.logf("%s", step.what)
		if err := step.do(ctx); err != nil {
			return fmt.Errorf("%s: %w", step.what, err)
		}
	}
	return r.connect(ctx)
}

func (r *run) chart() string { return filepath.Join(r.Repository, "deploy", "helm", "rodopath") }

// policies checks that the network policies are enforced: the namespace of the ingress controller reaches ingest, and
// another namespace does not.
func (r *run) policies(ctx context.Context) error {
	for from, want := range map[string]bool{"ingress-nginx": true, "stranger": false} {
		got, err := r.node.reaches(ctx, from)
		if err != nil {
			return err
		}
		if got != want {
			return fmt.Errorf("a pod of the namespace %s reaches ingest: got %t, want %t", from, got, want)
		}
	}
	return nil
}

// connect finds the services, and makes the load.
func (r *run) connect(ctx context.Context) (err error) {
	if r.ingest, err = r.node.clusterIP(ctx, "ingest"); err != nil {
		return err
	}
	if r.lifecycle, err = r.node.clusterIP(ctx, "lifecycle"); err != nil {
		return err
	}
	r.load = newLoad(r.ingest, r.secrets.forms)
	r.outside.recipient.expect(r.secrets.crm)
	return nil
}
