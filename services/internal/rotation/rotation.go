// Package rotation replaces what is made of secrets once a secret changes: Kubernetes replaces the files of a Secret in
// a running pod, and an owner replaces a file beside the configuration.
package rotation

import (
	"cmp"
	"context"
	"crypto/sha256"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/rodopath/rodopath/services/internal/config"
	"github.com/rodopath/rodopath/services/internal/loop"
)

// DefaultEvery is the interval between two looks at the files.
const DefaultEvery = 2 * time.Second

// Watch looks at the files of secrets. The zero value is not usable; see New.
type Watch struct {
	config *config.Config
	every  time.Duration
	log    *slog.Logger
	values []*followed
}

// followed is a value of which a Watch looks at the files.
type followed struct {
	name       string
	references []string
	seen       fingerprint
	renew      func() error
	// complaint is the last error, which is logged once.
	complaint string
}

// fingerprint identifies the texts of secrets.
type fingerprint [sha256.Size]byte

// New returns a watch over the files to which a configuration refers, with an interval between two looks; 0 means
// DefaultEvery. A nil log discards everything.
func New(c *config.Config, every time.Duration, log *slog.Logger) *Watch {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &Watch{config: c, every: cmp.Or(every, DefaultEvery), log: log}
}

// Value is a value that is made of secrets. A Value is safe for concurrent use.
type Value[T any] struct{ current atomic.Pointer[T] }

// Get returns the value that was made last.
func (v *Value[T]) Get() T { return *v.current.Load() }

// Follow makes a value, and makes the value anew when a file among the references has another content. The name is that
// of the value in the log, such as "source shop". A value that cannot be made anew stays as it is, and the next look
// tries again. Follow is called before Run.
func Follow[T any](w *Watch, name string, references []string, build func() (T, error)) (*Value[T], error) {
	v := &Value[T]{}
	f := &followed{name: name, renew: func() error {
		made, err := build()
		if err == nil {
			v.current.Store(&made)
		}
		return err
	}}
	for _, r := range references {
		if _, ok := w.config.SecretFile(r); ok {
			f.references = append(f.references, r)
		}
	}
	// The files are read before the value is made: a change in between is seen by the next look.
	seen, unread := w.read(f.references)
	f.seen = seen
	if err := f.renew(); err != nil {
		return nil, err
	}
	if unread != nil {
		return nil, unread
	}
	if len(f.references) > 0 {
		w.values = append(w.values, f)
	}
	return v, nil
}

// read returns the fingerprint of secrets.
func (w *Watch) read(references []string) (fingerprint, error) {
	h := sha256.New()
	for _, r := range references {
		text, err := w.config.Secret(r)
		if err != nil {
			return fingerprint{}, err
		}
		one := sha256.Sum256([]byte(text))
		h.Write(one[:])
	}
	return fingerprint(h.Sum(nil)), nil
}

// Run looks at the files until the context ends.
func (w *Watch) Run(ctx context.Context) {
	for len(w.values) > 0 && loop.Sleep(ctx, w.every) {
		w.Look()
	}
}

// Look looks at the files once and makes every value anew whose secrets changed.
func (w *Watch) Look() {
	for _, f := range w.values {
		w.look(f)
	}
}

func (w *Watch) look(f *followed) {
	now, err := w.read(f.references)
	if err == nil && now == f.seen {
		f.complaint = ""
		return
	}
	if err == nil {
		err = f.renew()
	}
	if err != nil {
		if f.complaint != err.Error() {
			f.complaint = err.Error()
			w.log.Error("a changed secret cannot be used; the former secret stays in force", "of", f.name, "error", err)
		}
		return
	}
	f.seen, f.complaint = now, ""
	w.log.Info("a changed secret is in force", "of", f.name)
}
