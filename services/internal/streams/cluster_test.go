package streams_test

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/internal/freeport"
	"github.com/rodopath/rodopath/services/internal/loop"
	"github.com/rodopath/rodopath/services/internal/streams"
)

// cluster starts servers that form a cluster, each with its tags, and connects to the first one.
func cluster(t testing.TB, size int, tags func(i int) []string) ([]*server.Server, jetstream.JetStream) {
	t.Helper()
	var routes []*url.URL
	free, err := freeport.Addresses(t.Context(), size)
	if err != nil {
		t.Fatal(err)
	}
	for _, address := range free {
		routes = append(routes, &url.URL{Scheme: "nats", Host: address})
	}
	servers := make([]*server.Server, size)
	for i := range servers {
		opts := &server.Options{
			ServerName: fmt.Sprint("n", i), Host: "127.0.0.1", Port: -1, JetStream: true, StoreDir: t.TempDir(), NoSigs: true,
			NoLog: true,
		}
		if tags != nil {
			opts.Tags = tags(i)
		}
		if size > 1 {
			port, err := strconv.Atoi(routes[i].Port())
			if err != nil {
				t.Fatal(err)
			}
			opts.Cluster = server.ClusterOpts{Name: "east", Host: "127.0.0.1", Port: port}
			opts.Routes = routes
		}
		ns, err := server.NewServer(opts)
		if err != nil {
			t.Fatal(err)
		}
		ns.Start()
		t.Cleanup(func() { ns.Shutdown(); ns.WaitForShutdown() })
		servers[i] = ns
	}
	if !servers[0].ReadyForConnections(20 * time.Second) {
		t.Fatal("NATS does not get ready")
	}
	nc, err := nats.Connect(servers[0].ClientURL())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	js, err := jetstream.New(nc, jetstream.WithPublishAsyncMaxPending(4096))
	if err != nil {
		t.Fatal(err)
	}
	await(t, "the cluster has all servers", func() bool {
		return size == 1 || slices.ContainsFunc(servers, func(s *server.Server) bool {
			return s.JetStreamIsLeader() && len(s.JetStreamClusterPeers()) == size
		})
	})
	return servers, js
}

func await(t testing.TB, what string, done func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	err := loop.Poll(ctx, what, 50*time.Millisecond, func(context.Context) (bool, error) { return done(), nil })
	if err != nil {
		t.Fatal(err)
	}
}

// ensured waits until the streams are there.
func ensured(t testing.TB, js jetstream.JetStream, opts streams.Options) {
	t.Helper()
	await(t, "the streams are there", func() bool { return streams.Ensure(t.Context(), js, opts) == nil })
}

// contains checks that a text has all parts that a person needs.
func contains(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("got %q, want %q in it", text, part)
		}
	}
}

// TestEnsure_StatesWhatIsWrongWithoutACluster: three copies of a stream need three servers.
func TestEnsure_StatesWhatIsWrongWithoutACluster(t *testing.T) {
	_, js := connect(t)
	err := streams.Ensure(t.Context(), js, streams.Options{Replicas: 3})
	if err == nil {
		t.Fatal("three copies on one server are accepted")
	}
	contains(t, err.Error(), "nats.replicas is 3", "no cluster", "set nats.replicas to 1")
}

// TestEnsure_PlacesTheStreamsByTags: one of three servers has the tag.
func TestEnsure_PlacesTheStreamsByTags(t *testing.T) {
	_, js := cluster(t, 3, func(i int) []string {
		if i == 1 {
			return []string{"region:eu"}
		}
		return []string{"region:us"}
	})
	ensured(t, js, streams.Options{Replicas: 1, Tags: []string{"region:eu"}})
	for _, name := range []string{stream.Facts, stream.Receipts, stream.Decisions, stream.Quarantine} {
		s, err := js.Stream(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		if got := s.CachedInfo().Cluster.Leader; got != "n1" {
			t.Errorf("the stream %s is on %s, want n1", name, got)
		}
	}
	err := streams.Ensure(t.Context(), js, streams.Options{Replicas: 1, Tags: []string{"region:none"}})
	if err == nil {
		t.Fatal("a tag that no server has is accepted")
	}
	contains(t, err.Error(), "region:none (nats.tags)")
}

// TestCheck_WarnsOfHowTheStreamsAreHeld: one copy in a cluster, and a server that is away.
func TestCheck_WarnsOfHowTheStreamsAreHeld(t *testing.T) {
	servers, js := cluster(t, 3, nil)
	check := func(replicas int) string {
		t.Helper()
		warnings, err := streams.Check(t.Context(), js, replicas)
		if err != nil {
			t.Fatal(err)
		}
		return strings.Join(warnings, "\n")
	}
	ensured(t, js, streams.Options{Replicas: 1})
	contains(t, check(1), "nats.replicas is 1 in the cluster east", "set nats.replicas to 3")
	contains(t, check(2), "an even number")
	ensured(t, js, streams.Options{Replicas: 3})
	await(t, "three copies are no reason for a warning", func() bool { return check(3) == "" })
	away := servers[2]
	away.Shutdown()
	away.WaitForShutdown()
	await(t, "a server that is away is named", func() bool {
		warnings, err := streams.Check(t.Context(), js, 3)
		return err == nil &&
			strings.Contains(strings.Join(warnings, "\n"), "the server n2 holds a copy of the stream FACTS and is away")
	})
}

// TestCheck_FindsNothingWrongWithOneServer: an installation with one server has one copy of each stream.
func TestCheck_FindsNothingWrongWithOneServer(t *testing.T) {
	_, js := connect(t)
	ensured(t, js, streams.Options{})
	if warnings, err := streams.Check(t.Context(), js, 0); len(warnings) > 0 || err != nil {
		t.Errorf("got %v, %v, want no warning", warnings, err)
	}
}
