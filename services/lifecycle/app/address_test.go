package app_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"go.mongodb.org/mongo-driver/v2/bson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	factv1 "github.com/rodopath/rodopath/api/gen/rodopath/fact/v1"
	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/internal/config"
	"github.com/rodopath/rodopath/services/lifecycle/app"
	"github.com/rodopath/rodopath/services/lifecycle/lifecycletest"
	"github.com/rodopath/rodopath/services/lifecycle/mongostore/mongowire"
)

// mark is in every address of this test.
const mark = "mark7f3a"

// cluster is the service beside a NATS and a MongoDB, whose documents can be looked at.
type cluster struct {
	*app.App
	t     *testing.T
	mongo *mongowire.Server
	js    jetstream.JetStream
	log   *lines
	n     int
}

// lines is a log.
type lines struct {
	mu sync.Mutex
	bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.Buffer.Write(p)
}

func (l *lines) text() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.String()
}

func newCluster(t *testing.T) *cluster {
	t.Helper()
	_, js := lifecycletest.JetStream(t)
	c := &cluster{t: t, log: &lines{}, js: js}
	var err error
	if c.mongo, err = mongowire.Listen(mongowire.Options{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.mongo.Close(); err != nil {
			t.Error(err)
		}
	})
	conf, err := config.Load("", []string{
		"RODOPATH_MONGODB_URI=" + c.mongo.URI(), "RODOPATH_MONGODB_DATABASE=rodopath",
		`RODOPATH_RECIPIENTS=[{id: shelf, holds: ["*"], by: nats}, {id: books, holds: ["*"], by: hand}]`,
	})
	if err != nil {
		t.Fatal(err)
	}
	c.App, err = app.New(t.Context(), app.Options{
		Config: conf, NATS: js.Conn(), Data: t.TempDir(), Tokens: []string{"token"},
		Log: slog.New(slog.NewJSONHandler(c.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
	if err != nil {
		t.Fatal(err)
	}
	c.Start(t.Context())
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

// tell puts a fact into the stream as ingest does.
func (c *cluster) tell(kind factv1.Kind, ref string, names ...*factv1.Identity) {
	c.t.Helper()
	c.n++
	f := &factv1.Fact{
		Id: fmt.Sprint(
			"fact-",
			c.n,
		),
		Kind:       kind,
		Ref:        ref,
		Identities: names,
		Occurred:   timestamppb.New(time.Now().Add(-time.Hour)),
		Wording:    "newsletter-offers",
		Evidence:   &factv1.Evidence{Ip: mark + "@example.com"}, // evidence that is personal is sealed, whatever it is
		Locators:   []string{"stripe:" + mark + "@example.com"},
	}
	data, err := proto.Marshal(
		&factv1.Delivery{Id: f.GetId(), Source: "forms", Received: timestamppb.Now(), Facts: []*factv1.Fact{f}},
	)
	if err == nil {
		_, err = c.js.Publish(c.t.Context(), stream.FactsOf("forms"), data)
	}
	if err != nil {
		c.t.Fatal(err)
	}
	c.settle()
}

func (c *cluster) settle() {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), 20*time.Second)
	defer cancel()
	if err := c.Settle(ctx); err != nil {
		c.t.Fatalf("%v\n%s", err, c.log)
	}
}

// ask asks the interface and returns its answer.
func (c *cluster) ask(method, path string, body map[string]any) (int, string) {
	c.t.Helper()
	data, err := json.Marshal(body)
	if err != nil {
		c.t.Fatal(err)
	}
	req := httptest.NewRequestWithContext(c.t.Context(), method, path, bytes.NewReader(data))
	req.Header.Set("Authorization", "Bearer token")
	res := httptest.NewRecorder()
	c.Handler().ServeHTTP(res, req)
	c.settle()
	return res.Code, res.Body.String()
}

// TestMongoDB_HoldsNoAddress lives through sign-up, sale, merging, rights, decisions and
// their answers, and then looks into the documents as they are, and into every command
// that led to them.
func TestMongoDB_HoldsNoAddress(t *testing.T) {
	c := newCluster(t)
	person := mark + "1@example.com"
	email := func(a string) *factv1.Identity { return &factv1.Identity{Kind: "email", Value: a} }
	c.tell(factv1.Kind_KIND_SIGNUP, "", email(person))
	c.tell(
		factv1.Kind_KIND_SALE,
		"forms:order-1",
		email(strings.ToUpper(mark)+"2@Example.com"),
		&factv1.Identity{Kind: "crm", Value: mark + "3@example.com"},
	)
	c.tell(factv1.Kind_KIND_IDENTIFIED, "", email(person), email(mark+"2@example.com"))
	c.tell(factv1.Kind_KIND_UNSUBSCRIBE, "", email(person))
	for _, path := range []string{"explain", "subjects", "journal"} {
		if status, answer := c.ask(
			http.MethodPost,
			"/v1/"+path,
			map[string]any{"person": person},
		); status != http.StatusOK ||
			path != "journal" && !strings.Contains(answer, mark) {
			t.Errorf("%s: %d %s", path, status, answer)
		}
	}
	c.ask(
		http.MethodPost,
		"/v1/holds",
		map[string]any{"person": person, "record": "forms:order-1", "reason": "chargeback"},
	)
	for n, as := range []string{person, mark + "4@example.com"} {
		status, answer := c.ask(
			http.MethodPost,
			"/v1/requests",
			map[string]any{"person": as, "right": "erasure", "ref": fmt.Sprint("req-", n)},
		)
		if status != http.StatusAccepted {
			t.Errorf("a request: %d %s", status, answer)
		}
	}
	_, answer := c.ask(http.MethodGet, "/v1/decisions?state=all", nil)
	var list struct{ Decisions []struct{ Decision string } }
	if err := json.Unmarshal([]byte(answer), &list); err != nil || len(list.Decisions) == 0 {
		t.Fatalf("no decision was made: %s", answer)
	}
	for _, d := range list.Decisions {
		for _, reason := range []string{"", "ask " + mark + "5@example.com", "ask " + mark + "5%40example.com"} {
			c.ask(
				http.MethodPost,
				"/v1/decisions/receipts",
				map[string]any{"decision": d.Decision, "recipient": "books", "outcome": "held", "reason": reason, "at": time.Now()},
			)
		}
	}
	c.noMark()
}

// noMark looks for marks in the documents, the commands and the log.
func (c *cluster) noMark() {
	c.t.Helper()
	looked := 0
	check := func(place string, value any) {
		looked++
		text, err := bson.MarshalExtJSON(bson.D{{Key: "v", Value: value}}, false, false)
		if err != nil {
			c.t.Fatal(err)
		}
		raw, err := bson.Marshal(bson.D{{Key: "v", Value: value}})
		if err != nil {
			c.t.Fatal(err)
		}
		for _, data := range [][]byte{text, raw} {
			if bytes.Contains(bytes.ToLower(data), []byte(mark)) {
				c.t.Errorf("%s holds an address: %s", place, text)
			}
		}
	}
	for _, name := range []string{"subjects", "identities", "journal", "policies"} {
		documents := c.mongo.Documents("rodopath", name)
		if len(documents) == 0 {
			c.t.Errorf("there is no document in %s", name)
		}
		for _, d := range documents {
			check("a document of "+name, d)
		}
	}
	for _, command := range c.mongo.Log() {
		check("the command "+command.Name, command.Body)
	}
	if looked < 50 {
		c.t.Errorf("only %d things were looked at", looked)
	}
	if text := c.log.text(); strings.Contains(strings.ToLower(text), mark) {
		c.t.Errorf("the log holds an address:\n%s", text)
	}
}
