package console

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// The limits of long work, over all replicas.
const (
	worksRunning = 3
	worksKept    = 24
	workKept     = 2 * time.Hour
	// maxLine bounds a line of an answer, which holds the result.
	maxLine = 16 << 20
	// workBeat is how often the progress is stored, and workSilence how long nothing is stored before the work counts as
	// interrupted: the clocks of replicas may differ by some seconds.
	workBeat    = time.Second
	workSilence = 30 * time.Second
	// workEnd bounds the wait for the store at the end of a work, and workTries is how often its end is stored.
	workEnd   = 5 * time.Second
	workTries = 5
)

// work is a long answer of the interface that goes on while a page shows its progress, as all replicas store it: the
// result apart. A person sees their own alone.
type work struct {
	ID    string    `json:"id"`
	Kind  string    `json:"kind"`
	By    string    `json:"by"`
	Began time.Time `json:"began"`
	// Beat is when the replica that works was last heard of.
	Beat  time.Time `json:"beat"`
	Done  int64     `json:"done"`
	Total int64     `json:"total"`
	Ended bool      `json:"ended"`
	// Parts is the number of records with the result; 0 without one.
	Parts int `json:"parts"`
	// Interrupted reports whether the work ended without a result, and Refused is what the interface said.
	Interrupted bool     `json:"interrupted"`
	Refused     *refusal `json:"refused,omitempty"`
}

// The prefixes of the names of the records of works and of the parts of their results.
const (
	workPrefix   = "work."
	resultPrefix = "result."
)

// isSilent reports whether the replica that works is gone.
func (w *work) isSilent(now time.Time) bool { return !w.Ended && now.Sub(w.Beat) > workSilence }

// isRunning reports whether a replica works.
func (w *work) isRunning(now time.Time) bool { return !w.Ended && !w.isSilent(now) }

// workState is how far work is.
type workState struct {
	ID          string
	Done, Total int64
	// Percent is from 0 to 100.
	Percent int64
	Ended   bool
	Failed  string
}

// stateOfWork returns how far work is, in the language of the reader.
func (v *visit) stateOfWork(w *work) workState {
	out := workState{ID: w.ID, Done: w.Done, Total: w.Total, Ended: w.Ended}
	if w.Total > 0 {
		out.Percent = min(100, 100*w.Done/w.Total)
	}
	switch {
	case w.Refused != nil:
		out.Failed = v.sayRefusal(w.Refused)
	case w.Interrupted, w.isSilent(v.opts.Now()):
		out.Failed, out.Ended = v.say("work_interrupted"), true
	}
	return out
}

// works are the long works of all replicas. Those that this process does end with the process.
type works struct {
	api *api
	now func() time.Time
	log *slog.Logger
	ctx context.Context //nolint:containedctx // the life of the works, which outlive a request

	done sync.WaitGroup
	stop context.CancelFunc
}

func newWorks(a *api, now func() time.Time, log *slog.Logger) *works {
	w := &works{api: a, now: now, log: log}
	w.ctx, w.stop = context.WithCancel(context.Background())
	return w
}

// close ends all works of this process, which are interrupted.
func (w *works) close() {
	w.stop()
	w.done.Wait()
}

// errBusy means that enough works are running.
var errBusy = &refusal{Status: http.StatusTooManyRequests}

// start asks the interface, and reads the answer in the background: one JSON object a line, with persons and total, the
// last with the result. It returns the id of the work.
func (w *works) start(ctx context.Context, by, kind, method, path string, value any) (string, error) {
	if err := w.makeRoom(ctx); err != nil {
		return "", err
	}
	now := w.now().UTC()
	job := &job{work: work{ID: strings.ToLower(rand.Text()), Kind: kind, By: by, Began: now, Beat: now}}
	if err := job.store(ctx, w.api); err != nil {
		return "", err
	}
	ctx = context.WithValue(w.ctx, actorKey{}, ctx.Value(actorKey{}))
	w.done.Go(func() { w.run(ctx, job, method, path, value) })
	return job.ID, nil
}

// makeRoom removes works that are over. The error is errBusy while enough of them run.
func (w *works) makeRoom(ctx context.Context) error {
	list, err := listRecords[work](ctx, w.api, workPrefix)
	if err != nil {
		return err
	}
	running, now := 0, w.now()
	slices.SortFunc(list, func(a, b work) int { return cmp.Or(b.Began.Compare(a.Began), cmp.Compare(a.ID, b.ID)) })
	for i := range list {
		old := &list[i]
		if old.isRunning(now) {
			running++
			continue
		}
		if i < worksKept-1 && now.Sub(old.Began) < workKept {
			continue
		}
		if err := w.drop(ctx, old); err != nil {
			return err
		}
	}
	if running >= worksRunning {
		return errBusy
	}
	return nil
}

// drop removes a work with its result.
func (w *works) drop(ctx context.Context, old *work) error {
	for i := range old.Parts {
		if err := w.api.dropRecord(ctx, partOf(old.ID, i)); err != nil {
			return err
		}
	}
	return w.api.dropRecord(ctx, workPrefix+old.ID)
}

// job is a work that this process does.
type job struct {
	mu sync.Mutex
	work

	// revision is that of the record, and result the line with the result.
	revision uint64
	result   []byte
}

// store stores the state, also on a revision that an earlier answer did not tell.
func (j *job) store(ctx context.Context, a *api) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	name := workPrefix + j.ID
	next, err := storeRecord(ctx, a, name, &j.work, j.revision)
	if errors.Is(err, errConflict) { // nobody else writes the record: an answer was lost
		if _, j.revision, err = readRecord[work](ctx, a, name); err == nil {
			next, err = storeRecord(ctx, a, name, &j.work, j.revision)
		}
	}
	if err == nil {
		j.revision = next
	}
	return err
}

// run reads the answer of the interface to its end, and stores the progress meanwhile.
func (w *works) run(ctx context.Context, j *job, method, path string, value any) {
	stopped := make(chan struct{})
	var beats sync.WaitGroup
	beats.Go(func() { w.beat(ctx, j, stopped) })
	err := w.follow(ctx, j, method, path, value)
	close(stopped)
	beats.Wait()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), workEnd)
	defer cancel()
	w.end(ctx, j, err)
}

// beat stores the progress again and again.
func (w *works) beat(ctx context.Context, j *job, stopped <-chan struct{}) {
	tick := time.NewTicker(workBeat)
	defer tick.Stop()
	for {
		select {
		case <-stopped:
			return
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		j.mu.Lock()
		j.Beat = w.now().UTC()
		j.mu.Unlock()
		if err := j.store(ctx, w.api); err != nil && ctx.Err() == nil {
			w.log.Warn("the progress of long work cannot be stored", "error", err)
		}
	}
}

// errCutShort means that the answer of the interface ended without a result.
var errCutShort = errors.New("the answer of the interface ended without a result")

// follow reads the answer of the interface.
func (w *works) follow(ctx context.Context, j *job, method, path string, value any) error {
	res, err := w.api.do(ctx, w.api.following, method, path, value)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }() // read to the end, or given up
	lines := bufio.NewScanner(res.Body)
	lines.Buffer(nil, maxLine)
	for lines.Scan() {
		if err := j.note(lines.Bytes()); err != nil {
			return err
		}
	}
	if err := lines.Err(); err != nil {
		return err
	}
	if j.result == nil {
		return errCutShort
	}
	return nil
}

// note reads a line of the answer.
func (j *job) note(line []byte) error {
	var at struct {
		Persons int64           `json:"persons"`
		Total   int64           `json:"total"`
		Result  json.RawMessage `json:"result"`
		Report  json.RawMessage `json:"report"`
	}
	if err := json.Unmarshal(line, &at); err != nil {
		return fmt.Errorf("read the answer of the interface: %w", err)
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.Done, j.Total = at.Persons, at.Total
	if at.Result != nil || at.Report != nil {
		j.result = bytes.Clone(line)
	}
	return nil
}

// end stores how a work ended: with its result, with what the interface said, or interrupted.
func (w *works) end(ctx context.Context, j *job, failure error) {
	if failure == nil {
		j.Parts, failure = w.storeResult(ctx, j.ID, j.result)
	}
	j.Ended, j.Beat = true, w.now().UTC()
	if failure != nil && !errors.As(failure, &j.Refused) {
		j.Interrupted = true
		w.log.Error("long work of the console was interrupted", "kind", j.Kind, "error", failure)
	}
	for range workTries {
		err := j.store(ctx, w.api)
		if err == nil {
			return
		}
		w.log.Warn("the end of long work cannot be stored", "error", err)
		select {
		case <-ctx.Done():
			return
		case <-time.After(workBeat):
		}
	}
}

// of returns the work of a person by its kind and id; nil for none.
func (w *works) of(ctx context.Context, by, kind, id string) (*work, error) {
	job, revision, err := readRecord[work](ctx, w.api, workPrefix+id)
	if err != nil || revision == 0 || job.Kind != kind || job.By != by || w.now().Sub(job.Began) > workKept {
		return nil, err
	}
	return &job, nil
}

// workOf returns the work that the path names.
func (v *visit) workOf(kind string) (*work, error) {
	w, err := v.works.of(v.r.Context(), v.actor(), kind, v.r.PathValue("work"))
	if err == nil && w == nil {
		err = &refusal{Status: http.StatusNotFound, Detail: v.say("work_gone")}
	}
	return w, err
}

// startWork starts work of the reader.
func (v *visit) startWork(kind, method, path string, value any) (string, error) {
	id, err := v.works.start(v.r.Context(), v.actor(), kind, method, path, value)
	if err == errBusy { //nolint:errorlint // our own value
		err = &refusal{Status: http.StatusTooManyRequests, Detail: v.say("work_busy")}
	}
	return id, err
}
