package facttest

import (
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rodopath/rodopath/services/ingest"
)

// EveryType replaces each value of a recording by each type of JSON. No body is refused; a value in another
// notation of the platform changes no fact; and a value that no reader needs changes no fact, whatever its
// type.
type EveryType struct {
	// Source is the name of the source.
	Source string
	// Read reads a body.
	Read func(header http.Header, body []byte, now time.Time) (ingest.Reading, error)
	// Now is the time of receipt.
	Now time.Time
	// Needed are the paths of the values that a reader needs, each with all values below.
	Needed []string
	// Foreign reports whether the platform never sends a notation; nil means that it sends every one.
	Foreign func(Mutation) bool
}

// Check checks one recording.
func (c *EveryType) Check(t *testing.T, name string, header http.Header) {
	t.Helper()
	recorded := Payload(name)
	original, err := c.Read(header, []byte(recorded), c.Now)
	if err != nil {
		t.Fatal(err)
	}
	want := Reading(original)
	for m := range Mutations(recorded) {
		got, err := c.Read(header, m.Body, c.Now)
		if err != nil {
			t.Errorf("%s: refused: %v", m, err)
			continue
		}
		c.checkTwice(t, header, m)
		for _, flaw := range Flaws(c.Source, got, err) {
			t.Errorf("%s: %s", m, flaw)
		}
		if text := Reading(got); text != want && (c.same(m) || !c.needs(m.Path)) {
			t.Errorf("%s: got\n%swant\n%s", m, text, want)
		}
	}
}

// same reports whether a replacement means the same to the platform.
func (c *EveryType) same(m Mutation) bool { return m.Same && (c.Foreign == nil || !c.Foreign(m)) }

// needs reports whether a reader needs a value.
func (c *EveryType) needs(path string) bool {
	return slices.ContainsFunc(c.Needed, func(p string) bool { return path == p || strings.HasPrefix(path, p+".") })
}

// checkTwice replaces a second value of a payload, in the slow tests. No body is refused.
func (c *EveryType) checkTwice(t *testing.T, header http.Header, m Mutation) {
	t.Helper()
	if os.Getenv("RODOPATH_TEST_SLOW") == "" {
		return
	}
	for second := range Mutations(string(m.Body)) {
		if got, err := c.Read(header, second.Body, c.Now); err != nil || got.ID == "" {
			t.Errorf("%s, %s: refused: %v", m, second, err)
		}
	}
}
