package app

import (
	"context"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/rodopath/rodopath/services/lifecycle"
)

// Metrics answers with what can be counted now, for Prometheus.
func (a *App) Metrics() http.Handler {
	registry := prometheus.NewRegistry()
	registry.MustRegister(&unconfirmed{app: a})
	return promhttp.HandlerFor(registry, promhttp.HandlerOpts{})
}

const (
	// counted bounds how many subjects are looked at for a count.
	counted = 10_000
	// countTime bounds how long it may take.
	countTime = 5 * time.Second
)

// unconfirmed counts the decisions that recipients have not answered.
type unconfirmed struct{ app *App }

func descUnconfirmed() *prometheus.Desc {
	return prometheus.NewDesc("rodopath_decisions_unconfirmed", "Decisions that were told and are not settled, by their state.", []string{"kind", "state"}, nil)
}

// Describe says what is counted.
func (*unconfirmed) Describe(ch chan<- *prometheus.Desc) { ch <- descUnconfirmed() }

// Collect counts.
func (u *unconfirmed) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), countTime)
	defer cancel()
	subjects, err := u.app.store.Unconfirmed(ctx, counted)
	if err != nil {
		ch <- prometheus.NewInvalidMetric(descUnconfirmed(), err)
		return
	}
	type key struct {
		kind  lifecycle.DecisionKind
		state string
	}
	counts := map[key]int{{lifecycle.Delete, lifecycle.StateOverdue}: 0}
	for i := range subjects {
		for j := range subjects[i].Notices {
			if n := &subjects[i].Notices[j]; n.Closed == nil {
				counts[key{n.Kind, n.Progress(u.app.now()).State}]++
			}
		}
	}
	for k, n := range counts {
		ch <- prometheus.MustNewConstMetric(descUnconfirmed(), prometheus.GaugeValue, float64(n), string(k.kind), k.state)
	}
}
