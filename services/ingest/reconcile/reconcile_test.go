package reconcile

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rodopath/rodopath/services/ingest"
	"github.com/rodopath/rodopath/services/internal/connection"
	"github.com/rodopath/rodopath/services/platforms/endpoint"
	"github.com/rodopath/rodopath/services/platforms/history"
)

// noon is a day in summer.
var noon = time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)

// pad keeps notes as JSON, as the bucket does.
type pad struct {
	mu   sync.Mutex
	note map[string]string
}

func (p *pad) Look(_ context.Context, source string) (l connection.Look, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if text := p.note[source]; text != "" {
		err = json.Unmarshal([]byte(text), &l)
	}
	return l, err
}

func (p *pad) ChangeLook(
	ctx context.Context, source string, alter func(*connection.Look) bool,
) (connection.Look, error) {
	l, err := p.Look(ctx, source)
	if err != nil || !alter(&l) {
		return l, err
	}
	text, err := json.Marshal(l)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.note[source] = string(text)
	return l, err
}

// place is a platform that changes every ten minutes: the object "1150" changed ten minutes before noon. A page has
// two objects.
type place struct {
	now     *time.Time
	windows []string
	fail    error // of a page
	hooks   error
	defects []endpoint.Defect
}

func (p *place) Webhooks(context.Context) ([]endpoint.Webhook, []endpoint.Defect, time.Time, error) {
	return []endpoint.Webhook{{ID: "1", Active: true}}, p.defects, *p.now, p.hooks
}

func (p *place) Changes(w Window) (history.Reader, error) {
	wide := ""
	if w.Wide {
		wide = " wide"
	}
	const layout = "2 15:04"
	p.windows = append(p.windows, w.Since.Format(layout)+"-"+w.Until.Format(layout)+wide)
	return changes{p, w}, nil
}

type changes struct {
	p *place
	w Window
}

func (c changes) Pages(_ context.Context, from history.Cursor) iter.Seq2[history.Page, error] {
	at := c.w.Since.Truncate(10 * time.Minute).Add(10 * time.Minute)
	return history.Walk(from,
		func(n *int) bool { return at.Add(time.Duration(*n) * 10 * time.Minute).After(c.w.Until) },
		func(n *int) (history.Page, error) {
			if c.p.fail != nil && *n >= 2 {
				return history.Page{}, c.p.fail
			}
			var page history.Page
			for range 2 {
				t := at.Add(time.Duration(*n) * 10 * time.Minute)
				if *n++; !t.After(c.w.Until) {
					page.Objects = append(page.Objects, history.Object{Body: json.RawMessage(t.Format("1504"))})
				}
			}
			return page, nil
		})
}

// store takes objects.
type store struct {
	mu    sync.Mutex
	found []string
	first int
}

func (s *store) Find(_ context.Context, source string, counted bool, objects []ingest.PastObject) error {
	if !counted {
		s.first += len(objects)
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, o := range objects {
		s.found = append(s.found, source+" "+string(o.Body))
	}
	return nil
}

// bench is a reconciler with a clock of its own.
type bench struct {
	*Reconciler
	t     *testing.T
	now   *time.Time
	place *place
	store *store
	log   *bytes.Buffer
	notes *pad
}

func newBench(t *testing.T) *bench {
	t.Helper()
	now := noon
	b := &bench{
		t:     t,
		now:   &now,
		place: &place{now: &now},
		store: &store{},
		log:   &bytes.Buffer{},
		notes: &pad{note: map[string]string{}},
	}
	b.Reconciler = b.another()
	return b
}

// another is another process.
func (b *bench) another() *Reconciler {
	return New(Options{
		Sources: []Source{{ID: "shop", Open: func() (Platform, error) { return b.place, nil }, Reach: 7 * 24 * time.Hour}},
		Finder:  b.store, Notes: b.notes, Now: func() time.Time { return *b.now },
		Log: slog.New(slog.NewTextHandler(b.log, nil)),
	})
}

// after lets time pass, visits and returns the state.
func (b *bench) after(d time.Duration) connection.Look {
	b.t.Helper()
	*b.now = b.now.Add(d)
	if err := b.visit(b.t.Context(), &b.opts.Sources[0]); err != nil {
		b.t.Fatal(err)
	}
	l, err := b.notes.Look(b.t.Context(), "shop")
	if err != nil {
		b.t.Fatal(err)
	}
	return l
}

func (b *bench) wantWindows(want ...string) {
	b.t.Helper()
	if diff := cmp.Diff(want, b.place.windows); diff != "" {
		b.t.Errorf("the windows differ (-want +got):\n%s", diff)
	}
}

// TestVisit_HourlyAndNightly: the first look reads a week, of which nothing counts; each further one reads from the
// place of the one before, with an overlap, up to what may still have its webhook; at night a week is read again, as
// far back as the beginning.
func TestVisit_HourlyAndNightly(t *testing.T) {
	b := newBench(t)
	l := b.after(0)
	b.wantWindows("24 12:00-1 12:00 wide")
	if !l.Began.Equal(noon) || b.store.first != 7*24*6 || len(l.Webhooks) != 1 || len(b.store.found) > 0 {
		t.Errorf("after the first look the state is %+v, found %v", l, b.store.found)
	}
	b.after(30 * time.Minute) // nothing is due
	b.after(30 * time.Minute)
	b.after(59 * time.Minute) // nothing is due
	b.after(time.Minute)
	b.wantWindows("24 12:00-1 12:00 wide", "1 12:00-1 12:40", "1 12:25-1 13:40")
	want := []string{"1210", "1220", "1230", "1240", "1230", "1240", "1250", "1300", "1310", "1320", "1330", "1340"}
	if diff := cmp.Diff(
		strings.Join(want, " "),
		strings.ReplaceAll(strings.Join(b.store.found, " "), "shop ", ""),
	); diff != "" {
		t.Errorf("found (-want +got):\n%s", diff)
	}
	for range 12 {
		b.after(time.Hour)
	}
	b.place.windows = nil
	b.after(time.Minute) // two o'clock was looked at widely
	b.wantWindows()
	*b.now = noon.AddDate(0, 0, 30).Add(3 * time.Hour) // an outage of a month, then a night
	b.after(0)
	b.after(11 * time.Hour)
	b.wantWindows("2 01:25-31 14:40 wide", "25 01:40-1 01:40 wide")
}

// TestVisit_GoesOnWhereAnotherProcessStopped, and no earlier than its lease ends.
func TestVisit_GoesOnWhereAnotherProcessStopped(t *testing.T) {
	b := newBench(t)
	b.after(0)
	b.place.windows = nil
	ctx, kill := context.WithCancel(t.Context())
	b.place.fail = fmt.Errorf("killed: %w", context.Canceled)
	*b.now = b.now.Add(time.Hour)
	// The process vanishes in the middle of the look: nothing is noted after its last page.
	dead := b.another()
	dead.opts.Notes = vanishing{b.notes, kill, ctx}
	_ = dead.visit(ctx, &dead.opts.Sources[0])
	b.place.fail = nil
	if b.after(time.Minute); len(b.place.windows) != 1 {
		t.Errorf("the look of another process was taken over within its lease: %v", b.place.windows)
	}
	l := b.after(leaseFor)
	b.wantWindows("1 12:00-1 12:40", "1 12:00-1 12:40")
	if l.Run != nil || l.Objects != 4 || len(b.store.found) != 4 {
		t.Errorf("after the second process: %+v, found %v", l, b.store.found)
	}
}

// vanishing are the notes of a process that is killed once a page is noted.
type vanishing struct {
	*pad
	kill context.CancelFunc
	ctx  context.Context
}

func (v vanishing) ChangeLook(
	ctx context.Context, source string, alter func(*connection.Look) bool,
) (connection.Look, error) {
	if v.ctx.Err() != nil {
		return connection.Look{}, context.Canceled
	}
	l, err := v.pad.ChangeLook(ctx, source, alter)
	if l.Run != nil && l.Run.Cursor != nil {
		v.kill()
	}
	return l, err
}

// TestVisit_AFailureIsNotedAndAttemptedAgain, from the last page on.
func TestVisit_AFailureIsNotedAndAttemptedAgain(t *testing.T) {
	b := newBench(t)
	b.after(0)
	b.place.fail = errors.New("WooCommerce: the answer was 500")
	l := b.after(time.Hour)
	if l.Error != "WooCommerce: the answer was 500" || l.Run == nil || l.Run.Objects != 2 || !l.Lease.IsZero() ||
		strings.Count(b.log.String(), "the answer was 500") != 1 {
		t.Errorf("after a failure the state is %+v, the log %s", l, b.log)
	}
	b.place.fail = nil
	b.after(9 * time.Minute)
	if l = b.after(time.Minute); l.Error != "" || l.Run != nil || l.Objects != 4 || len(b.store.found) != 4 {
		t.Errorf("after the next attempt the state is %+v, found %v", l, b.store.found)
	}
}

// TestVisit_AKeyThatMayNotReadWebhooksReadsTheRest, and another failure of the webhooks is one of the look.
func TestVisit_AKeyThatMayNotReadWebhooksReadsTheRest(t *testing.T) {
	b := newBench(t)
	b.place.hooks = fmt.Errorf("Stripe: list webhook endpoints: %w", &history.StatusError{Status: 403})
	b.after(0)
	b.place.windows = nil
	l := b.after(time.Hour)
	if !strings.Contains(l.CheckError, "403") || l.Error != "" || l.Objects != 4 {
		t.Errorf("the state is %+v", l)
	}
	b.place.hooks = errors.New("no connection")
	if l = b.after(time.Hour); l.Error != "no connection" || len(b.place.windows) != 1 {
		t.Errorf("without a connection the state is %+v, windows %v", l, b.place.windows)
	}
}

// TestVisit_ADefectKeepsItsBeginning until it is over.
func TestVisit_ADefectKeepsItsBeginning(t *testing.T) {
	b := newBench(t)
	b.place.defects = []endpoint.Defect{{Kind: endpoint.DefectDisabled, Text: "off"}}
	b.after(0)
	if l := b.after(time.Hour); !l.Faults[endpoint.DefectDisabled].Since.Equal(noon) {
		t.Errorf("the faults are %+v, want one since noon", l.Faults)
	}
	b.place.defects = nil
	if l := b.after(4 * time.Minute); len(l.Faults) == 0 {
		t.Error("the webhooks were checked again at once")
	}
	looks := len(b.place.windows)
	if l := b.after(time.Minute); len(l.Faults) > 0 || len(b.place.windows) != looks {
		t.Errorf("after a correction the faults are %+v, want none; %d looks, want %d", l.Faults, len(b.place.windows), looks)
	}
}
