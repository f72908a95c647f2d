package delivery

import (
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Counts are the metrics of all lanes. Labels hold configured names and constants alone.
type Counts struct {
	deliveries *prometheus.CounterVec
	attempts   *prometheus.HistogramVec
	checks     *prometheus.CounterVec
}

// checkUnavailable is the state of a check without an answer.
const checkUnavailable = "unavailable"

// NewCounts registers the metrics.
func NewCounts(metrics prometheus.Registerer) (*Counts, error) {
	c := &Counts{
		deliveries: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "rodopath_deliveries_total",
			Help: "Decisions delivered or given up, by recipient and outcome.",
		}, []string{"recipient", "outcome"}),
		attempts: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "rodopath_delivery_attempt_seconds",
			Help:    "Duration of calls to a recipient, successful or not.",
			Buckets: []float64{0.005, 0.02, 0.1, 0.3, 1, 3, 10, 30},
		}, []string{"recipient"}),
		checks: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "rodopath_delivery_checks_total",
			Help: "Checks of decisions before their delivery, by recipient and state; unavailable means no answer.",
		}, []string{"recipient", "state"}),
	}
	for _, vec := range []prometheus.Collector{c.deliveries, c.attempts, c.checks} {
		if err := metrics.Register(vec); err != nil {
			return nil, fmt.Errorf("register metrics: %w", err)
		}
	}
	return c, nil
}

// laneCounts are the metrics of one lane.
type laneCounts struct {
	deliveries *prometheus.CounterVec
	attempts   prometheus.Observer
	checks     *prometheus.CounterVec
}

// of returns the metrics of a recipient.
func (c *Counts) of(recipient string) laneCounts {
	if c == nil {
		return laneCounts{}
	}
	return laneCounts{
		deliveries: c.deliveries.MustCurryWith(prometheus.Labels{"recipient": recipient}),
		attempts:   c.attempts.WithLabelValues(recipient),
		checks:     c.checks.MustCurryWith(prometheus.Labels{"recipient": recipient}),
	}
}

func (c laneCounts) attempt(took time.Duration) {
	if c.attempts != nil {
		c.attempts.Observe(took.Seconds())
	}
}

// checked counts a check.
func (c laneCounts) checked(state string) {
	if c.checks != nil {
		c.checks.WithLabelValues(state).Inc()
	}
}

// delivered counts a decision that is settled.
func (c laneCounts) delivered(outcome string) {
	if c.deliveries != nil {
		c.deliveries.WithLabelValues(outcome).Inc()
	}
}
