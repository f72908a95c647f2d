package httpapi

import (
	"net/http"
	"slices"

	"github.com/labstack/echo/v4"

	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/lifecycle"
	"github.com/rodopath/rodopath/services/lifecycle/decision"
	"github.com/rodopath/rodopath/services/lifecycle/fact"
)

// effect is what an entry would erase.
type effect struct {
	// Deletes is the number of items that would be deleted, by category.
	Deletes map[string]int `json:"deletes"`
	// Retained is the number of items that stay, by category, as far as something is deleted.
	Retained map[string]int `json:"retained"`
	// Recipients would be notified.
	Recipients []string `json:"recipients"`
}

// effect works out what a fact about a subject would erase now, and changes nothing. The correspondence about a request
// goes with its end, and is none of the data that the request is about.
func (a *API) effect(c echo.Context, s lifecycle.Subject, f fact.Fact) error {
	c.Set(actNone, true)
	out := effect{Deletes: map[string]int{}, Retained: map[string]int{}, Recipients: []string{}}
	if s.ID != "" {
		f.ID, f.Source, f.Received = "preview", sourceAPI, a.opts.Now()
		_, made := lifecycle.Decide(a.opts.Policy, s, []fact.Fact{f}, a.opts.Now())
		for i := range made {
			out.add(&made[i], func(item stream.Item) bool {
				return item.Ref == f.Ref && a.opts.Policy.Categories[item.Category].Correspondence
			})
		}
	}
	return c.JSON(http.StatusOK, out)
}

// add adds a deletion, without the items that are passed over.
func (e *effect) add(d *decision.Decision, passOver func(stream.Item) bool) {
	if d.Kind != stream.KindDelete ||
		!slices.ContainsFunc(d.Delete.Items, func(i stream.Item) bool { return !passOver(i) }) {
		return
	}
	for _, item := range d.Delete.Items {
		if !passOver(item) {
			e.Deletes[item.Category]++
		}
	}
	clear(e.Retained) // the decisions of one evaluation name the same
	for i := range d.Delete.Retained {
		e.Retained[d.Delete.Retained[i].Category]++
	}
	for _, id := range d.Recipients {
		if !slices.Contains(e.Recipients, id) {
			e.Recipients = append(e.Recipients, id)
		}
	}
}
