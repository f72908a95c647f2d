package consoletest_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/rodopath/rodopath/services/platforms/woocommerce"
)

// evil is markup that runs where it is taken for markup: as an element, and after the end of an attribute. The spaces
// are signs, because a name may have none.
const evil = `x"><img/src=x/onerror=window.hit=1><svg/onload=window.hit=1>'`

// evilOrder sends an order whose every text is markup.
func (s *shop) evilOrder(number int) {
	s.t.Helper()
	at := s.ago(4).Format("2006-01-02T15:04:05")
	body, err := json.Marshal(object{
		"id": number, "number": evil, "status": "completed", "customer_id": 0, "total": "1.00", "currency": "PLN",
		"date_created_gmt": at, "date_modified_gmt": at, "date_paid_gmt": at, "date_completed_gmt": at,
		"payment_method": evil, "payment_method_title": evil, "transaction_id": evil, "created_via": evil,
		"customer_note": evil, "customer_ip_address": evil, "customer_user_agent": evil,
		"billing": object{
			"email": "evil@example.com", "first_name": evil, "last_name": evil, "company": evil, "phone": evil,
			"country": evil, "address_1": evil,
		},
		"line_items": []object{{"id": 1, "product_id": 7, "sku": evil, "name": evil, "quantity": 1}},
		"meta_data":  []object{{"key": evil, "value": evil}}, "refunds": []object{},
	})
	if err != nil {
		s.t.Fatal(err)
	}
	for _, topic := range []string{"order.updated", evil} { // the second is set aside
		s.send("shop", body, func(h http.Header) {
			h.Set("X-Wc-Webhook-Signature", woocommerce.Sign(s.secret("shop"), body))
			h.Set("X-Wc-Webhook-Topic", topic)
			h.Set("User-Agent", evil)
		})
	}
	s.send("shop", body, func(h http.Header) { // refused
		h.Set("X-Wc-Webhook-Signature", evil)
		h.Set("X-Wc-Webhook-Topic", evil)
	})
	s.send(url.PathEscape(evil), body, func(http.Header) {})
}

// evilFacts are facts of the forms whose every free text is markup.
func (s *shop) evilFacts() []object {
	return []object{
		s.sale("evil@example.com", evil, "course", 3),
		s.fact("hold", "evil@example.com", 2, object{"reason": evil, "matter": evil}),
		s.fact("complaint", "evil@example.com", 2, object{"ref": evil}),
		s.fact("signup", "evil@example.com", 3, object{
			"wording": evil, "channels": []string{"email"},
			"evidence": object{"form": evil, "ip": evil, "text": evil},
		}),
		s.fact("erasure", "evil@example.com", 1, object{"ref": evil, "traits": []string{"unverified"}}),
	}
}

// TestAttack_MarkupOnEveryPage: what webhooks, forms, headers, browsers and colleagues say is no markup on any page.
func TestAttack_MarkupOnEveryPage(t *testing.T) {
	s := newShop(t, "")
	s.populate()
	for _, f := range s.evilFacts() { // a text that a form may not have is refused, and the others arrive
		s.tryFact(f)
	}
	s.evilOrder(1799)
	s.settle()
	b := s.signedIn()
	v := s.visitor()
	v.header = http.Header{"User-Agent": {evil}, "Accept-Language": {evil}}
	v.signIn(s)
	v.post("/console/people/find", "seal", v.seal(), "name", evil)
	id := s.subject("evil@example.com")
	v.post("/console/people/"+id+"/hold", "seal", v.seal(), "reason", evil, "record", "")
	v.post("/console/people/"+id+"/request", "seal", v.seal(), "right", "access", "ref", evil)
	s.settle()
	pages := append(s.shownPages(), shownPage{"evil", "/console/people/" + id},
		shownPage{"evil-source", "/console/setup/shop#last"}, shownPage{"evil-forms", "/console/setup/forms"},
		shownPage{"evil-request", "/console/requests/" + url.PathEscape(evil)},
		shownPage{"evil-letter", "/console/requests/" + url.PathEscape(evil) + "/letter"})
	seen := ""
	for _, p := range pages {
		b.open(p.path)
		if eval[bool](b, `window.hit === 1 || !!document.querySelector("img, svg[onload], main script, [onerror]")`) {
			t.Errorf("%s runs what came from outside", p.name)
		}
		if strings.Contains(eval[string](b, `document.body.innerText`), "onerror=window.hit") {
			seen += " " + p.name
		}
	}
	for _, page := range []string{"evil", "setup", "sessions"} { // or the test tests nothing
		if !strings.Contains(seen+" ", " "+page+" ") {
			t.Errorf("the page %s shows no text from outside; those that do are%s", page, seen)
		}
	}
	t.Logf("pages with a text from outside:%s", seen)
}

// tryFact sends one fact of the forms, which may be refused.
func (s *shop) tryFact(f object) {
	s.t.Helper()
	body, err := json.Marshal(object{"facts": []object{f}})
	if err != nil {
		s.t.Fatal(err)
	}
	s.sendForms(body)
}
