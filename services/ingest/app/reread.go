package app

import (
	"bytes"
	"compress/gzip"
	"context"
	"io"
	"net/http"
	"slices"

	"github.com/rodopath/rodopath/services/ingest"
	"github.com/rodopath/rodopath/services/internal/config"
	"github.com/rodopath/rodopath/services/internal/connection"
	"github.com/rodopath/rodopath/services/platforms/sender"
)

// maxReread bounds a webhook that is read again, in bytes.
const maxReread = 64 << 20

// reread reads a webhook of the quarantine once more, as its platform would send the webhook.
func reread(ctx context.Context, opts Options, past *ingest.History, r connection.Reread) connection.Reading {
	n := slices.IndexFunc(opts.Config.Sources, func(s config.Source) bool { return s.ID == r.Source })
	if n < 0 {
		return connection.Reading{Error: "the configuration has no source " + r.Source}
	}
	s := &opts.Config.Sources[n]
	body, err := decompressed(r.Body)
	if err != nil {
		return connection.Reading{Error: "the body cannot be decompressed"}
	}
	secret, err := opts.Config.Secret(s.Secrets[0])
	if err != nil {
		return connection.Reading{Error: err.Error()}
	}
	w := sender.Webhook{Platform: s.Platform, ID: r.ID, Topic: r.Topic, At: opts.Now(), Body: body}
	header := http.Header{}
	if err := w.Sign(header, secret); err != nil {
		return connection.Reading{Error: err.Error()}
	}
	object := ingest.PastObject{Header: map[string]string{}, Body: body}
	for name := range header {
		object.Header[name] = header.Get(name)
	}
	// Read first without storing anything: a webhook that is not understood stays the entry that it is.
	for _, dryRun := range []bool{true, false} {
		told, err := past.Tell(ctx, s.ID, ingest.Telling{DryRun: dryRun}, []ingest.PastObject{object})
		if err != nil {
			return connection.Reading{Error: err.Error()}
		}
		if len(told.Faults) > 0 {
			return connection.Reading{Unread: true}
		}
	}
	return connection.Reading{}
}

func decompressed(data []byte) ([]byte, error) {
	r, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(io.LimitReader(r, maxReread))
}

// serveRereads answers lifecycle until the context ends.
func (a *App) serveRereads(ctx context.Context, opts Options, past *ingest.History) {
	sub, err := connection.ServeRereads(opts.NATS, func(ctx context.Context, r connection.Reread) connection.Reading {
		return reread(ctx, opts, past, r)
	})
	if err != nil {
		a.log.Error("webhooks of the quarantine cannot be read again", "error", err)
		return
	}
	<-ctx.Done()
	_ = sub.Unsubscribe() // the connection may be closed
}
