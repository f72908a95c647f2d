package app

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/dispatch"
	"github.com/rodopath/rodopath/services/dispatch/delivery"
	"github.com/rodopath/rodopath/services/dispatch/httpapi"
	"github.com/rodopath/rodopath/services/dispatch/jetqueue"
	"github.com/rodopath/rodopath/services/dispatch/outbound"
	"github.com/rodopath/rodopath/services/internal/config"
	"github.com/rodopath/rodopath/services/internal/rotation"
)

// recipient is a recipient of the configuration.
type recipient struct {
	config *config.Recipient
	// connector is nil when others bring the decisions there.
	connector dispatch.Connector
	// rehearsal is set when nothing is sent; lane and its queue otherwise.
	rehearsal *outbound.DryRun
	lane      *delivery.Lane
	queue     *jetqueue.Queue
}

// read creates a connector for each dispatched recipient, which follows the files of its secrets.
func (a *App) read() error {
	clients := map[bool]*http.Client{}
	for _, allow := range []bool{false, true} {
		clients[allow] = outbound.Client(outbound.Options{AllowPrivate: allow})
	}
	for i := range a.opts.Config.Recipients {
		r := &recipient{config: &a.opts.Config.Recipients[i]}
		a.recipients = append(a.recipients, r)
		if !r.config.Dispatched() {
			continue
		}
		client := clients[r.config.AllowPrivate]
		if a.opts.DryRun || r.config.DryRun {
			r.rehearsal = &outbound.DryRun{}
			client = r.rehearsal.Client(client)
		}
		references := append(slices.Clone(r.config.Secrets), r.config.Key)
		c, err := rotation.Follow(a.secrets, "recipient "+r.config.ID, references, func() (dispatch.Connector, error) {
			return connector(a.opts.Config, r.config, client, a.opts.Now)
		})
		if err != nil {
			return a.opts.Config.At(fmt.Errorf("recipient %s: %w", r.config.ID, err), "recipients", i)
		}
		r.connector = current{c}
	}
	return nil
}

// current is the connector of a recipient under the secrets that are in force.
type current struct {
	*rotation.Value[dispatch.Connector]
}

// Deliver implements dispatch.Connector.
func (c current) Deliver(ctx context.Context, e *stream.Event, body []byte) (dispatch.Answer, error) {
	return c.Get().Deliver(ctx, e, body)
}

// lanes creates the lanes of the recipients, or their dry runs.
func (a *App) lanes(counts *delivery.Counts) {
	for _, r := range a.recipients {
		if r.connector == nil {
			continue
		}
		queue := jetqueue.New(jetqueue.Options{
			JetStream: a.js, Recipient: r.config.ID, Takes: r.config.Accepts(), Claim: a.opts.Claim, Log: a.opts.Log,
		})
		if r.rehearsal != nil {
			a.rehearsals = append(a.rehearsals, dryRun{queue, r})
			continue
		}
		r.queue = queue
		r.lane = delivery.New(delivery.Options{
			Recipient: r.config.ID,
			Connector: r.connector,
			Checker:   a.opts.Checker,
			Receipts:  jetqueue.NewReceipts(a.js, r.config.ID, a.opts.Sync),
			Switch:    a.switches,
			InFlight:  r.config.InFlight,
			Now:       a.opts.Now,
			Counts:    counts,
			Tracer:    a.opts.Tracer,
			Log:       a.opts.Log,
		})
		a.fleet.Add(r.lane, queue)
	}
}

// Recipients returns the status of the recipients, in the order of the configuration.
func (a *App) Recipients(ctx context.Context) ([]httpapi.Recipient, error) {
	waiting, err := jetqueue.Waiting(ctx, a.js)
	if err != nil {
		return nil, err
	}
	out := make([]httpapi.Recipient, len(a.recipients))
	for i, r := range a.recipients {
		out[i] = r.shown()
		if n := waiting[r.config.ID]; r.connector != nil {
			out[i].Waiting = &n
		}
	}
	return out, nil
}

// shown is the recipient as shown by the interface.
func (r *recipient) shown() httpapi.Recipient {
	c := r.config
	out := httpapi.Recipient{
		ID:         c.ID,
		Name:       cmp.Or(c.Name, c.ID),
		By:         c.By,
		Carried:    c.Dispatched(),
		Holds:      append([]string{}, c.Holds...),
		Takes:      c.Accepts(),
		State:      delivery.StateOK,
		AnswerDays: c.Answer(),
		DryRun:     r.rehearsal != nil,
	}
	if r.lane == nil {
		return out
	}
	s := r.lane.Status()
	out.State, out.LastError = s.State, s.LastError
	out.Since, out.LastErrorAt = known(s.Since), known(s.LastErrorAt)
	return out
}

// known returns nil for no time.
func known(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

// Enable enables a disabled recipient.
func (a *App) Enable(ctx context.Context, id string) error {
	for _, r := range a.recipients {
		if r.config.ID == id && r.connector != nil {
			a.opts.Log.Info("the recipient is enabled", "recipient", id)
			return a.switches.Enable(ctx, id)
		}
	}
	return httpapi.ErrUnknown
}

// ConsumerOf is the name of the consumer for the deliveries to a recipient. The consumer is
// reserved for dispatch.
func ConsumerOf(recipient string) string { return jetqueue.Name(recipient) }
