package outbound

import (
	"errors"
	"io"
	"net"
	"net/url"
	"strings"
)

// Failure makes an error of a call that got no answer fit to be kept. It says what went
// wrong without the URL, which may hold a secret or name somebody, and without what came
// back, which net/http quotes where it is no HTTP. The error that it was can still be told.
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
		f.text = "its answer is not HTTP as it should be"
	}
	return f
}

// failure is an error and what may be said of it.
type failure struct {
	text string
	err  error
}

// Error says what may be said.
func (f *failure) Error() string { return f.text }

// Unwrap returns the error itself.
func (f *failure) Unwrap() error { return f.err }

// isProtocolNoise tells of an error of net/http that repeats what it could not read: it comes
// neither of the network nor of an end that was too early.
func isProtocolNoise(err error) bool {
	var network net.Error
	if errors.As(err, &network) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return false
	}
	text := err.Error()
	return strings.Contains(text, "malformed") || strings.Contains(text, "transport connection broken")
}

// unquoted takes out what stands between the first quote and the last.
func unquoted(text string) string {
	first, last := strings.IndexByte(text, '"'), strings.LastIndexByte(text, '"')
	if first < 0 {
		return text
	}
	return text[:first] + "…" + text[last+1:]
}
