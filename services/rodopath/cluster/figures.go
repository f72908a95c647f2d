package cluster

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"text/tabwriter"
	"time"
)

// Figures are the result of a run.
type Figures struct {
	Acts []*Act `json:"acts"`
	// Webhooks counts the webhooks, Facts those that lifecycle knows at the end, and Lost the others.
	Webhooks int64 `json:"webhooks"`
	Facts    int64 `json:"facts"`
	Lost     int64 `json:"lost"`
	// Decisions counts the decisions that the recipient received with a right signature.
	Decisions int `json:"decisions"`
	// Least and Most are the numbers of pods of ingest while autoscaling was switched on with three pods.
	Least int `json:"least"`
	Most  int `json:"most"`
	// Took is the duration of the story.
	Took time.Duration `json:"took"`
	// Violations are broken promises.
	Violations []string `json:"violations,omitempty"`
}

// Act is a part of the story with its figures.
type Act struct {
	Name       string `json:"name"`
	Gentle     bool   `json:"gentle"`
	Sent       int64  `json:"sent"`
	Accepted   int64  `json:"accepted"`
	Refused    int64  `json:"refused"`
	Unanswered int64  `json:"unanswered"`
	// Last is the last answer that was no 2xx.
	Last   string `json:"last,omitempty"`
	counts *Counts
}

// begin begins a part of the story.
func (f *Figures) begin(a act) *Counts {
	one := &Act{Name: a.name, Gentle: a.gentle, counts: &Counts{}}
	f.Acts = append(f.Acts, one)
	return one.counts
}

// judge reads the counts, and finds broken promises.
func (f *Figures) judge() {
	for _, a := range f.Acts {
		c := a.counts
		a.Sent, a.Accepted, a.Refused, a.Unanswered = c.Sent.Load(), c.Accepted.Load(), c.Refused.Load(), c.Unanswered.Load()
		a.Last = c.last
		if a.Gentle && a.Unanswered+a.Refused > 0 {
			f.violate("%s: %d webhooks were refused and %d got no answer; the last: %s", a.Name, a.Refused, a.Unanswered, a.Last)
		}
	}
	if f.Lost > 0 {
		f.violate("%d accepted webhooks are not known to lifecycle", f.Lost)
	}
	if f.Most > 0 && f.Least < few+1 {
		f.violate("ingest had %d pods while autoscaling was switched on, and %d before", f.Least, few+1)
	}
}

func (f *Figures) violate(format string, args ...any) {
	f.Violations = append(f.Violations, fmt.Sprintf(format, args...))
}

// Print prints the figures as a table.
func (f *Figures) Print(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "sent\taccepted\trefused\tno answer\t")
	for _, a := range f.Acts {
		fmt.Fprintf(t, "%d\t%d\t%d\t%d\t  %s\n", a.Sent, a.Accepted, a.Refused, a.Unanswered, a.Name)
	}
	err := t.Flush()
	_, also := fmt.Fprintf(
		w,
		"%d webhooks, %d known to lifecycle, %d lost; %d decisions delivered; %d to %d pods of ingest "+
			"under the autoscaler; %s\n",
		f.Webhooks,
		f.Facts,
		f.Lost,
		f.Decisions,
		f.Least,
		f.Most,
		f.Took.Round(time.Second),
	)
	for _, v := range f.Violations {
		_, wrong := fmt.Fprintln(w, "violation:", v)
		also = errors.Join(also, wrong)
	}
	return errors.Join(err, also)
}

// settlesWithin bounds the time until everything that was accepted is applied: the one database of the tests, on the
// machine of the load, serves every replica.
const settlesWithin = 10 * time.Minute

// check asks lifecycle for the facts of every person, once the streams are empty.
func (r *run) check(ctx context.Context) error {
	r.logf("check what is known")
	if err := r.decisions(ctx, "after"); err != nil {
		return err
	}
	err := await(ctx, "everything is applied", settlesWithin, func(ctx context.Context) error {
		waiting, err := r.outside.waiting(ctx)
		if err == nil && waiting > 0 {
			err = fmt.Errorf("%d messages wait", waiting)
		}
		return err
	})
	if err != nil {
		return err
	}
	f := &r.figures
	f.Webhooks = r.load.next.Load()
	f.Decisions, _ = r.outside.recipient.received(r.secrets.crm)
	return r.count(ctx)
}

// askers is how many questions are asked at a time.
const askers = 4

// known is the number of facts of a person in lifecycle, which is asked until there is an answer.
func (r *run) known(ctx context.Context, email string) (facts int, err error) {
	err = await(ctx, "lifecycle answers", time.Minute, func(ctx context.Context) (err error) {
		facts, err = known(ctx, http.DefaultClient, r.lifecycle, r.secrets.token, email)
		return err
	})
	return facts, err
}

// count asks about every person, with several questions at a time.
func (r *run) count(ctx context.Context) error {
	f := &r.figures
	persons := make(chan int64)
	var mu sync.Mutex
	var failed error
	var work sync.WaitGroup
	for range askers {
		work.Go(func() {
			for p := range persons {
				facts, err := r.known(ctx, address(p))
				want := min(perPerson, f.Webhooks-p*perPerson)
				mu.Lock()
				failed = errors.Join(failed, err)
				f.Facts += min(int64(facts), want)
				f.Lost += max(0, want-int64(facts))
				mu.Unlock()
			}
		})
	}
	for p := int64(0); p*perPerson < f.Webhooks; p++ {
		persons <- p
	}
	close(persons)
	work.Wait()
	return failed
}
