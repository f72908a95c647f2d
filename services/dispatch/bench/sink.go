package bench

import (
	"context"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/rodopath/rodopath/services/internal/service"
)

// sink is a recipient that accepts every request.
type sink struct {
	url  string
	got  atomic.Int64
	seen func(id string)
	stop context.CancelFunc
	done chan struct{}
}

// startSink starts a recipient; seen receives the id of each webhook and may be nil.
func startSink(ctx context.Context, seen func(id string)) (*sink, error) {
	l, err := service.Listen(ctx, "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(ctx)
	s := &sink{url: "http://" + l.Addr().String() + "/hooks", seen: seen, stop: stop, done: make(chan struct{})}
	go func() {
		defer close(s.done)
		_ = service.Serve(ctx, l, s)
	}()
	return s, nil
}

func (s *sink) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	s.got.Add(1)
	if s.seen != nil {
		s.seen(r.Header.Get("Webhook-Id"))
	}
	w.WriteHeader(http.StatusNoContent)
}

func (s *sink) close() {
	s.stop()
	<-s.done
}

// startDead starts a recipient that accepts connections and never answers.
func startDead(ctx context.Context) (url string, closed func(), err error) {
	l, err := service.Listen(ctx, "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go hold(conn)
		}
	}()
	return "http://" + l.Addr().String(), func() { _ = l.Close() }, nil
}

func hold(conn net.Conn) {
	defer func() { _ = conn.Close() }()
	_ = conn.SetDeadline(time.Now().Add(time.Minute))
	_, _ = io.Copy(io.Discard, conn)
}
