package app_test

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	factv1 "github.com/rodopath/rodopath/api/gen/rodopath/fact/v1"
	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/internal/config"
	"github.com/rodopath/rodopath/services/internal/loop"
	"github.com/rodopath/rodopath/services/internal/streams"
	"github.com/rodopath/rodopath/services/lifecycle/app"
	"github.com/rodopath/rodopath/services/lifecycle/lifecycletest"
	"github.com/rodopath/rodopath/services/lifecycle/mongostore/mongowire"
)

// TestPartitions_TheProcessThatStartedLastDecides: a replica with four partitions runs, one with a single partition
// starts, and the first one follows. What was published under either number is applied.
func TestPartitions_TheProcessThatStartedLastDecides(t *testing.T) {
	_, js := lifecycletest.JetStream(t)
	mongo, err := mongowire.Listen(mongowire.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = mongo.Close() })
	data := t.TempDir()
	start := func(partitions int) *app.App {
		t.Helper()
		conf, err := config.Load("", []string{
			"RODOPATH_MONGODB_URI=" + mongo.URI(), "RODOPATH_MONGODB_DATABASE=rodopath",
			"RODOPATH_NATS_PARTITIONS=" + strconv.Itoa(partitions),
		})
		if err != nil {
			t.Fatal(err)
		}
		a, err := app.New(t.Context(), app.Options{
			Config: conf, NATS: js.Conn(), Data: data, Tokens: []string{"token"}, Log: slog.New(slog.DiscardHandler),
		})
		if err != nil {
			t.Fatal(err)
		}
		a.Start(t.Context())
		t.Cleanup(func() {
			if err := a.Close(); err != nil {
				t.Error(err)
			}
		})
		return a
	}
	first := start(4)
	awaitConsumers(t, js, "lifecycle-0-of-4 lifecycle-1-of-4 lifecycle-2-of-4 lifecycle-3-of-4 lifecycle-rest-of-4")
	publishSales(t, js, "before", 4)
	settled(t, first)
	second := start(1)
	publishSales(t, js, "between", 4)
	awaitConsumers(t, js, "lifecycle")
	publishSales(t, js, "after", 1)
	settled(t, second)
	if n := len(mongo.Documents("rodopath", "subjects")); n != 30 {
		t.Errorf("%d persons are stored, want 30", n)
	}
}

// publishSales publishes the sales of ten persons in an installation with a number of partitions.
func publishSales(t *testing.T, js jetstream.JetStream, when string, partitions int) {
	t.Helper()
	for i := range 10 {
		d := &factv1.Delivery{
			Id: fmt.Sprint(when, i), Source: "forms", Received: timestamppb.Now(), Facts: []*factv1.Fact{{
				Id: fmt.Sprint(when, i), Kind: factv1.Kind_KIND_SALE, Ref: fmt.Sprintf("order-%s-%d", when, i),
				Access: factv1.Access_ACCESS_ONE_OFF, Occurred: timestamppb.New(time.Now().Add(-time.Hour)),
				Identities: []*factv1.Identity{{Kind: "email", Value: fmt.Sprintf("%s%d@example.com", when, i)}},
			}},
		}
		data, err := proto.Marshal(d)
		if err == nil {
			_, err = js.Publish(t.Context(), streams.FactsSubject(d, partitions), data)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

func settled(t *testing.T, a *app.App) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := a.Settle(ctx); err != nil {
		t.Fatal(err)
	}
}

// awaitConsumers waits until the stream of facts has exactly these consumers.
func awaitConsumers(t *testing.T, js jetstream.JetStream, want string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	got := ""
	err := loop.Poll(ctx, "await the consumers", 20*time.Millisecond, func(ctx context.Context) (bool, error) {
		s, err := js.Stream(ctx, stream.Facts)
		if err != nil {
			return false, err
		}
		var names []string
		list := s.ConsumerNames(ctx)
		for name := range list.Name() {
			names = append(names, name)
		}
		slices.Sort(names)
		got = strings.Join(names, " ")
		return got == want, list.Err()
	})
	if err != nil {
		t.Fatalf("%v: got the consumers %q, want %q", err, got, want)
	}
}
