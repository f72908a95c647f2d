package apply_test

import (
	"slices"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	factv1 "github.com/rodopath/rodopath/api/gen/rodopath/fact/v1"
	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/lifecycle/apply"
)

// tornBench is an outbox bench whose store loses the race for the redirect of a change after the subject is
// written, as a store without transactions may. The relay publishes what it finds in between.
func tornBench(t *testing.T, tears int) *outboxBench {
	t.Helper()
	o := newOutboxBench(t)
	st := &torn{Store: o.store, tears: tears, between: o.drain}
	o.Applier = apply.New(apply.Options{
		Store: st, Vault: o.vault, Policy: o.policy, Now: func() time.Time { return o.now }, Outbox: o.relay(o.events),
	})
	return o
}

// deleted returns the items of all published deletions, with the ids of the decisions.
func (o *outboxBench) deleted() map[string][]string {
	o.t.Helper()
	out := map[string][]string{}
	err := o.events.Read(o.t.Context(), false, func(data []byte) error {
		e, err := stream.DecodeEvent(data)
		if err != nil || e.Data.Kind != stream.KindDelete {
			return err
		}
		for _, i := range e.Data.Delete.Items {
			item := i.Category + " " + i.Ref + " " + e.Data.Effective.String()
			if !slices.Contains(out[item], e.ID) {
				out[item] = append(out[item], e.ID)
			}
		}
		return nil
	})
	if err != nil {
		o.t.Fatal(err)
	}
	return out
}

// TestApply_NothingIsPublishedOfAChangeThatIsHalfWritten: a person comes back after everything was deleted and
// leaves again, and a person is joined with another, while the second document of each change is written late and
// the relay works in between. The decisions are those of changes that were written at once.
func TestApply_NothingIsPublishedOfAChangeThatIsHalfWritten(t *testing.T) {
	at := func(f *factv1.Fact, ago time.Duration) *factv1.Fact {
		f.Occurred = timestamppb.New(now.Add(-ago))
		return f
	}
	stories := map[string]func(o *outboxBench){
		"a return": func(o *outboxBench) {
			o.apply(at(o.fact(signup, "", "ala@example.com"), 9*time.Hour))
			o.apply(at(o.fact(unsub, "", "ala@example.com"), 8*time.Hour))
			o.drain()
			o.apply(
				at(o.fact(signup, "", "ala@example.com"), 7*time.Hour),
				at(o.fact(unsub, "", "ala@example.com"), 6*time.Hour),
			)
			o.drain()
		},
		"a return with an old sale": func(o *outboxBench) {
			o.apply(at(o.fact(signup, "", "ala@example.com"), 9*time.Hour))
			o.apply(at(o.fact(unsub, "", "ala@example.com"), 8*time.Hour))
			o.drain()
			o.apply(at(o.fact(sale, "order-1", "ala@example.com"), 8*365*24*time.Hour))
			o.drain()
		},
		"a merge": func(o *outboxBench) {
			o.apply(at(o.fact(signup, "", "ala@example.com"), 9*time.Hour))
			o.apply(at(o.fact(sale, "order-1", "stripe:cus_1"), 8*365*24*time.Hour))
			o.drain()
			o.apply(at(o.fact(unsub, "", "ala@example.com", "stripe:cus_1"), time.Hour))
			o.drain()
		},
		"a return of a merged person": func(o *outboxBench) {
			o.apply(at(o.fact(signup, "", "ala@example.com"), 9*time.Hour))
			o.apply(at(o.fact(signup, "", "ola@example.com"), 9*time.Hour))
			o.apply(at(o.fact(unsub, "", "ala@example.com", "mailerlite:1"), 8*time.Hour))
			o.drain()
			o.apply(at(o.fact(unsub, "", "ola@example.com", "mailerlite:1"), 7*time.Hour))
			o.drain()
			o.apply(
				at(o.fact(signup, "", "ala@example.com"), 6*time.Hour),
				at(o.fact(unsub, "", "ala@example.com"), 5*time.Hour),
			)
			o.drain()
		},
	}
	for name, story := range stories {
		for tears := range 4 {
			o := tornBench(t, tears)
			story(o)
			for item, ids := range o.deleted() {
				if len(ids) > 1 {
					t.Errorf("%s, torn %d times: %s is deleted by %d decisions, %v, want 1", name, tears, item, len(ids), ids)
				}
			}
		}
	}
}
