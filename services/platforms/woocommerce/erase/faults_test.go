package erase_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/rodopath/rodopath/services/dispatch"
	"github.com/rodopath/rodopath/services/platforms/erasure/erasuretest"
)

func TestCarry_FailsSoThatItIsTriedAgain(t *testing.T) {
	for name, c := range map[string]struct {
		fault func(http.ResponseWriter, *http.Request) bool
		want  string
		after time.Duration
	}{
		"too many calls":         {erasuretest.Answering(429, `{}`, "Retry-After", "30"), "429", 30 * time.Second},
		"broken down":            {erasuretest.Answering(500, `ala@leak.example`), "the answer was 500", 0},
		"under maintenance":      {erasuretest.Answering(503, `<html>`, "Retry-After", "600"), "503", 10 * time.Minute},
		"another key":            {erasuretest.Answering(401, `{"code":"woocommerce_rest_cannot_view","message":"ala@leak.example"}`), "(woocommerce_rest_cannot_view): the key was refused (this call needs a user who manages the shop); create a key with Read/Write", 0},
		"no interface there":     {erasuretest.Answering(404, `{"code":"rest_no_route"}`), "(rest_no_route): the interface does not exist; check the url", 0},
		"no WordPress there":     {erasuretest.Answering(404, `<html>Not Found</html>`), "the interface does not exist; check the url", 0},
		"a page in its place":    {erasuretest.Answering(200, `<html>ala@leak.example</html>`), "not the documented JSON", 0},
		"gone for good, somehow": {erasuretest.Answering(410, `{}`), "the answer was 410", 0},
	} {
		t.Run(name, func(t *testing.T) {
			s := newShop(t)
			s.Fault(c.fault)
			_, err := erasuretest.Deliver(
				t,
				s.connector(t, erasuretest.Client()),
				erasuretest.Deletion("person", nil, "contact"),
			)
			if err == nil || !strings.Contains(err.Error(), c.want) || errors.Is(err, dispatch.ErrGone) {
				t.Fatalf("got %v", err)
			}
			var wait *dispatch.Wait
			if errors.As(err, &wait) != (c.after > 0) || wait != nil && wait.After != c.after {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestCarry_AKeyThatMayOnlyReadIsRefused(t *testing.T) {
	s := newShop(t)
	s.Fault(func(w http.ResponseWriter, r *http.Request) bool {
		return r.Method != "GET" && erasuretest.Answering(401, `{"code":"woocommerce_rest_authentication_error"}`)(w, r)
	})
	_, err := erasuretest.Deliver(
		t,
		s.connector(t, erasuretest.Client()),
		erasuretest.Deletion("person", nil, "contact", order17),
	)
	if err == nil || !strings.Contains(err.Error(), "anonymise the order") ||
		!strings.Contains(err.Error(), "Read/Write") {
		t.Errorf("got %v", err)
	}
}
