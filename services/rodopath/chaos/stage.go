package chaos

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/rodopath/rodopath/services/internal/freeport"
	"github.com/rodopath/rodopath/services/internal/loop"
	"github.com/rodopath/rodopath/services/lifecycle/identity"
)

// stage holds all processes: servers, services, proxies, and the recipient.
type stage struct {
	// packed reports whether facts share messages.
	packed bool
	// poisoned counts the messages of poison that a broker took.
	poisoned  atomic.Int64
	dir, logs string
	clock     *clock
	recipient *recipient
	client    *http.Client
	token     string
	secret    string

	nodes, services []*process
	// proxies are by service, one to each server.
	proxies map[string][]*proxy
	// database is nil with SQLite.
	database *database
	// answering are the addresses of the services, by name; lifecycles the addresses of the API.
	answering  map[string]string
	lifecycles []string
	metrics    string // of ingest
	nats       *nats.Conn
	js         jetstream.JetStream
}

// claim is the time before another process takes over from a killed dispatch.
const claim = 6 * time.Second

// setUp starts everything under a directory. mongo is where subjects are kept; empty
// means in SQLite. packed answers webhooks once they are in the intake log, in an installation with one partition,
// whose facts share messages; otherwise webhooks are answered after the broker, and there are four partitions.
func setUp(ctx context.Context, dir, mongo string, packed bool, answers func(int) string) (s *stage, err error) {
	s = &stage{
		packed:    packed,
		dir:       dir,
		logs:      filepath.Join(dir, "logs"),
		clock:     newClock(dir),
		proxies:   map[string][]*proxy{},
		answering: map[string]string{},
		client:    &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 32}},
		token:     rand.Text(),
		secret:    newSecret(),
	}
	if err := os.MkdirAll(s.logs, 0o700); err != nil {
		return nil, err
	}
	if err := s.clock.step(0); err != nil {
		return nil, err
	}
	s.recipient = &recipient{secret: newSecret(), token: rand.Text(), clock: s.clock, client: s.client, answers: answers}
	if err := s.recipient.start(ctx); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			s.close()
		}
	}()
	if mongo != "" {
		if s.database, mongo, err = startDatabase(ctx, mongo); err != nil {
			return nil, err
		}
	}
	if err := s.configure(mongo); err != nil {
		return nil, err
	}
	servers, err := s.startNodes(ctx)
	if err != nil {
		return nil, err
	}
	if err := s.connect(ctx, servers); err != nil {
		return nil, err
	}
	return s, s.startServices(ctx, servers, mongo)
}

// newSecret returns a secret in the form of Standard Webhooks, which suits every platform.
func newSecret() string {
	key := make([]byte, 32)
	_, _ = rand.Read(key) // never fails
	return "whsec_" + base64.StdEncoding.EncodeToString(key)
}

// configure writes the configuration that all services read.
func (s *stage) configure(mongo string) error {
	keys, err := identity.NewKeysJSON()
	if err != nil {
		return err
	}
	partitions, accept := "4", "broker"
	if s.packed {
		partitions, accept = "1", "disk"
	}
	text := strings.NewReplacer(
		"$CRM", "http://"+s.recipient.listener.Addr().String()+"/", "$PARTITIONS", partitions, "$ACCEPT", accept,
	).Replace(`controller: Chaos
observe: false
sources:
  - {id: stripe, platform: stripe, secrets: ["file:source"]}
  - {id: woocommerce, platform: woocommerce, secrets: ["file:source"]}
  - {id: mailerlite, platform: mailerlite, secrets: ["file:source"], wording: newsletter-offers}
  - {id: standard, platform: standard, secrets: ["file:source"], wording: newsletter-offers}
recipients:
  - {id: crm, holds: ["*"], by: webhook, url: "$CRM", secrets: ["file:crm"], token: "file:crm-token", kinds: [delete, ask-consent], allow_private: true}
api: {tokens: ["file:token"]}
nats: {replicas: 3, partitions: $PARTITIONS}
keys: file:keys.json
intake: {path: ingest/intake, accept: $ACCEPT}
`)
	if mongo != "" {
		text += "mongodb: {uri: \"file:mongodb\", database: rodopathchaos" + strconv.FormatInt(
			time.Now().UnixNano(),
			36,
		) + "}\n"
	}
	var all error
	for name, data := range map[string]string{
		"rodopath.yaml": text, "source": s.secret, "crm": s.recipient.secret, "crm-token": s.recipient.token,
		"token": s.token, "keys.json": string(keys), "mongodb": mongo,
	} {
		all = errors.Join(all, os.WriteFile(filepath.Join(s.dir, name), []byte(data), 0o600))
	}
	return all
}

// startNodes starts a cluster of three servers and returns their addresses.
func (s *stage) startNodes(ctx context.Context) ([]string, error) {
	ports, err := freeport.Addresses(ctx, 6)
	if err != nil {
		return nil, err
	}
	listen, cluster := ports[:3], ports[3:]
	for i := range listen {
		name := "nats-" + strconv.Itoa(i+1)
		one, err := startProcess(ctx, name, part{
			Kind: partNATS, Name: name, Dir: filepath.Join(s.dir, name), Listen: listen[i], Cluster: cluster[i], Routes: cluster,
		}, s.logs)
		if err != nil {
			return nil, err
		}
		s.nodes = append(s.nodes, one)
	}
	return listen, nil
}

// connect connects the run itself to the cluster, past the proxies.
func (s *stage) connect(ctx context.Context, servers []string) (err error) {
	s.nats, err = nats.Connect(
		"nats://"+strings.Join(servers, ",nats://"),
		nats.MaxReconnects(-1),
		nats.ReconnectWait(100*time.Millisecond),
		nats.RetryOnFailedConnect(true),
		nats.Name("chaos"),
		nats.IgnoreDiscoveredServers(),
	)
	if err != nil {
		return err
	}
	if s.js, err = jetstream.New(s.nats); err != nil {
		return err
	}
	until := time.Now().Add(30 * time.Second)
	for {
		asking, cancel := context.WithTimeout(ctx, time.Second)
		_, err = s.js.AccountInfo(asking)
		cancel()
		if err == nil {
			return nil
		}
		if time.Now().After(until) || !loop.Sleep(ctx, 100*time.Millisecond) {
			return fmt.Errorf("the cluster does not come up: %w", err)
		}
	}
}

func (s *stage) startServices(ctx context.Context, servers []string, mongo string) error {
	names := []string{partIngest, partLifecycle, partDispatch}
	if mongo != "" {
		names = append(names, partLifecycle+"-2")
	}
	ports, err := freeport.Addresses(ctx, 2*len(names))
	if err != nil {
		return err
	}
	for i, name := range names {
		p := part{
			Kind: strings.TrimSuffix(
				name,
				"-2",
			),
			Dir:     filepath.Join(s.dir, name),
			Listen:  ports[i],
			Metrics: ports[len(names)+i],
			Config:  filepath.Join(s.dir, "rodopath.yaml"),
			Clock:   s.dir,
			Claim:   claim,
			Packed:  s.packed,
			// The second name is lifecycle.
			Lifecycle: ports[1],
		}
		if err := os.MkdirAll(p.Dir, 0o700); err != nil {
			return err
		}
		for j, server := range servers {
			through, err := startProxy(ctx, server)
			if err != nil {
				return err
			}
			s.proxies[name] = append(s.proxies[name], through)
			if j > 0 {
				p.NATS += ","
			}
			p.NATS += "nats://" + through.address()
		}
		s.answering[name] = p.Listen
		switch p.Kind {
		case partLifecycle:
			s.lifecycles = append(s.lifecycles, p.Listen)
			if mongo != "" {
				p.Dir = "" // everything is elsewhere
			}
		case partIngest:
			s.metrics = p.Metrics
		}
		one, err := startProcess(ctx, name, p, s.logs)
		if err != nil {
			return err
		}
		s.services = append(s.services, one)
	}
	s.recipient.lifecycle = s.lifecycles
	return s.awaitReady(ctx, time.Minute)
}

// awaitReady waits until all services are ready and every stream has a leader.
func (s *stage) awaitReady(ctx context.Context, within time.Duration) error {
	for until := time.Now().Add(within); ; {
		missing := s.notReady(ctx)
		if missing == "" {
			return nil
		}
		if time.Now().After(until) || !loop.Sleep(ctx, 20*time.Millisecond) {
			return fmt.Errorf("%s is not ready; its log is in %s", missing, s.logs)
		}
	}
}

// notReady names one that is not ready; empty when all are.
func (s *stage) notReady(ctx context.Context) string {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	for name, address := range s.answering {
		if !ready(ctx, s.client, address) {
			return name
		}
	}
	for _, name := range streams() {
		if one, err := s.js.Stream(
			ctx,
			name,
		); err != nil || one.CachedInfo().Cluster == nil ||
			one.CachedInfo().Cluster.Leader == "" {
			return "stream " + name
		}
	}
	return ""
}

// close ends everything.
func (s *stage) close() {
	for _, list := range s.proxies {
		for _, p := range list {
			p.heal()
		}
	}
	if s.database != nil {
		s.database.link.heal()
	}
	for _, p := range append(s.services, s.nodes...) {
		p.stop()
	}
	s.database.close()
	if s.nats != nil {
		s.nats.Close()
	}
	for _, list := range s.proxies {
		for _, p := range list {
			p.close()
		}
	}
	s.recipient.close()
}
