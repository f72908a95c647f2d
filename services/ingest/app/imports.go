package app

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/ingest"
	"github.com/rodopath/rodopath/services/ingest/backfill"
	"github.com/rodopath/rodopath/services/ingest/imports"
	"github.com/rodopath/rodopath/services/internal/config"
	"github.com/rodopath/rodopath/services/internal/connection"
	"github.com/rodopath/rodopath/services/internal/dryrun"
	"github.com/rodopath/rodopath/services/platforms/access"
	"github.com/rodopath/rodopath/services/platforms/history"
	"github.com/rodopath/rodopath/services/platforms/history/file"
	mailerlitehistory "github.com/rodopath/rodopath/services/platforms/mailerlite/history"
	stripehistory "github.com/rodopath/rodopath/services/platforms/stripe/history"
	woocommercehistory "github.com/rodopath/rodopath/services/platforms/woocommerce/history"
)

// newImports makes what carries out the orders of imports.
func (a *App) newImports(
	opts Options, past *ingest.History, js jetstream.JetStream, book *connection.Book, kept *dryrun.Facts,
) *imports.Runner {
	var sources []imports.Source
	for i := range opts.Config.Sources {
		s := &opts.Config.Sources[i]
		sources = append(sources, imports.Source{
			ID: s.ID,
			Open: func(order connection.ImportOrder, waiting func(time.Duration, error)) (history.Reader, error) {
				if order.File != "" {
					return FileReader(s, order.FileName, order.Map, order.Set, func(ctx context.Context) (io.ReadCloser, error) {
						return book.OpenFile(ctx, order.File)
					})
				}
				return HistoryReader(opts.Config, s, history.Options{Since: order.Since, Waiting: waiting, Now: opts.Now})
			},
			Listed: func(product string) bool { _, ok := s.Products[product]; return ok },
		})
	}
	return imports.New(imports.Options{
		Sources: sources, Server: teller{past}, Notes: book, DropFile: book.DropFile, DropFacts: kept.Drop,
		Tick:      opts.ImportTick,
		Forwarded: func(ctx context.Context) (uint64, bool, error) { return a.forwarded(ctx, js) },
		Now:       opts.Now, Log: opts.Log.With("loop", "imports"),
	})
}

// forwarded returns the number of the last message of the stream of facts once the log is empty.
func (a *App) forwarded(ctx context.Context, js jetstream.JetStream) (until uint64, done bool, err error) {
	if !a.Settled() {
		return 0, false, nil
	}
	s, err := js.Stream(ctx, stream.Facts)
	if err != nil {
		return 0, false, fmt.Errorf("read the stream of facts: %w", err)
	}
	return s.CachedInfo().State.LastSeq, true, nil
}

// teller hands the objects of a history to this process.
type teller struct{ past *ingest.History }

// Tell implements backfill.Server.
func (t teller) Tell(
	ctx context.Context, source string, how backfill.Telling, objects []history.Object,
) (told backfill.Told, err error) {
	list := make([]ingest.PastObject, len(objects))
	for i := range objects {
		list[i] = ingest.PastObject{Header: objects[i].Header, Body: objects[i].Body}
	}
	facts, err := t.past.Tell(ctx, source, ingest.Telling(how), list)
	if err != nil {
		return told, err
	}
	told = backfill.Told{
		Facts:   facts.Facts,
		Kinds:   facts.Kinds,
		Silent:  facts.Silent,
		Persons: facts.Persons,
		Unkept:  facts.Unkept,
	}
	for _, f := range facts.Faults {
		told.Faults = append(told.Faults, backfill.Fault{Index: f.Index, Reason: f.Reason})
	}
	return told, nil
}

// HistoryReader makes the reader of the platform of a source, with the access of the configuration.
func HistoryReader(conf *config.Config, s *config.Source, o history.Options) (history.Reader, error) {
	if s.Read == (config.Read{}) {
		return nil, imports.ErrNoAccess
	}
	key, err := conf.Secret(s.Read.Key)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", imports.ErrKey, err)
	}
	o.URL, o.Key, o.AllowPrivate, o.Groups = s.Read.URL, key, s.Read.AllowPrivate, s.Groups
	o.PerSecond = float64(s.Read.PerSecond)
	return access.History(s.Platform, o)
}

// FileReader makes the reader of a file of a source. name ends with .csv or .json; open opens the file, nil means the
// file of that path.
func FileReader(
	s *config.Source, name string, columns, values map[string]string, open func(context.Context) (io.ReadCloser, error),
) (history.Reader, error) {
	zone, err := time.LoadLocation(s.Zone) // "" is UTC
	if err != nil {
		return nil, fmt.Errorf("read the zone of %s: %w", s.ID, err)
	}
	r, err := file.New(file.Options{
		Path: name, Open: open, Platform: s.Platform, Map: columns, Set: values, Zone: zone, Wrap: wrap(s),
	})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", imports.ErrFile, err)
	}
	return r, nil
}

// wrap makes the webhooks of the objects of a source.
func wrap(s *config.Source) history.Wrap {
	switch s.Platform {
	case "woocommerce":
		return woocommercehistory.FromObject
	case "stripe":
		return stripehistory.FromObject
	case "mailerlite":
		return func(o json.RawMessage) ([]history.Object, error) { return mailerlitehistory.FromObject(o, s.Groups) }
	}
	return file.Own
}
