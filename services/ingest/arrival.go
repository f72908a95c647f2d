package ingest

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/rodopath/rodopath/services/internal/connection"
	"github.com/rodopath/rodopath/services/internal/loop"
	"github.com/rodopath/rodopath/services/platforms/endpoint"
)

// arrivals are what arrived at a source since the last note.
type arrivals struct {
	accepted, refused int64
	last, pinged      time.Time
	refusals          []connection.Refusal
}

func (a *arrivals) isNone() bool {
	return a.accepted == 0 && a.refused == 0 && a.last.IsZero() && a.pinged.IsZero() && len(a.refusals) == 0
}

// ArrivalNotes keep what arrived at a source. add may be called several times.
type ArrivalNotes interface {
	NoteArrivals(ctx context.Context, source string, add func(*connection.Arrivals)) error
}

const (
	// noteEvery is how often arrivals are noted, and stateEvery how often a fault that lasts is.
	noteEvery  = 5 * time.Second
	stateEvery = time.Minute
)

// defects are the faults that the platform itself tells.
func defects() []fault {
	var out []fault
	for _, kind := range endpoint.Defects() {
		out = append(out, fault(kind))
	}
	return out
}

// NoteArrivals notes what arrives, until the context ends. What cannot be noted is noted later.
func (h *Handler) NoteArrivals(ctx context.Context, notes ArrivalNotes) {
	w := loop.Worker{
		Failure: "what arrived at the sources is not noted", Every: noteEvery, Log: h.Log,
		Do: func(ctx context.Context) error { return h.noteAll(ctx, notes) },
	}
	w.Run(ctx)
	ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	if err := h.noteAll(ending, notes); err != nil {
		h.Log.Debug("the last arrivals are not noted", "error", err)
	}
}

func (h *Handler) noteAll(ctx context.Context, notes ArrivalNotes) error {
	for _, source := range slices.Sorted(maps.Keys(h.Sources)) {
		now := h.Now()
		news, faults, due := h.watch.take(source, now)
		if !due {
			continue
		}
		if err := notes.NoteArrivals(ctx, source, func(a *connection.Arrivals) { addTo(a, news, faults, now) }); err != nil {
			h.watch.giveBack(source, news)
			return err
		}
	}
	return nil
}

// take takes what is to be noted: what arrived, and the faults that last, by kind with the advice.
func (w *watch) take(source string, now time.Time) (news arrivals, standing map[string]string, due bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	o := w.sources[source]
	standing = map[string]string{}
	for _, f := range faults() {
		if o.faults[f] {
			standing[string(f)] = o.advice(f)
		}
	}
	due = !o.news.isNone() || now.Sub(o.stated) >= stateEvery && len(standing) > 0
	if !due {
		return news, standing, false
	}
	news, o.news, o.stated = o.news, arrivals{}, now
	return news, standing, true
}

// giveBack takes back what could not be noted.
func (w *watch) giveBack(source string, news arrivals) {
	w.mu.Lock()
	defer w.mu.Unlock()
	o := w.sources[source]
	o.news.accepted += news.accepted
	o.news.refused += news.refused
	o.news.last, o.news.pinged = later(o.news.last, news.last), later(o.news.pinged, news.pinged)
	o.news.refusals = connection.AddRefusals(news.refusals, o.news.refusals...)
	o.stated = time.Time{}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// addTo adds to the note of all replicas what this one has seen. A fault that no replica states any more is over.
func addTo(a *connection.Arrivals, news arrivals, standing map[string]string, now time.Time) {
	if a.Since.IsZero() {
		a.Since = now
	}
	a.Accepted, a.Refused = a.Accepted+news.accepted, a.Refused+news.refused
	a.Last, a.Pinged = later(a.Last, news.last), later(a.Pinged, news.pinged)
	a.Refusals = connection.AddRefusals(a.Refusals, news.refusals...)
	next := map[string]connection.Fault{}
	for kind, f := range a.Faults {
		if _, known := standing[kind]; !known && news.accepted == 0 && now.Sub(f.Seen) < connection.FaultLasts {
			next[kind] = f
		}
	}
	for kind, text := range standing {
		since := now
		if was, ok := a.Faults[kind]; ok {
			since = was.Since
		}
		next[kind] = connection.Fault{Text: text, Since: since, Seen: now}
	}
	a.Faults = next
}

// NoteDefects states what is wrong with the webhooks at the platform, by kind; what is not stated any more is over.
func (h *Handler) NoteDefects(source string, found map[string]connection.Fault) {
	h.watch.mu.Lock()
	defer h.watch.mu.Unlock()
	o := h.watch.sources[source]
	if o == nil {
		return
	}
	o.defects = map[fault]string{}
	for kind, f := range found {
		o.defects[fault(kind)] = f.Text
	}
	for _, f := range defects() {
		_, is := o.defects[f]
		h.watch.set(source, f, is)
	}
}
