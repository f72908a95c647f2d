package outbound

import (
	"errors"
	"io"
	"net"
	"net/url"
	"strings"
)

// Failure converts the error of a call without an answer. The text omits the URL, which may hold a
// secret or a name, and the received bytes, which net/http quotes. The original error remains
// wrapped.
func Failure(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	f := &failure{text: unquoted(err.Error()), err: err}
	switch {
	case u != nil && u.Timeout():
		f.text = "no answer in time: " + f.text
	case isProtocolNoise(err):
		f.text = "the answer is not valid HTTP"
	}
	return f
}

// failure is an error with its permitted text.
type failure struct {
	text string
	err  error
}

// Error returns the permitted text.
func (f *failure) Error() string { return f.text }

// Unwrap returns the error itself.
func (f *failure) Unwrap() error { return f.err }

// isProtocolNoise reports whether an error of net/http quotes received bytes: neither a network
// error nor an early end.
func isProtocolNoise(err error) bool {
	var network net.Error
	if errors.As(err, &network) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return false
	}
	text := err.Error()
	return strings.Contains(text, "malformed") || strings.Contains(text, "transport connection broken")
}

// unquoted removes the text between the first and the last quote.
func unquoted(text string) string {
	first, last := strings.IndexByte(text, '"'), strings.LastIndexByte(text, '"')
	if first < 0 {
		return text
	}
	return text[:first] + "…" + text[last+1:]
}
