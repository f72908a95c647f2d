package natsserver_test

import (
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/rodopath/natsserver"
)

// site is a server with users outside: a shared one, and the recipients crm and other.
type site struct {
	*natsserver.Server
	js    jetstream.JetStream
	users map[string]string
}

func newSite(t *testing.T) *site {
	t.Helper()
	s, err := natsserver.Start(natsserver.Options{
		Dir: t.TempDir(), Listen: "127.0.0.1:0", ConsumerPassword: "shared",
		Recipients: map[string]string{"crm": "of-crm", "other": "of-other"}, Shared: []string{"warehouse"},
		Guarded: []string{"dispatch-crm"}, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	users := s.RecipientURLs()
	users["shared"] = s.ConsumerURL()
	return &site{Server: s, js: open(t, s), users: users}
}

// another is a recipient other than a user.
func another(user string) string {
	if user == "other" {
		return "crm"
	}
	return "other"
}

// connect connects as a user; refusals are no failures of the test.
func (s *site) connect(t *testing.T, user string) *nats.Conn {
	t.Helper()
	nc, err := nats.Connect(s.users[user], nats.ErrorHandler(func(*nats.Conn, *nats.Subscription, error) {}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	return nc
}

// publish publishes a message of the server itself.
func (s *site) publish(t *testing.T, subject string) {
	t.Helper()
	if _, err := s.js.Publish(t.Context(), subject, []byte(mark)); err != nil {
		t.Fatal(err)
	}
}

// pull reads one message of a stream by a consumer.
func pull(t *testing.T, js jetstream.JetStream, name, durable string) {
	t.Helper()
	c, err := js.CreateOrUpdateConsumer(t.Context(), name, jetstream.ConsumerConfig{Durable: durable})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Next(jetstream.FetchMaxWait(5 * time.Second)); err != nil {
		t.Fatalf("read %s by %s: %v", name, durable, err)
	}
}

// TestUsers_NobodyReadsAlong: whatever a user outside subscribes to, no message of the server or of another user
// arrives, except the decisions that the shared user may read.
func TestUsers_NobodyReadsAlong(t *testing.T) {
	s := newSite(t)
	for _, user := range slices.Sorted(maps.Keys(s.users)) {
		var mu sync.Mutex
		var heard []string
		nc := s.connect(t, user)
		for _, subject := range []string{
			"_INBOX.>", ">", "*", "*.>", "_INBOX.*", "_INBOX.*.*", "$JS.>", "$SYS.>", "_R_.>", "rodopath.>",
			stream.FactsOf("shop"), stream.ReceiptsOf("other"), "rodopath.internal.>", "$JS.ACK.>", "$JS.EVENT.>",
		} {
			_, err := nc.Subscribe(subject, func(m *nats.Msg) {
				mu.Lock()
				defer mu.Unlock()
				heard = append(heard, fmt.Sprintf("%s on %s: %.60s", subject, m.Subject, m.Data))
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		if err := nc.Flush(); err != nil {
			t.Fatal(err)
		}
		s.publish(t, stream.FactsOf("shop"))
		pull(t, s.js, stream.Facts, "lifecycle")
		s.publish(t, stream.ReceiptsOf("warehouse"))
		s.publish(t, stream.DecisionFor("delete", "person"))
		js, err := jetstream.New(s.connect(t, another(user)))
		if err != nil {
			t.Fatal(err)
		}
		pull(t, js, stream.Decisions, another(user))
		if err := nc.Flush(); err != nil {
			t.Fatal(err)
		}
		mu.Lock()
		if len(heard) > 0 {
			t.Errorf("%s hears %v", user, heard)
		}
		mu.Unlock()
	}
}

// state is what a user outside may not change: the configurations and the contents of the streams.
func (s *site) state(t *testing.T, user string) string {
	t.Helper()
	var out strings.Builder
	for name := range s.js.StreamNames(t.Context()).Name() {
		one, err := s.js.Stream(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		info := one.CachedInfo()
		fmt.Fprintf(
			&out,
			"%s %v messages %d last %d consumers",
			name,
			info.Config.Subjects,
			info.State.Msgs,
			info.State.LastSeq,
		)
		for consumer := range one.ConsumerNames(t.Context()).Name() {
			if name == stream.Decisions && consumer != "dispatch-crm" && consumer != another(user) {
				continue // the user's own
			}
			c, err := one.Consumer(t.Context(), consumer)
			if err != nil {
				t.Fatal(err)
			}
			config := c.CachedInfo().Config
			fmt.Fprintf(&out, " %s %v %v %d", consumer, config.DeliverPolicy, config.FilterSubjects, c.CachedInfo().NumPending)
		}
		fmt.Fprintln(&out)
	}
	return out.String()
}

// TestUsers_NobodyWritesWhatIsNotTheirs: every subject of the interface of JetStream and of the product, with a reply
// that leads into a stream, changes nothing.
func TestUsers_NobodyWritesWhatIsNotTheirs(t *testing.T) {
	s := newSite(t)
	s.publish(t, stream.FactsOf("shop"))
	s.publish(t, stream.DecisionFor("delete", "person"))
	if _, err := s.js.CreateOrUpdateConsumer(
		t.Context(),
		stream.Decisions,
		jetstream.ConsumerConfig{Durable: "dispatch-crm"},
	); err != nil {
		t.Fatal(err)
	}
	for _, user := range slices.Sorted(maps.Keys(s.users)) {
		for _, owner := range []string{"crm", "other"} {
			js, err := jetstream.New(s.connect(t, owner))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := js.CreateOrUpdateConsumer(
				t.Context(),
				stream.Decisions,
				jetstream.ConsumerConfig{Durable: owner},
			); err != nil {
				t.Fatal(err)
			}
		}
		nc := s.connect(t, user)
		before := s.state(t, user)
		replies := []string{stream.ReceiptsOf(another(user)), stream.FactsOf("shop"), "$JS.API.STREAM.PURGE.FACTS"}
		for _, reply := range replies {
			s.attack(t, nc, user, reply)
		}
		if err := nc.Flush(); err != nil {
			t.Fatal(err)
		}
		if err := s.Conn().Flush(); err != nil {
			t.Fatal(err)
		}
		if after := s.state(t, user); after != before {
			t.Errorf("%s changed the streams from\n%sto\n%s", user, before, after)
		}
	}
}

// attack sends requests on every subject that could change something.
func (s *site) attack(t *testing.T, nc *nats.Conn, user, reply string) {
	t.Helper()
	bodies := []string{
		"",
		mark,
		`{"batch":10}`,
		`{"purge":{}}`,
		`{"name":"FACTS","subjects":["rodopath.facts.>"]}`,
		`{"stream_name":"DECISIONS","config":{"name":"crm","durable_name":"crm","deliver_subject":"` + reply + `","ack_policy":"none"}}`,
		`{"stream_name":"DECISIONS","config":{"name":"crm","durable_name":"crm","Deliver_Subject":"` + reply + `","ack_policy":"none"}}`,
		`{"stream_name":"DECISIONS","config":{"durable_name":"dispatch-crm","ack_policy":"explicit","max_deliver":1}}`,
		`{"stream_name":"DECISIONS","config":{"name":"` + another(
			user,
		) + `","deliver_policy":"new","ack_policy":"explicit"}}`,
	}
	subjects := []string{
		stream.FactsOf("shop"), stream.DecisionFor("delete", "person"), "rodopath.quarantine", "rodopath.quarantine.shop",
		"rodopath.internal.create.shared.dispatch-crm", "rodopath.internal.create.recipient-crm.crm", "$SYS.REQ.SERVER.PING",
		"$JS.API.CONSUMER.CREATE.DECISIONS.durable.dispatch-crm", "$JS.API.CONSUMER.CREATE.DECISIONS.x.dispatch-crm",
	}
	subjects = append(subjects, stream.ReceiptsOf(another(user)))
	for _, name := range []string{stream.Facts, stream.Receipts, stream.Quarantine, stream.Decisions} {
		for _, act := range []string{"CREATE", "UPDATE", "DELETE", "PURGE", "MSG.GET", "MSG.DELETE", "SNAPSHOT", "RESTORE", "LEADER.STEPDOWN"} {
			subjects = append(subjects, "$JS.API.STREAM."+act+"."+name)
		}
		for _, act := range []string{"CREATE", "DURABLE.CREATE", "DELETE", "MSG.NEXT", "INFO", "PAUSE", "RESET", "UNPIN"} {
			for _, consumer := range []string{"crm", "dispatch-crm", "other", "spy"} {
				subject := "$JS.API.CONSUMER." + act + "." + name + "." + consumer
				subjects = append(subjects, subject, subject+".rodopath.>")
			}
		}
		subjects = append(subjects, "$JS.API.DIRECT.GET."+name, "$JS.ACK."+name+".dispatch-crm.1.1.1.1.0")
	}
	for _, subject := range subjects {
		for _, body := range bodies {
			if err := nc.PublishRequest(subject, reply, []byte(body)); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// TestUsers_TheirOwnWorkGoesOn: a recipient reads by the consumer of its name, acknowledges, and answers.
func TestUsers_TheirOwnWorkGoesOn(t *testing.T) {
	s := newSite(t)
	s.publish(t, stream.DecisionFor("delete", "person"))
	for user, durable := range map[string]string{"crm": "crm", "shared": "warehouse"} {
		js, err := jetstream.New(s.connect(t, user))
		if err != nil {
			t.Fatal(err)
		}
		c, err := js.CreateOrUpdateConsumer(t.Context(), stream.Decisions, jetstream.ConsumerConfig{Durable: durable})
		if err != nil {
			t.Fatal(err)
		}
		msg, err := c.Next(jetstream.FetchMaxWait(5 * time.Second))
		if err != nil || string(msg.Data()) != mark {
			t.Fatalf("%s reads %v, %v", user, msg, err)
		}
		if err := msg.DoubleAck(t.Context()); err != nil {
			t.Errorf("%s acknowledges: %v", user, err)
		}
		if _, err := js.Publish(t.Context(), stream.ReceiptsOf(durable), []byte("done")); err != nil {
			t.Errorf("%s answers: %v", user, err)
		}
		if info, err := c.Info(t.Context()); err != nil || info.NumAckPending != 0 || info.NumPending != 0 {
			t.Errorf("%s has %+v, %v; want nothing left", user, info, err)
		}
		_, err = js.CreateOrUpdatePushConsumer(t.Context(), stream.Decisions, jetstream.ConsumerConfig{
			Durable: durable, DeliverSubject: "anywhere",
		})
		if err == nil || !strings.Contains(err.Error(), "pull consumer") {
			t.Errorf("%s makes a consumer that pushes: %v, want a word on pull consumers", user, err)
		}
	}
}

// TestUsers_NobodyTakesThePlaceOfAReceipt: the id of a message of one user does not make the receipt of another a
// repetition, and a flood of receipts is slowed down.
func TestUsers_NobodyTakesThePlaceOfAReceipt(t *testing.T) {
	s := newSite(t)
	nc := s.connect(t, "shared")
	msg := nats.NewMsg(stream.ReceiptsOf("warehouse"))
	msg.Header.Set(nats.MsgIdHdr, "dec_1:crm:done")
	if _, err := nc.RequestMsg(msg, 5*time.Second); err != nil {
		t.Fatal(err)
	}
	ack, err := s.js.Publish(t.Context(), stream.ReceiptsOf("crm"), []byte("done"), jetstream.WithMsgID("dec_1:crm:done"))
	if err != nil || ack.Duplicate {
		t.Errorf("the receipt of another is a repetition: %+v, %v", ack, err)
	}
	for range 3000 {
		if err := nc.Publish(stream.ReceiptsOf("warehouse"), []byte("x")); err != nil {
			t.Fatal(err)
		}
	}
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := js.Publish(t.Context(), stream.ReceiptsOf("warehouse"), []byte("x")); err == nil {
		t.Error("a flood of receipts is accepted")
	}
}
