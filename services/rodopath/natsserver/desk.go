package natsserver

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"golang.org/x/time/rate"

	"github.com/rodopath/rodopath/api/stream"
)

// The bounds of a user outside.
const (
	// askWithin bounds a request that is passed on.
	askWithin = 5 * time.Second
	// maxConsumers bounds the consumers of the stream of decisions: JetStream refuses more than 1,000, also to the
	// services.
	maxConsumers = 100
	// maxReceipt bounds a receipt, in bytes; receiptsPerSecond and receiptsAtOnce bound their number.
	maxReceipt        = 64 << 10
	receiptsPerSecond = 50
	receiptsAtOnce    = 1000
	// waitingRequests and waitingBytes bound the requests that wait; any more get no answer.
	waitingRequests = 8192
	waitingBytes    = 16 << 20
)

// desk answers the requests of users outside that may not reach JetStream as they are.
type desk struct {
	conn *nats.Conn
	// users are the users, by name.
	users map[string]*outsider

	mu sync.Mutex
	// paces are the rates of receipts, by user.
	paces map[string]*rate.Limiter
}

// openDesk begins to answer.
func openDesk(conn *nats.Conn, outsiders []outsider) error {
	d := &desk{conn: conn, users: map[string]*outsider{}, paces: map[string]*rate.Limiter{}}
	for i := range outsiders {
		d.users[outsiders[i].user] = &outsiders[i]
		d.paces[outsiders[i].user] = rate.NewLimiter(receiptsPerSecond, receiptsAtOnce)
	}
	for prefix, answer := range map[string]func(user *outsider, rest string, msg *nats.Msg) []byte{
		creates: d.create, receives: d.receive,
	} {
		sub, err := conn.Subscribe(prefix+">", func(msg *nats.Msg) {
			name, rest, _ := strings.Cut(strings.TrimPrefix(msg.Subject, prefix), ".")
			if user := d.users[name]; user != nil {
				_ = msg.Respond(answer(user, rest, msg)) // a request without a reply subject gets no answer
			}
		})
		if err == nil {
			err = sub.SetPendingLimits(waitingRequests, waitingBytes)
		}
		if err != nil {
			return fmt.Errorf("answer users outside: %w", err)
		}
	}
	return conn.Flush()
}

// create creates a consumer of the stream of decisions. A consumer that pushes its messages could write them into any
// stream, so only consumers that are asked for messages are created. The request is encoded anew, so that nothing in it
// is read here and understood otherwise there.
func (d *desk) create(user *outsider, rest string, msg *nats.Msg) []byte {
	name, _, _ := strings.Cut(rest, ".")
	var req server.CreateConsumerRequest
	switch err := json.Unmarshal(msg.Data, &req); {
	case err != nil:
		return refusedConsumer("the request cannot be read")
	case !user.mayHave(name), req.Config.Durable != "" && req.Config.Durable != name:
		return refusedConsumer("this consumer belongs to another")
	case req.Config.DeliverSubject != "" || req.Config.DeliverGroup != "":
		return refusedConsumer("a consumer that pushes messages is not available; create a pull consumer")
	case d.isFull(name):
		return refusedConsumer(fmt.Sprintf("there are %d consumers already; delete one first", maxConsumers))
	}
	data, err := json.Marshal(&req)
	if err != nil {
		return refusedConsumer("the request cannot be read")
	}
	answer, err := d.conn.Request(apiConsumer+"CREATE"+ofDecisions+"."+rest, data, askWithin)
	if err != nil {
		return refusedConsumer("the consumer was not created; try again")
	}
	return answer.Data
}

// mayHave reports whether the user may have a consumer of a name.
func (o *outsider) mayHave(name string) bool {
	return name != "" && (o.consumers == "*" || o.consumers == name) && !slices.Contains(o.denied, name)
}

// isFull reports whether a new consumer of a name would be one too many. Unknown numbers are too many.
func (d *desk) isFull(name string) bool {
	answer, err := d.conn.Request(apiConsumer+"NAMES"+ofDecisions, nil, askWithin)
	if err != nil {
		return true
	}
	var list server.JSApiConsumerNamesResponse
	if err := json.Unmarshal(answer.Data, &list); err != nil {
		return true
	}
	return list.Total >= maxConsumers && !slices.Contains(list.Consumers, name)
}

// receive passes a receipt on without its headers: the id of a message is that of its sender alone, so that nobody
// takes the place of a receipt of another.
func (d *desk) receive(user *outsider, subject string, msg *nats.Msg) []byte {
	d.mu.Lock()
	allowed := d.paces[user.user].Allow()
	d.mu.Unlock()
	switch {
	case len(msg.Data) > maxReceipt:
		return refusedReceipt(http.StatusRequestEntityTooLarge, "a receipt has at most 64 KiB")
	case !allowed:
		return refusedReceipt(http.StatusTooManyRequests, "too many receipts; send the receipt again later")
	}
	answer, err := d.conn.Request(subject, msg.Data, askWithin)
	if err != nil {
		return refusedReceipt(http.StatusServiceUnavailable, "the receipt was not stored; send the receipt again")
	}
	return answer.Data
}

// refusedConsumer and refusedReceipt are answers of JetStream to a request that is refused.
func refusedConsumer(why string) []byte {
	return encoded(&server.JSApiConsumerCreateResponse{ApiResponse: server.ApiResponse{
		Type:  server.JSApiConsumerCreateResponseType,
		Error: &server.ApiError{Code: http.StatusForbidden, Description: why},
	}})
}

func refusedReceipt(code int, why string) []byte {
	return encoded(&server.JSPubAckResponse{
		PubAck: &server.PubAck{Stream: stream.Receipts}, Error: &server.ApiError{Code: code, Description: why},
	})
}

func encoded(answer any) []byte {
	data, err := json.Marshal(answer)
	if err != nil {
		return nil // the answers are constant
	}
	return data
}
