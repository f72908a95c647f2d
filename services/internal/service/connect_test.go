package service

import (
	"context"
	"log/slog"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"github.com/rodopath/rodopath/services/internal/config"
	"github.com/rodopath/rodopath/services/internal/freeport"
)

// told signals the first record of a log.
type told struct {
	slog.Handler
	first chan string
}

func (t told) Enabled(context.Context, slog.Level) bool { return true }

func (t told) Handle(_ context.Context, r slog.Record) error {
	select {
	case t.first <- r.Message:
	default:
	}
	return nil
}

// TestConnect_WaitsForAServerThatIsNotThereYet: the server starts once the wait is logged.
func TestConnect_WaitsForAServerThatIsNotThereYet(t *testing.T) {
	port, err := freeport.Port(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	c := &config.Config{}
	c.NATS.URL = "nats://127.0.0.1:" + strconv.Itoa(port)
	log := told{slog.DiscardHandler, make(chan string, 1)}
	go func() {
		if got := <-log.first; !strings.Contains(got, "does not answer") {
			t.Errorf("got the record %q, want one of the wait", got)
		}
		ns, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: port, NoSigs: true, NoLog: true})
		if err != nil {
			t.Error(err)
			return
		}
		t.Cleanup(ns.Shutdown)
		ns.Start()
	}()
	nc, err := Connect(t.Context(), c, "test", slog.New(log))
	if err != nil {
		t.Fatal(err)
	}
	nc.Close()
}

// TestConnect_GivesUpAtTheEndOfTheContext: a stop ends the wait.
func TestConnect_GivesUpAtTheEndOfTheContext(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	c := &config.Config{}
	c.NATS.URL = "nats://127.0.0.1:1"
	if _, err := Connect(ctx, c, "test", slog.New(slog.DiscardHandler)); err == nil {
		t.Error("got no error, want that of the server")
	}
}
