package ingest

import (
	"cmp"
	"context"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	factv1 "github.com/rodopath/rodopath/api/gen/rodopath/fact/v1"
	"github.com/rodopath/rodopath/services/internal/connection"
	"github.com/rodopath/rodopath/services/internal/loop"
)

// fault is a kind of set-up fault of a source, as a metric label.
type fault string

// The faults of a source. A fault lasts until a webhook shows the opposite.
const (
	// faultSignature: several webhooks in a row have a wrong signature.
	faultSignature fault = "signature"
	// faultPlatform: the platform sends a signed error message in place of records.
	faultPlatform fault = "platform_error"
	// faultNothingRead: several webhooks arrived, and none ever gave a fact.
	faultNothingRead fault = "nothing_read"
	// faultRefused: several webhooks with a valid signature were refused in a row. WooCommerce disables a
	// webhook after five failures.
	faultRefused fault = "refused"
	// faultQuiet: the source is silent for much longer than usual.
	faultQuiet fault = "quiet"
)

// faults lists every fault.
func faults() []fault {
	return []fault{faultSignature, faultPlatform, faultNothingRead, faultRefused, faultQuiet}
}

// advice says what a person checks.
func (o *observed) advice(f fault) string {
	if text, ok := o.defects[f]; ok {
		return text
	}
	return f.advice()
}

// advice says what a person checks, by fault.
func (f fault) advice() string {
	switch f {
	case faultSignature:
		return "webhooks in a row have a wrong signature: compare the secret of the webhook at the platform " +
			"with the secret of the source; strangers at the address are refused in the same way"
	case faultPlatform:
		return "the platform sends errors in place of records: the owner of the webhook was deleted or lost the right " +
			"to read records, or a plug-in sends webhooks within a request of the checkout, or the API version of the " +
			"webhook is \"v1\", which reads no order of a shop with HPOS; save the webhook again as an administrator with " +
			"the API version v3, and let the shop send webhooks by its queue"
	case faultNothingRead:
		return "webhooks arrive and none gives a fact: check the topics and the version of the webhook at the platform, " +
			"and rodopath quarantine"
	case faultRefused:
		return "webhooks in a row were refused or could not be stored, and WooCommerce disables a webhook after five " +
			"failures: check the status of the webhook at the platform"
	case faultQuiet:
		return "no webhook arrives for much longer than usual: check whether the platform disabled the webhook"
	}
	return ""
}

const (
	// signaturesInRow and silentInRow are the numbers of webhooks that make a fault.
	signaturesInRow = 5
	silentInRow     = 5
	refusedInRow    = 5
	goneInRow       = 5
	// gapsKnown is the number of recent pauses between webhooks that define the usual pause, and
	// quietFactor how many times the longest of the pauses a source may be silent. A source is never
	// called silent before quietAfter.
	gapsKnown   = 64
	gapsNeeded  = 8
	quietFactor = 4
	quietAfter  = 6 * time.Hour
	// brokenFor is how long a webhook that sent an error counts as broken without another delivery.
	brokenFor = 7 * 24 * time.Hour
	// watchEvery is the interval of the checks for silent sources.
	watchEvery = time.Minute
)

// watch notices wrong set-ups of sources: each fault is logged when the fault begins and when the fault
// ends, and is a metric meanwhile. The usual pause of a source is learned anew after a start.
type watch struct {
	log    *slog.Logger
	faults *prometheus.GaugeVec
	last   *prometheus.GaugeVec
	// unlisted counts the products that sold and are not listed.
	unlisted *prometheus.GaugeVec

	mu      sync.Mutex
	sources map[string]*observed
}

// observed is what is known of one source since the start of the process.
type observed struct {
	badSignatures int
	refusals      int
	pinged        bool
	// silent counts the webhooks without facts; factual reports whether any webhook gave facts.
	silent  int
	factual bool
	last    time.Time
	gaps    []time.Duration
	faults  map[fault]bool
	// broken are the times of the last errors that the platform sent in place of records, and gone the numbers
	// of records in a row that the platform did not find, by webhook.
	broken map[string]time.Time
	gone   map[string]int
	// unlisted are the products that sold and are not listed.
	unlisted map[string]bool
	// news are what arrived since the last note, and stated is when the faults were noted.
	news   arrivals
	stated time.Time
	// defects say what is wrong with the webhooks at the platform.
	defects map[fault]string
}

func newWatch(log *slog.Logger, sources map[string]Provider) *watch {
	w := &watch{
		log: log,
		faults: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "rodopath_source_fault",
			Help: "1 while a source seems to be set up wrongly, by source and fault.",
		}, []string{"source", "fault"}),
		last: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "rodopath_source_last_webhook_seconds",
			Help: "Time of the last webhook with a valid signature, in Unix seconds, by source.",
		}, []string{"source"}),
		unlisted: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "rodopath_unmapped_products",
			Help: "Products that sold since the start and that the configuration does not list, by source.",
		}, []string{"source"}),
		sources: map[string]*observed{},
	}
	for id := range sources {
		w.sources[id] = &observed{
			faults: map[fault]bool{}, broken: map[string]time.Time{}, gone: map[string]int{}, unlisted: map[string]bool{},
		}
		w.unlisted.WithLabelValues(id).Set(0)
		for _, f := range append(faults(), defects()...) {
			w.faults.WithLabelValues(id, string(f)).Set(0)
		}
	}
	return w
}

// accepted observes a webhook with a valid signature.
func (w *watch) accepted(source string, r Reading, now time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	o := w.sources[source]
	o.badSignatures, o.refusals = 0, 0
	o.news.accepted++
	o.news.last = now
	o.arrived(now)
	w.set(source, faultRefused, false)
	w.last.WithLabelValues(source).Set(float64(now.Unix()))
	w.set(source, faultSignature, false)
	w.set(source, faultQuiet, false)
	o.judge(r, now)
	w.set(source, faultPlatform, len(o.broken) > 0)
	for _, f := range r.Facts {
		w.sold(source, f.GetUnlisted())
	}
	if len(r.Facts) > 0 {
		o.factual = true
		w.set(source, faultNothingRead, false)
		return
	}
	if o.silent++; o.silent >= silentInRow && !o.factual {
		w.set(source, faultNothingRead, true)
	}
}

// unlistedKnown bounds the unlisted products of a source that are remembered.
const unlistedKnown = 1000

// sold observes products that the configuration does not list; each is logged once.
func (w *watch) sold(source string, unlisted []*factv1.Product) {
	o := w.sources[source]
	for _, p := range unlisted {
		name := strings.Join(p.GetKeys(), " ")
		if o.unlisted[name] || len(o.unlisted) == unlistedKnown {
			continue
		}
		o.unlisted[name] = true
		w.unlisted.WithLabelValues(source).Set(float64(len(o.unlisted)))
		w.log.Warn("a product that sold is not listed, and counts as delivered once",
			"source", source, "product", name, "next", "rodopath products")
	}
}

// judge finds out whether the webhook that was sent is broken: each webhook of a source has an owner and a
// version of its own. A record that is gone is none; a webhook that finds no record several times in a row is
// broken.
func (o *observed) judge(r Reading, now time.Time) {
	webhook := cmp.Or(r.Webhook, r.Topic)
	switch {
	case slices.Contains(r.Silent, SilentPlatformError):
		o.broken[webhook] = now
	case slices.Contains(r.Silent, SilentGone):
		if o.gone[webhook]++; o.gone[webhook] >= goneInRow {
			o.broken[webhook] = now
		}
	default:
		delete(o.broken, webhook)
		delete(o.gone, webhook)
	}
}

// arrived records the pause before a webhook.
func (o *observed) arrived(now time.Time) {
	if !o.last.IsZero() {
		o.gaps = append(o.gaps, now.Sub(o.last))
		o.gaps = o.gaps[max(0, len(o.gaps)-gapsKnown):]
	}
	o.last = now
}

// ping observes the test message that a shop sends without a signature when a webhook is saved.
func (w *watch) ping(source string, now time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	o := w.sources[source]
	o.pinged, o.news.pinged = true, now
}

// refused observes a webhook that was refused or could not be stored, whatever its signature.
func (w *watch) refused(source string, r connection.Refusal) {
	w.mu.Lock()
	defer w.mu.Unlock()
	o := w.sources[source]
	o.news.refused++
	o.news.refusals = connection.AddRefusals(o.news.refusals, r)
	if o.refusals++; o.refusals >= refusedInRow {
		w.set(source, faultRefused, true)
	}
}

// badSignature observes a webhook with a wrong signature. After a ping the shop itself is the likely
// sender, and a second wrong signature is enough.
func (w *watch) badSignature(source string, r connection.Refusal) {
	w.mu.Lock()
	defer w.mu.Unlock()
	o := w.sources[source]
	o.news.refused++
	o.news.refusals = connection.AddRefusals(o.news.refusals, r)
	o.badSignatures++
	if o.badSignatures >= signaturesInRow || o.pinged && o.badSignatures > 1 {
		w.set(source, faultSignature, true)
	}
}

// checkSilence finds the sources that are silent for much longer than usual, and forgets broken webhooks that
// send nothing any more.
func (w *watch) checkSilence(now time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for source, o := range w.sources {
		maps.DeleteFunc(o.broken, func(_ string, at time.Time) bool { return now.Sub(at) > brokenFor })
		w.set(source, faultPlatform, len(o.broken) > 0)
		if len(o.gaps) < gapsNeeded {
			continue
		}
		longest := quietAfter / quietFactor
		for _, gap := range o.gaps {
			longest = max(longest, gap)
		}
		if now.Sub(o.last) > quietFactor*longest {
			w.set(source, faultQuiet, true)
		}
	}
}

// set begins or ends a fault. w.mu is held.
func (w *watch) set(source string, f fault, is bool) {
	o := w.sources[source]
	if o.faults[f] == is {
		return
	}
	o.faults[f] = is
	value := 0.0
	if is {
		value = 1
		w.log.Error("a source seems to be set up wrongly: "+o.advice(f), "source", source, "fault", string(f))
	} else {
		w.log.Info("the fault of a source is over", "source", source, "fault", string(f))
	}
	w.faults.WithLabelValues(source, string(f)).Set(value)
}

// Watch looks for silent sources until the context ends.
func (h *Handler) Watch(ctx context.Context) {
	for {
		loop.Sleep(ctx, watchEvery)
		if ctx.Err() != nil {
			return
		}
		h.watch.checkSilence(h.Now())
	}
}
