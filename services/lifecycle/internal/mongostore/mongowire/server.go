// Package mongowire is support for tests: a small stand-in that speaks the
// MongoDB wire protocol over a real socket and keeps documents in memory. It is
// not MongoDB. It knows the few commands, filters and updates that the store
// uses, refuses all others, writes down what it is sent, and can be told to
// break a connection at the worst moment.
package mongowire

import (
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// Fault is what the server does to a command instead of answering it well.
type Fault int

// The faults that a hook may ask for.
const (
	// FaultNone carries the command out.
	FaultNone Fault = iota
	// FaultCutBefore breaks the connection before anything is carried out.
	FaultCutBefore
	// FaultCutAfter carries the command out and breaks the connection without an answer.
	FaultCutAfter
	// FaultNoMajority carries the command out and says that a majority did not follow.
	FaultNoMajority
)

// Command is a command as the server got it.
type Command struct {
	// Name is the first field of the command, in the case it was sent.
	Name string
	// Database is what the command is about.
	Database string
	// Body is the whole command, document sequences included.
	Body bson.D
}

// Collection returns the name of the collection that the command is about.
func (c Command) Collection() string {
	name, _ := get(c.Body, c.Name).(string)
	return name
}

// Field returns a field of the command, or nil.
func (c Command) Field(path string) any { return get(c.Body, path) }

// Options change how the server behaves.
type Options struct {
	// Forgetful makes the server carry a retried write out a second time, as one
	// does that takes the number of a retryable write and ignores it.
	Forgetful bool
	// NoSessions makes the server say that it knows no sessions, so that the driver
	// retries no write.
	NoSessions bool
}

// Server is a listening server.
type Server struct {
	opts     Options
	listener net.Listener
	data     *data

	mu    sync.Mutex
	conns map[net.Conn]bool
	log   []Command
	hook  func(Command) Fault

	requests atomic.Int32
	wg       sync.WaitGroup
}

// Listen starts a server on a free port of the loopback interface.
func Listen(opts Options) (*Server, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	s := &Server{opts: opts, listener: l, data: newData(opts.Forgetful), conns: map[net.Conn]bool{}}
	s.wg.Go(s.accept)
	return s, nil
}

// URI returns the connection string of the server.
func (s *Server) URI() string {
	return "mongodb://" + s.listener.Addr().String() + "/?heartbeatFrequencyMS=500&serverSelectionTimeoutMS=5000"
}

// Close breaks all connections and ends the server.
func (s *Server) Close() error {
	err := s.listener.Close()
	s.mu.Lock()
	for c := range s.conns {
		err = errors.Join(err, c.Close())
	}
	s.mu.Unlock()
	s.wg.Wait()
	return err
}

// Hook has every command shown to a function before it is carried out; the
// function may take its time, and may use the server itself. Nil ends that.
func (s *Server) Hook(hook func(Command) Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hook = hook
}

// Log returns the commands that the server got so far.
func (s *Server) Log() []Command {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Command(nil), s.log...)
}

// Indexes returns the index specifications of a collection.
func (s *Server) Indexes(database, collection string) []bson.D {
	s.data.mu.Lock()
	defer s.data.mu.Unlock()
	return append([]bson.D(nil), s.data.collection(database, collection).indexes...)
}

// Documents returns the documents of a collection, in the order of their ids.
func (s *Server) Documents(database, collection string) []bson.D {
	s.data.mu.Lock()
	defer s.data.mu.Unlock()
	c := s.data.collection(database, collection)
	var out []bson.D
	for _, id := range c.ids() {
		out = append(out, c.docs[id])
	}
	return out
}

func (s *Server) accept() {
	for {
		conn, err := s.listener.Accept()
		if err != nil {
			return // closed
		}
		s.mu.Lock()
		s.conns[conn] = true
		s.mu.Unlock()
		s.wg.Go(func() { s.serve(conn) })
	}
}

func (s *Server) serve(conn net.Conn) {
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.conns[conn] {
			delete(s.conns, conn)
			_ = conn.Close() // nobody is left to be told
		}
	}()
	for {
		m, err := readMessage(conn)
		if err != nil {
			return
		}
		answer, ok := s.answer(m.Command)
		if !ok {
			return
		}
		if m.silent {
			continue
		}
		if _, err := conn.Write(m.reply(s.requests.Add(1), answer)); err != nil {
			return
		}
	}
}

// answer carries a command out; false means that the connection is to be broken.
func (s *Server) answer(c Command) (bson.D, bool) {
	s.mu.Lock()
	s.log = append(s.log, c)
	hook := s.hook
	s.mu.Unlock()
	fault := FaultNone
	if hook != nil {
		fault = hook(c)
	}
	if fault == FaultCutBefore {
		return nil, false
	}
	answer, err := s.run(c)
	if err != nil {
		return refusal(err), true
	}
	answer = append(answer, bson.E{Key: "ok", Value: 1.0})
	if fault == FaultNoMajority {
		answer = append(answer, bson.E{Key: "writeConcernError", Value: bson.D{{Key: "code", Value: int32(64)}, {Key: "errmsg", Value: "waiting for replication timed out"}}})
	}
	return answer, fault != FaultCutAfter
}

// wireError is an error with MongoDB's number for it.
type wireError struct {
	code int32
	text string
}

func (e wireError) Error() string { return e.text }

// unknown says that the stand-in does not know what it was asked for.
func unknown(format string, args ...any) error {
	return wireError{code: 9, text: "not known to this stand-in: " + fmt.Sprintf(format, args...)}
}

func refusal(err error) bson.D {
	var w wireError
	if !errors.As(err, &w) {
		w = wireError{code: 8, text: err.Error()}
	}
	return bson.D{{Key: "ok", Value: 0.0}, {Key: "code", Value: w.code}, {Key: "errmsg", Value: w.text}}
}
