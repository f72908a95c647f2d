package rollout_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/rodopath/rodopath/services/lifecycle"
	"github.com/rodopath/rodopath/services/lifecycle/fact"
	"github.com/rodopath/rodopath/services/lifecycle/lifecycletest"
	"github.com/rodopath/rodopath/services/lifecycle/policy"
	"github.com/rodopath/rodopath/services/lifecycle/rollout"
	"github.com/rodopath/rodopath/services/lifecycle/rules"
	"github.com/rodopath/rodopath/services/lifecycle/sqlitestore"
	"github.com/rodopath/rodopath/services/lifecycle/store"
)

var now = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

const (
	shipped = "policy: mine\nextends: pl\n"
	shorter = shipped + "rules: [{id: pre_contract, purpose: pre_contract, article: 6(1)(b), raised_by: [negotiation_opened], ended_by: [negotiation_closed], per: record, until: 1 month after negotiation_opened, keeps: [contact, negotiation]}]\n"
	longer  = shipped + "rules: [{id: pre_contract, purpose: pre_contract, article: 6(1)(b), raised_by: [negotiation_opened], ended_by: [negotiation_closed], per: record, until: 12 months after negotiation_opened, keeps: [contact, phone, negotiation]}]\n"
)

type scene struct {
	t     *testing.T
	store *sqlitestore.Store
	log   bytes.Buffer
}

func (s *scene) adopt(text, approve string, at time.Time) *rollout.Outcome {
	s.t.Helper()
	out, err := rollout.Run(s.t.Context(), rollout.Options{
		Store: s.store, Parse: policy.Parse, File: "mine.yaml", Text: []byte(text), Controller: "Sklep Ani",
		LimitPercent: 1, Approve: approve, Now: at, Log: slog.New(slog.NewTextHandler(&s.log, nil)),
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return out
}

// crowd stores people; every tenth of them talked three months ago.
func crowd(t *testing.T, st store.Saver, p *rules.Policy, n int) {
	t.Helper()
	var changes []store.Change
	for i := range n {
		at := now.AddDate(0, -3, 0)
		f := fact.Fact{ID: fmt.Sprint("f", i), Kind: fact.KindSale, Occurred: at, Received: at, Ref: "order-1"}
		if i%10 == 0 {
			f.Kind = fact.KindNegotiationOpened
		}
		s, _ := lifecycle.Decide(p, lifecycle.Subject{ID: fmt.Sprintf("s%04d", i)}, []fact.Fact{f}, now)
		changes = append(changes, store.Change{Subject: s})
	}
	errs, err := st.Save(t.Context(), changes)
	if err := errors.Join(append(errs, err)...); err != nil {
		t.Fatal(err)
	}
}

func TestAdopt_TheFirstPolicyIsInForceAtOnce(t *testing.T) {
	s := &scene{t: t, store: lifecycletest.Store(t)}
	if out := s.adopt(shipped, "", now); out.Waiting != nil || out.Policy.ID != "mine" || len(out.Policy.Earlier) != 0 {
		t.Errorf("got %+v", out)
	}
}

func TestAdopt_AShorterPolicyWaitsForApproval(t *testing.T) {
	s := &scene{t: t, store: lifecycletest.Store(t)}
	first := s.adopt(shipped, "", now.AddDate(-1, 0, 0)).Policy
	crowd(t, s.store, first, 1200)
	out := s.adopt(shorter, "", now)
	w := out.Waiting
	if w == nil || out.Policy.Revision != first.Revision {
		t.Fatalf("it is in force: %+v", out)
	}
	if w.Affected != 120 || w.Subjects != 1200 || w.Items["negotiation"] != 120 {
		t.Errorf("it would delete %+v", w)
	}
	if !strings.Contains(s.log.String(), "--approve "+w.Revision) {
		t.Errorf("the log does not say what to do: %s", s.log.String())
	}
	if again := s.adopt(shorter, "", now); again.Waiting == nil {
		t.Error("it is in force without approval after a restart")
	}
	_, err := rollout.Run(
		t.Context(),
		rollout.Options{Store: s.store, Parse: policy.Parse, Text: []byte(shorter), Approve: "another", Now: now},
	)
	if err == nil || !strings.Contains(err.Error(), "another") {
		t.Errorf("the approval of something else: %v", err)
	}
	approved := s.adopt(shorter, w.Revision, now)
	if approved.Waiting != nil || approved.Policy.Revision != w.Revision || len(approved.Policy.Earlier) != 1 {
		t.Errorf("it is not in force: %+v", approved)
	}
	if restarted := s.adopt(
		shorter,
		"",
		now.Add(time.Hour),
	); restarted.Waiting != nil ||
		len(restarted.Policy.Earlier) != 1 {
		t.Errorf("after a restart: %+v", restarted)
	}
}

func TestAdopt_AFewMayGoWithoutApproval(t *testing.T) {
	s := &scene{t: t, store: lifecycletest.Store(t)}
	first := s.adopt(shipped, "", now.AddDate(-1, 0, 0)).Policy
	crowd(t, s.store, first, 10) // one of them talked
	var sales []store.Change
	for i := range 90 {
		f := fact.Fact{ID: fmt.Sprint("g", i), Kind: fact.KindSale, Occurred: now, Received: now, Ref: "order-1"}
		subject, _ := lifecycle.Decide(first, lifecycle.Subject{ID: fmt.Sprintf("t%04d", i)}, []fact.Fact{f}, now)
		sales = append(sales, store.Change{Subject: subject})
	}
	if errs, err := s.store.Save(t.Context(), sales); errors.Join(append(errs, err)...) != nil {
		t.Fatal(errs, err)
	}
	if out := s.adopt(shorter, "", now); out.Waiting != nil {
		t.Errorf("one of a hundred is one per cent and may go: %+v", out.Waiting)
	}
}

// TestAdopt_WhatWasPromisedIsRemembered goes through three policies and asks what may
// be held of talks under each of them.
func TestAdopt_WhatWasPromisedIsRemembered(t *testing.T) {
	s := &scene{t: t, store: lifecycletest.Store(t)}
	s.adopt(shipped, "", now.AddDate(0, -9, 0))
	s.adopt(longer, "", now.AddDate(0, -6, 0))
	p := s.adopt(shipped, "", now.AddDate(0, -1, 0)).Policy
	if len(p.Earlier) != 2 {
		t.Fatalf("%d policies are remembered", len(p.Earlier))
	}
	last := s.adopt(longer, "", now).Policy
	lapse := func(talked time.Time) string {
		b := rules.Bases(
			last,
			[]fact.Fact{{ID: "f", Kind: fact.KindNegotiationOpened, Occurred: talked, Received: talked, Ref: "talk"}},
		)
		return last.LastDay(b[0].Until)
	}
	for talked, want := range map[time.Time]string{
		now.AddDate(0, -8, 0): "2026-09-24", // six months were promised
		now.AddDate(0, -3, 0): "2027-08-24", // twelve
		now.AddDate(0, 0, -5): "2027-05-19", // six again
		now.AddDate(0, 0, 1):  "2027-11-25", // twelve
	} {
		if got := lapse(talked); got != want {
			t.Errorf("talks of %s: to %s, and should be to %s", talked.Format(time.DateOnly), got, want)
		}
	}
}
