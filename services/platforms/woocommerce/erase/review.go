package erase

import (
	"context"
	"net/http"
	"net/url"

	"github.com/rodopath/rodopath/services/platforms/erasure"
	"github.com/rodopath/rodopath/services/platforms/payload"
)

// reviews deletes the reviews of products under the addresses: DELETE /products/reviews/:id?force=true. A review
// holds the name, the address and the IP address of the person, and the interface empties only the first two.
func (w *work) reviews(ctx context.Context, emails []string) error {
	for _, email := range emails {
		for at := "1"; at != ""; {
			var page []struct {
				ID payload.Number `json:"id"`
			}
			query := url.Values{"reviewer_email": {email}, "status": {"all"}, "_fields": {"id"}}
			next, err := w.list(ctx, "look for reviews of the person", "/products/reviews", query, at, &page)
			if err != nil {
				return err
			}
			for _, r := range page {
				if err := w.removeReview(ctx, r.ID); err != nil {
					return err
				}
			}
			if at = next; at != "" && len(page) > 0 {
				at = "1" // the deleted reviews made room
			}
		}
	}
	return nil
}

func (w *work) removeReview(ctx context.Context, id payload.Number) error {
	_, err := w.client.Call(ctx, "delete a review", erasure.Request{
		Method: http.MethodDelete, Path: "/products/reviews/" + id.Name(), Query: url.Values{"force": {"true"}},
		Right: rightReviews,
	}, nil)
	return err
}
