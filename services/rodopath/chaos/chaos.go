// Package chaos injects faults into a whole installation under load, and checks that no webhook is
// lost and no undue decision is sent. Servers and services are processes, which are killed, frozen
// and disconnected; the clock steps; the recipient fails and hangs. Webhooks follow random stories,
// and the due decisions about each person are known in advance.
package chaos

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/internal/loop"
)

// Options configure a run.
type Options struct {
	// Seed draws the stories and the faults; 0 means one of the clock.
	Seed uint64
	// Rounds is how many rounds there are; 0 means 200.
	Rounds int
	// Persons is how many begin a story in each round; 0 means 5.
	Persons int
	// Segment is after how many rounds time passes and everything is checked; 0 means 25.
	Segment int
	// Faults are the names of the faults to draw from; empty means all of them, the usual ones more often.
	Faults []string
	// MongoDB is the URI of the server that keeps the subjects, or StandIn; empty means SQLite.
	MongoDB string
	// Dir is where everything is kept, logs and the record too; empty means a directory
	// that is removed when nothing is wrong.
	Dir string
	// Progress gets a line now and then.
	Progress io.Writer
}

const (
	defaultRounds  = 200
	defaultPersons = 5
	defaultSegment = 25
	// roundTime is the duration of a round.
	roundTime = 1200 * time.Millisecond
	// settleWithin bounds the time until every queue is empty after the faults.
	settleWithin = 3 * time.Minute
	// healStep makes good for steps backwards.
	healStep = 5 * time.Minute
	// strides are the steps of the clock at the end of a segment, in months: together longer than
	// every period of the stories, and each shorter than the retention of notices by lifecycle.
	strides, stride = 3, 33
)

// run is one run.
type run struct {
	Options
	stage   *stage
	traffic *traffic
	rng     *rand.Rand
	zone    *time.Location
	record  *Record
	figures *Figures
	// first is the first person of the segment.
	first int

	mu sync.Mutex // guards persons for the recipient, and recoveries
	// persons are the persons of the record, by number.
	persons    map[int]*Person
	recoveries []time.Duration
	under      sync.WaitGroup
}

// Run runs the rounds and returns the figures. An error means that the run itself failed;
// violations are in the figures.
func Run(ctx context.Context, opts Options) (f *Figures, err error) {
	r, err := newRun(opts)
	if err != nil {
		return nil, err
	}
	r.logf("seed %d, %d rounds, in %s", r.Seed, r.Rounds, r.Dir)
	if r.stage, err = setUp(ctx, r.Dir, r.MongoDB, r.MongoDB == "" && r.Seed%2 == 1, r.answer); err != nil {
		return nil, err
	}
	r.traffic = &traffic{
		base:   "http://" + r.stage.answering[partIngest],
		secret: r.stage.secret,
		clock:  r.stage.clock,
		client: r.stage.client,
	}
	ctx, stop := context.WithCancel(ctx)
	began := time.Now()
	defer func() {
		stop()
		r.traffic.under.Wait()
		r.under.Wait()
		r.stage.close()
	}()
	for n := 1; n <= r.Rounds && ctx.Err() == nil; n++ {
		if err := r.round(ctx, n); err != nil {
			return nil, fmt.Errorf("round %d: %w", n, err)
		}
		if n%r.Segment != 0 && n != r.Rounds {
			continue
		}
		if err := r.checkpoint(ctx, n); err != nil {
			return nil, fmt.Errorf("after round %d: %w", n, err)
		}
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	r.figures.Took = time.Since(began)
	r.sum()
	return r.figures, r.keep(opts.Dir == "")
}

func newRun(opts Options) (*run, error) {
	if opts.Seed == 0 {
		opts.Seed = uint64(time.Now().UnixNano()) % 1e9
	}
	for _, d := range []struct {
		value *int
		or    int
	}{{&opts.Rounds, defaultRounds}, {&opts.Persons, defaultPersons}, {&opts.Segment, defaultSegment}} {
		if *d.value == 0 {
			*d.value = d.or
		}
	}
	if len(opts.Faults) == 0 {
		opts.Faults = slices.DeleteFunc(
			faultNames(),
			func(name string) bool {
				return opts.MongoDB == "" && isOfDatabase(name) || opts.MongoDB != StandIn && isOfStandIn(name)
			},
		)
	}
	for _, name := range opts.Faults {
		if !slices.Contains(faultNames(), name) {
			return nil, fmt.Errorf("there is no fault %q", name)
		}
	}
	if opts.Progress == nil {
		opts.Progress = io.Discard
	}
	zone, err := time.LoadLocation("Europe/Warsaw")
	if err != nil {
		return nil, err
	}
	if opts.Dir == "" {
		opts.Dir, err = os.MkdirTemp("", "rodopath-chaos-")
	} else {
		err = os.MkdirAll(opts.Dir, 0o700)
	}
	return &run{
		Options: opts, zone: zone, rng: rand.New(rand.NewPCG(opts.Seed, 1)), //nolint:gosec // drawn again under the same seed
		record:  &Record{Seed: opts.Seed, Known: map[int]Known{}, Decisions: map[string]*Decided{}},
		persons: map[int]*Person{}, figures: newFigures(opts.Seed, opts.Rounds),
	}, err
}

func (r *run) logf(format string, args ...any) {
	fmt.Fprintf(r.Progress, time.Now().Format("15:04:05 ")+format+"\n", args...)
}

// answer is the person's answer to the question.
func (r *run) answer(number int) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	if p := r.persons[number]; p != nil {
		return p.Answer
	}
	return stream.OutcomeNoAnswer
}

// round sends the webhooks of some stories and injects a fault meanwhile.
func (r *run) round(ctx context.Context, n int) error {
	began := time.Now()
	for range r.Persons {
		all := stories()
		r.schedule(ctx, r.begin(n, all[r.rng.IntN(len(all))]))
	}
	faults := drawFaults(r.rng, roundTime, r.Faults)
	failed := make(chan error, len(faults))
	for _, f := range faults {
		r.figures.Faults[f.name]++
		inflict := r.inflict(ctx, f, n)
		r.under.Go(func() {
			loop.Sleep(ctx, f.after)
			struck := time.Now()
			err := inflict()
			if f.step == 0 {
				r.recovered(ctx, struck)
			}
			failed <- err
		})
	}
	loop.Sleep(ctx, roundTime-time.Since(began))
	if n%10 == 0 {
		r.logf(
			"round %d: %d webhooks sent, %d answered 2xx, %d decisions told",
			n,
			r.traffic.sent.Load(),
			r.traffic.taken.Load(),
			r.webhookCount(),
		)
	}
	select {
	case err := <-failed:
		return err
	default:
		return nil
	}
}

// inflict returns how a fault is injected. The person of the fault is drawn at once.
func (r *run) inflict(ctx context.Context, f fault, round int) func() error {
	switch f.name {
	case damagedPerson:
		p := r.begin(round, story{f.name, (*builder).damaged})
		return func() error { return r.damage(ctx, f, p) }
	case hotPerson:
		r.schedule(ctx, r.begin(round, story{f.name, (*builder).hot}))
		return func() error { return nil }
	}
	return func() error { return r.stage.inflict(ctx, f) }
}

func (r *run) webhookCount() int {
	r.stage.recipient.mu.Lock()
	defer r.stage.recipient.mu.Unlock()
	return len(r.stage.recipient.told)
}

// recovered measures the time until all services are ready again.
func (r *run) recovered(ctx context.Context, struck time.Time) {
	if r.stage.awaitReady(ctx, settleWithin) != nil {
		return // the checkpoint will complain
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.recoveries = append(r.recoveries, time.Since(struck))
}

// begin begins a story of a new person.
func (r *run) begin(round int, of story) *Person {
	p := build(r.rng, of, len(r.record.Persons)+1, round, r.stage.clock.now(), r.zone)
	r.record.Persons = append(r.record.Persons, p)
	r.mu.Lock()
	r.persons[p.Number] = p
	r.mu.Unlock()
	return p
}

// schedule sends the webhooks of a person: each one to three times, late, and in any order.
func (r *run) schedule(ctx context.Context, p *Person) {
	for i := range p.Webhooks {
		delays := make([]time.Duration, 1+r.rng.IntN(3))
		for j := range delays {
			delays[j] = time.Duration(r.rng.Int64N(int64(3 * roundTime)))
		}
		r.traffic.schedule(ctx, &p.Webhooks[i], fmt.Sprintf("msg-%d-%d", p.Number, i), delays, r.rng.IntN(2) == 0)
	}
}

// checkpoint waits for empty queues, advances the clock by years, and checks.
func (r *run) checkpoint(ctx context.Context, n int) error {
	r.under.Wait()
	if err := r.retry(ctx, n); err != nil {
		return err
	}
	// Undoes a backward step, so that no deadline lies in the future.
	if err := r.stage.clock.step(healStep); err != nil {
		return err
	}
	if err := r.settle(ctx, n); err != nil {
		return err
	}
	if err := r.meet(ctx); err != nil {
		return err
	}
	// Confirmed decisions expire in the following years.
	if err := r.collect(ctx); err != nil {
		return err
	}
	for range strides {
		now := r.stage.clock.now()
		if err := r.stage.clock.step(now.AddDate(0, stride, 0).Sub(now)); err != nil {
			return err
		}
		r.figures.ClockSteps++
		if err := r.settle(ctx, n); err != nil {
			return err
		}
		if err := r.collect(ctx); err != nil {
			return err
		}
	}
	if n, err := r.stage.journals(ctx); err != nil {
		return fmt.Errorf("verify the journals: %w", err)
	} else if n > 0 {
		r.complain(Violation{What: "the journals have faults", Round: n, Detail: strconv.Itoa(n)})
	}
	found := Check(r.record)
	r.logf(
		"round %d: %d persons and %d decisions checked, %d violations",
		n,
		len(r.record.Persons),
		len(r.record.Decisions),
		len(found)+len(r.figures.Others),
	)
	for _, v := range found {
		if v.Person > r.first {
			r.logf("  %s", v)
		}
	}
	if len(found) > 0 {
		if err := r.record.write(filepath.Join(r.Dir, "record.json")); err != nil {
			return err
		}
	}
	r.first = len(r.record.Persons)
	return nil
}

// retry tries what is in the quarantine again, once every queue is empty.
func (r *run) retry(ctx context.Context, n int) error {
	if r.figures.Faults[damagedPerson] == 0 {
		return nil
	}
	if err := r.settle(ctx, n); err != nil {
		return err
	}
	return r.stage.retryQuarantined(ctx)
}

func (r *run) complain(v Violation) {
	v.Seed = r.Seed
	r.figures.Others = append(r.figures.Others, v)
}

// settle waits until nothing waits anywhere, twice in a row.
func (r *run) settle(ctx context.Context, n int) error {
	quiet, last, began := 0, "", time.Now()
	for time.Since(began) < settleWithin {
		if open := r.traffic.open.Load(); open > 0 {
			last = fmt.Sprintf("%d webhooks are not answered 2xx", open)
		} else {
			last = r.stage.unsettled(ctx)
		}
		if last == "" {
			quiet++
		} else {
			quiet = 0
		}
		if quiet == 2 {
			r.figures.settled(time.Since(began))
			return nil
		}
		if !loop.Sleep(ctx, 250*time.Millisecond) {
			return ctx.Err()
		}
	}
	r.complain(Violation{What: "it does not settle", Round: n, Detail: last})
	return nil
}

// meet asks lifecycle about everybody of the segment.
func (r *run) meet(ctx context.Context) error {
	for _, p := range r.record.Persons[r.first:] {
		k, err := r.stage.known(ctx, p.Number)
		for try := 1; err != nil && try < tries && loop.Sleep(ctx, time.Second); try++ {
			k, err = r.stage.known(ctx, p.Number)
		}
		if err != nil {
			return fmt.Errorf("ask about person %d: %w", p.Number, err)
		}
		r.record.Known[p.Number] = k
	}
	return nil
}

// tries bounds the attempts of the run itself.
const tries = 10

// collect adds the newly published decisions and their outcomes.
func (r *run) collect(ctx context.Context) (err error) {
	for range tries {
		if err = r.collectOnce(ctx); err == nil || !loop.Sleep(ctx, time.Second) {
			return err
		}
	}
	return err
}

func (r *run) collectOnce(ctx context.Context) error {
	noted, err := r.stage.noted(ctx)
	if err != nil {
		return fmt.Errorf("ask what was confirmed: %w", err)
	}
	subjects := map[string]int{}
	for number, k := range r.record.Known {
		subjects[k.Subject] = number
	}
	add := func(e *stream.Event) *Decided {
		d := r.record.Decisions[e.ID]
		if d == nil {
			d = &Decided{
				ID:        e.ID,
				Kind:      string(e.Data.Kind),
				Person:    numberOf(e),
				Subject:   e.Subject,
				At:        e.Time,
				Effective: e.Data.Effective,
			}
			if d.Person == 0 {
				d.Person = subjects[e.Subject]
			}
			if e.Data.Delete != nil {
				for _, i := range e.Data.Delete.Items {
					d.Items, d.Refs = append(d.Items, i.Category), append(d.Refs, i.Ref)
				}
			}
			r.record.Decisions[e.ID] = d
		}
		return d
	}
	visit := func(e *stream.Event) {
		if of := e.Data.Retract; of != nil {
			if d := r.record.Decisions[of.Decision]; d != nil && of.Whole {
				d.Withdrawn = true
			}
			return
		}
		n, ok := noted[e.ID]
		d := add(e)
		d.Withdrawn = d.Withdrawn || ok && n.withdrawn() // the notice of a closed decision ends with time
	}
	if err := r.stage.published(ctx, visit); err != nil {
		return err
	}
	crm := r.stage.recipient
	crm.mu.Lock()
	defer crm.mu.Unlock()
	for id, e := range crm.told {
		if e.Data.Retract != nil {
			continue
		}
		d := add(e)
		d.Told, d.Said = true, crm.said[id]
		// The outcome at an earlier checkpoint is kept, because lifecycle expires its notices.
		if n, ok := noted[id]; ok {
			d.Noted = n.outcome
			d.Late = !n.retracted.IsZero() && crm.did[id].After(n.retracted.Add(callTime))
		}
	}
	return nil
}

// sum puts the figures together.
func (r *run) sum() {
	f, s, crm := r.figures, r.traffic, r.stage.recipient
	f.Sent, f.Taken, f.Refused, f.Repeated = s.sent.Load(), s.taken.Load(), s.refused.Load(), s.repeated.Load()
	f.Persons, f.Decisions = len(r.record.Persons), len(r.record.Decisions)
	for _, k := range r.record.Known {
		f.Facts += k.Facts
		if k.Subject != "" {
			f.Subjects++
		}
	}
	for _, p := range r.record.Persons {
		f.Webhooks += len(p.Webhooks)
		f.Stories[p.Story]++
		if !p.sure() {
			f.Unsure++
		}
	}
	for _, p := range append(r.stage.services, r.stage.nodes...) {
		f.Kills[p.name] = p.kills.Load()
		f.Ended[p.name] = p.ends.Load()
	}
	crm.mu.Lock()
	f.Told, f.Calls, f.Receipts, f.ReceiptsTwice, f.Forged = len(crm.told), crm.calls, crm.receipts, crm.twice, crm.forged
	for _, refusal := range crm.refusals {
		r.complain(Violation{What: "a receipt was refused", Detail: refusal})
	}
	crm.mu.Unlock()
	if lines, err := r.stage.breakdowns(); err != nil {
		r.complain(Violation{What: "the logs cannot be read", Detail: err.Error()})
	} else {
		for _, line := range lines {
			r.complain(Violation{What: "a service broke down", Detail: line})
		}
	}
	r.mu.Lock()
	slices.Sort(r.recoveries)
	f.recovered(r.recoveries)
	r.mu.Unlock()
	f.Violations = append(Check(r.record), f.Others...)
}

// keep writes the record after a violation, and otherwise removes the files of the run.
func (r *run) keep(temporary bool) error {
	if len(r.figures.Violations) == 0 && temporary {
		return os.RemoveAll(r.Dir)
	}
	return errors.Join(r.record.write(filepath.Join(r.Dir, "record.json")), nil)
}
