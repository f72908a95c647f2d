package standalone_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// sinks are recipients that repeat the addresses they were told, in every place of an
// answer, and add marks of their own.
type sinks struct {
	t     *testing.T
	marks *marks
	url   string
	// nowhere is an address at which nobody listens.
	nowhere string
}

func newSinks(t *testing.T, m *marks) *sinks {
	t.Helper()
	s := &sinks{t: t, marks: m}
	srv := httptest.NewServer(s)
	t.Cleanup(srv.Close)
	s.url, s.nowhere = srv.URL, "http://127.0.0.1:"+strconv.Itoa(freePort(t))
	return s
}

// failing lists the recipients at which nothing gets through.
func (s *sinks) failing() []string {
	return []string{"refuses", "breaks", "moved", "waits", "babbles", "garbles", "nowhere", "shop"}
}

func (s *sinks) config() string {
	var out strings.Builder
	out.WriteString(
		"public_url: https://hooks.example.org\nprivacy_notice: https://shop.example.org/privacy\nrecipients:\n  - {id: shelf, holds: [\"*\"], by: nats}\n  - {id: books, holds: [\"*\"], by: hand}\n" +
			"  - {id: shop, by: woocommerce, url: \"" + s.url + "/shop\", key: \"file:secrets/shop-key\", allow_private: true}\n" +
			"  - {id: rehearsed, holds: [\"*\"], by: woocommerce, url: \"" + s.url + "/rehearsed\", key: \"file:secrets/shop-key\", allow_private: true, dry_run: true}\n",
	)
	hook := func(id, address, more string) {
		fmt.Fprintf(
			&out,
			"  - {id: %s, holds: [\"*\"], by: webhook, url: %q, secrets: [\"file:secrets/crm\"], kinds: [delete, ask-consent], allow_private: true%s}\n",
			id,
			address,
			more,
		)
	}
	hook("crm", s.url+"/crm", `, token: "file:secrets/crm-token"`)
	hook("nowhere", s.nowhere, "")
	hook("dry", s.url+"/dry", ", dry_run: true")
	for _, id := range []string{"echoes", "receipts", "gone"} {
		hook(id, s.url+"/"+id, "")
	}
	for _, id := range s.failing() {
		if id != "nowhere" && id != "shop" {
			hook(id, s.url+"/"+id, "")
		}
	}
	return out.String()
}

// ServeHTTP answers with the addresses that it is told, and with one of its own.
func (s *sinks) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	kind, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	own := s.marks.of("an answer of " + kind)
	encoded := strings.Replace(s.marks.of("an answer of "+kind+", encoded"), "@", "%40", 1)
	text := own + " " + encoded + " " + base64.StdEncoding.EncodeToString(
		[]byte(s.marks.of("an answer of "+kind+", in base64")),
	) + " " + r.URL.RawQuery + " " + string(
		body,
	)
	h := w.Header()
	for _, name := range []string{"X-Request-Id", "Server", "Date", "Set-Cookie", "Warning"} {
		h.Set(name, own)
	}
	h.Set("Content-Type", "application/json")
	var e struct{ ID string }
	_ = json.Unmarshal(body, &e) // of what is no event there is none
	switch kind {
	case "crm":
		w.WriteHeader(http.StatusNoContent)
	case "echoes": // a success, and JSON of its own
		_, _ = fmt.Fprintf(w, "{%q: %q}", own, text)
	case "receipts": // what is meant as a receipt, and is none
		_, _ = fmt.Fprintf(
			w,
			`{"decision": %q, "outcome": %q, "reason": %q, "at": %q, "categories": {%q: "held"}}`,
			e.ID,
			own,
			text[:200],
			own,
			own,
		)
	case "refuses":
		w.WriteHeader(http.StatusUnprocessableEntity)
		_, _ = fmt.Fprintf(w, `{"code": %q, "error": {"code": %q, "message": %q}}`, own, encoded, text)
	case "gone":
		w.WriteHeader(http.StatusGone)
		_, _ = io.WriteString(w, text)
	case "moved":
		h.Set("Location", "https://shop.example/%zz?email="+url.QueryEscape(own)+" "+own)
		w.WriteHeader(http.StatusFound)
	case "waits":
		h.Set("Retry-After", own)
		w.WriteHeader(http.StatusTooManyRequests)
	case "babbles", "garbles":
		s.babble(w, kind == "garbles", own)
	case "shop", "rehearsed": // errors of WordPress name what was asked for
		w.WriteHeader(http.StatusInternalServerError)
		_, _ = fmt.Fprintf(
			w,
			`{"code": %q, "message": %q, "data": {"status": 500, "params": %q}}`,
			own,
			text,
			r.URL.RequestURI(),
		)
	default:
		w.WriteHeader(http.StatusInternalServerError)
		_, _ = io.WriteString(w, text)
	}
}

// babble answers with what is no HTTP: a first line, or a header, that is an address.
func (s *sinks) babble(w http.ResponseWriter, header bool, own string) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	secret := base64.StdEncoding.EncodeToString([]byte(s.marks.of("a line that is no HTTP, in base64")))
	line := secret + " " + own + "\r\n\r\n"
	if header {
		line = "HTTP/1.1 200 OK\r\n" + secret + "\r\n" + own + "\r\n\r\n"
	}
	_, _ = io.WriteString(conn, line)
	_ = conn.Close()
}

func TestSinks_AreAllConfigured(t *testing.T) {
	s := newSinks(t, &marks{})
	for _, id := range slices.Concat(s.failing(), []string{"crm", "gone", "dry", "rehearsed", "echoes", "receipts"}) {
		if !strings.Contains(s.config(), "{id: "+id+",") {
			t.Errorf("%s is no recipient", id)
		}
	}
}
