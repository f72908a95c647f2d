// Command consume prints the decisions of Rodopath as they come. Its argument is
// the address in DATA/consumer.url.
package main

import (
	"context"
	"fmt"
	"log"
	"os"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/rodopath/rodopath/api/stream"
)

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: consume NATS-URL")
	}
	nc, err := nats.Connect(os.Args[1])
	check(err)
	js, err := jetstream.New(nc)
	check(err)
	ctx := context.Background()
	consumer, err := js.CreateOrUpdateConsumer(ctx, stream.Decisions, jetstream.ConsumerConfig{Durable: "crm"})
	check(err)
	for {
		msg, err := consumer.Next(jetstream.FetchContext(ctx))
		check(err)
		event, err := stream.DecodeEvent(msg.Data())
		check(err)
		fmt.Println(event.Data.Kind, event.Data.Person) // delete or ask here, then:
		check(msg.Ack())
	}
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
