package service_test

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"testing"

	"github.com/rodopath/rodopath/services/internal/service"
)

type named struct{ Email string }

func (n named) LogValue() slog.Value { return slog.StringValue(n.Email) }

// TestDiscreet_HidesAddressesWhereverTheyStand logs one in every way.
func TestDiscreet_HidesAddressesWhereverTheyStand(t *testing.T) {
	const a = "ala@example.com"
	var out bytes.Buffer
	base := service.Discreet(slog.NewJSONHandler(&out, nil))
	log := slog.New(base)
	log.Info("asked by "+a, "in_upper_case", strings.ToUpper(a), "escaped", "x?e=ala%40example.com")
	log.Warn("an error", "error", errors.New("no answer to "+a))
	log.With("person", a).WithGroup("g").With("of", a).Info("with", "record", "woocommerce:order/17@shop", "n", 17)
	log.Info(
		"values",
		"list",
		[]string{"x", a},
		"bytes",
		[]byte(a),
		"struct",
		struct{ Email string }{a},
		"valuer",
		named{a},
		slog.Group("group", "email", a),
	)
	said := out.String()
	if strings.Contains(strings.ToLower(said), "example.com") {
		t.Errorf("an address is in\n%s", said)
	}
	for _, want := range []string{`"msg":"asked by …"`, `"error":"no answer to …"`, `"record":"woocommerce:order/17@shop","n":17`, `"list":"[x …"`} {
		if !strings.Contains(said, want) {
			t.Errorf("%s is missing in\n%s", want, said)
		}
	}
}

// TestDiscreet_LogsNothingThatControlsADisplay logs hostile characters in every way.
func TestDiscreet_LogsNothingThatControlsADisplay(t *testing.T) {
	const hostile = "\u202e\u2066\u200b\u009b\x1b"
	var out bytes.Buffer
	log := slog.New(service.Discreet(slog.NewJSONHandler(&out, nil)))
	log.With("with"+hostile, hostile).Info("message"+hostile, "text", "a"+hostile, "error", errors.New(hostile),
		"list", []string{hostile}, "valuer", named{hostile}, slog.Group("group", "text", hostile))
	if said := out.String(); strings.ContainsAny(said, hostile) || strings.Contains(said, `\u001b`) {
		t.Errorf("got %q", said)
	}
	if !strings.Contains(out.String(), `"msg":"message`+strings.Repeat("\ufffd", 5)) {
		t.Errorf("the text is not marked: %s", out.String())
	}
}
