package imports_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/rodopath/rodopath/services/ingest/backfill"
	"github.com/rodopath/rodopath/services/ingest/imports"
	"github.com/rodopath/rodopath/services/internal/connection"
	"github.com/rodopath/rodopath/services/internal/loop"
	"github.com/rodopath/rodopath/services/internal/natstest"
	"github.com/rodopath/rodopath/services/platforms/history"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func newBook(t *testing.T) *connection.Book {
	t.Helper()
	_, js := natstest.Connect(t, natstest.Server(t))
	return connection.New(js, 0)
}

// platform has ten objects, one on a page; before a page it may block or fail.
type platform struct {
	mu   sync.Mutex
	told []string
	// at is called before a page.
	at func(ctx context.Context, page int) error
	// kept and dropped are the dry runs whose facts were kept and dropped.
	kept, dropped []string
	// unkept reports whether there is no room for the facts of a dry run.
	unkept bool
}

const pages = 10

func (p *platform) Pages(ctx context.Context, from history.Cursor) iter.Seq2[history.Page, error] {
	return func(yield func(history.Page, error) bool) {
		n := 0
		if from != nil {
			_ = json.Unmarshal(from, &n)
		}
		for ; n < pages; n++ {
			if p.at != nil {
				if err := p.at(ctx, n); err != nil {
					yield(history.Page{}, err)
					return
				}
			}
			page := history.Page{
				Part: "orders", Remaining: pages - n, Objects: []history.Object{{Body: json.RawMessage(fmt.Sprint(n))}},
			}
			if n+1 < pages {
				page.Next, _ = json.Marshal(n + 1)
			}
			if !yield(page, nil) {
				return
			}
		}
	}
}

func (p *platform) Tell(
	_ context.Context,
	_ string,
	how backfill.Telling,
	objects []history.Object,
) (backfill.Told, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	told := backfill.Told{Facts: len(objects), Kinds: map[string]int{"sale": len(objects)}, Unkept: p.unkept}
	if how.Keep != "" && !slices.Contains(p.kept, how.Keep) {
		p.kept = append(p.kept, how.Keep)
	}
	for _, o := range objects {
		if how.DryRun {
			told.Persons = append(told.Persons, string(o.Body))
		} else {
			p.told = append(p.told, string(o.Body))
		}
	}
	return told, nil
}

// begin starts a process that carries out orders. The process ends with the returned function, or with the test.
func (p *platform) begin(t *testing.T, book *connection.Book) (end func()) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	r := imports.New(imports.Options{
		Sources: []imports.Source{{
			ID: "shop", Listed: func(string) bool { return true },
			Open: func(connection.ImportOrder, func(time.Duration, error)) (history.Reader, error) { return p, nil },
		}},
		Server: p, Notes: book, Tick: 10 * time.Millisecond, Lease: 5 * time.Second,
		Forwarded: func(context.Context) (uint64, bool, error) { return 7, true, nil },
		DropFacts: func(_ context.Context, id string) error {
			p.mu.Lock()
			defer p.mu.Unlock()
			p.dropped = append(p.dropped, id)
			return nil
		},
	})
	var done sync.WaitGroup
	done.Go(func() { r.Run(ctx) })
	end = func() { stop(); done.Wait() }
	t.Cleanup(end)
	return end
}

func order(t *testing.T, book *connection.Book, dryRun bool) {
	t.Helper()
	_, err := book.ChangeImport(t.Context(), "shop", dryRun, func(i *connection.Import) bool {
		i.State = connection.ImportOrdered
		return true
	})
	if err != nil {
		t.Fatal(err)
	}
}

// awaits returns the note once it has a state.
func awaits(t *testing.T, book *connection.Book, dryRun bool, state connection.ImportState) connection.Import {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), 20*time.Second)
	defer stop()
	var note connection.Import
	err := loop.Poll(ctx, "await "+string(state), 10*time.Millisecond, func(ctx context.Context) (ok bool, err error) {
		note, err = book.Import(ctx, "shop", dryRun)
		return note.State == state, err
	})
	if err != nil {
		t.Fatalf("%v; the import is %+v", err, note)
	}
	return note
}

func summaryOf(t *testing.T, i *connection.Import) backfill.Summary {
	t.Helper()
	var out backfill.Summary
	if err := json.Unmarshal(i.Summary, &out); err != nil {
		t.Fatalf("the summary %s: %v", i.Summary, err)
	}
	return out
}

func (p *platform) all(t *testing.T, want ...string) {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	got := slices.Compact(slices.Sorted(slices.Values(p.told)))
	if !slices.Equal(got, want) {
		t.Errorf("told %v, want %v", got, want)
	}
}

var everything = []string{"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"}

// TestRunner_CountsAndImports: a dry run tells nothing, and an import waits for its facts to be applied.
func TestRunner_CountsAndImports(t *testing.T) {
	book, p := newBook(t), &platform{}
	p.begin(t, book)
	order(t, book, true)
	note := awaits(t, book, true, connection.ImportDone)
	if sum := summaryOf(t, &note); sum.Objects != pages || sum.Persons != pages || sum.Kinds["sale"] != pages {
		t.Errorf("the dry run found %+v", sum)
	}
	p.all(t)
	order(t, book, false)
	note = awaits(t, book, false, connection.ImportApplying)
	if note.Until != 7 || !note.Read || note.Started.IsZero() {
		t.Errorf("the import is %+v", note)
	}
	p.all(t, everything...)
}

// TestRunner_KeepsTheFactsOfOneDryRun, each under a name of its own, until the next one or until the import.
func TestRunner_KeepsTheFactsOfOneDryRun(t *testing.T) {
	book, p := newBook(t), &platform{}
	p.begin(t, book)
	order(t, book, true)
	first := awaits(t, book, true, connection.ImportDone)
	order(t, book, true)
	awaits(t, book, true, connection.ImportDone)
	order(t, book, false)
	awaits(t, book, false, connection.ImportApplying)
	ctx, stop := context.WithTimeout(t.Context(), 20*time.Second)
	defer stop()
	err := loop.Poll(ctx, "the facts are dropped", 10*time.Millisecond, func(ctx context.Context) (bool, error) {
		note, err := book.Import(ctx, "shop", true)
		return note.Kept == "", err
	})
	if err != nil {
		t.Fatal(err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.kept) != 2 || p.kept[0] != first.Kept || !slices.Equal(p.kept, p.dropped) {
		t.Errorf("kept are the facts of %v, dropped those of %v; want two, the first that of %q, and the same dropped",
			p.kept, p.dropped, first.Kept)
	}
}

// TestRunner_DropsTheFactsOfADryRunWithoutPreview: what a dry run kept is removed once the dry run fails, and once its
// facts have no room.
func TestRunner_DropsTheFactsOfADryRunWithoutPreview(t *testing.T) {
	for _, c := range []struct {
		what   string
		at     func(context.Context, int) error
		unkept bool
		want   connection.ImportState
	}{
		{"a dry run that fails", func(_ context.Context, page int) error {
			if page == 2 {
				return errors.New("the platform is away")
			}
			return nil
		}, false, connection.ImportFailed},
		{"a dry run without room", nil, true, connection.ImportDone},
	} {
		book, p := newBook(t), &platform{at: c.at, unkept: c.unkept}
		end := p.begin(t, book)
		order(t, book, true)
		note := awaits(t, book, true, c.want)
		end()
		if note.Kept != "" || len(p.kept) != 1 || !slices.Equal(p.kept, p.dropped) {
			t.Errorf("%s: the note names %q, kept are the facts of %v, dropped those of %v; want none, and one dropped",
				c.what, note.Kept, p.kept, p.dropped)
		}
	}
}

// TestRunner_GoesOnAfterAStopAndAfterTheEndOfAProcess: nothing is left out, and the sum is that of one import.
func TestRunner_GoesOnAfterAStopAndAfterTheEndOfAProcess(t *testing.T) {
	book := newBook(t)
	reached := make(chan int)
	block := 3
	p := &platform{at: func(ctx context.Context, page int) error {
		if page != block {
			return nil
		}
		select {
		case reached <- page:
		case <-ctx.Done():
		}
		<-ctx.Done()
		return ctx.Err()
	}}
	end := p.begin(t, book)
	order(t, book, false)
	<-reached
	if _, err := book.ChangeImport(t.Context(), "shop", false, func(i *connection.Import) bool {
		i.Stop = true
		return true
	}); err != nil {
		t.Fatal(err)
	}
	note := awaits(t, book, false, connection.ImportStopped)
	if sum := summaryOf(t, &note); sum.Objects != 3 || note.Stop {
		t.Errorf("a stopped import has %d objects and Stop %v, want 3 and false", sum.Objects, note.Stop)
	}
	block = 6
	order(t, book, false)
	<-reached
	end()
	block = -1
	p.begin(t, book)
	note = awaits(t, book, false, connection.ImportApplying)
	if sum := summaryOf(t, &note); sum.Objects != pages {
		t.Errorf("the sum has %d objects, want %d", sum.Objects, pages)
	}
	p.all(t, everything...)
}

// TestRunner_NotesWhyAnImportFailed, by kind.
func TestRunner_NotesWhyAnImportFailed(t *testing.T) {
	for _, c := range []struct {
		cause error
		want  string
	}{
		{&history.StatusError{Status: http.StatusUnauthorized}, imports.FaultKey},
		{&history.StatusError{Status: http.StatusTooManyRequests}, imports.FaultRate},
		{&history.StatusError{Status: http.StatusBadGateway}, imports.FaultPlatform},
		{&history.StatusError{Status: http.StatusNotFound}, imports.FaultPath},
		{fmt.Errorf("open: %w", connection.ErrNoFile), imports.FaultFile},
		{fmt.Errorf("open: %w", imports.ErrKey), imports.FaultKeyMissing},
		{errors.New("something else"), imports.FaultOther},
	} {
		book := newBook(t)
		p := &platform{at: func(_ context.Context, page int) error {
			if page == 2 {
				return c.cause
			}
			return nil
		}}
		end := p.begin(t, book)
		order(t, book, false)
		note := awaits(t, book, false, connection.ImportFailed)
		end()
		if note.Fault != c.want || note.Error == "" || summaryOf(t, &note).Objects != 2 {
			t.Errorf("%v: got the fault %q (%s), want %q", c.cause, note.Fault, note.Error, c.want)
		}
	}
}
