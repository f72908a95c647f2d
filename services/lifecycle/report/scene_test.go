package report_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rodopath/rodopath/services/lifecycle"
	"github.com/rodopath/rodopath/services/lifecycle/chain"
	"github.com/rodopath/rodopath/services/lifecycle/fact"
	"github.com/rodopath/rodopath/services/lifecycle/lifecycletest"
	"github.com/rodopath/rodopath/services/lifecycle/notice"
	"github.com/rodopath/rodopath/services/lifecycle/rules"
)

var rewrite = flag.Bool("rewrite", false, "write what comes out into testdata; read the difference before you keep it")

// golden compares a text with a file. What changes with every edit of the policy, its
// revision and its lines, is left out.
func golden(t *testing.T, name, got string) {
	t.Helper()
	for _, r := range []struct{ find, put string }{
		{`pl@[0-9a-f]{12}`, "pl@REVISION"}, {`(revision|wersja) [0-9a-f]{12}`, "$1 REVISION"},
		{`"revision": "[0-9a-f]{12}"`, `"revision": "REVISION"`}, {`(line|wiersz) \d+`, "$1 N"},
	} {
		got = regexp.MustCompile(r.find).ReplaceAllString(got, r.put)
	}
	file := filepath.Join("testdata", name)
	if *rewrite {
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v; go test -rewrite writes it", err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); diff != "" {
		t.Errorf("%s differs (-want +got):\n%s", name, diff)
	}
}

// scene is a person in virtual time, with a journal.
type scene struct {
	policy  *rules.Policy
	subject lifecycle.Subject
	journal []chain.Entry
	facts   int
}

func newScene(t *testing.T) *scene {
	t.Helper()
	p := lifecycletest.Policy(t)
	for _, r := range []rules.ConnectedRecipient{
		{ID: "letters", Holds: p.Recipients["letters"].Holds},
		{ID: "shop", Holds: []string{"order", "access", "progress"}},
	} {
		r.Deletions, r.AnswerDays = true, 3000
		p.Connected = append(p.Connected, r)
	}
	return &scene{policy: p, subject: lifecycle.Subject{ID: "p-7f3a", Sealed: []byte("sealed")}}
}

// at reads an instant as a clock in Warsaw shows it.
func at(t *testing.T, s string) time.Time {
	t.Helper()
	zone, err := time.LoadLocation("Europe/Warsaw")
	if err != nil {
		t.Fatal(err)
	}
	out, err := time.ParseInLocation("2006-01-02 15:04", s, zone)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// tell lets time pass and tells a fact.
func (s *scene) tell(t *testing.T, when string, f fact.Fact) {
	t.Helper()
	s.facts++
	f.ID = "fact-" + strconv.Itoa(s.facts)
	f.Occurred = at(t, when)
	f.Received = f.Occurred
	s.pass(t, when)
	s.decide(t, f.Occurred, f)
}

// pass lets time pass, with what falls due on the way.
func (s *scene) pass(t *testing.T, when string) {
	t.Helper()
	for s.subject.ReviewAt != nil && !s.subject.ReviewAt.After(at(t, when)) {
		s.decide(t, *s.subject.ReviewAt)
	}
}

func (s *scene) decide(t *testing.T, when time.Time, facts ...fact.Fact) {
	t.Helper()
	after, decisions := lifecycle.Decide(s.policy, s.subject, facts, when)
	after.Version++
	mark := func(ref string) string { return strings.Repeat("0", 40-len(ref)) + ref }
	var ids []string
	for i := range decisions {
		s.note(t, chain.NewDecisionEntry(&decisions[i], mark))
		ids = append(ids, decisions[i].ID)
	}
	for i := range after.Notes {
		s.note(t, chain.NewNoteEntry(&after.Notes[i], mark))
	}
	var notices []notice.Notice
	for i := range after.Outbox {
		if n := notice.New(s.policy, &after.Outbox[i], nil, func(name string) string { return name }); n != nil {
			notices = append(notices, *n)
		}
	}
	after = lifecycle.AddNotices(s.policy, lifecycle.MarkPurged(lifecycle.MarkSent(after, ids)), notices)
	s.subject = lifecycle.MarkJournaled(after, chain.Head{Seq: int64(len(s.journal))})
}

func (s *scene) note(t *testing.T, e chain.Entry) {
	t.Helper()
	var last chain.Entry
	if n := len(s.journal); n > 0 {
		last = s.journal[n-1]
	}
	e.Subject = s.subject.ID
	e, err := e.Chained(last)
	if err != nil {
		t.Fatal(err)
	}
	s.journal = append(s.journal, e)
}

// deletions are the ids of the deletions that were decided.
func (s *scene) deletions() []string {
	var out []string
	for i := range s.journal {
		if s.journal[i].Kind == chain.KindDelete {
			out = append(out, s.journal[i].Decision)
		}
	}
	return out
}

// customer is a person with a newsletter, two purchases, a dispute and a request.
func customer(t *testing.T) *scene {
	t.Helper()
	s := newScene(t)
	confirmed := at(t, "2026-03-01 10:05")
	s.tell(t, "2026-03-01 10:00", fact.Fact{
		Kind:        fact.KindSignup,
		Source:      "letters",
		Wording:     "newsletter-editorial",
		Form:        "footer",
		DoubleOptIn: &confirmed,
	})
	s.tell(
		t,
		"2026-03-05 12:00",
		fact.Fact{Kind: fact.KindSale, Source: "shop", Ref: "order-1", Links: []string{"invoice-1"}},
	)
	s.tell(
		t,
		"2026-03-06 09:00",
		fact.Fact{Kind: fact.KindSignup, Source: "shop", Wording: "newsletter-offers", Form: "thank-you"},
	)
	s.tell(
		t,
		"2026-03-07 09:00",
		fact.Fact{Kind: fact.KindRefusal, Source: "shop", Purposes: []string{"offers"}, Channels: []string{"sms"}},
	)
	s.tell(
		t,
		"2026-05-02 12:00",
		fact.Fact{
			Kind:       fact.KindSale,
			Source:     "shop",
			Ref:        "order-2",
			Access:     fact.AccessCourse,
			AccessDays: 365,
		},
	)
	s.tell(
		t,
		"2026-05-20 12:00",
		fact.Fact{Kind: fact.KindHold, Source: "card", Ref: "order-1", Reason: "dispute dp_1"},
	)
	s.tell(t, "2026-06-01 12:00", fact.Fact{Kind: fact.KindAccessRequest, Source: "forms", Ref: "req-1"})
	s.tell(t, "2026-06-02 12:00", fact.Fact{
		Kind:      fact.KindReceipt,
		Source:    "forms",
		Ref:       s.deletions()[0],
		Recipient: "letters",
		Outcome:   "held",
		Reason:    "chargeback",
	})
	s.pass(t, "2026-07-20 00:00")
	return s
}

// eraser is a person who bought, and asked for erasure two years later.
func eraser(t *testing.T) *scene {
	t.Helper()
	s := newScene(t)
	s.tell(
		t,
		"2026-03-01 10:00",
		fact.Fact{Kind: fact.KindSignup, Source: "letters", Wording: "newsletter-offers", Form: "footer"},
	)
	s.tell(t, "2026-03-05 12:00", fact.Fact{Kind: fact.KindSale, Source: "shop", Ref: "order-1"})
	s.tell(t, "2028-06-01 10:00", fact.Fact{Kind: fact.KindErasure, Source: "forms", Ref: "req-1"})
	deletions := s.deletions()
	s.tell(t, "2028-06-02 10:00", fact.Fact{
		Kind: fact.KindReceipt, Source: "forms", Ref: deletions[len(deletions)-1], Recipient: "shop", Outcome: "done",
	})
	return s
}

// subscriber is a person who had nothing but the newsletter, and asked for erasure.
func subscriber(t *testing.T) *scene {
	t.Helper()
	s := newScene(t)
	s.tell(
		t,
		"2026-03-01 10:00",
		fact.Fact{Kind: fact.KindSignup, Source: "letters", Wording: "newsletter-offers", Form: "footer"},
	)
	s.tell(t, "2026-06-01 10:00", fact.Fact{Kind: fact.KindErasure, Source: "forms", Ref: "req-9"})
	return s
}

// written is what a writer wrote.
func written(t *testing.T, write func(*bytes.Buffer) error) string {
	t.Helper()
	var out bytes.Buffer
	if err := write(&out); err != nil {
		t.Fatal(err)
	}
	return out.String()
}
