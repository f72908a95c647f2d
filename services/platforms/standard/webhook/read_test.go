package webhook_test

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	factv1 "github.com/rodopath/rodopath/api/gen/rodopath/fact/v1"
	"github.com/rodopath/rodopath/api/signature"
	"github.com/rodopath/rodopath/services/ingest"
	"github.com/rodopath/rodopath/services/platforms/facttest"
	"github.com/rodopath/rodopath/services/platforms/standard/webhook"
)

const secret = "whsec_MDEyMzQ1Njc4OWFiY2RlZg=="

var now = time.Unix(1_760_000_000, 0)

func forms() ingest.Source {
	return ingest.Source{
		ID:            "forms",
		Secrets:       []string{secret},
		Wording:       "newsletter-1",
		SelfAnswering: []string{"letters"},
		Products:      map[string]ingest.Product{"yoga": {Access: factv1.Access_ACCESS_COURSE, Days: 30}},
	}
}

func provider(t testing.TB) *webhook.Provider {
	t.Helper()
	p, err := webhook.New(forms())
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func header() http.Header {
	return http.Header{"Content-Type": {"application/json"}, "Webhook-Id": {"msg_1"}}
}

// fact is the recorded signup of Ann at 08:00 as another kind of fact; further fields replace the
// usual ones.
func fact(kind, more string) string {
	return facttest.With(facttest.Change(facttest.Payload("signup"), `"signup"`, strconv.Quote(kind)), more)
}

const ann = "who=email:ann@example.com\n"

func TestRead(t *testing.T) {
	p := provider(t)
	for _, c := range []struct{ name, body, want string }{
		{"signup", fact("signup", ""), "signup 2025-10-09T08:00:00Z wording=newsletter-1 " + ann},
		{
			"signup with all there is to say",
			fact("signup", `,"wording":"w-2","purposes":["offers"],"channels":["email","sms"],"evidence":{"form":"footer","ip":"192.0.2.7","double_opt_in":"2025-10-09T08:01:00Z"}`),
			"signup 2025-10-09T08:00:00Z wording=w-2 purposes=offers channels=email,sms form=footer ip=192.0.2.7 double_opt_in=2025-10-09T08:01:00Z " + ann,
		},
		{"erasure by id alone", fact("erasure", `,"person":{"email":"","ids":{"woocommerce":"17@shop","crm":"X-1"}}`), "erasure 2025-10-09T08:00:00Z who=crm:X-1,woocommerce:17@shop\n"},
		{"sale", fact("sale", `,"ref":"order-17"`), "sale 2025-10-09T08:00:00Z ref=forms:order-17 access=one_off " + ann},
		{
			"sale of a listed product, under a name of another platform",
			fact("sale", `,"ref":"woocommerce:order/17@shop","links":["stripe:pi_1","bill-9"],"product":"yoga"`),
			"sale 2025-10-09T08:00:00Z ref=woocommerce:order/17@shop links=stripe:pi_1,forms:bill-9 access=course days=30 " + ann,
		},
		{"sale that says more than the list", fact("sale", `,"ref":"o","product":"yoga","access_days":7`), "sale 2025-10-09T08:00:00Z ref=forms:o access=course days=7 " + ann},
		{
			"subscription", fact("sale", `,"ref":"o","contract":"club-1","access":"subscription","paid_until":"2025-11-09T00:00:00Z"`),
			"sale 2025-10-09T08:00:00Z ref=forms:o contract=forms:club-1 access=subscription paid_until=2025-11-09T00:00:00Z " + ann,
		},
		{"service to be done", fact("sale", `,"ref":"o","access":"service","performance_awaited":true`), "sale 2025-10-09T08:00:00Z ref=forms:o access=service awaited " + ann},
		{"refund", fact("refund", `,"ref":"o","full":true`), "refund 2025-10-09T08:00:00Z ref=forms:o full " + ann},
		{"hold on everything", fact("hold", ""), "hold 2025-10-09T08:00:00Z " + ann},
		{"a clock a little ahead", fact("bounce", `,"at":"2025-10-09T08:58:20Z"`), "bounce 2025-10-09T08:58:20Z " + ann},
		{
			"several", `{"facts":[` + fact("negotiation_opened", `,"ref":"talk"`) + `,` + fact("webinar", `,"ref":"w-1"`) + `]}`,
			"negotiation_opened 2025-10-09T08:00:00Z ref=forms:talk " + ann + "webinar 2025-10-09T08:00:00Z ref=forms:w-1 " + ann,
		},
		{
			"signup that says how", fact("signup", `,"traits":["child","parent_agreed"],"evidence":{"text":"I agree.\nTwice."}`),
			`signup 2025-10-09T08:00:00Z wording=newsletter-1 traits=child,parent_agreed text="I agree.\nTwice." ` + ann,
		},
		{
			"a question", fact("consent_asked", `,"purposes":["offers"],"channels":["email"],"evidence":{"text":"Offers? Ask shop@example.org."}`),
			`consent_asked 2025-10-09T08:00:00Z purposes=offers channels=email text="Offers? Ask shop@example.org." ` + ann,
		},
		{
			"a consent that was none", fact("invalidated", `,"purposes":["offers"],"reason":"The box was ticked already."`),
			`invalidated 2025-10-09T08:00:00Z purposes=offers reason="The box was ticked already." ` + ann,
		},
		{"a download", fact("download", `,"ref":"guide"`), "download 2025-10-09T08:00:00Z ref=forms:guide " + ann},
		{"an order", fact("order_placed", `,"ref":"o"`), "order_placed 2025-10-09T08:00:00Z ref=forms:o " + ann},
		{"a complaint", fact("complaint", `,"ref":"o"`), "complaint 2025-10-09T08:00:00Z ref=forms:o " + ann},
		{"another address", fact("address_changed", ""), "address_changed 2025-10-09T08:00:00Z " + ann},
		{
			"an inspection", fact("hold", `,"traits":["limitation"],"reason":"US Kraków 12/2025"`),
			`hold 2025-10-09T08:00:00Z traits=limitation reason="US Kraków 12/2025" ` + ann,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := p.Read(header(), []byte(c.body), now)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, facttest.Reading(got)); diff != "" {
				t.Error(diff)
			}
			if !strings.HasPrefix(got.ID, "msg_1:") {
				t.Errorf("delivery id %q", got.ID)
			}
			for _, flaw := range facttest.Flaws("forms", got, err) {
				t.Error(flaw)
			}
		})
	}
}

// needed is what a kind of fact says nothing without, besides a ref.
func needed(kind string) string {
	switch kind {
	case "request_decided":
		return `,"outcome":"granted"`
	case "receipt":
		return `,"outcome":"done","recipient":"crm"`
	case "restriction_lifted":
		return `,"told":"2025-10-09T08:00:00Z"`
	}
	return ""
}

func TestEveryKind(t *testing.T) {
	p := provider(t)
	for n, name := range factv1.Kind_name {
		if n == 0 {
			continue
		}
		kind := strings.ToLower(strings.TrimPrefix(name, "KIND_"))
		got, err := p.Read(header(), []byte(fact(kind, `,"ref":"r"`+needed(kind))), now)
		if err != nil || got.Facts[0].GetKind() != factv1.Kind(n) {
			t.Errorf("%s: %v", kind, err)
		}
	}
}

func TestImpossible(t *testing.T) {
	p := provider(t)
	for _, c := range []struct{ name, body, want string }{
		{"no kind", fact("", ""), "kind is missing"},
		{"unknown kind", fact("purchase", ""), "kind is not a kind of fact"},
		{"kind in capitals", fact("SIGNUP", ""), "kind is not a kind of fact"},
		{"kind of none", fact("unspecified", ""), "kind is not a kind of fact"},
		{"no time", fact("signup", `,"at":""`), "at is missing"},
		{"a time without a zone", fact("signup", `,"at":"2025-10-09T08:00:00"`), "at is not a time in RFC 3339"},
		{"a time to come", fact("signup", `,"at":"2025-10-09T08:58:21Z"`), "at is in the future"},
		{"nobody", fact("signup", `,"person":{"email":"","ids":{}}`), "person needs an email or an id"},
		{"an address that is none", fact("signup", `,"person":{"email":"ann"}`), "person.email is not an e-mail address"},
		{"an id of a strange system", fact("signup", `,"person":{"ids":{"ann@example.com":"1"}}`), "person.ids has an invalid name or value"},
		{"no record", fact("sale", ""), "ref is missing: this kind of fact needs a record"},
		{"an address for a record", fact("sale", `,"ref":"bob@example.com"`), "ref is not a name of a record: visible ASCII, no address"},
		{
			"an address of no domain for a record", fact("sale", `,"ref":"order-ann@home","person":{"email":"ann@home"}`),
			"a name of a record holds the person's address",
		},
		{"unknown access", fact("sale", `,"ref":"o","access":"rent"`), "access is not a kind of access"},
		{"days below zero", fact("sale", `,"ref":"o","access_days":-1`), "access_days is too small or too large"},
		{"an IP address that is none", fact("signup", `,"evidence":{"ip":"here"}`), "evidence.ip is not an IP address"},
		{"a channel that is no word", fact("signup", `,"channels":["e mail"]`), "channels[0] is not a word: visible ASCII, at most 64"},
		{"unknown trait", fact("signup", `,"traits":["child","tall"]`), "traits[1] is not a known trait"},
		{"no record of an order", fact("order_placed", ""), "ref is missing: this kind of fact needs a record"},
		{"no record of the end of an order", fact("order_expired", ""), "ref is missing: this kind of fact needs a record"},
		{"no record of a complaint", fact("complaint", ""), "ref is missing: this kind of fact needs a record"},
		{"no record of the end of a complaint", fact("complaint_settled", ""), "ref is missing: this kind of fact needs a record"},
		{"no record of a download", fact("download", ""), "ref is missing: this kind of fact needs a record"},
		{"no request that was verified", fact("request_verified", ""), "ref is missing: this kind of fact needs a request"},
		{"no request that takes longer", fact("request_extended", ""), "ref is missing: this kind of fact needs a request"},
		{"no request that was answered", fact("request_answered", ""), "ref is missing: this kind of fact needs a request"},
		{"nothing of what was decided", fact("request_decided", ""), "ref is missing: this kind of fact needs a request; outcome is missing"},
		{"a request nobody knows of nobody", fact("request_verified", `,"person":{"email":""}`), "person needs an email or an id; ref is missing: this kind of fact needs a request"},
		{"a request of nobody", fact("access_request", `,"ref":"r-1","person":{"email":""}`), "person needs an email or an id"},
		{"a receipt of nobody", fact("receipt", `,"ref":"dec_1","recipient":"crm","outcome":"done","person":{"email":""}`), "person needs an email or an id"},
		{"an empty receipt", fact("receipt", ""), "ref is missing: this kind of fact needs a decision; recipient is missing: a receipt names the answering recipient; outcome is missing"},
		{"a word of recipients for a request", fact("request_decided", `,"ref":"r-1","outcome":"done"`), "outcome is not granted, partly or refused"},
		{"a word of requests for a receipt", fact("receipt", `,"ref":"dec_1","recipient":"crm","outcome":"granted"`), "outcome is not done, partial, held, not_found or refused"},
		{"a word of neither", fact("complaint_settled", `,"ref":"o","outcome":"fine"`), "outcome is not granted, partly, done, partial, held, not_found or refused"},
		{"a receipt in the name of a recipient with a token", fact("receipt", `,"ref":"dec_1","recipient":"letters","outcome":"done"`), "recipient has a token of its own: the recipient sends its receipts by itself"},
		{"an address for a recipient", fact("receipt", `,"ref":"dec_1","recipient":"bob@home","outcome":"done"`), "recipient is not a word: visible ASCII, at most 64"},
		{"an address for a request", fact("access_request", `,"ref":"bob@example.com"`), "ref is not a name of a record: visible ASCII, no address"},
		{"lifted and nobody told", fact("restriction_lifted", ""), "told is missing: the person must be informed before a restriction is lifted"},
		{"lifted and told afterwards", fact("restriction_lifted", `,"told":"2025-10-09T08:00:01Z"`), "told is later than at"},
		{"told at no time", fact("restriction_lifted", `,"told":"yesterday"`), "told is not a time in RFC 3339"},
		{"an address in the reason", fact("hold", `,"reason":"asked by bob@home"`), "reason is not visible text without an address"},
		{"a reason of two lines", fact("hold", `,"reason":"a\nb"`), "reason is not visible text without an address"},
		{"a long reason", fact("hold", `,"reason":"`+strings.Repeat("ą", 301)+`"`), "reason is too small or too large"},
		{"a long text", fact("signup", `,"evidence":{"text":"`+strings.Repeat("ą", 2001)+`"}`), "evidence.text is too small or too large"},
		{"a text with the person's address", fact("signup", `,"evidence":{"text":"We write to ANN@example.com."}`), "evidence.text holds the person's address"},
		{"unknown field", fact("signup", `,"persons":{}`), "persons is not known"},
		{"unknown field that may be anything", fact("signup", `,"ann@example.com":1`), "a field is not known"},
		{"everything at once", `{"kind":"sale","when":1}`, "when is not known; at is missing; person needs an email or an id; ref is missing: this kind of fact needs a record"},
		{"the second of two", `{"facts":[` + fact("signup", "") + `,` + fact("sale", "") + `]}`, "facts[1].ref is missing: this kind of fact needs a record"},
		{"no facts", `{"facts":[]}`, "facts must hold 1 to 100 facts"},
		{"too many facts", `{"facts":[` + strings.Repeat(fact("hold", "")+",", 100) + fact("hold", "") + `]}`, "facts must hold 1 to 100 facts"},
		{"both ways at once", `{"kind":"signup","facts":[` + fact("signup", "") + `]}`, "facts cannot be combined with the fields of a single fact"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := p.Read(header(), []byte(c.body), now)
			if !errors.Is(err, ingest.ErrImpossible) || len(got.Facts) > 0 {
				t.Fatalf("got %v", err)
			}
			if diff := cmp.Diff("impossible content: "+c.want, err.Error()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestLongListOfFaults(t *testing.T) {
	body := `{"facts":[` + strings.Repeat(`{"kind":"x"},`, 99) + `{}]}`
	_, err := provider(t).Read(header(), []byte(body), now)
	if err == nil || !strings.HasSuffix(err.Error(), "and 280 more") || len(err.Error()) > 2000 {
		t.Errorf("got %v", err)
	}
}

func TestUnreadable(t *testing.T) {
	p := provider(t)
	for name, body := range map[string]string{
		"empty":        "",
		"null":         "null",
		"a list":       "[" + fact("signup", "") + "]",
		"two objects":  fact("signup", "") + fact("signup", ""),
		"cut off":      `{"kind":"sig`,
		"not UTF-8":    "{\"kind\":\"\xff\"}",
		"a wrong type": fact("signup", `,"person":"ann@example.com"`),
	} {
		_, err := p.Read(header(), []byte(body), now)
		if !errors.Is(err, ingest.ErrUnreadable) {
			t.Errorf("%s: got %v", name, err)
		}
		for _, flaw := range facttest.Flaws("forms", ingest.Reading{}, err) {
			t.Errorf("%s: %s", name, flaw)
		}
	}
}

// TestRead_OneIDForTwoMessages: some senders name several messages by the number of one order.
func TestRead_OneIDForTwoMessages(t *testing.T) {
	p := provider(t)
	ids := map[string]bool{}
	for _, body := range []string{fact("sale", `,"ref":"order-1"`), fact("unsubscribe", ""), fact("unsubscribe", "")} {
		got, err := p.Read(header(), []byte(body), now)
		if err != nil {
			t.Fatal(err)
		}
		ids[got.ID] = true
	}
	if len(ids) != 2 {
		t.Errorf("got %d deliveries, want 2: one sale, one unsubscribe", len(ids))
	}
}

func TestFactIDs(t *testing.T) {
	p := provider(t)
	id := func(body string) string {
		t.Helper()
		r, err := p.Read(header(), []byte(body), now)
		if err != nil {
			t.Fatal(err)
		}
		return r.Facts[0].GetId()
	}
	base := id(fact("sale", `,"ref":"o"`))
	for name, c := range map[string]struct {
		body string
		same bool
	}{
		"again":              {fact("sale", `,"ref":"o"`), true},
		"written in full":    {fact("sale", `,"ref":"forms:o","access":"one_off"`), true},
		"other person":       {fact("sale", `,"ref":"o","person":{"email":"bob@example.com"}`), true},
		"other evidence":     {fact("sale", `,"ref":"o","evidence":{"form":"f"}`), true},
		"the sender's own":   {fact("sale", `,"ref":"o","id":"x-1"`), false},
		"other record":       {fact("sale", `,"ref":"p"`), false},
		"other time":         {fact("sale", `,"ref":"o","at":"2025-10-09T08:00:01Z"`), false},
		"other access":       {fact("sale", `,"ref":"o","access":"course"`), false},
		"other days":         {fact("sale", `,"ref":"o","access_days":1`), false},
		"other contract":     {fact("sale", `,"ref":"o","contract":"c"`), false},
		"paid until":         {fact("sale", `,"ref":"o","paid_until":"2025-11-09T00:00:00Z"`), false},
		"to be performed":    {fact("sale", `,"ref":"o","performance_awaited":true`), false},
		"full":               {fact("sale", `,"ref":"o","full":true`), false},
		"under a wording":    {fact("sale", `,"ref":"o","wording":"w"`), false},
		"with purposes":      {fact("sale", `,"ref":"o","purposes":["a"]`), false},
		"with channels":      {fact("sale", `,"ref":"o","channels":["a"]`), false},
		"of another kind":    {fact("performed", `,"ref":"o","access":"one_off"`), false},
		"a trait":            {fact("sale", `,"ref":"o","traits":["business"]`), false},
		"an outcome":         {fact("sale", `,"ref":"o","outcome":"done"`), false},
		"a recipient":        {fact("sale", `,"ref":"o","recipient":"crm"`), false},
		"a reason":           {fact("sale", `,"ref":"o","reason":"why"`), true},
		"a time of telling":  {fact("sale", `,"ref":"o","told":"2025-10-09T08:00:00Z"`), true},
		"what was shown":     {fact("sale", `,"ref":"o","evidence":{"text":"t"}`), true},
		"known by more ways": {fact("sale", `,"ref":"o","links":["l"]`), true},
	} {
		if same := id(c.body) == base; same != c.same {
			t.Errorf("%s: same id: %v, want %v", name, same, c.same)
		}
	}
}

func TestVerify(t *testing.T) {
	p := provider(t)
	body := []byte(fact("signup", ""))
	signed := func(id string, at time.Time) http.Header {
		s, err := signature.SignStandard(secret, id, at, body)
		if err != nil {
			t.Fatal(err)
		}
		return http.Header{
			"Webhook-Id":        {id},
			"Webhook-Timestamp": {strconv.FormatInt(at.Unix(), 10)},
			"Webhook-Signature": {s},
		}
	}
	for name, c := range map[string]struct {
		header http.Header
		want   error
	}{
		"signed":            {signed("msg_1", now), nil},
		"a dotted id":       {signed("evt.1:2", now), nil},
		"too old":           {signed("msg_1", now.Add(-301*time.Second)), ingest.ErrSignature},
		"too new":           {signed("msg_1", now.Add(301*time.Second)), ingest.ErrSignature},
		"unsigned":          {http.Header{}, ingest.ErrSignature},
		"an address for id": {signed("ann@example.com", now), ingest.ErrSignature},
	} {
		if err := p.Verify(c.header, body, now); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
	}
	if _, err := webhook.New(
		ingest.Source{ID: "forms", Secrets: []string{"plain"}},
	); err == nil || !strings.Contains(err.Error(), "forms") ||
		strings.Contains(err.Error(), "plain") {
		t.Errorf("a secret of another form: %v", err)
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(fact("signup", `,"evidence":{"ip":"192.0.2.7"}`)))
	f.Add([]byte(fact("sale", `,"ref":"17@shop","product":"yoga","links":["a:b"]`)))
	f.Add([]byte(`{"facts":[` + fact("hold", "") + `,{"kind":"x"}]}`))
	f.Add([]byte(facttest.Payload("erasure_by_id")))
	f.Add([]byte(facttest.Payload("request_decided")))
	f.Add([]byte(fact("receipt", `,"ref":"dec_1","recipient":"crm","outcome":"not_found"`)))
	f.Add([]byte(fact("restriction_lifted", `,"ref":"r-2","told":"2025-10-08T08:00:00Z"`)))
	f.Add(
		[]byte(fact("signup", `,"traits":["test","child"],"evidence":{"text":"I agree to letters of shop@example.org."}`)),
	)
	p := provider(f)
	f.Fuzz(func(t *testing.T, body []byte) {
		got, err := p.Read(header(), body, now)
		for _, flaw := range facttest.Flaws("forms", got, err) {
			t.Error(flaw)
		}
	})
}
