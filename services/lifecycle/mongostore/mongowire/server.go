// Package mongowire supports tests with a small substitute for MongoDB: the server speaks the
// MongoDB wire protocol over a socket and stores documents in memory. The few commands, filters and
// updates of the store are supported, and all others are refused. The server records all commands
// and can break a connection at a given moment.
package mongowire

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// Fault is a fault injected into a command.
type Fault int

// Faults for a hook.
const (
	// FaultNone carries the command out.
	FaultNone Fault = iota
	// FaultCutBefore breaks the connection before anything is carried out.
	FaultCutBefore
	// FaultCutAfter carries the command out and breaks the connection without an answer.
	FaultCutAfter
	// FaultNoMajority executes the command and reports that no majority confirmed the write.
	FaultNoMajority
	// FaultNotPrimary refuses the command: the member is no primary any more.
	FaultNotPrimary
	// FaultCursorLost forgets the cursor of a getMore before its execution, as after ten idle minutes.
	FaultCursorLost
)

// Command is a received command.
type Command struct {
	// Name is the first field of the command, in its original case.
	Name string
	// Database is the database of the command.
	Database string
	// Body is the whole command, document sequences included.
	Body bson.D
}

// Collection returns the collection of the command.
func (c Command) Collection() string {
	name, _ := get(c.Body, c.Name).(string)
	return name
}

// Field returns a field of the command, or nil.
func (c Command) Field(path string) any { return get(c.Body, path) }

// Options change the behaviour of the server.
type Options struct {
	// Forgetful makes the server execute a retried write again, like a server that accepts and
	// ignores the transaction number.
	Forgetful bool
	// NoSessions makes the server report no support for sessions, so that the driver retries no
	// write.
	NoSessions bool
	// Address is where the server listens; empty means a free port of the loopback interface.
	Address string
	// NoLog records no commands, for a server that runs for long.
	NoLog bool
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

// Listen starts a server.
func Listen(opts Options) (*Server, error) {
	l, err := net.Listen("tcp", cmp.Or(opts.Address, "127.0.0.1:0"))
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

// Hook calls a function with every command before execution. The function may block and may use the
// server. Nil removes the hook.
func (s *Server) Hook(hook func(Command) Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hook = hook
}

// Log returns the received commands.
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

// Documents returns the documents of a collection, by id.
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
			_ = conn.Close() // no client is left to report the error to
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

// answer executes a command; false requests a broken connection.
func (s *Server) answer(c Command) (bson.D, bool) {
	s.mu.Lock()
	if !s.opts.NoLog {
		s.log = append(s.log, c)
	}
	hook := s.hook
	s.mu.Unlock()
	fault := FaultNone
	if hook != nil {
		fault = hook(c)
	}
	switch fault {
	case FaultCutBefore:
		return nil, false
	case FaultNotPrimary:
		return append(refusal(wireError{code: 10107, text: "not primary"}),
			bson.E{Key: "errorLabels", Value: bson.A{"RetryableWriteError"}}), true
	case FaultCursorLost:
		s.data.forget(c)
	}
	answer, err := s.run(c)
	if err != nil {
		return refusal(err), true
	}
	answer = append(answer, bson.E{Key: "ok", Value: 1.0})
	if fault == FaultNoMajority {
		answer = unconfirmed(answer)
	}
	return answer, fault != FaultCutAfter
}

// wireError is an error with the error code of MongoDB.
type wireError struct {
	code int32
	text string
}

func (e wireError) Error() string { return e.text }

// unknown reports an unsupported request.
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
