package console

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// The limits of long work.
const (
	worksRunning = 3
	worksKept    = 24
	workKept     = 2 * time.Hour
	// maxLine bounds a line of an answer, which holds the result.
	maxLine = 16 << 20
)

// work is a long answer of the interface that goes on while a page shows its progress. A person sees their own alone.
type work struct {
	id, kind, by string
	began        time.Time

	mu          sync.Mutex
	done, total int64
	result      []byte // the last line
	failed      error
	ended       bool
}

// workState is how far work is.
type workState struct {
	ID          string
	Done, Total int64
	// Percent is from 0 to 100.
	Percent int64
	Ended   bool
	Failed  string
}

// state returns how far the work is; fail says an error in the language of the reader.
func (w *work) state(fail func(error) string) workState {
	w.mu.Lock()
	defer w.mu.Unlock()
	out := workState{ID: w.id, Done: w.done, Total: w.total, Ended: w.ended}
	if w.total > 0 {
		out.Percent = min(100, 100*w.done/w.total)
	}
	if w.failed != nil {
		out.Failed = fail(w.failed)
	}
	return out
}

// works are the long works of a console.
type works struct {
	api *api
	now func() time.Time
	ctx context.Context //nolint:containedctx // the life of the works, which outlive a request

	mu   sync.Mutex
	list []*work
	done sync.WaitGroup
	stop context.CancelFunc
}

func newWorks(a *api, now func() time.Time) *works {
	w := &works{api: a, now: now}
	w.ctx, w.stop = context.WithCancel(context.Background())
	return w
}

// close ends all works.
func (w *works) close() {
	w.stop()
	w.done.Wait()
}

// errBusy means that enough works are running.
var errBusy = &refusal{Status: http.StatusTooManyRequests}

// start asks the interface, and reads the answer in the background: one JSON object a line, with persons and total, the
// last with the result. It returns the id of the work.
func (w *works) start(ctx context.Context, by, kind, method, path string, value any) (string, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	running := 0
	w.list = slices.DeleteFunc(w.list, func(old *work) bool {
		old.mu.Lock()
		defer old.mu.Unlock()
		if !old.ended {
			running++
		}
		return old.ended && w.now().Sub(old.began) > workKept
	})
	if running >= worksRunning || len(w.list) >= worksKept && running > 0 {
		return "", errBusy
	}
	if len(w.list) >= worksKept {
		w.list = w.list[1:]
	}
	job := &work{id: strings.ToLower(rand.Text()), kind: kind, by: by, began: w.now()}
	w.list = append(w.list, job)
	ctx = context.WithValue(w.ctx, actorKey{}, ctx.Value(actorKey{}))
	w.done.Go(func() { w.run(ctx, job, method, path, value) })
	return job.id, nil
}

// run reads the answer of the interface to its end.
func (w *works) run(ctx context.Context, job *work, method, path string, value any) {
	err := func() error {
		res, err := w.api.do(ctx, w.api.following, method, path, value)
		if err != nil {
			return err
		}
		defer func() { _ = res.Body.Close() }() // read to the end, or given up
		lines := bufio.NewScanner(res.Body)
		lines.Buffer(nil, maxLine)
		for lines.Scan() {
			if err := job.note(lines.Bytes()); err != nil {
				return err
			}
		}
		return lines.Err()
	}()
	job.mu.Lock()
	defer job.mu.Unlock()
	job.failed, job.ended = err, true
}

func (w *work) note(line []byte) error {
	var at struct {
		Persons int64 `json:"persons"`
		Total   int64 `json:"total"`
	}
	if err := json.Unmarshal(line, &at); err != nil {
		return fmt.Errorf("read the answer of the interface: %w", err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.done, w.total, w.result = at.Persons, at.Total, bytes.Clone(line)
	return nil
}

// of returns the work of a person by its kind and id; nil for none.
func (w *works) of(by, kind, id string) *work {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := slices.IndexFunc(w.list, func(j *work) bool { return j.id == id && j.kind == kind && j.by == by })
	if n < 0 {
		return nil
	}
	return w.list[n]
}

// read decodes the result; false while there is none.
func (w *work) read(into any) (bool, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.ended || w.failed != nil {
		return false, nil
	}
	if err := json.Unmarshal(w.result, into); err != nil {
		return false, fmt.Errorf("read the answer of the interface: %w", err)
	}
	return true, nil
}

// workOf returns the work that the path names.
func (v *visit) workOf(kind string) (*work, error) {
	w := v.works.of(v.actor(), kind, v.r.PathValue("work"))
	if w == nil {
		return nil, &refusal{Status: http.StatusNotFound, Detail: v.say("work_gone")}
	}
	return w, nil
}

// startWork starts work of the reader.
func (v *visit) startWork(kind, method, path string, value any) (string, error) {
	id, err := v.works.start(v.r.Context(), v.actor(), kind, method, path, value)
	if err == errBusy { //nolint:errorlint // our own value
		err = &refusal{Status: http.StatusTooManyRequests, Detail: v.say("work_busy")}
	}
	return id, err
}

// sayError is an error as a sentence.
func (v *visit) sayError(err error) string {
	if r, ok := err.(*refusal); ok { //nolint:errorlint // the api returns the type itself
		return r.Detail
	}
	v.opts.Log.Error("long work of the console failed", "error", err)
	return v.say("broken")
}
