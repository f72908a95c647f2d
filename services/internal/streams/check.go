package streams

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/rodopath/rodopath/api/stream"
)

// The answers of JetStream when a stream cannot be placed.
const (
	codeNoPeers     = jetstream.ErrorCode(10005)
	codeNoCluster   = jetstream.ErrorCode(10074)
	codeNoResources = jetstream.ErrorCode(10023)
)

// explain states what to do about a stream that cannot be placed.
func explain(err error, opts Options) error {
	refused, ok := errors.AsType[*jetstream.APIError](err)
	if !ok {
		return err
	}
	switch refused.ErrorCode {
	case codeNoCluster:
		return fmt.Errorf("nats.replicas is %d, and the server at nats.url belongs to no cluster: name a cluster of as many "+
			"servers with JetStream, or set nats.replicas to 1: %w", opts.Replicas, err)
	case codeNoPeers, codeNoResources:
		tagged := ""
		if len(opts.Tags) > 0 {
			tagged = " with the tags " + strings.Join(opts.Tags, ", ") + " (nats.tags)"
		}
		return fmt.Errorf("nats.replicas is %d, and the cluster has fewer servers%s that run and have room for a stream: "+
			"start them, or lower nats.replicas: %w", max(opts.Replicas, 1), tagged, err)
	}
	return err
}

// Check returns warnings about how the streams are held, for a person to read. replicas is the configured number of
// servers for each stream; 0 means 1.
func Check(ctx context.Context, js jetstream.JetStream, replicas int) ([]string, error) {
	var out []string
	if replicas == 2 || replicas == 4 {
		out = append(out, fmt.Sprintf("nats.replicas is %d: an even number stands no more failures than %d; set 1, 3 or 5",
			replicas, replicas-1))
	}
	for _, name := range []string{stream.Facts, stream.Receipts, stream.Decisions, stream.Quarantine} {
		s, err := js.Stream(ctx, name)
		if err != nil {
			return out, fmt.Errorf("check stream %s: %w", name, err)
		}
		info := s.CachedInfo()
		if c := info.Cluster; name == stream.Facts && replicas <= 1 && c != nil && c.Name != "" {
			out = append(out, "nats.replicas is 1 in the cluster "+c.Name+": each stream is on one server, and what is in "+
				"the stream is lost with the disk of the server; set nats.replicas to 3")
		}
		out = append(out, faults(info)...)
	}
	return out, nil
}

// faults are the servers that hold a stream and are away.
func faults(info *jetstream.StreamInfo) []string {
	if info.Cluster == nil {
		return nil
	}
	var out []string
	for _, peer := range info.Cluster.Replicas {
		if peer.Offline {
			out = append(out, fmt.Sprintf("the server %s holds a copy of the stream %s and is away: start the server; "+
				"the stream stops when a majority of its %d servers is away", peer.Name, info.Config.Name, info.Config.Replicas))
		}
	}
	return out
}
