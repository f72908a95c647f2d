// Package natsserver runs a NATS server with JetStream inside the process.
package natsserver

import (
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"github.com/rodopath/rodopath/services/internal/address"
	"github.com/rodopath/rodopath/services/internal/service"
)

// Options configure a Server.
type Options struct {
	// Dir is where the streams are kept.
	Dir string
	// Listen is where outside consumers may connect. Empty means nowhere.
	Listen string
	// ConsumerPassword opens the server to outside consumers.
	ConsumerPassword string
	// Recipients are the recipients with an account of their own: id and password. A recipient may
	// read decisions by the consumer of its name, and answer for itself.
	Recipients map[string]string
	// Shared are the recipients without an account of their own; any consumer may answer for them.
	Shared []string
	// Guarded are internal consumers, forbidden to outside clients.
	Guarded []string
	// SyncInterval is how often the streams are written to the disk for good; 0
	// means before every acknowledgement.
	SyncInterval time.Duration
	// Synced is called after each Sync of a stream, for tests of power cuts; nil means nobody is.
	Synced func(stream string)
	// Key encrypts the files in Dir. Empty means in the clear. A start with a key encrypts streams
	// in the clear; a start with another key fails.
	Key string
	Log *slog.Logger
}

// Server is a running NATS server.
type Server struct {
	nats *server.Server
	conn *nats.Conn
	opts Options
	// syncers flush the streams.
	syncers syncers
	// failed gets ErrDiskFull when the streams cannot be written.
	failed chan error
}

// ErrDiskFull means that the streams could not be written. JetStream does not write again before a
// restart, even with free space.
var ErrDiskFull = errors.New("the disk is full; free space and restart; webhooks answered with 200 are kept")

// ConsumerUser is the user of outside consumers without an account of their own, with permission to
// read decisions and to write receipts.
const ConsumerUser = "consumer"

const (
	ownUser      = "rodopath"
	startTimeout = 20 * time.Second
	// maxPayload is the maximum size of a message: eight times the default, so that a large webhook is
	// published whole.
	maxPayload = 8 << 20
)

// Start starts a server.
func Start(opts Options) (*Server, error) {
	own := rand.Text()
	so, err := serverOptions(opts, own)
	if err != nil {
		return nil, fmt.Errorf("start NATS: %w", err)
	}
	if err := repairConsumers(opts.Dir, opts.Log); err != nil {
		return nil, fmt.Errorf("start NATS: %w", err)
	}
	ns, err := server.NewServer(so)
	if err != nil {
		return nil, fmt.Errorf("start NATS: %w", err)
	}
	if opts.Listen != "" {
		if err := openAccounts(ns, opts.outsiders()); err != nil {
			return nil, fmt.Errorf("start NATS: %w", err)
		}
	}
	s := &Server{nats: ns, opts: opts, failed: make(chan error, 1)}
	ns.SetLoggerV2(logger{opts.Log, s.failed}, false, false, false)
	ns.Start()
	if !ns.ReadyForConnections(startTimeout) || !ns.JetStreamEnabled() {
		s.Close()
		return nil, fmt.Errorf(
			"start NATS: JetStream is not ready; is %s writable, and the address of --nats-listen free?",
			opts.Dir,
		)
	}
	if err := enableJetStream(ns); err != nil {
		s.Close()
		return nil, fmt.Errorf("start NATS: %w", err)
	}
	patience := append(
		service.ReconnectOptions(opts.Log),
		nats.InProcessServer(ns),
		nats.UserInfo(ownUser, own),
		nats.Name("rodopath"),
	)
	if s.conn, err = nats.Connect("", patience...); err != nil {
		s.Close()
		return nil, fmt.Errorf("connect to the embedded NATS: %w", err)
	}
	if err := openDesk(s.conn, opts.outsiders()); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

func serverOptions(opts Options, own string) (*server.Options, error) {
	so := &server.Options{
		ServerName: "rodopath", DontListen: opts.Listen == "", MaxPayload: maxPayload,
		JetStream: true, StoreDir: opts.Dir, NoSigs: true, NoLog: false,
		JetStreamKey: opts.Key, JetStreamCipher: server.ChaCha,
		SyncAlways: opts.SyncInterval == 0, SyncInterval: opts.SyncInterval,
		Users: []*server.User{{Username: ownUser, Password: own}},
	}
	if opts.Listen == "" {
		return so, nil
	}
	if opts.ConsumerPassword == "" {
		return nil, errors.New("listening needs a password for consumers")
	}
	addOutsiders(so, opts.outsiders())
	host, port, err := net.SplitHostPort(opts.Listen)
	if err != nil {
		return nil, fmt.Errorf("--nats-listen %s is not an address such as 127.0.0.1:4222", opts.Listen)
	}
	so.Host = host
	if so.Port, err = strconv.Atoi(port); err != nil {
		return nil, fmt.Errorf("--nats-listen %s: the port must be a number", opts.Listen)
	}
	if so.Port == 0 {
		so.Port = server.RANDOM_PORT
	}
	return so, nil
}

// Conn is an in-process connection to the server, closed with the server.
func (s *Server) Conn() *nats.Conn { return s.conn }

// ConsumerURL is where outside consumers connect, password included; empty when
// the server does not listen.
func (s *Server) ConsumerURL() string {
	if s.opts.Listen == "" {
		return ""
	}
	return s.urlFor(ConsumerUser, s.opts.ConsumerPassword)
}

func (s *Server) urlFor(user, password string) string {
	u := url.URL{Scheme: "nats", User: url.UserPassword(user, password), Host: s.nats.Addr().String()}
	return u.String()
}

// RecipientURLs are the addresses of recipients with an account of their own, password included, by
// id; none when the server does not listen.
func (s *Server) RecipientURLs() map[string]string {
	out := map[string]string{}
	if s.opts.Listen != "" {
		for id, password := range s.opts.Recipients {
			out[id] = s.urlFor(recipientUser(id), password)
		}
	}
	return out
}

// Close stops the server and waits for its end.
func (s *Server) Close() {
	if s.conn != nil {
		s.conn.Close()
	}
	s.nats.Shutdown()
	s.nats.WaitForShutdown()
	s.syncers.runs.Wait()
}

// Failed receives an error after which the server cannot continue.
func (s *Server) Failed() <-chan error { return s.failed }

// logger forwards the server's messages for a person.
type logger struct {
	log    *slog.Logger
	failed chan<- error
}

func (l logger) Noticef(string, ...any) {}
func (l logger) Debugf(string, ...any)  {}
func (l logger) Tracef(string, ...any)  {}
func (l logger) Warnf(format string, args ...any) {
	if strings.HasPrefix(format, "Plaintext passwords") {
		return // ours are random, and in no file of the server
	}
	l.log.Warn("NATS: " + reported(format, args))
}

func (l logger) Errorf(format string, args ...any) {
	text := reported(format, args)
	l.log.Error("NATS: " + text)
	if strings.Contains(text, syscall.ENOSPC.Error()) {
		select {
		case l.failed <- ErrDiskFull:
		default: // logged before
		}
	}
}

func (l logger) Fatalf(format string, args ...any) {
	l.log.Error("NATS: " + reported(format, args))
}

// reported formats a message of the server, without names and subjects of clients, which may be
// addresses.
func reported(format string, args []any) string { return address.HideAny(fmt.Sprintf(format, args...)) }
