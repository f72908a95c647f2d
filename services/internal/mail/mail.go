// Package mail sends plain text messages over SMTP (RFC 5321).
package mail

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"time"

	gomail "github.com/wneessen/go-mail"

	"github.com/rodopath/rodopath/services/internal/config"
)

// Message is a message in plain text.
type Message struct {
	// To are addresses without names.
	To            []string
	Subject, Text string
}

// Sender sends messages over one server.
type Sender struct {
	host string
	from string
	opts []gomail.Option
}

// sendTime bounds the delivery of one message to the server.
const sendTime = 15 * time.Second

// errPlain means that a server elsewhere would get a message in the clear.
var errPlain = errors.New(
	"smtp+plain:// is for a server on this machine alone; write smtps://HOST:465, or smtp://HOST:587 for STARTTLS")

// New returns a sender by the configuration; nil without a server.
func New(c *config.Config) (*Sender, error) {
	if c.Mail.SMTP == "" {
		return nil, nil
	}
	u, err := url.Parse(c.Mail.SMTP)
	if err != nil {
		return nil, fmt.Errorf("mail.smtp: %w", err)
	}
	s := &Sender{host: u.Hostname(), from: c.Mail.From, opts: []gomail.Option{gomail.WithTimeout(sendTime)}}
	if port, err := strconv.Atoi(u.Port()); err == nil {
		s.opts = append(s.opts, gomail.WithPort(port))
	}
	switch u.Scheme {
	case "smtps":
		s.opts = append(s.opts, gomail.WithSSL())
	case "smtp":
		s.opts = append(s.opts, gomail.WithTLSPolicy(gomail.TLSMandatory))
	default:
		if ip := net.ParseIP(s.host); s.host != "localhost" && (ip == nil || !ip.IsLoopback()) {
			return nil, c.At(errPlain, "mail", "smtp")
		}
		s.opts = append(s.opts, gomail.WithTLSPolicy(gomail.NoTLS))
	}
	if c.Mail.User == "" {
		return s, nil
	}
	password, err := c.Secret(c.Mail.Password)
	if err != nil {
		return nil, c.At(err, "mail", "password")
	}
	s.opts = append(s.opts, gomail.WithSMTPAuth(gomail.SMTPAuthAutoDiscover), gomail.WithUsername(c.Mail.User),
		gomail.WithPassword(password))
	return s, nil
}

// Send sends a message. The error names no address.
func (s *Sender) Send(ctx context.Context, m Message) error {
	msg := gomail.NewMsg()
	err := errors.Join(msg.From(s.from), msg.To(m.To...))
	if err != nil {
		return errors.New("send mail: an address is not valid")
	}
	msg.Subject(m.Subject)
	msg.SetBodyString(gomail.TypeTextPlain, m.Text)
	msg.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834: no answer of a machine
	client, err := gomail.NewClient(s.host, s.opts...)
	if err != nil {
		return fmt.Errorf("send mail: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, sendTime)
	defer cancel()
	if err := client.DialAndSendWithContext(ctx, msg); err != nil {
		return fmt.Errorf("send mail: %w", withoutAddress(err))
	}
	return nil
}

// withoutAddress is an error of the server without the addresses that its text may repeat.
func withoutAddress(err error) error {
	var refused *gomail.SendError
	if !errors.As(err, &refused) {
		return err
	}
	if refused.IsTemp() {
		return errors.New("the server refuses the message for now")
	}
	return errors.New("the server refuses the message")
}
