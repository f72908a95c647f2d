package app

import (
	"context"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/lifecycle/brake"
	"github.com/rodopath/rodopath/services/lifecycle/natsio"
	"github.com/rodopath/rodopath/services/lifecycle/notice"
)

// Metrics serves the metrics for Prometheus.
func (a *App) Metrics() http.Handler {
	registry := prometheus.NewRegistry()
	registry.MustRegister(&backlog{app: a})
	// Known values are shown although the database or the broker does not answer.
	return promhttp.HandlerFor(registry, promhttp.HandlerOpts{ErrorHandling: promhttp.ContinueOnError})
}

const (
	// counted bounds the number of subjects read for a count.
	counted = 10_000
	// countTime bounds the duration of a count.
	countTime = 5 * time.Second
)

// backlog counts waiting messages, pending subjects and unconfirmed decisions.
type backlog struct{ app *App }

// measures are the descriptions of the metrics.
type measures struct {
	waiting, oldest, store, pending, due, unconfirmed, aside, brake, missed, partitions *prometheus.Desc
}

func describe() measures {
	return measures{
		waiting: prometheus.NewDesc(
			"rodopath_stream_waiting",
			"Messages that are not applied yet, by stream.",
			[]string{"stream"},
			nil,
		),
		oldest: prometheus.NewDesc(
			"rodopath_stream_oldest_seconds",
			"Age of the oldest waiting message, by stream.",
			[]string{"stream"},
			nil,
		),
		store: prometheus.NewDesc("rodopath_store_up", "1 while the database answers.", nil, nil),
		pending: prometheus.NewDesc(
			"rodopath_subjects_pending",
			"Persons with an unpublished decision; counted up to 10000.",
			nil,
			nil,
		),
		due: prometheus.NewDesc("rodopath_subjects_due", "Persons due for review; counted up to 10000.", nil, nil),
		unconfirmed: prometheus.NewDesc(
			"rodopath_decisions_unconfirmed",
			"Published decisions that are not confirmed, by state.",
			[]string{"kind", "state"},
			nil,
		),
		aside: prometheus.NewDesc(
			"rodopath_set_aside",
			"Deliveries that cannot be applied, and persons whose decisions cannot be published, by kind.",
			[]string{"kind"},
			nil,
		),
		brake: prometheus.NewDesc(
			"rodopath_brake",
			"1 while nothing is deleted with time until a person approves, by reason.",
			[]string{"reason"},
			nil,
		),
		partitions: prometheus.NewDesc(
			"rodopath_partitions_held",
			"Partitions of the facts that this process holds; 0 with one partition.",
			nil,
			nil,
		),
		missed: prometheus.NewDesc(
			"rodopath_reconcile_missed_total",
			"Facts that no webhook told and a comparison with the platform found, by source.",
			[]string{"source"},
			nil,
		),
	}
}

// Describe sends the descriptions of the metrics.
func (*backlog) Describe(ch chan<- *prometheus.Desc) {
	m := describe()
	for _, d := range []*prometheus.Desc{
		m.waiting, m.oldest, m.store, m.pending, m.due, m.unconfirmed, m.aside, m.brake, m.missed, m.partitions,
	} {
		ch <- d
	}
}

// Collect counts.
func (b *backlog) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), countTime)
	defer cancel()
	m := describe()
	for _, name := range []string{stream.Facts, stream.Receipts} {
		b.stream(ctx, ch, m, name)
	}
	b.stored(ctx, ch, m)
	publishGauge(ch, m.aside, float64(b.app.aside.Count()), nil, string(natsio.KindDelivery))
	publishGauge(ch, m.aside, float64(b.app.relay.Aside()), nil, string(natsio.KindSubject))
	publishGauge(ch, m.partitions, float64(b.app.facts.Held()), nil)
	b.missed(ctx, ch, m.missed)
	if b.app.brake != nil {
		status := b.app.brake.Status()
		for _, reason := range brake.Reasons() {
			n := 0.0
			if reason == status.Reason || reason == brake.ReasonNews && status.News != nil {
				n = 1
			}
			publishGauge(ch, m.brake, n, nil, string(reason))
		}
	}
}

// publishGauge sends a value, or an error for an unknown value.
func publishGauge(ch chan<- prometheus.Metric, d *prometheus.Desc, n float64, err error, labels ...string) {
	if err != nil {
		ch <- prometheus.NewInvalidMetric(d, err)
		return
	}
	ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, n, labels...)
}

func (b *backlog) stream(ctx context.Context, ch chan<- prometheus.Metric, m measures, name string) {
	s, err := b.app.js.Stream(ctx, name)
	if err != nil {
		publishGauge(ch, m.waiting, 0, err)
		return
	}
	state := s.CachedInfo().State
	waited := 0.0
	if state.Msgs > 0 {
		waited = max(0, b.app.now().Sub(state.FirstTime).Seconds())
	}
	publishGauge(ch, m.waiting, float64(state.Msgs), nil, name)
	publishGauge(ch, m.oldest, waited, nil, name)
}

// stored counts what is in the store, and reports whether the store answers.
func (b *backlog) stored(ctx context.Context, ch chan<- prometheus.Metric, m measures) {
	pending, err := b.app.store.CountPending(ctx, counted)
	up := 1.0
	if err != nil {
		up = 0
	}
	publishGauge(ch, m.store, up, nil)
	if err != nil {
		return
	}
	publishGauge(ch, m.pending, float64(pending), nil)
	due, err := b.app.store.Due(ctx, b.app.now(), b.app.policy.Revision, counted)
	publishGauge(ch, m.due, float64(len(due)), err)
	b.unconfirmed(ctx, ch, m.unconfirmed)
}

func (b *backlog) unconfirmed(ctx context.Context, ch chan<- prometheus.Metric, d *prometheus.Desc) {
	notices, err := b.app.store.OpenNotices(ctx, counted)
	if err != nil {
		publishGauge(ch, d, 0, err)
		return
	}
	type key struct {
		kind  stream.Kind
		state notice.State
	}
	counts := map[key]int{{stream.KindDelete, notice.StateOverdue}: 0}
	for i := range notices {
		if n := &notices[i]; n.Closed == nil {
			counts[key{n.Kind, n.Progress(b.app.now()).State}]++
		}
	}
	for k, n := range counts {
		publishGauge(ch, d, float64(n), nil, string(k.kind), string(k.state))
	}
}
