package background

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// The backoff of a subject whose decisions cannot be published.
const (
	asideFirst = 10 * time.Second
	asideMost  = time.Hour
)

// aside is the subjects whose decisions cannot be published. The map belongs to the holder of Relay.sending.
type aside map[string]*failure

// failure is what is known of such a subject.
type failure struct {
	wait time.Duration
	next time.Time
}

// waits reports whether the next attempt for a subject is not due yet.
func (a aside) waits(subject string) bool {
	f := a[subject]
	return f != nil && time.Now().Before(f.next)
}

// clear forgets a subject after a success and reports whether the subject was set aside.
func (a aside) clear(subject string) bool {
	_, known := a[subject]
	delete(a, subject)
	return known
}

// add schedules the next attempt and reports whether the subject is new.
func (a *aside) add(subject string) bool {
	if *a == nil {
		*a = aside{}
	}
	f, known := (*a)[subject]
	if !known {
		f = &failure{wait: asideFirst / 2}
		(*a)[subject] = f
	}
	f.wait = min(2*f.wait, asideMost)
	f.next = time.Now().Add(f.wait)
	return !known
}

// setAside sets a subject aside and returns the error to be logged; nil for a subject that is known.
func (r *Relay) setAside(ctx context.Context, subject string, cause error) error {
	if !r.aside.add(subject) {
		return nil
	}
	err := fmt.Errorf("subject %s: the decisions cannot be published, and no other subject waits: %w", subject, cause)
	if r.opts.SetAside == nil {
		return err
	}
	return errors.Join(err, r.opts.SetAside(ctx, subject, cause))
}

// forget forgets the subjects that were set aside and have nothing to publish any more: their last write was carried
// out although its answer was lost, or they were merged.
func (r *Relay) forget(ctx context.Context, pending map[string]bool) error {
	r.sending.Lock()
	defer r.sending.Unlock()
	var errs []error
	for id := range r.aside {
		if pending[id] {
			continue
		}
		r.aside.clear(id)
		if r.opts.SetAside != nil {
			errs = append(errs, r.opts.SetAside(ctx, id, nil))
		}
	}
	return errors.Join(errs...)
}

// Retry tries the subjects that are set aside at once.
func (r *Relay) Retry() {
	r.sending.Lock()
	for _, f := range r.aside {
		f.next = time.Time{}
	}
	r.sending.Unlock()
	r.Wake()
}

// Aside is the number of subjects whose decisions cannot be published.
func (r *Relay) Aside() int {
	r.sending.Lock()
	defer r.sending.Unlock()
	return len(r.aside)
}
