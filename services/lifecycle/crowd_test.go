package lifecycle_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	factv1 "github.com/rodopath/rodopath/api/gen/rodopath/fact/v1"
	"github.com/rodopath/rodopath/services/lifecycle/fact"
)

// crowd generates the webhooks of simulated customers for benchmarks. Equal seeds give equal
// histories.
type crowd struct {
	*rand.Rand
	name string
	// sales holds the number of the last refundable sale of each customer.
	sales []int
	facts int
}

func newCrowd(name string, customers int, seed uint64) *crowd {
	return &crowd{Rand: rand.New(rand.NewPCG(seed, 0)), name: name, sales: make([]int, customers)}
}

// deliveries returns n webhooks with one fact each, spread evenly between two instants. The
// customers act in turn, or at random.
func (c *crowd) deliveries(n int, from, to time.Time, random bool) []*factv1.Delivery {
	out := make([]*factv1.Delivery, n)
	for i := range out {
		who := i % len(c.sales)
		if random {
			who = c.IntN(len(c.sales))
		}
		out[i] = c.act(who, from.Add(time.Duration(i)*(to.Sub(from)/time.Duration(n))))
	}
	return out
}

// buyers returns a webhook with a one-off purchase for each customer.
func (c *crowd) buyers(at time.Time) []*factv1.Delivery {
	out := make([]*factv1.Delivery, len(c.sales))
	for i := range out {
		out[i] = c.delivery(at)
		c.sale(out[i].GetFacts()[0], i)
		out[i].Facts[0].Access, out[i].Facts[0].AccessDays = factv1.Access_ACCESS_ONE_OFF, 0
	}
	return out
}

func (c *crowd) delivery(at time.Time) *factv1.Delivery {
	c.facts++
	f := &factv1.Fact{Id: fmt.Sprintf("%s-fact-%026d", c.name, c.facts), Occurred: timestamppb.New(at)}
	return &factv1.Delivery{
		Id: "shop:" + f.GetId(), Source: "shop", Received: timestamppb.New(at.Add(time.Minute)), Facts: []*factv1.Fact{f},
	}
}

// act returns a random fact of a customer.
func (c *crowd) act(who int, at time.Time) *factv1.Delivery {
	d := c.delivery(at)
	f := d.GetFacts()[0]
	switch chance := c.IntN(100); {
	case chance < 55:
		c.sales[who] = c.facts
		c.sale(f, who)
	case chance < 65 && c.sales[who] != 0:
		f.Kind, f.Full = factv1.Kind_KIND_REFUND, c.IntN(2) == 0
		c.payment(f, "ch", c.sales[who])
		f.Identities = []*factv1.Identity{c.stripe(who)}
		c.sales[who] = 0
	case chance < 85:
		f.Kind, f.Wording = factv1.Kind_KIND_SIGNUP, []string{"newsletter-editorial", "newsletter-offers"}[c.IntN(2)]
		f.Evidence = &factv1.Evidence{Form: "footer", Ip: "192.0.2.17"}
		c.reader(f, who)
	default:
		f.Kind = factv1.Kind_KIND_UNSUBSCRIBE
		c.reader(f, who)
	}
	return d
}

func (c *crowd) sale(f *factv1.Fact, who int) {
	f.Kind, f.Access = factv1.Kind_KIND_SALE, factv1.Access_ACCESS_ONE_OFF
	c.payment(f, "cs", c.facts)
	if c.IntN(5) == 0 {
		f.Access, f.AccessDays = factv1.Access_ACCESS_COURSE, 365
	}
	f.Identities = []*factv1.Identity{c.stripe(who), c.email(who)}
}

// payment names the record of a fact and links the payment of a sale.
func (c *crowd) payment(f *factv1.Fact, prefix string, sale int) {
	f.Ref = fmt.Sprintf("stripe:%s_%s%020d", prefix, c.name, c.facts)
	f.Links = []string{fmt.Sprintf("stripe:pi_%s%020d", c.name, sale)}
	f.Locators = f.GetLinks()
}

func (c *crowd) reader(f *factv1.Fact, who int) {
	id := fmt.Sprintf("%s%d", c.name, who)
	f.Ref, f.Identities = "mailerlite:subscriber/"+id, []*factv1.Identity{{Kind: "mailerlite", Value: id}, c.email(who)}
}

func (c *crowd) email(who int) *factv1.Identity {
	return &factv1.Identity{Kind: "email", Value: fmt.Sprintf("customer.%d.%s@example.com", who, c.name)}
}

func (c *crowd) stripe(who int) *factv1.Identity {
	return &factv1.Identity{Kind: "stripe", Value: fmt.Sprintf("cus_%s%012d", c.name, who)}
}

// plain converts the fact of a webhook into a fact of the core.
func plain(d *factv1.Delivery) fact.Fact {
	f := d.GetFacts()[0]
	out := fact.Fact{
		ID: f.GetId(), Kind: fact.Kind(strings.ToLower(strings.TrimPrefix(f.GetKind().String(), "KIND_"))),
		Source: d.GetSource(), Occurred: f.GetOccurred().AsTime(), Received: d.GetReceived().AsTime(),
		Ref: f.GetRef(), Links: f.GetLinks(), Full: f.GetFull(), Wording: f.GetWording(), Form: f.GetEvidence().GetForm(),
	}
	if out.Kind == fact.KindSale {
		out.Access = fact.Access(strings.ToLower(strings.TrimPrefix(f.GetAccess().String(), "ACCESS_")))
		out.AccessDays = int(f.GetAccessDays())
	}
	return out
}
