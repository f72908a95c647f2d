package app

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/rodopath/rodopath/services/dispatch/delivery"
	"github.com/rodopath/rodopath/services/dispatch/jetqueue"
)

// gauges are the metrics that are computed on each scrape.
type gauges struct{ app *App }

// The gauges of a recipient.
const (
	gaugeCircuit  = "rodopath_recipient_circuit_open"
	gaugeDisabled = "rodopath_recipient_disabled"
	gaugeWaiting  = "rodopath_recipient_waiting"
	gaugeOldest   = "rodopath_recipient_oldest_waiting_seconds"
)

func desc(name string) *prometheus.Desc {
	help := map[string]string{
		gaugeCircuit:  "1 while the circuit breaker of the recipient is open.",
		gaugeDisabled: "1 while the recipient is disabled after the answer 410.",
		gaugeWaiting:  "Decisions queued for the recipient.",
		gaugeOldest:   "Age of the oldest decision for the recipient in this process; 0 without one.",
	}
	return prometheus.NewDesc(name, help[name], []string{"recipient"}, nil)
}

// Describe describes the gauges.
func (g *gauges) Describe(out chan<- *prometheus.Desc) {
	for _, name := range []string{gaugeCircuit, gaugeDisabled, gaugeWaiting, gaugeOldest} {
		out <- desc(name)
	}
}

// scrapeTimeout bounds the wait for the lengths of the queues.
const scrapeTimeout = 5 * time.Second

// Collect looks the gauges up. The lengths of queues are left out while the server
// cannot be asked.
func (g *gauges) Collect(out chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), scrapeTimeout)
	defer cancel()
	waiting, err := jetqueue.Waiting(ctx, g.app.js)
	if err != nil {
		g.app.opts.Log.Warn("the lengths of queues are not available for the metrics", "error", err)
	}
	for _, r := range g.app.recipients {
		if r.lane == nil {
			continue
		}
		s := r.lane.Status()
		send := func(name string, value float64) {
			out <- prometheus.MustNewConstMetric(desc(name), prometheus.GaugeValue, value, r.config.ID)
		}
		send(gaugeCircuit, is(s.State == delivery.StateCircuitOpen))
		send(gaugeDisabled, is(s.State == delivery.StateDisabled))
		age := time.Duration(0)
		if !s.Oldest.IsZero() {
			age = max(0, time.Since(s.Oldest))
		}
		send(gaugeOldest, age.Seconds())
		if err == nil {
			send(gaugeWaiting, float64(waiting[r.config.ID]))
		}
	}
}

func is(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
