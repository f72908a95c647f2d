package dryrun_test

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	factv1 "github.com/rodopath/rodopath/api/gen/rodopath/fact/v1"
	"github.com/rodopath/rodopath/services/lifecycle"
	"github.com/rodopath/rodopath/services/lifecycle/dryrun"
	"github.com/rodopath/rodopath/services/lifecycle/lifecycletest"
)

// read are the facts of one dry run.
type read []*factv1.Delivery

func (r read) Read(_ context.Context, _ string, visit func([]*factv1.Delivery) error) error {
	return visit(r)
}

func (r read) Drop(context.Context, string) error { return nil }

// sale is a delivery with a sale to an address.
func sale(id, email string, at time.Time) *factv1.Delivery {
	return &factv1.Delivery{
		Id: "shop:" + id, Source: "shop", Received: timestamppb.New(at),
		Facts: []*factv1.Fact{{
			Id: id, Kind: factv1.Kind_KIND_SALE, Occurred: timestamppb.New(at), Ref: "order-" + id,
			Identities: []*factv1.Identity{{Kind: "email", Value: email}},
		}},
	}
}

func evaluator(t *testing.T, dir string, facts dryrun.Facts, now time.Time) *dryrun.Evaluator {
	t.Helper()
	return dryrun.New(dryrun.Options{
		Facts: facts, Policy: lifecycletest.Policy(t), Dir: dir, Now: func() time.Time { return now },
		Log: slog.New(slog.DiscardHandler),
	})
}

// TestWalk_VisitsThePersonsOfTheHistory, with the decisions that wait, and leaves nothing behind, also after an error.
func TestWalk_VisitsThePersonsOfTheHistory(t *testing.T) {
	dir, now := t.TempDir(), time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	e := evaluator(t, dir, read{
		sale("1", "ala@example.com", now.AddDate(-12, 0, 0)), sale("2", "ala@example.com", now.AddDate(0, -1, 0)),
		sale("3", "ola@example.com", now.AddDate(-12, 0, 0)),
	}, now)
	persons := 0
	err := e.Walk(t.Context(), "x", func(*lifecycle.Subject) error {
		persons++
		if err := e.Walk(t.Context(), "x", nil); !errors.Is(err, dryrun.ErrBusy) {
			t.Errorf("a second evaluation: got %v, want %v", err, dryrun.ErrBusy)
		}
		return nil
	})
	if err != nil || persons != 2 {
		t.Errorf("got %d persons, %v; want 2", persons, err)
	}
	failure := errors.New("the visitor fails")
	if err := e.Walk(t.Context(), "x", func(*lifecycle.Subject) error { return failure }); !errors.Is(err, failure) {
		t.Errorf("got %v, want %v", err, failure)
	}
	if left, _ := os.ReadDir(dir); len(left) > 0 {
		t.Errorf("an evaluation leaves %v", left)
	}
}

// TestClear_LeavesAnEvaluationThatGoesOn, as of another process in the directory for temporary files.
func TestClear_LeavesAnEvaluationThatGoesOn(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	now := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	e := evaluator(t, "", read{sale("1", "ala@example.com", now)}, now)
	err := e.Walk(t.Context(), "x", func(*lifecycle.Subject) error {
		if err := dryrun.Clear(""); err != nil {
			t.Error(err)
		}
		if left, _ := filepath.Glob(filepath.Join(os.TempDir(), "*", "persons.db")); len(left) != 1 {
			t.Errorf("while an evaluation goes on, left are %v; want its database", left)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(os.TempDir(), "rodopath-dry-run-1"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := dryrun.Clear(""); err != nil {
		t.Fatal(err)
	}
	if left, _ := os.ReadDir(os.TempDir()); len(left) > 0 {
		t.Errorf("left is %v in the directory for temporary files, want nothing", left)
	}
}

// TestClear_RemovesWhatAKilledProcessLeft, and nothing else.
func TestClear_RemovesWhatAKilledProcessLeft(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"rodopath-dry-run-123/persons.db", "secrets/shop"} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := dryrun.Clear(dir); err != nil {
		t.Fatal(err)
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != 1 || left[0].Name() != "secrets" {
		t.Errorf("left are %v, %v; want secrets alone", left, err)
	}
}
