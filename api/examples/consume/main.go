// Command consume carries out the decisions of Rodopath. Its arguments are the address in
// DATA/consumer.url, or DATA/consumer-ID.url, and the id of the recipient.
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/rodopath/rodopath/api/stream"
)

func main() {
	if len(os.Args) != 3 {
		log.Fatal("usage: consume NATS-URL RECIPIENT")
	}
	nc, err := nats.Connect(os.Args[1])
	check(err)
	js, err := jetstream.New(nc)
	check(err)
	ctx := context.Background()
	consumer, err := js.CreateOrUpdateConsumer(ctx, stream.Decisions, jetstream.ConsumerConfig{Durable: os.Args[2]})
	check(err)
	for {
		msg, err := consumer.Next(jetstream.FetchContext(ctx))
		check(err)
		event, err := stream.DecodeEvent(msg.Data())
		check(err)
		fmt.Println(event.Data.Kind, event.Data.Person) // delete or ask here, then send the receipt:
		if event.For(os.Args[2]) && event.Data.Kind == "delete" {
			done := stream.Receipt{Decision: event.ID, Recipient: os.Args[2], Outcome: stream.OutcomeDone, At: time.Now()}
			data, err := done.Encode()
			check(err)
			_, err = js.Publish(ctx, stream.ReceiptsOf(os.Args[2]), data)
			check(err)
		}
		check(msg.Ack())
	}
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
