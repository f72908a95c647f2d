package intake

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// gauges report what is in the log.
type gauges struct {
	log                                 *Log
	now                                 func() time.Time
	webhooks, bytes, age, damaged, full *prometheus.Desc
}

// Collector counts the log for Prometheus.
func (l *Log) Collector(now func() time.Time) prometheus.Collector {
	return &gauges{
		log: l,
		now: now,
		webhooks: prometheus.NewDesc(
			"rodopath_intake_webhooks",
			"Webhooks in the intake log that are not at the broker yet.",
			nil,
			nil,
		),
		bytes: prometheus.NewDesc("rodopath_intake_bytes", "Size of the intake log in bytes.", nil, nil),
		age: prometheus.NewDesc(
			"rodopath_intake_oldest_seconds",
			"Age of the oldest webhook that is not at the broker yet.",
			nil,
			nil,
		),
		damaged: prometheus.NewDesc(
			"rodopath_intake_damaged",
			"Records of the intake log that cannot be read, since the start.",
			nil,
			nil,
		),
		full: prometheus.NewDesc(
			"rodopath_intake_full",
			"1 while the intake log or its disk takes no more webhooks, and the pod is not ready.",
			nil,
			nil,
		),
	}
}

// Describe describes the gauges.
func (g *gauges) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{g.webhooks, g.bytes, g.age, g.damaged, g.full} {
		ch <- d
	}
}

// Collect counts.
func (g *gauges) Collect(ch chan<- prometheus.Metric) {
	waited := 0.0
	if at, ok := g.log.Oldest(); ok {
		waited = g.now().Sub(at).Seconds()
	}
	gauge := func(d *prometheus.Desc, v float64) { ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v) }
	gauge(g.webhooks, float64(g.log.Waiting()))
	gauge(g.bytes, float64(g.log.Bytes()))
	gauge(g.age, waited)
	gauge(g.damaged, float64(g.log.Damaged()))
	full := 0.0
	if g.log.Full() {
		full = 1
	}
	gauge(g.full, full)
}
