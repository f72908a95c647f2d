package erase

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/platforms/erasure"
	"github.com/rodopath/rodopath/services/platforms/payload"
)

// access reports on access to purchases. The permissions to download of an anonymised order lose
// their owner (WC_Customer_Download_Data_Store::update_user_by_order_id). The interface cannot
// revoke permissions: GET /customers/:id/downloads only lists them.
func (w *work) access(ctx context.Context) error {
	for i := range w.task.Items {
		item := &w.task.Items[i]
		if item.Category != "access" {
			continue
		}
		ids, err := w.ordersOf(ctx, item)
		if err != nil {
			return err
		}
		for _, id := range ids {
			if err := w.downloads(ctx, item, id); err != nil {
				return err
			}
		}
	}
	return nil
}

func (w *work) downloads(ctx context.Context, item *stream.Item, id string) error {
	if w.cleared[id] {
		w.report.Say("access", stream.OutcomeDone, "")
		return nil
	}
	o, err := w.order(ctx, id)
	if err != nil || o == nil {
		return err
	}
	if opens, err := w.opens(ctx, o); err != nil || !opens {
		return err
	}
	if o.CustomerID == 0 {
		if o.left() { // an order anonymised before has no permissions
			w.holdAccess(item, id, reasonGuest)
		}
		return nil
	}
	var downloads []struct {
		OrderID payload.Number `json:"order_id"`
	}
	_, err = w.client.Call(ctx, "list the permissions to download", erasure.Request{
		Method: http.MethodGet,
		Path:   "/customers/" + o.CustomerID.Name() + "/downloads",
		Query:  url.Values{"_fields": {"order_id"}},
	}, &downloads)
	if err != nil {
		return err
	}
	for _, d := range downloads {
		if d.OrderID == o.ID {
			w.holdAccess(item, id, reasonDownloads)
			return nil
		}
	}
	return nil
}

// soon is the wait for an order that is no longer retained and will be cleared by its own decision.
const soon = 24 * time.Hour

// holdAccess holds the permissions to download until the order is cleared.
func (w *work) holdAccess(item *stream.Item, id, reason string) {
	if !w.task.Blind && !w.staysOrder(item, id) {
		next := w.report.Now.Add(soon)
		w.report.Hold("access", reason, &next, "")
		return
	}
	until, day := w.task.UntilOfRecord(w.retainedName(item, id))
	w.report.Hold("access", reason, until, day)
}

// retainedName is the name under which an order of an item is retained.
func (w *work) retainedName(item *stream.Item, id string) string {
	names := w.namesOf(item, id)
	for _, name := range names {
		if w.task.StaysRecord(name) {
			return name
		}
	}
	return names[0]
}

// opens reports whether an order contains something to download, as far as the products are known. A shipped good
// opens nothing.
func (w *work) opens(ctx context.Context, o *order) (bool, error) {
	for _, l := range o.Lines {
		if l.ProductID == 0 {
			return true, nil
		}
		path := "/products/" + l.ProductID.Name()
		if l.VariationID != 0 {
			path += "/variations/" + l.VariationID.Name()
		}
		product := struct {
			Downloadable payload.Text `json:"downloadable"`
		}{}
		res, err := w.client.Call(ctx, "read a product of the order", erasure.Request{
			Method: http.MethodGet, Path: path, Query: url.Values{"_fields": {"downloadable"}},
		}, &product)
		if err != nil {
			return false, err
		}
		if !res.Found || product.Downloadable != "" {
			return true, nil
		}
	}
	return len(o.Lines) == 0, nil
}
