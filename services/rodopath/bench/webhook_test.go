package bench

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
)

func TestWebhooks_HaveNothingInCommonButTheirForm(t *testing.T) {
	w := newWebhooks("whsec_test", 7, 2, time.Now())
	one, two := string(w.body(0, make([]byte, len(w.form)))), string(w.body(1, make([]byte, len(w.form))))
	if !json.Valid([]byte(one)) || len(one) < bodySize || len(one) > bodySize+200 {
		t.Errorf("a body of %d bytes: %s", len(one), one)
	}
	if one == two || strings.Contains(one+two, hole) || w.signed[0] == w.signed[1] {
		t.Error("the webhooks are not told apart")
	}
	if !strings.Contains(two, `"email":"`+w.email(1)+`"`) {
		t.Errorf("%s is not in the body", w.email(1))
	}
}
