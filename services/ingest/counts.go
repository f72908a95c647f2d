package ingest

import (
	"fmt"

	"github.com/prometheus/client_golang/prometheus"
)

// Outcomes of a webhook, as metric labels.
const (
	outcomeFacts         = "facts"
	outcomeSilent        = "silent"
	outcomeUnread        = "unread"
	outcomePing          = "ping"
	outcomeBadSignature  = "bad_signature"
	outcomeUnknownSource = "unknown_source"
	outcomeRateLimited   = "too_fast"
	outcomeTooLarge      = "too_large"
	outcomeSlow          = "slow"
	outcomeEncoding      = "content_encoding"
	outcomeUnreadable    = "unreadable"
	outcomeImpossible    = "impossible"
	outcomeUnavailable   = "unavailable"
	outcomeFailed        = "failed"
)

// counts are the metrics of the handler. Labels hold configured names and constants alone: the
// source of a webhook to an unknown address is "".
type counts struct {
	webhooks *prometheus.CounterVec
	silent   *prometheus.CounterVec
	unread   *prometheus.CounterVec
}

func newCounts(metrics prometheus.Registerer, more ...prometheus.Collector) (*counts, error) {
	c := &counts{
		webhooks: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "rodopath_webhooks_total",
			Help: "Webhooks received, by source and outcome.",
		}, []string{"source", "outcome"}),
		silent: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "rodopath_silent_total",
			Help: "Parts of webhooks that gave no fact, by source and reason.",
		}, []string{"source", "reason"}),
		unread: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "rodopath_unread_total",
			Help: "Webhooks with a valid signature that were read in part or not at all, by source and reason.",
		}, []string{"source", "reason"}),
	}
	if metrics == nil {
		return c, nil
	}
	for _, vec := range append([]prometheus.Collector{c.webhooks, c.silent, c.unread}, more...) {
		if err := metrics.Register(vec); err != nil {
			return nil, fmt.Errorf("register metrics: %w", err)
		}
	}
	return c, nil
}

func (c *counts) webhook(source, outcome string) {
	c.webhooks.WithLabelValues(source, outcome).Inc()
}

// outcomeOf is the outcome of an accepted webhook.
func outcomeOf(r Reading) string {
	switch {
	case r.Unread != "":
		return outcomeUnread
	case len(r.Facts) == 0:
		return outcomeSilent
	}
	return outcomeFacts
}

func (c *counts) reading(source string, r Reading) {
	c.webhook(source, outcomeOf(r))
	if r.Unread != "" {
		c.unread.WithLabelValues(source, r.Unread).Inc()
	}
	for _, reason := range r.Silent {
		c.silent.WithLabelValues(source, reason).Inc()
	}
}
