package outbound_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rodopath/rodopath/services/dispatch"
	"github.com/rodopath/rodopath/services/dispatch/outbound"
)

func TestAllowed_OnlyTheInternet(t *testing.T) {
	for address, want := range map[string]bool{
		"93.184.216.34:443": true, "8.8.8.8:80": true, "172.32.0.1:1": true, "100.128.0.1:1": true, "[2606:4700::1111]:443": true,
		"127.0.0.1:80": false, "127.9.9.9:80": false, "0.0.0.0:80": false, "0.1.2.3:80": false, "10.0.0.1:80": false,
		"172.16.0.1:80": false, "172.31.255.255:80": false, "192.168.1.1:80": false, "169.254.169.254:80": false,
		"100.64.0.1:80": false, "100.127.255.255:80": false, "224.0.0.1:80": false, "239.255.255.250:80": false,
		"255.255.255.255:80": false, "240.0.0.1:80": false, "198.18.0.1:80": false, "192.0.0.170:80": false, "203.0.113.9:80": false,
		"[::1]:80": false, "[::]:80": false, "[fe80::1]:80": false, "[fe80::1%25eth0]:80": false, "[fe80::1%eth0]:80": false, "[fc00::1]:80": false,
		"[fd12:3456::1]:80": false, "[ff02::1]:80": false, "[fec0::1]:80": false, "[100::1]:80": false, "[2001:db8::1]:80": false,
		"[::ffff:127.0.0.1]:80": false, "[::ffff:10.0.0.1]:80": false, "[::ffff:169.254.169.254]:80": false, "[::ffff:8.8.8.8]:80": true,
		"[::127.0.0.1]:80": false, "[::8.8.8.8]:80": false,
		"[64:ff9b::7f00:1]:80": false, "[64:ff9b::a9fe:a9fe]:80": false, "[64:ff9b::a00:1]:80": false, "[64:ff9b::808:808]:80": true,
		"[64:ff9b:1::808:808]:80": false,
		"[2002:7f00:1::]:80":      false, "[2002:a9fe:a9fe::1]:80": false, "[2002:c0a8:101::1]:80": false, "[2002:6440:1::1]:80": false, "[2002:808:808::1]:80": true,
		"[2001:0:4136:e378:8000:63bf:3fff:fdd2]:80": false,
		"localhost:80": false, "": false, "127.0.0.1": false,
	} {
		err := outbound.Allowed(address)
		if (err == nil) != want || err != nil && !errors.Is(err, outbound.ErrInside) {
			t.Errorf("%s: %v", address, err)
		}
	}
}

func TestClient_DoesNotCallInsideUnlessAllowed(t *testing.T) {
	called := 0
	inside := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { called++ }))
	defer inside.Close()
	_, port, err := net.SplitHostPort(inside.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	for _, url := range []string{inside.URL, "http://localhost:" + port, "http://[::ffff:127.0.0.1]:" + port, "http://0:" + port, "http://2130706433:" + port} {
		_, err := outbound.Do(outbound.Client(outbound.Options{}), post(t, url))
		if err == nil || called != 0 {
			t.Errorf("%s: %v, %d calls", url, err, called)
		}
		if strings.HasPrefix(url, inside.URL) && !errors.Is(err, outbound.ErrInside) {
			t.Errorf("%s: %v", url, err)
		}
	}
	if _, err := outbound.Do(
		outbound.Client(outbound.Options{AllowPrivate: true}),
		post(t, inside.URL),
	); err != nil ||
		called != 1 {
		t.Errorf("allowed: %v, %d calls", err, called)
	}
}

func post(t *testing.T, url string) *http.Request {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	return req
}

func TestClient_FollowsNothingAndRemembersNothing(t *testing.T) {
	t.Setenv("HTTP_PROXY", "http://127.0.0.1:1")
	seen := 0
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen++
		if r.Header.Get("Cookie") != "" {
			t.Error("a cookie came back")
		}
		http.SetCookie(w, &http.Cookie{Name: "a", Value: "b"})
		http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
	}))
	defer s.Close()
	client := outbound.Client(outbound.Options{AllowPrivate: true})
	for range 2 {
		res, err := outbound.Do(client, post(t, s.URL))
		if err != nil || res.Status != http.StatusTemporaryRedirect {
			t.Fatal(res, err)
		}
	}
	if seen != 2 {
		t.Errorf("%d calls", seen)
	}
}

func TestClient_VerifiesCertificates(t *testing.T) {
	s := httptest.NewTLSServer(http.NotFoundHandler())
	defer s.Close()
	s.Config.ErrorLog = nil
	if _, err := outbound.Do(
		outbound.Client(outbound.Options{AllowPrivate: true}),
		post(t, s.URL),
	); err == nil ||
		!strings.Contains(err.Error(), "certificate") {
		t.Errorf("got %v", err)
	}
}

func TestClient_EndsWhatIsSlow(t *testing.T) {
	stop := make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		if r.URL.Path == "/drip" {
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				case <-r.Context().Done():
					return
				case <-time.After(10 * time.Millisecond):
				}
				_, _ = io.WriteString(w, " ")
				w.(http.Flusher).Flush()
			}
		}
		select {
		case <-stop:
		case <-r.Context().Done():
		}
	}))
	defer s.Close()
	defer close(stop)
	client := outbound.Client(outbound.Options{AllowPrivate: true, Timeout: 200 * time.Millisecond})
	for _, path := range []string{"/silent", "/drip"} {
		begin := time.Now()
		a, err := outbound.Do(client, post(t, s.URL+path+"?token=hidden"))
		if err == nil && !a.Broken || time.Since(begin) > 5*time.Second || strings.Contains(fmt.Sprint(err), "hidden") {
			t.Errorf("%s: %v after %s", path, err, time.Since(begin))
		}
	}
}

func TestDo_ReadsAPartOfWhatIsLong(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		for range 1000 {
			if _, err := io.WriteString(w, strings.Repeat("x", 1<<10)); err != nil {
				return
			}
		}
	}))
	defer s.Close()
	a, err := outbound.Do(outbound.Client(outbound.Options{AllowPrivate: true}), post(t, s.URL))
	if err != nil || len(a.Body) != outbound.MaxBody {
		t.Fatalf("got %v", err)
	}
}

func TestFault_SaysWhatItMeans(t *testing.T) {
	now := time.Date(2026, 1, 15, 10, 0, 0, 0, time.UTC)
	answer := func(status int, h http.Header) error {
		return outbound.Fault(&outbound.Answer{Status: status, Header: h}, now)
	}
	if err := answer(410, nil); !errors.Is(err, dispatch.ErrGone) {
		t.Error(err)
	}
	if err := answer(302, nil); err == nil || !strings.Contains(err.Error(), "redirects are not followed") {
		t.Error(err)
	}
	for _, c := range []struct {
		status int
		after  string
		waits  bool
	}{{429, "30", true}, {503, "30", true}, {500, "30", false}, {429, "", false}, {429, "soon", false}} {
		var wait *dispatch.Wait
		err := answer(c.status, http.Header{"Retry-After": {c.after}})
		if got := errors.As(
			err,
			&wait,
		); got != c.waits || got && wait.After != 30*time.Second ||
			!strings.Contains(err.Error(), strconv.Itoa(c.status)) {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

func TestRetryAfter_TakesBothForms(t *testing.T) {
	now := time.Date(2026, 1, 15, 10, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		after, date string
		want        time.Duration
		ok          bool
	}{
		{"120", "", 2 * time.Minute, true},
		{"0", "", 0, true},
		{" 7 ", "", 7 * time.Second, true},
		{"999999999999999999999999", "", 6 * time.Hour, true},
		{"86400", "", 6 * time.Hour, true},
		{"-1", "", 0, false},
		{"1.5", "", 0, false},
		{"soon", "", 0, false},
		{"", "", 0, false},
		{"Thu, 15 Jan 2026 10:01:00 GMT", "", time.Minute, true},
		{"Thu, 15 Jan 2026 09:00:00 GMT", "", 0, true},
		{"Fri, 16 Jan 2026 10:00:00 GMT", "", 6 * time.Hour, true},
		// The clock of the recipient is a year behind.
		{"Wed, 15 Jan 2025 10:01:00 GMT", "Wed, 15 Jan 2025 10:00:00 GMT", time.Minute, true},
	} {
		got, ok := outbound.RetryAfter(http.Header{"Retry-After": {c.after}, "Date": {c.date}}, now)
		if got != c.want || ok != c.ok {
			t.Errorf("%q: got %s, %t", c.after, got, ok)
		}
	}
}

func FuzzRetryAfter(f *testing.F) {
	now := time.Date(2026, 1, 15, 10, 0, 0, 0, time.UTC)
	f.Add("120", "")
	f.Add("Thu, 15 Jan 2026 10:01:00 GMT", "Thu, 15 Jan 2026 10:00:00 GMT")
	f.Add("99999999999999999999", "x")
	f.Fuzz(func(t *testing.T, after, date string) {
		got, ok := outbound.RetryAfter(http.Header{"Retry-After": {after}, "Date": {date}}, now)
		if got < 0 || got > 6*time.Hour || !ok && got != 0 {
			t.Errorf("%q, %q: got %s, %t", after, date, got, ok)
		}
	})
}

func TestRehearsal_NotesWhatWouldChangeAndReadsTheRest(t *testing.T) {
	read := 0
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet {
			t.Errorf("%s got through", r.Method)
		}
		read++
		_, _ = io.WriteString(w, "found")
	}))
	defer s.Close()
	r := &outbound.DryRun{}
	client := r.Client(outbound.Client(outbound.Options{AllowPrivate: true}))
	get, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	if a, err := outbound.Do(client, get); err != nil || string(a.Body) != "found" || read != 1 {
		t.Errorf("got %+v, %v", a, err)
	}
	if res, err := outbound.Do(
		client,
		post(t, s.URL+"/persons/ala@leak.example/erase?key=hidden"),
	); err != nil ||
		!res.OK() {
		t.Errorf("got %v, %v", res, err)
	}
	calls := r.Take()
	if len(calls) != 1 || calls[0].Method != "POST" || calls[0].URL != s.URL+"/persons/…/erase" || len(r.Take()) != 0 {
		t.Errorf("got %+v", calls)
	}
}
