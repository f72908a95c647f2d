package bench

import (
	"bytes"
	"fmt"
	"strings"
	"time"

	"github.com/rodopath/rodopath/services/platforms/stripe"
)

// webhooks makes signed checkouts that have nothing in common but their form:
// event, session, payment, customer and address are new in each.
type webhooks struct {
	form   []byte
	holes  []int
	first  int
	signed []string
}

const (
	bodySize = 3500
	hole     = "##########" // a number of ten digits
)

// newWebhooks makes and signs count webhooks, numbered from first.
func newWebhooks(secret string, first, count int, now time.Time) *webhooks {
	w := &webhooks{form: form(now), first: first, signed: make([]string, count)}
	for at := 0; ; at += len(hole) {
		n := bytes.Index(w.form[at:], []byte(hole))
		if n < 0 {
			break
		}
		at += n
		w.holes = append(w.holes, at)
	}
	buf := make([]byte, len(w.form))
	for i := range w.signed {
		w.signed[i] = stripe.Sign(secret, now, w.body(i, buf))
	}
	return w
}

// body writes the i-th body into buf, which must be as long as the form.
func (w *webhooks) body(i int, buf []byte) []byte {
	copy(buf, w.form)
	number := fmt.Appendf(make([]byte, 0, len(hole)), "%010d", w.first+i)
	for _, at := range w.holes {
		copy(buf[at:], number)
	}
	return buf
}

// email is the address in the i-th body.
func (w *webhooks) email(i int) string { return fmt.Sprintf("buyer.%010d@example.com", w.first+i) }

// form is a checkout session of the usual size, most of it of no interest to us.
func form(now time.Time) []byte {
	head := fmt.Sprintf(
		`{"id":"evt_%[1]s","object":"event","api_version":"2025-08-27.basil","created":%[2]d,"livemode":true,`+
			`"type":"checkout.session.completed","data":{"object":{`,
		hole,
		now.Unix(),
	)
	tail := strings.ReplaceAll(
		`"id":"cs_live_N","object":"checkout.session","mode":"payment","payment_status":"paid","status":"complete",`+
			`"customer":"cus_N","customer_details":{"email":"buyer.N@example.com","name":"Buyer N","address":{"country":"PL"}},`+
			`"payment_intent":"pi_N","invoice":"in_N","metadata":{"product":"ebook"},"consent":{"promotions":null}}}}`,
		"N",
		hole,
	)
	var filler strings.Builder
	for i := 0; filler.Len()+len(head)+len(tail) < bodySize; i++ {
		fmt.Fprintf(&filler, `"unused_%d":{"amount":null,"enabled":false,"options":["card","link"]},`, i)
	}
	return []byte(head + filler.String() + tail)
}
