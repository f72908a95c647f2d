package history

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"slices"
	"strconv"

	"github.com/rodopath/rodopath/services/platforms/history"
	"github.com/rodopath/rodopath/services/platforms/payload"
)

// refund is a refund of an order, whose date the list of orders leaves out.
type refund struct {
	ID         payload.Number `json:"id"`
	CreatedGMT payload.Text   `json:"date_created_gmt"`
}

// dated returns an order with the dates of its refunds, from the list of the refunds of the order. Without them each
// refund would be as young as the last change of the order.
func (r *run) dated(ctx context.Context, o *listed, body json.RawMessage) (json.RawMessage, error) {
	undated := slices.ContainsFunc(o.Refunds, func(f refund) bool { return f.CreatedGMT == "" })
	if !undated || o.ID.Name() == "" {
		return body, nil
	}
	var refunds []json.RawMessage
	_, err := r.client.Get(ctx, "list the refunds of an order", "/orders/"+o.ID.Name()+"/refunds",
		url.Values{"per_page": {strconv.Itoa(perPage)}}, 0, &refunds)
	if errors.Is(err, history.ErrMissing) { // the order was deleted meanwhile
		return body, nil
	}
	if err != nil {
		return nil, err
	}
	dates := map[payload.Number]payload.Text{}
	for _, raw := range refunds {
		var f refund
		_ = json.Unmarshal(raw, &f) // a value that is no refund has no date
		dates[f.ID] = f.CreatedGMT
	}
	return withDates(body, dates), nil
}

// withDates returns an order with the dates of its refunds; an order of an odd form is returned as it is.
func withDates(body json.RawMessage, dates map[payload.Number]payload.Text) json.RawMessage {
	order := map[string]json.RawMessage{}
	var refunds []map[string]any
	if json.Unmarshal(body, &order) != nil || json.Unmarshal(order["refunds"], &refunds) != nil {
		return body
	}
	for _, f := range refunds {
		id, _ := f["id"].(float64)
		if at := dates[payload.Number(id)]; at != "" {
			f["date_created_gmt"] = at
		}
	}
	dated, err := json.Marshal(refunds)
	if err != nil {
		return body
	}
	order["refunds"] = dated
	if out, err := json.Marshal(order); err == nil {
		return out
	}
	return body
}
