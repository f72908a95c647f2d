package httpapi_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/rodopath/rodopath/services/internal/access"
	"github.com/rodopath/rodopath/services/lifecycle"
	"github.com/rodopath/rodopath/services/lifecycle/httpapi"
	"github.com/rodopath/rodopath/services/lifecycle/lifecycletest"
	"github.com/rodopath/rodopath/services/lifecycle/notice"
	"github.com/rodopath/rodopath/services/lifecycle/store"
)

// damagedLists are lists of one readable person, one who is sealed under an unknown key, and one whose document is
// damaged.
type damagedLists struct{ httpapi.Lists }

func (damagedLists) subjects() ([]lifecycle.Subject, error) {
	return []lifecycle.Subject{
		{ID: "readable", Notices: []notice.Notice{{Decision: "d1"}}},
		{ID: "sealed", Sealed: []byte("garbage"), Notices: []notice.Notice{{Decision: "d2"}}},
		{ID: "silent", Sealed: []byte("garbage")}, // of whom no list has anything to say
	}, &store.DamagedError{Causes: map[string]error{"damaged": errors.New("unexpected end of JSON input")}}
}

func (l damagedLists) Unconfirmed(context.Context, int) ([]lifecycle.Subject, error) {
	return l.subjects()
}
func (l damagedLists) Requested(context.Context, int) ([]lifecycle.Subject, error) {
	return l.subjects()
}

func (l damagedLists) Walk(_ context.Context, after string, _ int) ([]lifecycle.Subject, error) {
	if after != "" {
		return nil, nil
	}
	return l.subjects()
}

// TestLists_GoOnAfterADamagedPerson: the others are listed, and the list says whom it misses.
func TestLists_GoOnAfterADamagedPerson(t *testing.T) {
	token := access.Token{Secret: "t"}
	h := newAPIOf(t, &ear{}, damagedLists{lifecycletest.Store(t)}, token)
	for _, path := range []string{"/v1/decisions", "/v1/decisions?state=all", "/v1/requests"} {
		res := send(t, h, http.MethodGet, path, "t", "")
		if res.Code != http.StatusOK {
			t.Errorf("%s: got %d %s, want 200", path, res.Code, res.Body)
			continue
		}
		var list struct {
			Decisions  []struct{ Decision string }
			Incomplete string
		}
		if err := json.Unmarshal(res.Body.Bytes(), &list); err != nil {
			t.Fatal(err)
		}
		for _, id := range []string{"sealed", "damaged"} {
			if !strings.Contains(list.Incomplete, id) {
				t.Errorf("%s: incomplete is %q, want a word on %q", path, list.Incomplete, id)
			}
		}
		if strings.Contains(path, "decisions") && strings.Contains(list.Incomplete, "silent") {
			t.Errorf("%s: the names of a person without decisions are opened: %q", path, list.Incomplete)
		}
		if n := len(list.Decisions); strings.Contains(path, "decisions") && (n != 1 || list.Decisions[0].Decision != "d1") {
			t.Errorf("%s: got %v, want d1 alone", path, list.Decisions)
		}
	}
}
