package erase

import (
	"context"

	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/platforms/erasure"
)

func task() *erasure.Task {
	return &erasure.Task{ID: "dec_1", Whole: true, Items: []stream.Item{{Category: "contact"}}}
}

// Empty empties every field of a customer that has them all.
func Empty(ctx context.Context, c *Connector, id string) (string, error) {
	full := &customer{
		ID:          id,
		Email:       "a",
		Name:        "b",
		Phone:       "c",
		Description: "d",
		Business:    "e",
		Individual:  "f",
		Address:     &address{Line1: "g"},
	}
	full.Shipping = &struct {
		Name    string   `json:"name"`
		Phone   string   `json:"phone"`
		Address *address `json:"address"`
	}{"h", "i", &address{Line1: "j", Country: "PL"}}
	w := &work{Connector: c, task: task()}
	if err := w.blank(ctx, full); err != nil {
		return "", err
	}
	phone := &work{Connector: c, task: &erasure.Task{ID: "dec_2", Items: []stream.Item{{Category: "phone"}}}}
	return w.report.Answer().Outcome, phone.blank(ctx, full)
}

// Remove deletes a customer, whatever it has.
func Remove(ctx context.Context, c *Connector, id string) error {
	w := &work{Connector: c, task: task()}
	return w.remove(ctx, id)
}
