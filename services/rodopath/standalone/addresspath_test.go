package standalone_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/rodopath/rodopath/api/signature"
	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/platforms/mailerlite"
	"github.com/rodopath/rodopath/services/platforms/stripe"
	"github.com/rodopath/rodopath/services/platforms/woocommerce"
	"github.com/rodopath/rodopath/services/rodopath/standalone"
)

// writings are an address as fields and errors of others hold one; each is of a mark of
// its own.
func (h *hunt) writings(path string) map[string]string {
	at := func(with string) string {
		return strings.Replace(h.marks.of(path+", as "+with), "@", with, 1)
	}
	return map[string]string{
		"plain": h.marks.of(path), "in upper case": strings.ToUpper(h.marks.of(path + ", in upper case")),
		"encoded": at("%40"), "encoded twice": at("%2540"), "of HTML": at("&#64;"),
		"mailto": "mailto:" + h.marks.of(path+", as mailto"), "in a URL": "https://shop.example/?email=" + at("%40") + "&x=1",
	}
}

// call makes a call to the machine and returns the status. Headers of the answer are
// written down.
func (h *hunt) call(method, address, body string, header map[string]string) int {
	h.t.Helper()
	req, err := http.NewRequestWithContext(h.t.Context(), method, address, strings.NewReader(body))
	if err != nil {
		h.t.Fatal(err)
	}
	for name, value := range header {
		req.Header.Set(name, value)
	}
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		h.t.Fatal(err)
	}
	defer res.Body.Close()
	res.Header.Del("Location") // tells the asker where their own path leads
	fmt.Fprintln(h.headers, res.Header)
	if _, err := io.Copy(io.Discard, res.Body); err != nil {
		h.t.Fatal(err)
	}
	return res.StatusCode
}

// hook sends a webhook with a good signature. Headers that are given stand in for those
// of the platform, and its id in the headers is part of what is signed.
func (h *hunt) hook(source, body string, more map[string]string) int {
	h.t.Helper()
	header := map[string]string{"Content-Type": "application/json"}
	now := time.Now()
	switch source {
	case "card":
		header["Stripe-Signature"] = stripe.Sign(h.secret(source), now, []byte(body))
	case "shop":
		header["X-WC-Webhook-Signature"] = woocommerce.Sign(h.secret(source), []byte(body))
		header["X-WC-Webhook-Topic"] = "order.updated"
	case "letters":
		header["Signature"] = mailerlite.Sign(h.secret(source), []byte(body))
	default:
		secret := h.Control.HandSecret
		if source != standalone.HandSource {
			secret = h.secret(source)
		}
		id := "msg_" + strconv.FormatInt(now.UnixNano(), 10)
		if given := more["Webhook-Id"]; given != "" {
			id = given
		}
		signed, err := signature.SignStandard(secret, id, now, []byte(body))
		if err != nil {
			h.t.Fatal(err)
		}
		header["Webhook-Id"], header["Webhook-Signature"] = id, signed
		header["Webhook-Timestamp"] = strconv.FormatInt(now.Unix(), 10)
	}
	maps.Copy(header, more)
	return h.call(http.MethodPost, h.Control.Webhooks+"/webhooks/"+source, body, header)
}

func (h *hunt) wants(what string, got int, want ...int) {
	h.t.Helper()
	if !slices.Contains(want, got) {
		h.t.Errorf("%s: %d, want %v", what, got, want)
	}
}

func quoted(v any) string {
	data, _ := json.Marshal(v)
	return string(data)
}

// goodWebhooks tell of persons by all sources, so that decisions about them are made.
func (h *hunt) goodWebhooks() {
	day := time.Now().Add(-24 * time.Hour)
	h.wants("a checkout", h.hook("card", checkout("1", h.marks.of("a checkout"), day), nil), http.StatusOK)
	letter := h.marks.of("a subscriber")
	h.wants("a subscriber", h.hook("letters", subscriber("created", "active", letter, day), nil), http.StatusOK)
	h.wants(
		"a subscriber who left",
		h.hook("letters", subscriber("unsubscribed", "unsubscribed", letter, day.Add(time.Hour)), nil),
		http.StatusOK,
	)
	for _, source := range []string{"forms", standalone.HandSource} {
		person := `"person": {"email": ` + quoted(
			strings.ToUpper(h.marks.of("a fact of "+source)),
		) + `, "ids": {"crm": ` + quoted(
			h.marks.of("an id of "+source),
		) + `}}}`
		at := `"at": "` + day.UTC().Format(time.RFC3339) + `", `
		h.wants(
			"a sign-up of "+source,
			h.hook(
				source,
				`{"kind": "signup", "wording": "newsletter-offers", "evidence": {"ip": "192.0.2.1", "text": "I agree."}, `+at+person,
				nil,
			),
			http.StatusOK,
		)
		h.wants(
			"a sale of "+source,
			h.hook(source, `{"kind": "sale", "ref": "order-`+source+`", "access": "course", `+at+person, nil),
			http.StatusOK,
		)
		h.wants("an erasure of "+source, h.hook(source, `{"kind": "erasure", `+at+person, nil), http.StatusOK)
	}
}

// platformFields put marks into every field of platforms that is no address, and into
// some that they do not have. What of it is taken matters not.
func (h *hunt) platformFields() {
	day := time.Now().Add(-24 * time.Hour)
	bodies := map[string]string{
		"card": checkout("2", h.marks.of("the address of a checkout"), day),
		"letters": strings.Replace(
			subscriber("created", "active", h.marks.of("the address of a subscriber"), day),
			`"account_id":1`,
			`"account_id":1,"optin_ip":"192.0.2.1","opted_in_at":null,"fields":{"name":"Ala","phone":"600","city":""},"group":{"id":"1"},"timestamp":1`,
			1,
		),
		"shop": fmt.Sprintf(
			`{"id":8,"parent_id":0,"number":"8","order_key":"wc_order_1","status":"completed","customer_id":3,"total":"9.00","date_created_gmt":%[1]q,"date_modified_gmt":%[1]q,"date_paid_gmt":%[1]q,"date_completed_gmt":%[1]q,`+
				`"customer_ip_address":"192.0.2.1","customer_note":"","payment_method":"stripe","transaction_id":"pi_9","billing":{"email":%[2]q,"phone":"600","first_name":"Ala","company":"A"},"line_items":[{"product_id":1,"sku":"s","name":"n"}],"meta_data":[{"key":"_mc4wp_optin","value":"1"},{"key":"_stripe_intent_id","value":"pi_9"},{"key":"_billing_nip","value":"12345"}],"refunds":[{"id":1,"reason":"r","total":"-9.00"}],"self":"https://shop.example/8"}`,
			day.UTC().Format("2006-01-02T15:04:05"),
			h.marks.of("the address of an order"),
		),
	}
	n := 100
	for source, body := range bodies {
		for path, marked := range h.fields(source, body) {
			n++ // somebody else, who did something else
			status := h.hook(source, anew(marked, n), nil)
			h.wants(path, status, http.StatusOK, http.StatusBadRequest, http.StatusUnprocessableEntity)
		}
	}
	for _, header := range []string{"X-WC-Webhook-Topic", "X-WC-Webhook-ID", "X-WC-Webhook-Delivery-ID", "X-WC-Webhook-Source", "User-Agent", "Referer", "Cookie", "X-Request-Id", "Traceparent", "X-Forwarded-For"} {
		h.hook("shop", bodies["shop"], map[string]string{header: h.marks.of("the header " + header)})
	}
}

// anew gives a body other ids: what is told twice says nothing the second time.
func anew(body string, n int) string {
	id := strconv.Itoa(n)
	return strings.NewReplacer(
		`_2"`,
		"_"+id+`"`,
		`pi_9"`,
		"pi_"+id+`"`,
		`"id":"31"`,
		`"id":"`+id+`"`,
		`"id":8,`,
		`"id":`+id+`,`,
		`"customer_id":3,`,
		`"customer_id":`+id+`,`,
		`"crm":"x"`,
		`"crm":"x`+id+`"`,
		`"id":"f1"`,
		`"id":"f`+id+`"`,
		`"ref":"r"`,
		`"ref":"r`+id+`"`,
	).Replace(body)
}

// fields makes bodies for each field of another, in which the field is a mark.
func (h *hunt) fields(source, body string) map[string]string {
	h.t.Helper()
	var doc any
	if err := json.Unmarshal([]byte(body), &doc); err != nil {
		h.t.Fatal(err)
	}
	out := map[string]string{}
	var visit func(path string, v any, set func(any))
	visit = func(path string, v any, set func(any)) {
		switch v := v.(type) {
		case map[string]any:
			for _, key := range slices.Sorted(maps.Keys(v)) {
				was := v[key]
				visit(path+"."+key, was, func(to any) { v[key] = to })
				v[key] = was
			}
		case []any:
			for i, was := range v {
				visit(fmt.Sprint(path, "[", i, "]"), was, func(to any) { v[i] = to })
				v[i] = was
			}
		default:
			texts := h.writings(path)
			for i, as := range slices.Sorted(maps.Keys(texts)) {
				if as == "plain" || as == "encoded" || i == len(out)%len(texts) { // the others take turns
					set(texts[as])
					out[path+" "+as] = quoted(doc)
				}
			}
		}
	}
	visit(source, doc, nil)
	return out
}

// formFields put marks into every field of a fact of our own words.
func (h *hunt) formFields() {
	at := time.Now().Add(-24 * time.Hour).UTC().Format(time.RFC3339)
	whole := `{"id":"f1","kind":"receipt","at":"` + at + `","person":{"email":"","ids":{"crm":"x"}},"ref":"r","links":["l"],"contract":"c","product":"p","access":"course","access_days":3,"paid_until":"` + at +
		`","performance_awaited":true,"full":true,"wording":"w","purposes":["offers"],"channels":["email"],"evidence":{"form":"f","ip":"192.0.2.1","double_opt_in":"` + at + `","text":""},"traits":["oss"],"outcome":"done","reason":"r","told":"` + at + `","recipient":"crm"}`
	n := 0
	for path, body := range h.fields("forms", whole) {
		if strings.Contains(path, "evidence.text") {
			continue // may hold the seller's own address; the person's is tried below
		}
		for _, kind := range []string{"receipt", "signup"} {
			body := strings.Replace(
				strings.Replace(body, `"kind":"receipt"`, `"kind":"`+kind+`"`, 1),
				`"email":""`,
				`"email":`+quoted(h.marks.of("the person with "+path)),
				1,
			)
			n++
			body = anew(body, n)
			if kind != "receipt" {
				body = strings.Replace(body, `"outcome":"done",`, "", 1)
			}
			h.wants(path, h.hook("forms", body, nil), http.StatusOK, http.StatusBadRequest, http.StatusUnprocessableEntity)
		}
	}
	person := h.marks.of("the text that a person saw")
	for _, text := range []string{person, strings.ToUpper(person), strings.Replace(person, "@", "%40", 1), "https://x.example/?u=" + strings.Replace(person, "@", "%2540", 1)} {
		fact := `{"kind":"signup","at":"` + at + `","person":{"email":` + quoted(
			person,
		) + `},"evidence":{"text":` + quoted(
			"You, "+text+", agree.",
		) + `}}`
		h.wants("a text with the person's address "+text, h.hook("forms", fact, nil), http.StatusUnprocessableEntity)
	}
	fact := `{"kind":"signup","at":"` + at + `","person":{"ids":{"crm":` + quoted(
		h.marks.of("an id that is an address"),
	) + `}}}`
	h.wants("an id that is an address", h.hook("forms", fact, nil), http.StatusOK)
	for as, name := range h.writings("the name of a field") {
		body := `{"kind":"signup","at":"` + at + `","person":{"ids":{"crm":"1"}},` + quoted(name) + `:1}`
		h.wants("an unknown field "+as, h.hook("forms", body, nil), http.StatusUnprocessableEntity)
		body = `{"kind":"signup","at":"` + at + `","person":{"ids":{` + quoted(name) + `:1}}}`
		h.wants("an unknown system "+as, h.hook("forms", body, nil), http.StatusBadRequest, http.StatusUnprocessableEntity)
		body = `{"kind":"signup","at":"` + at + `","person":{"ids":{` + quoted(name) + `:"1"}}}`
		h.wants("an unknown system "+as, h.hook("forms", body, nil), http.StatusBadRequest, http.StatusUnprocessableEntity)
	}
}

// badWebhooks are refused, each for another reason.
func (h *hunt) badWebhooks() {
	for _, source := range []string{"card", "shop", "letters", "forms"} {
		of := func(what string) string { return h.marks.of(what + " at " + source) }
		for what, body := range map[string]string{
			"a text": of("a text"), "JSON cut off": `{"email":"` + of("JSON cut off"), "two values": `{"email":"x"} "` + of("two values") + `"`,
			"a list": `["` + of("a list") + `"]`, "bytes": "{\"email\":\"" + of("bytes") + "\xff\"}", "a number": `{"id": ` + of("a number") + `}`,
		} {
			h.wants(
				what+" at "+source,
				h.hook(source, body, nil),
				http.StatusOK,
				http.StatusBadRequest,
				http.StatusUnprocessableEntity,
			)
		}
		h.wants(
			"a large body",
			h.hook(source, `{"email":"`+of("a large body")+`","x":"`+strings.Repeat("x", 8<<20)+`"}`, nil),
			http.StatusRequestEntityTooLarge,
		)
		for _, header := range []string{"Stripe-Signature", "X-WC-Webhook-Signature", "Signature", "X-MailerLite-Signature", "Webhook-Signature", "Webhook-Timestamp"} {
			text := of("the header " + header)
			h.hook(
				source,
				`{"email":"`+of("a body with a wrong "+header)+`"}`,
				map[string]string{header: "t=" + text + ",v1=" + text},
			)
			h.hook(
				source,
				"{}",
				map[string]string{header: base64.StdEncoding.EncodeToString([]byte(of("the header " + header + " in base64")))},
			)
		}
		h.hook(source, "{}", map[string]string{"Webhook-Id": of("the id of a message")})
		h.hook(source, "{}", map[string]string{"Content-Type": "text/" + of("a media type")})
		at := h.Control.Webhooks + "/webhooks/"
		h.call(http.MethodPost, at+source+"?email="+of("a query"), "{}", nil)
		h.call(http.MethodPost, at+source+"/"+of("a path behind a source"), "{}", nil)
		h.call(http.MethodPut, at+source, `{"email":"`+of("another method")+`"}`, nil)
		h.call("MARK", at+of("a path with another method"), "{}", nil)
		h.wants(
			"an unknown source",
			h.call(http.MethodPost, at+url.PathEscape(of("an unknown source")), "{}", nil),
			http.StatusNotFound,
		)
		h.call(http.MethodPost, h.Control.Webhooks+"//webhooks/../"+of("an untidy path"), "{}", nil)
	}
}

// api calls the owner's interface.
func (h *hunt) api(method, path, body string) int {
	h.t.Helper()
	return h.call(
		method,
		h.Control.API+path,
		body,
		map[string]string{"Authorization": "Bearer " + h.Control.Token, "Content-Type": "application/json"},
	)
}

// questions ask about persons, known ones too, in every way, and wrongly.
func (h *hunt) questions() {
	known := h.marks.of("a known person")
	h.wants(
		"a sign-up",
		h.hook("letters", subscriber("created", "active", known, time.Now().Add(-time.Hour)), nil),
		http.StatusOK,
	)
	h.settle()
	for _, path := range []string{"explain", "subjects", "bases", "may", "export", "journal", "holds", "holds/release", "requests", "replay", "decisions/receipts"} {
		of := func(what string) string { return quoted(h.marks.of(what + " in a question to " + path)) }
		for _, body := range []string{
			`{"person": ` + quoted(known) + `}`, `{"person": ` + of("somebody unknown") + `}`, `{"person": ` + quoted("stripe:"+h.marks.of("an id")) + `}`,
			`{"person": ` + quoted("subject:"+h.marks.of("a subject")) + `}`, `{"person": ` + of("a person twice")[:10] + `@@"}`, `{"person": ` + of("a cut-off question"),
			`{"person": ` + quoted(known) + `, "at": ` + of("a time") + `}`, `{"person": ` + quoted(known) + `, ` + of("an unknown field") + `: 1}`,
			`{"person": ` + quoted(known) + `, "form": ` + of("a form") + `}`, `{"person": ` + quoted(known) + `, "lang": ` + of("a language") + `}`,
			`{"person": ` + quoted(known) + `, "purpose": ` + of("a purpose") + `, "channel": ` + of("a channel") + `}`, `{"person": ` + quoted(known) + `, "purpose": "offers", "controller": ` + of("a controller") + `}`,
			`{"since": ` + of("a time") + `}`, `{"since": "2020-01-01T00:00:00Z", "recipient": ` + of("a recipient") + `}`, `{"x": "` + strings.Repeat("x", 17<<10) + `", "y": ` + of("a large question") + `}`,
		} {
			h.api(http.MethodPost, "/v1/"+path, body)
		}
	}
	for _, path := range []string{"/v1/requests?state=", "/v1/decisions?state=", "/v1/events?follow=", "/v1/decisions/", "/v1/", "/v1/requests/", "/v1/recipients/", "/", "/metrics?x=", "/v1/evidence?lang=", "/v1/policy?x=", "/v1/backup/"} {
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			h.api(method, path+url.PathEscape(h.marks.of(method+" "+path)), "{}")
			h.api(method, path+h.marks.of(method+" "+path+", as it is"), "{}")
		}
	}
	h.api(http.MethodGet, "/v1/decisions/"+h.marks.of("a certificate")+"/certificate", "")
	h.api(http.MethodPost, "/v1/recipients/"+h.marks.of("a recipient to enable")+"/enable", "")
	h.api(http.MethodPost, "/v1/requests/"+h.marks.of("a request to decide")+"/decide", `{"outcome": "granted"}`)
	h.wants(
		"a wrong token",
		h.call(
			http.MethodGet,
			h.Control.API+"/v1/events",
			"",
			map[string]string{"Authorization": "Bearer " + h.marks.of("a wrong token")},
		),
		http.StatusUnauthorized,
	)
}

// rights are asked for, held and decided, with marks in the fields of each.
func (h *hunt) rights() {
	person := h.marks.of("a person with rights")
	h.wants(
		"a sale",
		h.hook(
			"forms",
			`{"kind": "sale", "at": "`+time.Now().
				Add(-time.Hour).
				UTC().
				Format(time.RFC3339)+
				`", "ref": "order-of-rights", "person": {"email": `+quoted(
				person,
			)+`}}`,
			nil,
		),
		http.StatusOK,
	)
	h.settle()
	h.wants(
		"a hold",
		h.api(
			http.MethodPost,
			"/v1/holds",
			`{"person": `+quoted(person)+`, "record": "forms:order-of-rights", "reason": "chargeback"}`,
		),
		http.StatusAccepted,
	)
	for _, right := range []string{"access", "rectification", "erasure", "restriction", "portability", "objection"} {
		body := `{"person": ` + quoted(
			person,
		) + `, "right": "` + right + `", "ref": "req-` + right + `", "ground": "unlawful"}`
		h.wants(right, h.api(http.MethodPost, "/v1/requests", body), http.StatusAccepted)
		h.wants(
			right+" of a stranger",
			h.api(
				http.MethodPost,
				"/v1/requests",
				`{"person": `+quoted(
					h.marks.of(right+" of a stranger"),
				)+`, "unverified": true, "ground": "unlawful", "right": "`+right+`"}`,
			),
			http.StatusAccepted,
		)
	}
	h.settle()
	base := func(path string) string { return `{"person": ` + quoted(person) + `, ` + path }
	for as, text := range h.writings("a field of a right") {
		for path, body := range map[string]string{
			"holds reason": base(`"reason": `) + quoted(text) + `}`, "holds record": base(`"record": `) + quoted(text) + `}`, "holds/release reason": base(`"reason": `) + quoted(text) + `}`,
			"requests ref": base(`"right": "access", "ref": `) + quoted(text) + `}`, "requests purposes": base(`"right": "objection", "purposes": [`) + quoted(text) + `]}`,
			"requests ground": base(`"right": "restriction", "ground": `) + quoted(text) + `}`, "requests right": base(`"right": `) + quoted(text) + `}`,
			"requests/req-access/decide reason":  `{"outcome": "granted", "reason": ` + quoted(text) + `}`,
			"requests/req-access/decide outcome": `{"outcome": ` + quoted(text) + `}`, "requests/req-access/extend at": `{"at": ` + quoted(text) + `}`,
		} {
			to, _, _ := strings.Cut(path, " ")
			h.wants(path+" "+as, h.api(http.MethodPost, "/v1/"+to, body), http.StatusBadRequest, http.StatusUnprocessableEntity)
		}
	}
	h.wants(
		"a decision",
		h.api(http.MethodPost, "/v1/requests/req-access/decide", `{"outcome": "granted"}`),
		http.StatusAccepted,
	)
}

// receipts answer decisions with marks in each field, over HTTP.
func (h *hunt) receipts() {
	h.settle()
	var list listed
	if err := json.Unmarshal(
		[]byte(h.ask("/v1/decisions?state=all", nil, "")),
		&list,
	); err != nil ||
		len(list.Decisions) == 0 {
		h.t.Fatalf("no decision to answer: %v", err)
	}
	now := time.Now().UTC().Format(time.RFC3339)
	for as, text := range h.writings("a field of a receipt") {
		for _, d := range list.Decisions[:min(3, len(list.Decisions))] {
			for field, body := range map[string]string{
				"reason": `"outcome": "held", "reason": ` + quoted("ask "+text), "category": `"outcome": "partial", "categories": {` + quoted(text) + `: "held"}`,
				"outcome of a category": `"outcome": "partial", "categories": {"contact": ` + quoted(text) + `}`, "outcome": `"outcome": ` + quoted(text),
				"recipient": `"outcome": "done", "recipient": ` + quoted(text), "field": `"outcome": "done", ` + quoted(text) + `: 1`,
			} {
				body = `{"decision": "` + d.Decision + `", "at": "` + now + `", ` + body + `}`
				status := h.call(
					http.MethodPost,
					h.Control.Webhooks+"/v1/receipts",
					body,
					map[string]string{"Authorization": "Bearer token-of-the-crm-0001"},
				)
				h.wants(field+" of a receipt "+as, status, http.StatusUnprocessableEntity, http.StatusForbidden)
				h.api(http.MethodPost, "/v1/decisions/receipts", strings.Replace(body, "{", `{"recipient": "books", `, 1))
			}
			h.call(
				http.MethodPost,
				h.Control.Webhooks+"/v1/receipts",
				`{"decision": "`+d.Decision+`", "outcome": "done", "at": `+quoted(text)+`}`,
				map[string]string{"Authorization": "Bearer token-of-the-crm-0001"},
			)
		}
		body := `{"outcome": "done", "at": "` + now + `", "decision": ` + quoted(text) + `}`
		h.wants(
			"a receipt of a decision "+as,
			h.call(
				http.MethodPost,
				h.Control.Webhooks+"/v1/receipts",
				body,
				map[string]string{"Authorization": "Bearer token-of-the-crm-0001"},
			),
			http.StatusNotFound,
		)
		h.wants(
			"a receipt with a wrong token",
			h.call(
				http.MethodPost,
				h.Control.Webhooks+"/v1/receipts",
				body,
				map[string]string{"Authorization": "Bearer " + text},
			),
			http.StatusUnauthorized,
		)
	}
}

// pages are asked for with tokens that are none.
func (h *hunt) pages() {
	for as, text := range h.writings("the token of a page") {
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			address := h.Control.Webhooks + "/consent/" + url.PathEscape(text) + "?lang=" + url.QueryEscape(text)
			h.wants(
				"a page with the token "+as,
				h.call(
					method,
					address,
					"act="+url.QueryEscape(text)+"&agree="+url.QueryEscape(text),
					map[string]string{"Content-Type": "application/x-www-form-urlencoded"},
				),
				http.StatusNotFound,
			)
		}
	}
	h.call(http.MethodGet, h.Control.Webhooks+"/consent/"+h.marks.of("a page behind a page")+"/x", "", nil)
}

// outsiders come by the built-in broker: with a name that is an address, to subjects
// that are none of theirs, and with answers that cannot be taken.
func (h *hunt) outsiders() {
	ignore := nats.ErrorHandler(func(*nats.Conn, *nats.Subscription, error) {})
	given, err := os.ReadFile(filepath.Join(h.dir, "consumer.url"))
	if err != nil {
		h.t.Fatal(err)
	}
	u, err := url.Parse(strings.TrimSpace(string(given)))
	if err != nil {
		h.t.Fatal(err)
	}
	nc, err := nats.Connect(u.String(), ignore)
	if err != nil {
		h.t.Fatal(err)
	}
	defer nc.Close()
	h.publishReceipts(nc)
	for _, subject := range []string{stream.ReceiptsOf(h.marks.of("a subject of receipts")), h.marks.of("a subject"), stream.DecisionFor("delete", h.marks.of("the subject of a decision"))} {
		if err := nc.Publish(subject, nil); err != nil {
			h.t.Fatal(err)
		}
	}
	if _, err := nc.Subscribe(h.marks.of("a subscription"), func(*nats.Msg) {}); err != nil {
		h.t.Fatal(err)
	}
	if err := nc.Flush(); err != nil {
		h.t.Fatal(err)
	}
	h.eventually(
		"a forbidden subject is logged",
		func() bool { return h.log.has(`"service":"nats"`, "Publish Violation") },
	)
	u.User = url.UserPassword(h.marks.of("the user of a connection"), "x")
	if nc, err := nats.Connect(u.String(), nats.Name(h.marks.of("the name of a connection")), ignore); err == nil {
		nc.Close()
		h.t.Error("a stranger was let in")
	}
	h.eventually("the stranger is logged", func() bool { return h.log.has(`"service":"nats"`, "authentication error") })
}

// insiders come by a broker that is not ours, where anybody may put anything into the
// streams.
func (h *hunt) insiders(broker string) {
	nc, err := nats.Connect(broker)
	if err != nil {
		h.t.Fatal(err)
	}
	defer nc.Close()
	h.publishReceipts(nc)
	for _, body := range []string{
		h.marks.of("an event that is no JSON"), `{"specversion": ` + quoted(h.marks.of("the version of an event")) + `}`, `{"specversion": "1.0", "time": ` + quoted(h.marks.of("the time of an event")) + `}`,
		`{"specversion": "1.0", "data": ` + quoted(h.marks.of("the data of an event")) + `}`, `{"specversion": "1.0", "data": {"delete": {"again": ` + quoted(h.marks.of("a field of an event")) + `}}}`,
	} {
		if err := nc.Publish(stream.DecisionFor("delete", "nobody"), []byte(body)); err != nil {
			h.t.Fatal(err)
		}
	}
	if err := nc.Publish(stream.FactsOf("forms"), []byte(h.marks.of("a fact that is none"))); err != nil {
		h.t.Fatal(err)
	}
	if err := nc.Flush(); err != nil {
		h.t.Fatal(err)
	}
	h.eventually("an event that cannot be read is logged", func() bool { return h.log.has("unreadable and is skipped") })
	h.eventually(
		"a fact that cannot be read is logged",
		func() bool { return h.log.has("cannot be applied and is set aside", `"stream":"FACTS"`) },
	)
}

// publishReceipts answers on the broker with what cannot be taken.
func (h *hunt) publishReceipts(nc *nats.Conn) {
	now := time.Now().UTC().Format(time.RFC3339)
	of := func(what string) string { return quoted(h.marks.of("a receipt on the broker, " + what)) }
	for _, body := range []string{
		of("no receipt"), `{"decision": ` + of("decision") + `, "recipient": "shelf", "outcome": "done", "at": "` + now + `"}`,
		`{"decision": "d", "recipient": ` + of("recipient") + `, "outcome": "done", "at": "` + now + `"}`,
		`{"decision": "d", "recipient": "shelf", "outcome": ` + of("outcome") + `, "at": "` + now + `"}`,
		`{"decision": "d", "recipient": "shelf", "outcome": "done", "at": ` + of("time") + `}`,
		`[{"decision": ` + of("list") + `, "recipient": "shelf", "outcome": "done", "at": "` + now + `"}, {` + of("field") + `: 1}]`,
	} {
		for _, subject := range []string{stream.ReceiptsOf(""), stream.ReceiptsOf("shelf")} {
			if err := nc.Publish(subject, []byte(body)); err != nil {
				h.t.Fatal(err)
			}
		}
	}
	if err := nc.Flush(); err != nil {
		h.t.Fatal(err)
	}
	h.eventually(
		"a receipt that cannot be taken is logged",
		func() bool { return h.log.has("set aside", `"stream":"RECEIPTS"`) },
	)
}
