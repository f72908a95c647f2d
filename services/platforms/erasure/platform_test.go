package erasure_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/dispatch"
	"github.com/rodopath/rodopath/services/platforms/erasure"
	"github.com/rodopath/rodopath/services/platforms/erasure/erasuretest"
)

func TestReport_PutsTheAnswerTogether(t *testing.T) {
	for want, said := range map[string][]string{
		"not_found":             {},
		"done":                  {"a done", "a not_found"},
		"done b=not_found":      {"a done", "b not_found"},
		"held":                  {"a not_found", "a held"},
		"partial a=done b=held": {"a done", "b held"},
		"partial":               {"a done", "a held"},
		"partial a=done":        {"a done", "b partial"},
	} {
		var r erasure.Report
		for _, text := range said {
			category, outcome, _ := strings.Cut(text, " ")
			r.Say(category, outcome, "")
		}
		a := r.Answer()
		got := a.Outcome
		for _, c := range []string{"a", "b"} {
			if o := a.Categories[c]; o != "" {
				got += " " + c + "=" + o
			}
		}
		if got != want {
			t.Errorf("%v: got %q, want %q", said, got, want)
		}
	}
	var r erasure.Report
	r.Say("a", stream.OutcomeHeld, "one")
	r.Say("b", stream.OutcomeHeld, "one")
	r.Say("b", stream.OutcomeHeld, "two")
	if got := r.Answer().Reason; got != "one; two" {
		t.Errorf("got %q", got)
	}
}

func TestTask_KnowsNamesInPlainAndHidden(t *testing.T) {
	read := func(change func(*stream.Event) *stream.Event) *erasure.Task {
		e := erasuretest.Deletion(
			"part",
			[]string{"woocommerce:5@shop", "woocommerce:6@other", "stripe:cus_1"},
			"contact",
			"phone",
			"order a b",
		)
		e.Data.Person.Emails = append(e.Data.Person.Emails, " Ala@LEAK.example")
		task, err := erasure.Read(t.Context(), change(e))
		if err != nil {
			t.Fatal(err)
		}
		return task
	}
	plain := read(func(e *stream.Event) *stream.Event { return erasuretest.Stays(e, "order c d", "contact") })
	hidden := read(erasuretest.Hidden)
	if got := plain.IDs(
		"woocommerce:",
		"@shop",
	); len(got) != 1 || got[0] != "5" || len(plain.Emails) != 1 ||
		plain.Hidden {
		t.Errorf("got %v, %v", got, plain.Emails)
	}
	if plain.Gone("contact") || !plain.Gone("phone") || plain.Gone("newsletter") || !plain.StaysRecord("d") ||
		plain.StaysRecord("a") {
		t.Error("it does not know what stays")
	}
	for _, task := range []*erasure.Task{plain, hidden} {
		for name, want := range map[string]bool{"Ala@Leak.Example": true, "stripe:cus_1": true, "stripe:CUS_1": false, "x@leak.example": false, "": false} {
			if task.Person(name) != want {
				t.Errorf("%q: hidden %t", name, task.Hidden)
			}
		}
		if i := &task.Items[2]; !task.Names(i, "a") || !task.Names(i, "b") || task.Names(i, "c") {
			t.Errorf("records: hidden %t", task.Hidden)
		}
	}
	if !hidden.Hidden || hidden.ID == plain.ID || hidden.Since.IsZero() {
		t.Errorf("got %+v", hidden)
	}
}

func TestTask_KnowsAnAddressInEveryWriting(t *testing.T) {
	e := erasuretest.Deletion("part", nil, "contact")
	e.Data.Person.Emails = []string{"ala@xn--w-uga1v8h.example"}
	task, err := erasure.Read(t.Context(), e)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(task.Emails, "ala@żółw.example") || !task.Person("Ala@Żółw.Example") {
		t.Errorf("looks for %v", task.Emails)
	}
}

func pages(n int, read *int, fail *error) erasure.Page[int] {
	return func(_ context.Context, at string) ([]int, string, error) {
		if *fail != nil {
			return nil, "", *fail
		}
		*read++
		i, _ := strconv.Atoi(at)
		if i+1 == n {
			return []int{i}, "", nil
		}
		return []int{i}, strconv.Itoa(i + 1), nil
	}
}

func TestDirectory_ReadsOnceAndGoesOnWhereItStopped(t *testing.T) {
	var read int
	var fail error
	now := erasuretest.Now()
	d := erasure.NewDirectory(
		erasure.DirectoryOptions[int]{What: "things", Page: pages(4, &read, &fail), Now: func() time.Time { return now }},
	)
	all := func(*int) bool { return true }
	short, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	var wait *dispatch.Wait
	if _, err := d.Find(short, time.Time{}, all); !errors.As(err, &wait) || read != 0 {
		t.Errorf("a call that is nearly over: %v, %d pages", err, read)
	}
	steps := []struct {
		fail  error
		after time.Duration
		since time.Time
		want  int
	}{
		{nil, 0, time.Time{}, 4},
		{errors.New("not asked"), 29 * time.Minute, erasuretest.Now(), 4},
		{nil, 2 * time.Minute, time.Time{}, 8},                          // it is old
		{nil, time.Minute, erasuretest.Now().Add(32 * time.Minute), 12}, // a backup may have come back since
		{nil, time.Second, erasuretest.Now().Add(32 * time.Minute), 12}, // and is read since
		{errors.New("broken"), time.Hour, time.Time{}, 12},              // it is old, and cannot be read
		{nil, 0, time.Time{}, 16},
	}
	for i, s := range steps {
		fail, now = s.fail, now.Add(s.after)
		found, err := d.Find(t.Context(), s.since, all)
		if read != s.want || err == nil && len(found) != 4 ||
			err != nil && (s.fail == nil || !strings.Contains(err.Error(), "read all things: broken")) {
			t.Errorf("step %d: %d pages, %v, %v", i, read, found, err)
		}
	}
}

func TestDirectory_GoesOnAfterAFault(t *testing.T) {
	read := 0
	d := erasure.NewDirectory(
		erasure.DirectoryOptions[int]{What: "things", Page: func(_ context.Context, at string) ([]int, string, error) {
			read++
			if read%2 == 0 {
				return nil, "", errors.New("broken")
			}
			i, _ := strconv.Atoi(at)
			return []int{i}, map[bool]string{true: strconv.Itoa(i + 1)}[i < 4], nil
		}},
	)
	var found []int
	var err error
	for range 10 {
		if found, err = d.Find(t.Context(), time.Time{}, func(*int) bool { return true }); err == nil {
			break
		}
	}
	if fmt.Sprint(found) != "[0 1 2 3 4]" || read != 9 {
		t.Errorf("got %v, %v after %d", found, err, read)
	}
}

func TestDirectory_IsBounded(t *testing.T) {
	var read int
	var fail error
	d := erasure.NewDirectory(erasure.DirectoryOptions[int]{What: "things", Page: pages(100, &read, &fail), MaxPages: 7})
	if _, err := d.Find(
		t.Context(),
		time.Time{},
		func(*int) bool { return true },
	); err == nil || !strings.Contains(err.Error(), "more than 7 pages") ||
		read != 7 {
		t.Errorf("got %v after %d", err, read)
	}
}

func TestClient_KeepsTheLimit(t *testing.T) {
	calls := 0
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { calls++ }))
	defer s.Close()
	c := erasure.New(erasure.Options{
		Name: "X", Base: s.URL, Client: erasuretest.Client(), Limit: 1.0 / 60, Burst: 3, Authorize: func(http.Header) {},
	})
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	var err error
	for range 4 {
		_, err = c.Call(ctx, "read", erasure.Request{Method: http.MethodGet, Path: "/"}, nil)
	}
	var wait *dispatch.Wait
	if !errors.As(err, &wait) || calls != 3 {
		t.Errorf("got %v after %d calls", err, calls)
	}
	cancel()
	if _, err := c.Call(
		ctx,
		"read",
		erasure.Request{Method: http.MethodGet, Path: "/"},
		nil,
	); !errors.Is(
		err,
		context.Canceled,
	) {
		t.Errorf("got %v", err)
	}
}

func FuzzCode(f *testing.F) {
	for _, s := range []string{`{"code":"rest_no_route"}`, `{"error":{"code":"resource_missing","type":"x"}}`, `{"error":"ala@leak.example"}`, `[]`, `{"code":7}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		if code := erasure.Code(body); strings.ContainsAny(code, "@% .") || len(code) > 80 {
			t.Errorf("got %q", code)
		}
	})
}
