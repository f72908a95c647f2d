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

// body reads the raw body, the signed bytes, up to limit.
func (h *Handler) body(c echo.Context, buf *bytes.Buffer, limit int64) ([]byte, error) {
	r := c.Request()
	if r.ContentLength > 0 && r.ContentLength <= limit {
		buf.Grow(int(r.ContentLength) + bytes.MinRead)
	}
	if _, err := buf.ReadFrom(io.LimitReader(r.Body, limit+1)); err != nil {
		return nil, fmt.Errorf("%w: the body is incomplete", ErrUnreadable)
	}
	if int64(buf.Len()) > limit {
		drain(c)
		return nil, &http.MaxBytesError{Limit: limit}
	}
	return buf.Bytes(), nil
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
