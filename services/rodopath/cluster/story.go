package cluster

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/rodopath/rodopath/services/internal/loop"
)

// act is something that happens to the cluster under load.
type act struct {
	name string
	do   func(context.Context) error
	// gentle reports whether every webhook must be answered: nothing is killed.
	gentle bool
}

// acts are the parts of the story, in order.
func (r *run) acts() []act {
	all := []act{
		{name: "quiet", do: r.quiet, gentle: true},
		{name: strconv.Itoa(r.Rollouts) + " rollouts of every workload", do: r.rollouts, gentle: true},
		{name: "scale ingest up and down", do: r.scale, gentle: true},
		{name: "rotate secrets", do: r.rotate, gentle: true},
		{name: "autoscaling on", do: r.autoscale, gentle: true},
		{name: "delete pods", do: r.deletePods, gentle: true},
		{name: "kill processes and pods", do: r.kill},
		{name: "NATS away, and ingest killed meanwhile", do: r.withoutNATS},
	}
	only := regexp.MustCompile(r.Only) // compiles: see setDefaults
	return slices.DeleteFunc(all, func(a act) bool { return !only.MatchString(a.name) })
}

// story lets everything happen under load, and checks what is known at the end.
func (r *run) story(ctx context.Context) (*Figures, error) {
	began := time.Now()
	loading, stop := context.WithCancel(ctx)
	defer stop()
	var work sync.WaitGroup
	work.Go(func() { r.load.run(loading, r.PerSecond) })
	for _, a := range r.acts() {
		r.logf("%s", a.name)
		r.load.counts.Store(r.figures.begin(a))
		if err := a.do(ctx); err != nil {
			return nil, fmt.Errorf("%s: %w", a.name, err)
		}
		if err := r.node.settled(ctx); err != nil {
			return nil, fmt.Errorf("%s: %w", a.name, err)
		}
	}
	stop()
	work.Wait()
	if err := r.check(ctx); err != nil {
		return nil, err
	}
	r.figures.Took = time.Since(began)
	r.figures.judge()
	return &r.figures, nil
}

// quietFor is how long nothing happens.
const quietFor = 10 * time.Second

// quiet lets nothing happen, and has the first decisions delivered.
func (r *run) quiet(ctx context.Context) error {
	loop.Sleep(ctx, quietFor)
	return r.decisions(ctx, "before")
}

// leaving is how many persons give and withdraw a consent.
const leaving = 5

// decisions has persons subscribe and unsubscribe, and waits until the recipient has the decisions about them.
func (r *run) decisions(ctx context.Context, when string) error {
	before, signed := r.outside.recipient.received(r.secrets.crm)
	for i := range leaving {
		for _, kind := range []string{"signup", "unsubscribe"} {
			at := time.Now().UTC().Add(-time.Hour)
			if kind == "unsubscribe" {
				at = at.Add(time.Minute)
			}
			body := fmt.Appendf(nil,
				`{"kind": %q, "at": %q, "person": {"email": "%s%d@leaves.example"}, "wording": "newsletter-offers"}`,
				kind, at.Format(time.RFC3339), when, i)
			if kind == "unsubscribe" {
				body = fmt.Appendf(nil, `{"kind": %q, "at": %q, "person": {"email": "%s%d@leaves.example"}}`,
					kind, at.Format(time.RFC3339), when, i)
			}
			if err := r.tell(ctx, fmt.Sprintf("msg_%s_%s_%d", when, kind, i), body); err != nil {
				return err
			}
		}
	}
	return await(ctx, "the recipient has the decisions", settlesWithin, func(context.Context) error {
		all, now := r.outside.recipient.received(r.secrets.crm)
		if all < before+leaving || now < signed+leaving {
			return fmt.Errorf("%d of %d decisions, %d under the secret in force", all-before, leaving, now-signed)
		}
		return nil
	})
}

// tell sends a webhook beside the load until the webhook is accepted.
func (r *run) tell(ctx context.Context, id string, body []byte) error {
	return await(ctx, "a webhook is accepted", time.Minute, func(ctx context.Context) error {
		status, text, err := post(ctx, r.load.client, r.ingest, *r.load.secret.Load(), id, body)
		if err == nil && status/100 != 2 {
			err = fmt.Errorf("%d %s", status, text)
		}
		return err
	})
}

// rollouts restarts every workload again and again.
func (r *run) rollouts(ctx context.Context) error {
	for i := range r.Rollouts {
		r.logf("rollout %d", i+1)
		for part, kind := range parts() {
			if _, err := r.node.kubectl(ctx, "rollout", "restart", kind+"/"+release+"-"+part); err != nil {
				return err
			}
		}
		if err := r.node.settled(ctx); err != nil {
			return err
		}
	}
	return nil
}

// The numbers of pods of ingest.
const (
	few, more = 2, 4
	rounds    = 3
)

// scale adds and removes pods of ingest.
func (r *run) scale(ctx context.Context) error {
	for range rounds {
		for _, count := range []int{more, few} {
			if err := r.scaleTo(ctx, count); err != nil {
				return err
			}
		}
	}
	return nil
}

func (r *run) scaleTo(ctx context.Context, count int) error {
	r.logf("ingest has %d pods", count)
	n := r.node
	if _, err := n.kubectl(ctx, "scale", "statefulset/rodopath-ingest", "--replicas", strconv.Itoa(count)); err != nil {
		return err
	}
	return await(ctx, "ingest is scaled", startsWithin, func(ctx context.Context) error {
		pods, err := n.pods(ctx, "ingest", ".metadata.name")
		if err == nil && len(pods) != count {
			err = fmt.Errorf("got %d pods, want %d", len(pods), count)
		}
		return errors.Join(err, n.settled(ctx))
	})
}

// rotate replaces the secrets that sign, without a restart: the new one beside the old one, then the new one alone.
func (r *run) rotate(ctx context.Context) error {
	n, s := r.node, &r.secrets
	before, err := r.lives(ctx)
	if err != nil {
		return err
	}
	former := s.forms
	s.formsBefore, s.crmBefore = s.forms, s.crm
	s.forms, s.crm = newSecret(), newSecret()
	if err := n.storeSecrets(ctx, s); err != nil {
		return err
	}
	if err := r.everyPod(ctx, s.forms, true); err != nil {
		return err
	}
	r.logf("the new secret is accepted beside the old one")
	r.load.secret.Store(&s.forms)
	r.outside.recipient.expect(s.crm)
	if err := r.decisions(ctx, "rotated"); err != nil {
		return err
	}
	s.formsBefore, s.crmBefore = s.forms, s.crm
	if err := n.storeSecrets(ctx, s); err != nil {
		return err
	}
	if err := r.everyPod(ctx, former, false); err != nil {
		return err
	}
	after, err := r.lives(ctx)
	if err == nil && !maps.Equal(before, after) {
		err = fmt.Errorf("pods were replaced or restarted: got %v, want %v", after, before)
	}
	return err
}

// lives are the containers of ingest and dispatch.
func (r *run) lives(ctx context.Context) (map[string]bool, error) {
	out := map[string]bool{}
	for _, part := range []string{"ingest", "dispatch"} {
		ids, err := r.node.pods(ctx, part, ".status.containerStatuses[0].containerID")
		if err != nil {
			return nil, err
		}
		for _, id := range ids {
			out[id] = true
		}
	}
	return out, nil
}

// everyPod waits until every pod of ingest accepts a webhook under a secret, or refuses one.
func (r *run) everyPod(ctx context.Context, secret string, accepted bool) error {
	body := fmt.Appendf(
		nil,
		`{"kind": "sale", "at": %q, "ref": "probe", "access": "one_off", "person": {"email": "probe@probe.example"}}`,
		time.Now().UTC().Add(-time.Minute).Format(time.RFC3339),
	)
	return await(ctx, "every pod has the changed secret", settlesWithin, func(ctx context.Context) error {
		addresses, err := r.node.pods(ctx, "ingest", ".status.podIP")
		if err != nil {
			return err
		}
		for _, ip := range addresses {
			status, text, err := post(ctx, r.load.client, "http://"+ip+":8080", secret, "msg_probe", body)
			if err == nil && (status == http.StatusOK) != accepted {
				err = fmt.Errorf("%s answers %d %s", ip, status, text)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// autoscale switches autoscaling on while ingest has more pods than the chart asks for, and watches the autoscaler.
func (r *run) autoscale(ctx context.Context) error {
	if err := r.scaleTo(ctx, few+1); err != nil {
		return err
	}
	least, most := few+1, 0
	watching, stop := context.WithCancel(ctx)
	var work sync.WaitGroup
	work.Go(func() {
		for loop.Sleep(watching, time.Second) {
			if count, err := r.node.replicas(watching, "ingest"); err == nil {
				least, most = min(least, count), max(most, count)
			}
		}
	})
	err := r.node.install(ctx, r.chart(), "autoscaling.enabled=true")
	if err == nil {
		loop.Sleep(ctx, time.Duration(r.Seconds)*time.Second)
	}
	stop()
	work.Wait()
	if err != nil {
		return err
	}
	r.figures.Least, r.figures.Most = least, most
	usage, err := r.node.kubectl(ctx, "get", "horizontalpodautoscaler", "--no-headers")
	r.logf("the autoscaler:\n%s", strings.TrimSpace(usage))
	return err
}

// deletePods deletes every pod once, one of each part at a time.
func (r *run) deletePods(ctx context.Context) error {
	return r.eachPod(ctx, func(ctx context.Context, pod string) error {
		_, err := r.node.kubectl(ctx, "delete", "pod", pod, "--wait=false")
		return err
	})
}

// kill kills the process of every pod, and then deletes every pod without a notice.
func (r *run) kill(ctx context.Context) error {
	err := r.eachPod(ctx, r.killProcess)
	if err != nil {
		return err
	}
	return r.eachPod(ctx, r.killPod)
}

// killPod deletes a pod without a notice: its process is killed, and another pod takes its place.
func (r *run) killPod(ctx context.Context, pod string) error {
	_, err := r.node.kubectl(ctx, "delete", "pod", pod, "--grace-period=0", "--force", "--wait=false")
	return err
}

// awayFor is how long NATS is away before and after the kills.
const awayFor = 10 * time.Second

// withoutNATS stops NATS and kills every pod of ingest: what was accepted meanwhile is in the volumes alone.
func (r *run) withoutNATS(ctx context.Context) error {
	r.outside.stopNATS()
	loop.Sleep(ctx, awayFor)
	pods, err := r.node.pods(ctx, "ingest", ".metadata.name")
	if err != nil {
		return err
	}
	for _, pod := range pods {
		if err := r.killPod(ctx, pod); err != nil {
			return err
		}
	}
	loop.Sleep(ctx, awayFor)
	return r.outside.startNATS()
}

// killProcess kills the process of a pod, whose container then starts again.
func (r *run) killProcess(ctx context.Context, pod string) error {
	id, err := r.node.kubectl(ctx, "get", "pod", pod, "--output", "jsonpath={.status.containerStatuses[0].containerID}")
	if err != nil {
		return err
	}
	_, err = r.node.ctr(ctx, "tasks", "kill", "--signal", "SIGKILL", strings.TrimPrefix(id, "containerd://"))
	return err
}

// eachPod does something to one pod of each part after another, and waits each time until all are ready.
func (r *run) eachPod(ctx context.Context, do func(ctx context.Context, pod string) error) error {
	for _, part := range slices.Sorted(maps.Keys(parts())) {
		pods, err := r.node.pods(ctx, part, ".metadata.name")
		if err != nil {
			return err
		}
		for _, pod := range pods {
			if err := do(ctx, pod); err != nil {
				return err
			}
			loop.Sleep(ctx, time.Second) // until the controllers have seen it
			if err := r.node.settled(ctx); err != nil {
				return err
			}
		}
	}
	return nil
}
