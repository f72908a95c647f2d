package spool

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// gauges report the number and the age of spooled deliveries.
type gauges struct {
	spool *Spool
	now   func() time.Time
}

// Collector counts the spool for Prometheus.
func (s *Spool) Collector(now func() time.Time) prometheus.Collector { return &gauges{s, now} }

func descriptions() (count, bytes, age, deadLetters *prometheus.Desc) {
	return prometheus.NewDesc("rodopath_spool_webhooks", "Webhooks spooled on the disk.", nil, nil),
		prometheus.NewDesc("rodopath_spool_bytes", "Size of the spooled webhooks in bytes.", nil, nil),
		prometheus.NewDesc("rodopath_spool_oldest_seconds", "Age of the oldest spooled webhook.", nil, nil),
		prometheus.NewDesc("rodopath_spool_dead_letters", "Webhooks set aside in the spool.", nil, nil)
}

// Describe describes the gauges.
func (g *gauges) Describe(ch chan<- *prometheus.Desc) {
	count, bytes, age, deadLetters := descriptions()
	ch <- count
	ch <- bytes
	ch <- age
	ch <- deadLetters
}

// Collect counts.
func (g *gauges) Collect(ch chan<- prometheus.Metric) {
	count, bytes, age, deadLetters := descriptions()
	n, size := g.spool.Depth()
	waited := 0.0
	if at, ok := g.spool.Oldest(); ok {
		waited = g.now().Sub(at).Seconds()
	}
	ch <- prometheus.MustNewConstMetric(count, prometheus.GaugeValue, float64(n))
	ch <- prometheus.MustNewConstMetric(bytes, prometheus.GaugeValue, float64(size))
	ch <- prometheus.MustNewConstMetric(age, prometheus.GaugeValue, waited)
	ch <- prometheus.MustNewConstMetric(deadLetters, prometheus.GaugeValue, float64(g.spool.DeadLetters()))
}
