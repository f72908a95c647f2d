package httpapi

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/labstack/echo/v4"

	factv1 "github.com/rodopath/rodopath/api/gen/rodopath/fact/v1"
)

// Delivery is a delivery of a source that was applied, without anything personal.
type Delivery struct {
	Source string `json:"source"`
	// Received is when the webhook came in, Applied when its facts were applied.
	Received time.Time `json:"received"`
	Applied  time.Time `json:"applied"`
	// Kinds are the kinds of the facts with their numbers, such as {"sale": 1}; none for a webhook without a fact.
	Kinds map[string]int `json:"kinds"`
	// number orders the deliveries of a process.
	number int
}

// deliveriesKept is the number of deliveries that are kept of each source.
const deliveriesKept = 20

// Deliveries are the last deliveries of each source that this process applied, in memory.
type Deliveries struct {
	mu      sync.Mutex
	number  int
	of      map[string][]Delivery
	changed chan struct{}
}

// NewDeliveries makes an empty list.
func NewDeliveries() *Deliveries {
	return &Deliveries{of: map[string][]Delivery{}, changed: make(chan struct{})}
}

// Note keeps deliveries that were applied at an instant.
func (d *Deliveries) Note(list []*factv1.Delivery, at time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, in := range list {
		d.number++
		out := Delivery{
			Source:   in.GetSource(),
			Received: in.GetReceived().AsTime(),
			Applied:  at.UTC(),
			Kinds:    map[string]int{},
			number:   d.number,
		}
		for _, f := range in.GetFacts() {
			out.Kinds[strings.ToLower(strings.TrimPrefix(f.GetKind().String(), "KIND_"))]++
		}
		d.of[out.Source] = append(d.of[out.Source], out)
		d.of[out.Source] = d.of[out.Source][max(0, len(d.of[out.Source])-deliveriesKept):]
	}
	close(d.changed)
	d.changed = make(chan struct{})
}

// After returns the deliveries after a number, oldest first, the last number, and a channel that is closed when another
// comes.
func (d *Deliveries) after(number int) (out []Delivery, last int, changed <-chan struct{}) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, list := range d.of {
		for _, x := range list {
			if x.number > number {
				out = append(out, x)
			}
		}
	}
	slices.SortFunc(out, func(x, y Delivery) int { return x.number - y.number })
	return out, d.number, d.changed
}

// sourceDeliveries are the last deliveries of a source, the latest first.
type sourceDeliveries struct {
	Source     string     `json:"source"`
	Platform   string     `json:"platform"`
	Deliveries []Delivery `json:"deliveries"`
}

// deliveries lists the last deliveries that were applied, by source. With follow=1 every later delivery is a line.
func (a *API) deliveries(c echo.Context) error {
	if c.QueryParam("follow") == "1" && a.opts.Deliveries != nil {
		return a.followDeliveries(c)
	}
	var all []Delivery
	if a.opts.Deliveries != nil {
		all, _, _ = a.opts.Deliveries.after(0)
	}
	out := []sourceDeliveries{}
	for _, s := range a.opts.Sources {
		list := sourceDeliveries{Source: s.ID, Platform: s.Platform, Deliveries: []Delivery{}}
		for _, d := range slices.Backward(all) {
			if d.Source == s.ID {
				list.Deliveries = append(list.Deliveries, d)
			}
		}
		out = append(out, list)
	}
	return c.JSON(http.StatusOK, map[string]any{"sources": out})
}

// followDeliveries writes every delivery that comes, one a line, until the reader leaves.
func (a *API) followDeliveries(c echo.Context) error {
	lines, ctx := newLines(c), c.Request().Context()
	_, last, changed := a.opts.Deliveries.after(0)
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-changed:
		}
		var list []Delivery
		list, last, changed = a.opts.Deliveries.after(last)
		for i := range list {
			list[i].Kinds = maps.Clone(list[i].Kinds)
			if err := lines.encode(list[i]); err != nil {
				return ignoreLeft(ctx, err)
			}
		}
	}
}

// ignoreLeft returns no error for a reader who left.
func ignoreLeft(ctx context.Context, err error) error {
	if ctx.Err() == nil {
		return err
	}
	return nil
}
