package backfill_test

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rodopath/rodopath/services/ingest/backfill"
	"github.com/rodopath/rodopath/services/internal/problem"
	"github.com/rodopath/rodopath/services/platforms/history"
)

// shelf is a history of some pages, the cursor of which is the number of the next page. Reading fails before a page.
type shelf struct {
	pages  []history.Page
	failAt int
}

var errShelf = errors.New("the platform fails")

func (s *shelf) Pages(_ context.Context, from history.Cursor) iter.Seq2[history.Page, error] {
	return func(yield func(history.Page, error) bool) {
		n := 0
		if from != nil {
			_ = json.Unmarshal(from, &n)
		}
		for ; n < len(s.pages); n++ {
			if n == s.failAt {
				yield(history.Page{}, errShelf)
				return
			}
			p := s.pages[n]
			if n+1 < len(s.pages) {
				p.Next, _ = json.Marshal(n + 1)
			}
			if !yield(p, nil) {
				return
			}
		}
	}
}

// server takes objects, and refuses some requests first.
type server struct {
	requests [][]string
	refuse   int
	status   int
}

func (s *server) Tell(
	_ context.Context,
	_ string,
	how backfill.Telling,
	objects []history.Object,
) (backfill.Told, error) {
	if s.refuse > 0 {
		s.refuse--
		return backfill.Told{}, problem.New(s.status, "unavailable", "later")
	}
	var bodies []string
	for _, o := range objects {
		bodies = append(bodies, string(o.Body[:min(len(o.Body), 20)]))
	}
	s.requests = append(s.requests, bodies)
	told := backfill.Told{Facts: len(objects), Kinds: map[string]int{"sale": len(objects)}}
	if how.DryRun {
		told.Persons = []string{"one", bodies[0]}
	}
	return told, nil
}

// threePages are pages of one object each, with a product.
func threePages() []history.Page {
	var pages []history.Page
	for _, body := range []string{`{"n":1}`, `{"n":2}`, `{"n":3}`} {
		pages = append(pages, history.Page{Part: "orders", Objects: []history.Object{{
			Body: json.RawMessage(body), Products: [][]string{{"sku", "17"}, {"18"}},
		}}})
	}
	return pages
}

func options(t *testing.T, dir string, reader history.Reader, s *server) (o backfill.Options, resumed bool) {
	t.Helper()
	b, resumed := bookmark(t, dir)
	return backfill.Options{
		Source: "shop", Reader: reader, Server: s, State: &b.State, Save: b.Save, Backoff: time.Millisecond,
		Listed: func(product string) bool { return product == "sku" },
	}, resumed
}

func bookmark(t *testing.T, dir string) (b *backfill.Bookmark, resumed bool) {
	t.Helper()
	b, resumed, err := backfill.Open(dir, "shop", time.Time{}, "", false)
	if err != nil {
		t.Fatal(err)
	}
	return b, resumed
}

// TestRun_GoesOnAfterAFailure: what was told before the failure is not told again, and the sums are those of both runs.
func TestRun_GoesOnAfterAFailure(t *testing.T) {
	dir, s := t.TempDir(), &server{}
	o, resumed := options(t, dir, &shelf{pages: threePages(), failAt: 2}, s)
	if _, err := backfill.Run(t.Context(), o); !errors.Is(err, errShelf) || resumed {
		t.Fatalf("the first run: %v, resumed %t", err, resumed)
	}
	o, resumed = options(t, dir, &shelf{pages: threePages(), failAt: -1}, s)
	sum, err := backfill.Run(t.Context(), o)
	if err != nil || !resumed {
		t.Fatalf("the second run: %v, resumed %t", err, resumed)
	}
	if diff := cmp.Diff([][]string{{`{"n":1}`}, {`{"n":2}`}, {`{"n":3}`}}, s.requests); diff != "" {
		t.Errorf("the requests differ (-want +got):\n%s", diff)
	}
	if sum.Objects != 3 || sum.Facts != 3 || sum.Kinds["sale"] != 3 || sum.Unlisted["18"] != 3 || len(sum.Unlisted) != 1 {
		t.Errorf("the sum is %+v", sum)
	}
	o, _ = options(t, dir, &shelf{pages: threePages(), failAt: 0}, s)
	if _, err := backfill.Run(t.Context(), o); err != nil || len(s.requests) != 3 {
		t.Errorf("a run after the end: %v, %d requests", err, len(s.requests))
	}
	b, _ := bookmark(t, dir)
	if err := b.Remove(); err != nil {
		t.Error(err)
	}
	if _, resumed := options(t, dir, nil, s); resumed {
		t.Error("a removed bookmark is found")
	}
}

// TestRun_WaitsForAFullServer, and for no other refusal.
func TestRun_WaitsForAFullServer(t *testing.T) {
	s := &server{refuse: 3, status: http.StatusServiceUnavailable}
	o, _ := options(t, t.TempDir(), &shelf{pages: threePages(), failAt: -1}, s)
	waits := 0
	o.Progress = func(p backfill.Progress) {
		if p.Waiting != "" {
			waits++
		}
	}
	if sum, err := backfill.Run(t.Context(), o); err != nil || sum.Facts != 3 || waits != 3 {
		t.Errorf("%v after %d waits: %+v", err, waits, sum)
	}
	s = &server{refuse: 1, status: http.StatusForbidden}
	o, _ = options(t, t.TempDir(), &shelf{pages: threePages(), failAt: -1}, s)
	if _, err := backfill.Run(t.Context(), o); err == nil || len(s.requests) > 0 {
		t.Errorf("a refusal: %v after %d requests", err, len(s.requests))
	}
}

func TestRun_ADryRunCountsPersons(t *testing.T) {
	s := &server{}
	o, _ := options(t, t.TempDir(), &shelf{pages: threePages(), failAt: -1}, s)
	o.DryRun, o.State, o.Save = true, nil, nil
	if sum, err := backfill.Run(t.Context(), o); err != nil || sum.Persons != 4 {
		t.Errorf("%v: %+v, want 4 persons", err, sum)
	}
}

// TestRun_SplitsALargePage: no request is much larger than 4 MiB.
func TestRun_SplitsALargePage(t *testing.T) {
	large := json.RawMessage(`"` + strings.Repeat("x", 3<<20) + `"`)
	page := history.Page{
		Part:    "orders",
		Objects: []history.Object{{Body: large}, {Body: large}, {Body: json.RawMessage(`{"n":1}`)}},
	}
	s := &server{}
	o, _ := options(t, t.TempDir(), &shelf{pages: []history.Page{page}, failAt: -1}, s)
	if _, err := backfill.Run(t.Context(), o); err != nil || len(s.requests) != 2 || len(s.requests[1]) != 2 {
		t.Errorf("%v: %d requests", err, len(s.requests))
	}
}

func TestOpen_RefusesTheBookmarkOfAnotherImport(t *testing.T) {
	dir := t.TempDir()
	o, _ := options(t, dir, &shelf{pages: threePages(), failAt: 1}, &server{})
	if _, err := backfill.Run(t.Context(), o); !errors.Is(err, errShelf) {
		t.Fatal(err)
	}
	since := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)
	if _, _, err := backfill.Open(dir, "shop", since, "", false); !errors.Is(err, backfill.ErrOther) {
		t.Errorf("another time: %v", err)
	}
	if _, resumed, err := backfill.Open(dir, "shop", since, "", true); err != nil || resumed {
		t.Errorf("begun anew: %v, resumed %t", err, resumed)
	}
	if _, resumed, err := backfill.Open(dir, "shop", time.Time{}, "sales.csv", false); err != nil || resumed {
		t.Errorf("a file beside: %v, resumed %t", err, resumed)
	}
	if err := os.WriteFile(filepath.Join(dir, "shop.json"), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := backfill.Open(
		dir,
		"shop",
		time.Time{},
		"",
		false,
	); err == nil ||
		!strings.Contains(err.Error(), "--restart") {
		t.Errorf("a damaged bookmark: %v", err)
	}
}
