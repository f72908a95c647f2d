package service

import (
	"context"
	"fmt"
	"log/slog"
	"os"

	"github.com/rodopath/rodopath/services/internal/address"
	"github.com/rodopath/rodopath/services/internal/display"
)

// Log makes the logger of a service: JSON on standard error.
func Log() *slog.Logger {
	return slog.New(Discreet(slog.NewJSONHandler(os.Stderr, nil)))
}

// Discreet returns a handler that hides addresses before another handler, and replaces characters that
// control a display. No code may log an address; the handler is the safety net.
func Discreet(h slog.Handler) slog.Handler { return discreet{h} }

type discreet struct{ next slog.Handler }

// Enabled asks the other handler.
func (d discreet) Enabled(ctx context.Context, level slog.Level) bool {
	return d.next.Enabled(ctx, level)
}

// Handle forwards a record with addresses hidden.
func (d discreet) Handle(ctx context.Context, r slog.Record) error {
	out := slog.NewRecord(r.Time, r.Level, safe(r.Message), r.PC)
	r.Attrs(func(a slog.Attr) bool {
		out.AddAttrs(hidden(a))
		return true
	})
	return d.next.Handle(ctx, out)
}

// WithAttrs and WithGroup preserve the hiding.
func (d discreet) WithAttrs(attrs []slog.Attr) slog.Handler {
	return discreet{d.next.WithAttrs(allHidden(attrs))}
}

// WithGroup opens a group.
func (d discreet) WithGroup(name string) slog.Handler { return discreet{d.next.WithGroup(name)} }

func allHidden(attrs []slog.Attr) []slog.Attr {
	out := make([]slog.Attr, len(attrs))
	for i, a := range attrs {
		out[i] = hidden(a)
	}
	return out
}

// safe returns a text without addresses and without characters that control a display.
func safe(text string) string { return display.Text(address.Hide(text)) }

// hidden returns an attribute with safe texts. Other values stay unchanged.
func hidden(a slog.Attr) slog.Attr {
	v := a.Value.Resolve()
	switch v.Kind() {
	case slog.KindString:
		v = slog.StringValue(safe(v.String()))
	case slog.KindGroup:
		v = slog.GroupValue(allHidden(v.Group())...)
	case slog.KindAny:
		text := fmt.Sprint(v.Any())
		if b, ok := v.Any().([]byte); ok {
			text = string(b)
		}
		if hidden := safe(text); hidden != text {
			v = slog.StringValue(hidden)
		}
	}
	return slog.Attr{Key: safe(a.Key), Value: v}
}
