package ingest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/labstack/echo/v4"
	"google.golang.org/protobuf/types/known/timestamppb"

	factv1 "github.com/rodopath/rodopath/api/gen/rodopath/fact/v1"
	"github.com/rodopath/rodopath/services/internal/access"
	"github.com/rodopath/rodopath/services/internal/dryrun"
	"github.com/rodopath/rodopath/services/internal/problem"
)

// ScopeHistory is the scope of a token that may tell the history of a source.
const ScopeHistory = "history"

const (
	// maxHistory bounds one request of a history, in bytes.
	maxHistory = 96 << 20
	// historyAtOnce is how many objects wait for the disk at a time, so that one flush serves many.
	historyAtOnce = 16
	// tooLarge is the fault of an object above the maximum size of a webhook.
	tooLarge = "too_large"
)

// HistoryOptions configure a History.
type HistoryOptions struct {
	// Sources are the providers of the sources, by id.
	Sources map[string]Provider
	// Publisher stores the facts of the objects.
	Publisher Publisher
	// Keep keeps the facts of a dry run for a preview. It returns false, and keeps no more of them, when there is no room;
	// the error wraps ErrUnavailable while nothing can be kept. Nil keeps none.
	Keep func(ctx context.Context, dryRun string, deliveries []*factv1.Delivery) (bool, error)
	// MaxBody is the maximum size of an object, in bytes, by source; a source without an entry has 1 MiB.
	MaxBody map[string]int64
	// Tokens authorise requests.
	Tokens []access.Token
	// Now returns the time; nil means time.Now.
	Now func() time.Time
	// Log receives one record for each request that failed; nil means slog.Default().
	Log *slog.Logger
}

// History takes the objects of a platform's own interface, each in the form of the webhook that the platform would
// have sent. The same provider reads an object and a webhook, so both give the same facts.
type History struct {
	HistoryOptions
	guard *access.Guard
	// seed keys the hashes of persons, so that a hash identifies nobody elsewhere.
	seed maphash.Seed
}

// NewHistory returns a handler of histories.
func NewHistory(o HistoryOptions) (*History, error) {
	guard, err := access.New(o.Tokens)
	if err != nil {
		return nil, fmt.Errorf("history handler: %w", err)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	return &History{o, guard, maphash.MakeSeed()}, nil
}

// Register mounts POST /v1/history/:source.
func (h *History) Register(e *echo.Echo) { e.POST("/v1/history/:source", h.receive) }

// PastObject is an object of a platform's interface, with the headers that its provider reads.
type PastObject struct {
	Header map[string]string `json:"header"`
	Body   json.RawMessage   `json:"body"`
}

// Telling is how objects are told.
type Telling struct {
	// DryRun reads the objects and stores nothing about a person.
	DryRun bool `json:"dry_run"`
	// Keep names the dry run for which the facts are kept, for a preview; empty keeps none.
	Keep string `json:"keep"`
}

// pastObjects is a request.
type pastObjects struct {
	Telling

	Objects []PastObject `json:"objects"`
	// found reports whether a reconciliation read the objects.
	found bool
}

// Find stores the facts of objects that a reconciliation read, as those of webhooks. With counted the facts that no
// webhook told count as missed, which is found out where the facts are applied. The error wraps ErrUnavailable while
// nothing can be stored.
func (h *History) Find(ctx context.Context, source string, counted bool, objects []PastObject) error {
	provider, ok := h.Sources[source]
	if !ok {
		return fmt.Errorf("no source %s is configured", source)
	}
	_, err := h.tell(ctx, source, provider, pastObjects{Objects: objects, found: counted})
	return err
}

// Tell reads objects of a source, as POST /v1/history does. The error is a *problem.Problem with the status 503 while
// nothing can be stored.
func (h *History) Tell(ctx context.Context, source string, how Telling, objects []PastObject) (*PastFacts, error) {
	provider, ok := h.Sources[source]
	if !ok {
		return nil, fmt.Errorf("no source %s is configured", source)
	}
	told, err := h.tell(ctx, source, provider, pastObjects{Telling: how, Objects: objects})
	if errors.Is(err, ErrUnavailable) {
		err = errFull()
	}
	return told, err
}

func errFull() *problem.Problem {
	return problem.New(http.StatusServiceUnavailable, "unavailable",
		"The objects could not be stored now. Send the request again later.")
}

// PastFacts is what objects gave.
type PastFacts struct {
	Facts  int            `json:"facts"`
	Kinds  map[string]int `json:"kinds"`
	Silent map[string]int `json:"silent"`
	// Faults are the objects that were not understood, by their place in the request.
	Faults []PastFault `json:"faults"`
	// Persons are short keyed hashes of the names of persons, to count them; in a dry run alone.
	Persons []string `json:"persons,omitempty"`
	// Unkept reports whether facts of a dry run were to be kept and were not.
	Unkept bool `json:"unkept,omitempty"`
}

// PastFault is an object that was not understood in whole.
type PastFault struct {
	Index  int    `json:"index"`
	Reason string `json:"reason"`
}

func (h *History) receive(c echo.Context) error {
	if _, err := h.guard.Check(c.Request(), ScopeHistory); err != nil {
		return err
	}
	name := c.Param("source")
	provider, ok := h.Sources[name]
	if !ok {
		return problem.New(http.StatusNotFound, "unknown-source", "No source of this name is configured.")
	}
	req, err := readPast(c.Request())
	if err != nil {
		return err
	}
	answer, err := h.tell(c.Request().Context(), name, provider, req)
	switch {
	case errors.Is(err, ErrUnavailable), errors.Is(err, context.Canceled):
		c.Response().Header().Set("Retry-After", retryAfter)
		return errFull()
	case err != nil:
		return fmt.Errorf("take the history of %s: %w", name, err)
	}
	return c.JSON(http.StatusOK, answer)
}

// readPast reads a request strictly.
func readPast(r *http.Request) (pastObjects, error) {
	var req pastObjects
	d := json.NewDecoder(io.LimitReader(r.Body, maxHistory+1))
	d.DisallowUnknownFields()
	if d.Decode(&req) != nil || len(req.Objects) == 0 {
		return req, problem.New(http.StatusBadRequest, "unreadable",
			`The body is not of the form {"objects": [{"header": {}, "body": {}}]}, or has more than 96 MiB.`)
	}
	if req.Keep != "" && (!req.DryRun || !dryrun.IsID(req.Keep)) {
		return req, problem.New(http.StatusUnprocessableEntity, "impossible",
			"keep is for a dry run, and has at most 64 lower-case letters and digits.")
	}
	return req, nil
}

// tell reads the objects and stores their facts, several at a time.
func (h *History) tell(ctx context.Context, source string, p Provider, req pastObjects) (*PastFacts, error) {
	out := &PastFacts{Kinds: map[string]int{}, Silent: map[string]int{}, Faults: []PastFault{}}
	persons, kept := map[string]bool{}, []*factv1.Delivery(nil)
	var storing sync.WaitGroup
	free := make(chan struct{}, historyAtOnce)
	failed := make(chan error, len(req.Objects))
	for i := range req.Objects {
		d, fault := h.read(source, p, req.Objects[i].Header, req.Objects[i].Body, out)
		if fault != "" {
			out.Faults = append(out.Faults, PastFault{i, fault})
		}
		if d == nil {
			continue
		}
		d.Found = req.found
		if req.DryRun {
			h.note(persons, d.GetFacts())
			kept = append(kept, d)
			continue
		}
		free <- struct{}{}
		storing.Go(func() {
			defer func() { <-free }()
			if err := h.Publisher.Publish(ctx, d); err != nil {
				failed <- err
			}
		})
	}
	storing.Wait()
	close(failed)
	for person := range persons {
		out.Persons = append(out.Persons, person)
	}
	if err := <-failed; err != nil || req.Keep == "" {
		return out, err
	}
	return out, h.keep(ctx, req.Keep, kept, out)
}

// keep keeps the facts of a dry run for a preview.
func (h *History) keep(ctx context.Context, dryRun string, deliveries []*factv1.Delivery, out *PastFacts) error {
	deliveries = slices.DeleteFunc(deliveries, func(d *factv1.Delivery) bool { return len(d.GetFacts()) == 0 })
	kept, err := false, error(nil)
	if h.Keep != nil {
		kept, err = h.Keep(ctx, dryRun, deliveries)
	}
	out.Unkept = !kept
	return err
}

// read reads one object. The delivery is nil when there is nothing to store.
func (h *History) read(
	source string, p Provider, fields map[string]string, body []byte, out *PastFacts,
) (d *factv1.Delivery, fault string) {
	if limit := max(h.MaxBody[source], defaultMaxBody); int64(len(body)) > limit {
		return nil, tooLarge
	}
	header := http.Header{}
	for name, value := range fields {
		header.Set(name, value)
	}
	now := h.Now()
	reading, err := p.Read(header, body, now)
	if err != nil {
		return nil, err.Error() // of a provider: names of fields and no values
	}
	out.count(reading)
	if len(reading.Facts) == 0 && reading.Unread == "" {
		return nil, ""
	}
	return &factv1.Delivery{
		Id: source + ":" + reading.ID, Source: source, Received: timestamppb.New(now),
		Facts: reading.Facts, Unread: unreadOf(reading, body),
	}, reading.Unread
}

func (a *PastFacts) count(r Reading) {
	a.Facts += len(r.Facts)
	for _, f := range r.Facts {
		a.Kinds[strings.ToLower(strings.TrimPrefix(f.GetKind().String(), "KIND_"))]++
	}
	for _, reason := range r.Silent {
		a.Silent[reason]++
	}
}

// note adds the persons of facts: the address of each fact, or else its first other name.
func (h *History) note(persons map[string]bool, facts []*factv1.Fact) {
	for _, f := range facts {
		who := ""
		for _, i := range f.GetIdentities() {
			if who == "" || i.GetKind() == emailKind {
				who = i.GetKind() + "\x00" + i.GetValue()
			}
		}
		if who != "" {
			persons[strconv.FormatUint(maphash.String(h.seed, who), 36)] = true
		}
	}
}
