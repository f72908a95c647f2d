package node_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/rodopath/internal/node"
)

// marks are addresses of persons who do not exist, one for each path by which an address
// comes in: one that is found where none may be tells how it got there.
type marks struct {
	mu    sync.Mutex
	paths []string
}

// of makes the mark of a path.
func (m *marks) of(path string) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.paths = append(m.paths, path)
	return mark(len(m.paths)-1) + "@example.com"
}

func mark(n int) string { return fmt.Sprintf("mark7f3a%04d", n) }

// in lists the paths of the marks in some data: in any case, and in the writings in which
// programs put one: base64, hexadecimal, a hash without a key.
func (m *marks) in(data []byte) []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	folded := bytes.ToLower(data)
	var out []string
	for n, path := range m.paths {
		for as, writing := range hidden(mark(n)) {
			in := data
			if as == "plain" || as == "hex" || as == "sha256 hex" {
				in = folded
			}
			if bytes.Contains(in, []byte(writing)) {
				out = append(out, path+" ("+as+")")
			}
		}
	}
	return out
}

// hidden are the writings of a mark.
func hidden(local string) map[string]string {
	whole := local + "@example.com"
	sum := sha256.Sum256([]byte(whole))
	out := map[string]string{
		"plain": local, "hex": hex.EncodeToString([]byte(local)),
		"sha256 hex": hex.EncodeToString(sum[:16]), "sha256 base64": base64.RawURLEncoding.EncodeToString(sum[:15]),
	}
	for skip := range 3 { // by where in a group of three bytes it begins
		text := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("x", skip) + local + "@"))
		out[fmt.Sprint("base64 ", skip)] = strings.TrimRight(text[[]int{0, 2, 3}[skip]:len(text)-4], "=")
	}
	return out
}

func TestMarks_AreFoundInEveryWriting(t *testing.T) {
	m := &marks{}
	a := m.of("a path")
	for _, text := range []string{
		a, strings.ToUpper(a), strings.Replace(a, "@", "%40", 1), `{"email":"` + strings.Replace(a, "@", `\u0040`, 1) + `"}`,
		base64.StdEncoding.EncodeToString([]byte(a)), base64.StdEncoding.EncodeToString([]byte("1" + a)), base64.RawURLEncoding.EncodeToString([]byte(`ab` + a + `c`)),
		fmt.Sprintf("%x", a), fmt.Sprintf("%x", sha256.Sum256([]byte(a))),
	} {
		if got := m.in([]byte("before " + text + " after")); len(got) == 0 {
			t.Errorf("nothing is found in %s", text)
		}
	}
	if got := m.in([]byte("mark7f3a0001@example.com")); len(got) != 0 {
		t.Errorf("found %v", got)
	}
}

// record is what was said in one place, for as long as a test goes on.
type record struct {
	mu   sync.Mutex
	data bytes.Buffer
}

func (r *record) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.data.Write(p)
}

func (r *record) bytes() []byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	return bytes.Clone(r.data.Bytes())
}

func (r *record) has(texts ...string) bool {
	for line := range strings.Lines(string(r.bytes())) {
		if !slices.ContainsFunc(texts, func(s string) bool { return !strings.Contains(line, s) }) {
			return true
		}
	}
	return false
}

// hunt is a machine through which marks go, and the places where none may come out.
type hunt struct {
	*machine
	marks *marks
	// log has every line, headers those of all answers, wire the subjects and headers of
	// all messages.
	log, headers, wire *record
	sinks              *sinks
}

// clean finds fault with marks in a place.
func (h *hunt) clean(place string, data []byte) {
	h.t.Helper()
	for _, path := range h.marks.in(data) {
		h.t.Errorf("%s holds an address: of %s", place, path)
	}
}

// TestNode_NoAddressAnywhere sends marked addresses in by every path, good and bad, and
// looks for them in logs, metrics, subjects, headers, names and the bytes of the store.
// Where they may be: within the messages of the streams, and in the spool.
func TestNode_NoAddressAnywhere(t *testing.T) {
	t.Run("the built-in NATS", func(t *testing.T) {
		h := newHunt(t, "")
		h.everything()
		h.outsiders()
		h.settle()
		h.look()
		h.stop()
		h.files()
		srv := natsOn(t, filepath.Join(h.dir, "nats"), server.RANDOM_PORT)
		h.streams(srv.ClientURL())
		h.clean("the log", h.log.bytes())
	})
	t.Run("a NATS by its address", func(t *testing.T) {
		srv := natsOn(t, t.TempDir(), server.RANDOM_PORT)
		h := newHunt(t, srv.ClientURL())
		h.listen(srv.ClientURL())
		h.everything()
		h.insiders(srv.ClientURL())
		h.settle()
		h.look()
		h.stop()
		h.files()
		h.streams(srv.ClientURL())
		h.clean("the log", h.log.bytes())
		h.clean("the subjects and headers on the wire", h.wire.bytes())
	})
}

func newHunt(t *testing.T, natsURL string) *hunt {
	t.Helper()
	h := &hunt{marks: &marks{}, log: &record{}, headers: &record{}, wire: &record{}}
	h.sinks = newSinks(t, h.marks)
	settings := h.sinks.config()
	if natsURL != "" {
		settings += "nats: {url: \"" + natsURL + "\"}\n"
	}
	dir := withRecipients(t, settings)
	write(t, filepath.Join(dir, "secrets", "shop-key"), "ck_1:cs_1")
	h.machine = start(t, dir, func(o *node.Options) {
		o.Log = slog.New(slog.NewJSONHandler(h.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
		if natsURL == "" {
			o.NATSListen = "127.0.0.1:0"
		}
	})
	return h
}

// everything goes by all paths that do not depend on the broker.
func (h *hunt) everything() {
	h.goodWebhooks()
	h.platformFields()
	h.formFields()
	h.badWebhooks()
	h.settle()
	h.questions()
	h.rights()
	h.receipts()
	h.pages()
	h.settle()
	for _, recipient := range h.sinks.failing() {
		h.eventually("a failure at "+recipient+" is logged", func() bool { return h.log.has(`"recipient":"`+recipient+`"`, "did not get through") })
	}
	h.eventually("the answer that is no receipt is logged", func() bool { return h.log.has("the answer cannot be taken") })
	h.eventually("the dry run is logged", func() bool { return h.log.has("dry run: would call") })
	h.eventually("the shop's dry run is logged", func() bool { return h.log.has("dry run: would fail") })
	h.ask("/v1/replay", map[string]any{"since": "2020-01-01T00:00:00Z"}, "")
}

// look looks into what a machine shows while it runs.
func (h *hunt) look() {
	h.t.Helper()
	res, err := http.Get(h.Control.API + "/metrics")
	if err != nil {
		h.t.Fatal(err)
	}
	defer res.Body.Close()
	metrics, err := io.ReadAll(res.Body)
	if err != nil {
		h.t.Fatal(err)
	}
	if !bytes.Contains(metrics, []byte(`rodopath_webhooks_total{outcome="impossible",source="forms"}`)) {
		h.t.Errorf("the metrics lack what was refused:\n%s", metrics)
	}
	h.clean("/metrics", metrics)
	h.clean("the header of an answer", h.headers.bytes())
	h.clean("/v1/recipients", []byte(h.ask("/v1/recipients", nil, "")))
	h.clean("/v1/journal/verify", []byte(h.ask("/v1/journal/verify", nil, "")))
	h.files()
}

// files looks into the files of the data directory: the store with its log, and all
// others but those of the streams and the spool.
func (h *hunt) files() {
	h.t.Helper()
	seen := map[string]bool{}
	err := filepath.WalkDir(h.dir, func(path string, d os.DirEntry, err error) error {
		name, _ := filepath.Rel(h.dir, path)
		switch {
		case errors.Is(err, os.ErrNotExist): // it went meanwhile
			return nil
		case err != nil:
			return err
		case d.IsDir() && name == "nats":
			return filepath.SkipDir
		case d.IsDir() || strings.HasPrefix(name, "spool.db"):
			return nil
		}
		data, err := os.ReadFile(path)
		if errors.Is(err, os.ErrNotExist) {
			return nil
		}
		h.clean("the name of a file", []byte(name))
		h.clean("the file "+name, data)
		seen[name] = len(data) > 0
		return err
	})
	if err != nil {
		h.t.Fatal(err)
	}
	if !seen["rodopath.db"] {
		h.t.Errorf("the store was not found among %v", seen)
	}
}

// listen writes down the subjects and headers of all that goes over a broker.
func (h *hunt) listen(url string) {
	h.t.Helper()
	nc, err := nats.Connect(url)
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(nc.Close)
	_, err = nc.Subscribe(">", func(m *nats.Msg) {
		fmt.Fprintf(h.wire, "%s %s %v\n", m.Subject, m.Reply, m.Header)
	})
	if err == nil {
		err = nc.Flush()
	}
	if err != nil {
		h.t.Fatal(err)
	}
}

// streams looks into all that a broker keeps: names, settings, subjects, headers and
// consumers, and the values of what is no stream of messages.
func (h *hunt) streams(url string) {
	h.t.Helper()
	nc, err := nats.Connect(url)
	if err != nil {
		h.t.Fatal(err)
	}
	defer nc.Close()
	js, err := jetstream.New(nc)
	if err != nil {
		h.t.Fatal(err)
	}
	found, within := 0, 0
	list := js.ListStreams(h.t.Context(), jetstream.WithStreamListSubject(">"))
	for info := range list.Info() {
		found++
		s, err := js.Stream(h.t.Context(), info.Config.Name)
		if err != nil {
			h.t.Fatal(err)
		}
		within += h.stream(s)
	}
	if list.Err() != nil || found < 4 {
		h.t.Errorf("%d streams were found, %v", found, list.Err())
	}
	if within < 10 {
		h.t.Errorf("the messages hold %d addresses: what is looked for is not there at all", within)
	}
}

// stream looks into one stream, and returns how many marks its messages hold where they
// may.
func (h *hunt) stream(s jetstream.Stream) (within int) {
	h.t.Helper()
	ctx := h.t.Context()
	info, err := s.Info(ctx, jetstream.WithSubjectFilter(">"))
	if err != nil {
		h.t.Fatal(err)
	}
	name := "the stream " + info.Config.Name
	for seq := info.State.FirstSeq; seq <= info.State.LastSeq; seq++ {
		msg, err := s.GetMsg(ctx, seq)
		if errors.Is(err, jetstream.ErrMsgNotFound) {
			continue
		}
		if err != nil {
			h.t.Fatal(err)
		}
		h.clean("a subject of "+name, []byte(msg.Subject))
		h.clean("a header of "+name, []byte(fmt.Sprint(msg.Header)))
		if slices.Contains([]string{stream.Facts, stream.Decisions, stream.Receipts}, info.Config.Name) {
			within += len(h.marks.in(msg.Data))
		} else {
			h.clean("a value of "+name, msg.Data)
		}
	}
	all := []any{info}
	consumers := s.ListConsumers(ctx)
	for c := range consumers.Info() {
		all = append(all, c)
	}
	about, err := json.Marshal(all)
	if err = errors.Join(err, consumers.Err()); err != nil {
		h.t.Fatal(err)
	}
	h.clean("what describes "+name, about)
	return within
}
