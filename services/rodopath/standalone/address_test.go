package standalone_test

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
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/rodopath/standalone"
)

// marks are addresses of persons who do not exist, one for each path by which an address
// comes in: one that is found where none may be tells how it got there.
type marks struct {
	mu    sync.Mutex
	paths []string
	// sums are the paths by the first half of the SHA-256 of a mark.
	sums map[string]string
}

// stem is what every mark begins with; a number of four digits follows.
const stem = "mark7f3a"

// of makes the mark of a path.
func (m *marks) of(path string) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	a := fmt.Sprintf("%s%04d@example.com", stem, len(m.paths))
	m.paths = append(m.paths, path)
	if m.sums == nil {
		m.sums = map[string]string{}
	}
	sum := sha256.Sum256([]byte(a))
	m.sums[hex.EncodeToString(sum[:16])] = path
	return a
}

// in lists the paths of the marks in some data: in any case, and in the writings in which
// programs put one: hexadecimal, base64, a hash without a key.
func (m *marks) in(data []byte) []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []string
	folded := bytes.ToLower(data)
	found := func(in []byte, as, begins string, decode func(string) string) {
		for _, at := range everywhere(in, begins) {
			path := "a mark that cannot be told"
			local := decode(string(in[at:min(len(in), at+4*len(stem))]))
			if number, err := strconv.Atoi(
				strings.TrimPrefix(local, stem)[:min(4, len(strings.TrimPrefix(local, stem)))],
			); err == nil &&
				number < len(m.paths) {
				path = m.paths[number]
			}
			if text := path + " (" + as + ")"; !slices.Contains(out, text) {
				out = append(out, text)
			}
		}
	}
	found(folded, "plain", stem, func(s string) string { return s })
	found(folded, "hexadecimal", hex.EncodeToString([]byte(stem)), func(s string) string {
		raw, _ := hex.DecodeString(s[:min(len(s), 24)])
		return string(raw)
	})
	for skip := range 3 { // by where in a group of three bytes it begins
		whole := base64.RawStdEncoding.EncodeToString([]byte("xx"[:skip] + stem))
		first := (8*skip + 5) / 6 // the first letter that is the stem's alone
		found(data, "base64", whole[first:(8*(skip+len(stem)))/6], func(s string) string {
			s = "AAA"[:first] + s
			raw, _ := base64.RawStdEncoding.DecodeString(s[:min(len(s), 24)])
			return stem[:1] + string(raw[min(len(raw), skip+1):]) // some bits of its first byte are before it
		})
	}
	for _, run := range regexp.MustCompile(`[0-9a-f]{32,}`).FindAll(folded, -1) {
		if path, ok := m.sums[string(run[:32])]; ok {
			out = append(out, path+" (SHA-256)")
		}
	}
	return out
}

// everywhere lists where a text begins in some data.
func everywhere(data []byte, text string) []int {
	var out []int
	for at := 0; ; at++ {
		next := bytes.Index(data[at:], []byte(text))
		if next < 0 {
			return out
		}
		at += next
		out = append(out, at)
	}
}

func TestMarks_AreFoundInEveryWriting(t *testing.T) {
	m := &marks{}
	for n := range 20 {
		m.of(fmt.Sprint("another path ", n))
	}
	a := m.of("a path")
	for _, text := range []string{
		a, strings.ToUpper(a), strings.Replace(a, "@", "%40", 1), `{"email":"` + strings.Replace(a, "@", `\u0040`, 1) + `"}`,
		base64.StdEncoding.EncodeToString([]byte(a)), base64.StdEncoding.EncodeToString([]byte("1" + a)),
		base64.RawURLEncoding.EncodeToString([]byte(`ab` + a + `c`)),
		fmt.Sprintf("%x", a), fmt.Sprintf("%x", sha256.Sum256([]byte(a))),
	} {
		if got := m.in(
			[]byte("before " + text + " after, and more of that kind which goes on"),
		); len(got) != 1 ||
			!strings.HasPrefix(got[0], "a path ") {
			t.Errorf("in %s: %q", text, got)
		}
	}
	if got := m.in([]byte("mark7f3@example.com")); len(got) != 0 {
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

// String returns what was said, as a failure shows it.
func (r *record) String() string { return string(r.bytes()) }

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

// cleanLog finds fault with marks in the log, and shows the lines.
func (h *hunt) cleanLog() {
	h.t.Helper()
	for line := range strings.Lines(string(h.log.bytes())) {
		for _, path := range h.marks.in([]byte(line)) {
			h.t.Errorf("a line of the log holds an address: of %s: %s", path, line)
		}
	}
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
// Where they may be: within the messages of the streams.
func TestNode_NoAddressAnywhere(t *testing.T) {
	t.Run("the built-in NATS", func(t *testing.T) {
		h := newHunt(t, "")
		h.goodWebhooks()
		h.settle()
		h.outsiders()
		h.settle()
		h.look()
		h.stop()
		h.files()
		h.cleanLog()
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
		h.cleanLog()
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
	h.machine = start(t, dir, func(o *standalone.Options) {
		o.Log = slog.New(slog.NewJSONHandler(h.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
		if natsURL == "" {
			o.NATSListen = "127.0.0.1:0"
		}
	})
	h.machine.log = h.log
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
		h.eventually(
			"a failure at "+recipient+" is logged",
			func() bool {
				return h.log.has(`"recipient":"`+recipient+`"`, "an attempt to deliver a decision failed")
			},
		)
	}
	h.eventually("the answer that is no receipt is logged", func() bool { return h.log.has("but the answer is invalid") })
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
	if !bytes.Contains(metrics, []byte(`rodopath_webhooks_total{outcome="facts",source="forms"}`)) {
		h.t.Errorf("the metrics lack what was received:\n%s", metrics)
	}
	h.clean("/metrics", metrics)
	h.clean("the header of an answer", h.headers.bytes())
	h.clean("/v1/recipients", []byte(h.ask("/v1/recipients", nil, "")))
	h.clean("/v1/journal/verify", []byte(h.ask("/v1/journal/verify", nil, "")))
	h.files()
}

// files looks into the files of the data directory: the store with its log, and all
// others but those of the streams.
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
		case d.IsDir():
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
