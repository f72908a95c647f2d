package erase

import (
	"context"
	"net/http"
	"net/url"

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
			if err := w.downloads(ctx, id); err != nil {
				return err
			}
		}
	}
	return nil
}

func (w *work) downloads(ctx context.Context, id string) error {
	if w.cleared[id] {
		w.report.Say("access", stream.OutcomeDone, "")
		return nil
	}
	o, err := w.order(ctx, id)
	if err != nil || o == nil {
		return err
	}
	if o.CustomerID == 0 {
		if o.left() { // an order anonymised before has no permissions
			w.report.Say("access", stream.OutcomeHeld, reasonGuest)
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
			w.report.Say("access", stream.OutcomeHeld, reasonDownloads)
			return nil
		}
	}
	return nil
}
