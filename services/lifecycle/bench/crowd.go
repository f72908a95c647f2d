package bench

import (
	"fmt"
	"math/rand/v2"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	factv1 "github.com/rodopath/rodopath/api/gen/rodopath/fact/v1"
)

// crowd simulates customers. Equal seeds give equal histories.
type crowd struct {
	rand   *rand.Rand
	name   string
	people []customer
	facts  int
}

// customer is one customer with the number of the last refundable sale.
type customer struct{ sale int }

func newCrowd(name string, people int, seed uint64) *crowd {
	return &crowd{
		rand:   rand.New(rand.NewPCG(seed, 0)),
		name:   name,
		people: make([]customer, people),
	}
}

// deliveries returns n webhooks with one fact each, spread evenly from to to. The customers
// act in turn if all is set, and at random otherwise.
func (c *crowd) deliveries(n int, from, to time.Time, all bool) []*factv1.Delivery {
	out := make([]*factv1.Delivery, n)
	step := to.Sub(from) / time.Duration(n)
	for i := range out {
		who := i % len(c.people)
		if !all {
			who = c.rand.IntN(len(c.people))
		}
		at := from.Add(time.Duration(i) * step)
		out[i] = delivery(c.act(who, at), at)
	}
	return out
}

// buyers returns a webhook with a one-off purchase for each of the first n customers.
func (c *crowd) buyers(n int, at time.Time) []*factv1.Delivery {
	out := make([]*factv1.Delivery, n)
	for i := range out {
		f := c.fact(at)
		c.sale(f, i)
		f.Access, f.AccessDays = factv1.Access_ACCESS_ONE_OFF, 0
		out[i] = delivery(f, at)
	}
	return out
}

func delivery(f *factv1.Fact, at time.Time) *factv1.Delivery {
	return &factv1.Delivery{
		Id: "shop:" + f.GetId(), Source: "shop", Received: timestamppb.New(at.Add(time.Minute)), Facts: []*factv1.Fact{f},
	}
}

func (c *crowd) fact(at time.Time) *factv1.Fact {
	c.facts++
	return &factv1.Fact{Id: fmt.Sprintf("%s-fact-%026d", c.name, c.facts), Occurred: timestamppb.New(at)}
}

// act returns a random fact of a customer.
func (c *crowd) act(who int, at time.Time) *factv1.Fact {
	f := c.fact(at)
	p := &c.people[who]
	switch chance := c.rand.IntN(100); {
	case chance < 55:
		p.sale = c.facts
		c.sale(f, who)
	case chance < 65 && p.sale != 0:
		c.refund(f, who, p.sale)
		p.sale = 0
	case chance < 85:
		f.Kind, f.Wording = factv1.Kind_KIND_SIGNUP, []string{"newsletter-editorial", "newsletter-offers"}[c.rand.IntN(2)]
		f.Evidence = &factv1.Evidence{Form: "footer", Ip: "192.0.2.17"}
		c.reader(f, who)
	default:
		f.Kind = factv1.Kind_KIND_UNSUBSCRIBE
		c.reader(f, who)
	}
	return f
}

func (c *crowd) sale(f *factv1.Fact, who int) {
	payment := fmt.Sprintf("pi_%s%020d", c.name, c.facts)
	f.Kind, f.Ref = factv1.Kind_KIND_SALE, fmt.Sprintf("stripe:cs_%s%020d", c.name, c.facts)
	f.Links, f.Locators = []string{"stripe:" + payment}, []string{"stripe:" + payment}
	f.Access = factv1.Access_ACCESS_ONE_OFF
	if c.rand.IntN(5) == 0 {
		f.Access, f.AccessDays = factv1.Access_ACCESS_COURSE, 365
	}
	f.Identities = []*factv1.Identity{c.stripe(who), c.email(who)}
}

func (c *crowd) refund(f *factv1.Fact, who, sale int) {
	payment := fmt.Sprintf("pi_%s%020d", c.name, sale)
	f.Kind, f.Ref = factv1.Kind_KIND_REFUND, fmt.Sprintf("stripe:ch_%s%020d", c.name, c.facts)
	f.Links, f.Locators = []string{"stripe:" + payment}, []string{"stripe:" + payment}
	f.Full = c.rand.IntN(2) == 0
	f.Identities = []*factv1.Identity{c.stripe(who)}
}

func (c *crowd) reader(f *factv1.Fact, who int) {
	f.Ref = fmt.Sprintf("mailerlite:subscriber/%s%d", c.name, who)
	f.Identities = []*factv1.Identity{{Kind: "mailerlite", Value: fmt.Sprintf("%s%d", c.name, who)}, c.email(who)}
}

func (c *crowd) email(who int) *factv1.Identity {
	return &factv1.Identity{Kind: "email", Value: fmt.Sprintf("customer.%d.%s@example.com", who, c.name)}
}

func (c *crowd) stripe(who int) *factv1.Identity {
	return &factv1.Identity{Kind: "stripe", Value: fmt.Sprintf("cus_%s%012d", c.name, who)}
}
