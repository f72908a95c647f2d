package ingest

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/labstack/echo/v4"
)

const (
	// drainLimit and drainTime bound the rest of an over-long body that is read before the answer: a
	// client that still sends would otherwise see a closed connection and no answer.
	drainLimit = 64 << 20
	drainTime  = 10 * time.Second
)

// firstGrow bounds the memory that a body gets before any of its bytes arrive.
const firstGrow = 16 << 10

// body reads the raw body, the signed bytes, up to limit, as the bytes arrive. The returned body is to be ended once
// it is processed.
func (h *Handler) body(c echo.Context, buf *bytes.Buffer, limit int64) ([]byte, *receiving, error) {
	r := c.Request()
	connection := http.NewResponseController(c.Response())
	receiving, err := h.underway.begin(func() { _ = connection.SetReadDeadline(time.Unix(1, 0)) })
	if err != nil {
		return nil, nil, err
	}
	if err := receive(buf, r, receiving, limit); err != nil {
		receiving.end()
		if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok {
			drain(c)
			return nil, nil, tooLarge
		}
		return nil, nil, err
	}
	return buf.Bytes(), receiving, nil
}

// receive reads a body into a buffer.
func receive(buf *bytes.Buffer, r *http.Request, body *receiving, limit int64) error {
	if r.ContentLength > 0 {
		buf.Grow(int(min(r.ContentLength+bytes.MinRead, firstGrow)))
	}
	_, err := buf.ReadFrom(io.LimitReader(counted{r.Body, body}, limit+1))
	switch unfinished := body.finish(); {
	case unfinished != nil:
		return unfinished
	case errors.Is(err, errBusy):
		return err
	case err != nil:
		return fmt.Errorf("%w: the body is incomplete", ErrUnreadable)
	case int64(buf.Len()) > limit:
		return &http.MaxBytesError{Limit: limit}
	}
	return nil
}

// drain reads the rest of a body, within bounds.
func drain(c echo.Context) {
	// Without support for deadlines the bound on the size remains.
	_ = http.NewResponseController(c.Response()).SetReadDeadline(time.Now().Add(drainTime))
	_, _ = io.CopyN(io.Discard, c.Request().Body, drainLimit)
	c.Response().Header().Set(echo.HeaderConnection, "close")
}

// decoded returns a body without its Content-Encoding, up to limit: gzip and deflate are decoded. A body
// with another name there, such as the UTF-8 of some plug-ins, is returned as signed: a body that is
// compressed after all is unreadable to its provider.
func decoded(header http.Header, body []byte, limit int64) ([]byte, error) {
	var (
		r   io.ReadCloser
		err error
	)
	switch coding := strings.ToLower(strings.TrimSpace(header.Get(echo.HeaderContentEncoding))); coding {
	case "gzip", "x-gzip":
		r, err = gzip.NewReader(bytes.NewReader(body))
	case "deflate":
		r, err = zlib.NewReader(bytes.NewReader(body))
	default:
		return body, nil
	}
	if err != nil {
		return nil, fmt.Errorf("%w: the body is not in the encoding of its Content-Encoding", ErrEncoding)
	}
	defer r.Close()
	out, err := io.ReadAll(io.LimitReader(r, limit+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("%w: the body is not in the encoding of its Content-Encoding", ErrEncoding)
	case int64(len(out)) > limit:
		return nil, &http.MaxBytesError{Limit: limit}
	}
	return out, nil
}

// verified checks the signature of a body as received and returns the body without its
// Content-Encoding. Nothing is decoded before its signature is verified: a relay must not compress a
// body that the sender has signed.
func verified(p Provider, header http.Header, body []byte, limit int64, now time.Time) ([]byte, error) {
	err := p.Verify(header, body, now)
	coding := header.Get(echo.HeaderContentEncoding)
	switch {
	case errors.Is(err, ErrSignature) && coding != "":
		return nil, fmt.Errorf("%w: verify: %w", errCompressed, err)
	case err != nil:
		return nil, fmt.Errorf("verify: %w", err)
	}
	return decoded(header, body, limit)
}

// errCompressed means that a signature does not fit a body with a Content-Encoding.
var errCompressed = errors.New("the body has a Content-Encoding")
