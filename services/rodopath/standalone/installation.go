package standalone

import (
	"context"
	"fmt"
	"time"

	"github.com/rodopath/rodopath/services/internal/loop"
	"github.com/rodopath/rodopath/services/rodopath/datadir"
)

// examine refuses a data directory that is not whole, before anything is changed.
func (n *Server) examine() (err error) {
	if n.marker, err = n.opts.Home.ReadMarker(); err != nil {
		return err
	}
	return n.opts.Home.CheckParts(n.marker, n.Config.MongoDB.URI == "", n.Config.NATS.URL == "")
}

// mark compares the database with the marker of the directory, and marks all parts.
func (n *Server) mark(ctx context.Context) error {
	known := n.lifecycle.Installation()
	if n.marker == nil {
		n.marker = &datadir.Marker{ID: known.ID, Created: n.opts.Now().UTC()}
	} else if err := n.marker.CheckDatabase(known.ID, known.Seq); err != nil {
		return err
	}
	n.marker.Database, n.marker.Streams = n.Config.MongoDB.URI == "", n.Config.NATS.URL == ""
	if err := n.opts.Home.MarkIntake(n.marker); err != nil {
		return err
	}
	n.marker.Running = true
	return n.advance(ctx)
}

// markStopped notes that the program ends as intended.
func (n *Server) markStopped() error {
	if n.marker == nil || !n.marker.Running {
		return nil
	}
	n.marker.Running = false
	return n.opts.Home.WriteMarker(n.marker)
}

// advance notes in the directory how far the database is.
func (n *Server) advance(ctx context.Context) error {
	seq, err := n.lifecycle.Advance(ctx)
	if err != nil {
		return fmt.Errorf("mark the database: %w", err)
	}
	n.marker.Seq = seq
	return n.opts.Home.WriteMarker(n.marker)
}

// advanceEvery is how often the progress of the database is noted, and the database written back into its file.
const advanceEvery = time.Minute

// keepMarked notes the progress of the database until the context ends.
func (n *Server) keepMarked(ctx context.Context) {
	for loop.Sleep(ctx, advanceEvery) {
		if err := n.advance(ctx); err != nil && ctx.Err() == nil {
			n.opts.Log.Error("the progress of the database is not noted; the next attempt follows", "error", err)
		}
	}
}
