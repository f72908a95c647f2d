package service

import (
	"bufio"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// TestCutSlowReaders_ASilentClientIsCutOff: a client that does not take its answer ends the handler, and a client
// that takes one part after another gets a long answer whole.
func TestCutSlowReaders_ASilentClientIsCutOff(t *testing.T) {
	const within = 200 * time.Millisecond
	ended := make(chan error, 1)
	part := []byte(strings.Repeat("x", 1<<20))
	s := httptest.NewServer(cutSlowReaders(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		for range 64 {
			if _, err := w.Write(part); err != nil {
				ended <- err
				return
			}
		}
		ended <- nil
	}), within))
	defer s.Close()
	get := func() net.Conn {
		var d net.Dialer
		c, err := d.DialContext(t.Context(), "tcp", s.Listener.Addr().String())
		if err == nil {
			_, err = c.Write([]byte("GET / HTTP/1.1\r\nHost: x\r\n\r\n"))
		}
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() })
		return c
	}
	get() // reads nothing
	if err := <-ended; err == nil {
		t.Error("the answer was written to a client that reads nothing")
	}
	res, err := http.ReadResponse(bufio.NewReader(get()), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	buf, total := make([]byte, 8<<20), 0
	for {
		n, err := res.Body.Read(buf)
		total += n
		if err != nil {
			break
		}
	}
	if err := <-ended; err != nil || total != 64<<20 {
		t.Errorf("a client that reads got %d bytes, %v", total, err)
	}
}
