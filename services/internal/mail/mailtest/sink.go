// Package mailtest is a server that receives the mail of a test.
package mailtest

import (
	"io"
	"mime"
	"mime/quotedprintable"
	"net"
	netmail "net/mail"
	"sync/atomic"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
)

// Sink receives mail over SMTP on this machine.
type Sink struct {
	// URL is the address for mail.smtp of the configuration.
	URL  string
	mail chan Mail
	// refusal is the answer to a recipient; nil accepts.
	refusal atomic.Pointer[smtp.SMTPError]
}

// Mail is a message that arrived.
type Mail struct{ To, Subject, Text string }

// New starts a sink, which the end of the test stops.
func New(t testing.TB) *Sink {
	t.Helper()
	s := &Sink{mail: make(chan Mail, 1000)}
	var c net.ListenConfig
	l, err := c.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &session{sink: s}, nil }))
	server.Domain = "localhost"
	done := make(chan struct{})
	go func() { defer close(done); _ = server.Serve(l) }()
	t.Cleanup(func() { _ = server.Close(); <-done })
	s.URL = "smtp+plain://" + l.Addr().String()
	return s
}

// Refuse answers every recipient with a refusal, such as "550 no such mailbox".
func (s *Sink) Refuse(text string) {
	s.refusal.Store(&smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: text})
}

// Next returns the next message.
func (s *Sink) Next(t testing.TB) Mail {
	t.Helper()
	select {
	case m := <-s.mail:
		return m
	case <-time.After(20 * time.Second):
		t.Fatal("no mail arrived")
		return Mail{}
	}
}

// Waiting is the number of messages that arrived and were not read.
func (s *Sink) Waiting() int { return len(s.mail) }

type session struct {
	sink *Sink
	to   string
}

func (*session) Reset()                               {}
func (*session) Logout() error                        { return nil }
func (*session) Mail(string, *smtp.MailOptions) error { return nil }

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	if refusal := s.sink.refusal.Load(); refusal != nil {
		return refusal
	}
	s.to = to
	return nil
}

func (s *session) Data(r io.Reader) error {
	m, err := netmail.ReadMessage(r)
	if err != nil {
		return err
	}
	subject, err := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
	if err != nil {
		return err
	}
	body := m.Body
	if m.Header.Get("Content-Transfer-Encoding") == "quoted-printable" {
		body = quotedprintable.NewReader(body)
	}
	text, err := io.ReadAll(body)
	if err != nil {
		return err
	}
	s.sink.mail <- Mail{To: s.to, Subject: subject, Text: string(text)}
	return nil
}
