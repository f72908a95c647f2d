package standalone_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"

	"github.com/rodopath/rodopath/api/stream"
)

const apiDir = "../../../api/"

func openAPIDocument(t *testing.T) *openapi3.T {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromFile(apiDir + "openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if err := doc.Validate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return doc
}

func openAPI(t *testing.T) routers.Router {
	t.Helper()
	doc := openAPIDocument(t)
	doc.Servers = nil
	router, err := gorillamux.NewRouter(doc)
	if err != nil {
		t.Fatal(err)
	}
	return router
}

// exchange sends a request, checks the answer against the document and returns the answer.
func exchange(t testing.TB, router routers.Router, req *http.Request, status int) []byte {
	t.Helper()
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	if res.StatusCode != status {
		t.Errorf("%s %s: status %d, want %d: %s", req.Method, req.URL.Path, res.StatusCode, status, body)
	}
	route, params, err := router.FindRoute(req)
	if err != nil {
		t.Fatalf("%s %s is not in openapi.yaml: %v", req.Method, req.URL.Path, err)
	}
	err = openapi3filter.ValidateResponse(t.Context(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{Request: req, PathParams: params, Route: route},
		Status:                 res.StatusCode, Header: res.Header, Body: io.NopCloser(bytes.NewReader(body)),
		Options: &openapi3filter.Options{IncludeResponseStatus: true},
	})
	if err != nil {
		t.Errorf("%s %s does not answer as openapi.yaml says: %v\n%s", req.Method, req.URL.Path, err, body)
	}
	return body
}

func TestContract_AnswersAreAsOpenAPISays(t *testing.T) {
	openapi3filter.RegisterBodyDecoder("application/x-ndjson", openapi3filter.FileBodyDecoder)
	openapi3filter.RegisterBodyDecoder("text/html", openapi3filter.FileBodyDecoder)
	m := start(t, t.TempDir(), nil)
	defer m.stop()
	m.taken("card", checkout("1", "ala@example.com", time.Now().Add(-time.Hour)))
	m.taken("letters", subscriber("unsubscribed", "unsubscribed", "ala@example.com", time.Now().Add(-time.Minute)))
	m.settle()
	router := openAPI(t)
	request := m.request
	api, hooks := m.Control.API, m.Control.Webhooks
	m.checkRights(router)
	exchange(t, router, request("POST", api+"/v1/explain", `{"person":"ala@example.com"}`, true), 200)
	exchange(
		t,
		router,
		request("POST", api+"/v1/explain", `{"person":"ala@example.com","at":"2030-01-01T00:00:00Z"}`, true),
		200,
	)
	exchange(t, router, request("POST", api+"/v1/explain", `{"person":"nobody@example.com"}`, true), 404)
	exchange(t, router, request("POST", api+"/v1/explain", `{"person":"nobody"}`, true), 422)
	exchange(t, router, request("POST", api+"/v1/explain", `{}`, true), 422)
	exchange(t, router, request("POST", api+"/v1/explain", `{"persn":1}`, true), 400)
	exchange(t, router, request("POST", api+"/v1/explain", `{"person":"ala@example.com"}`, false), 401)
	exchange(t, router, request("GET", api+"/v1/events", "", true), 200)
	exchange(t, router, request("GET", api+"/v1/events?follow=yes", "", true), 422)
	exchange(t, router, request("GET", api+"/v1/events", "", false), 401)
	exchange(t, router, request("GET", api+"/healthz", "", false), 200)
	exchange(t, router, request("GET", api+"/readyz", "", false), 200)
	exchange(t, router, request("GET", hooks+"/healthz", "", false), 200)
	exchange(t, router, request("POST", hooks+"/webhooks/card", "{}", false), 401)
	exchange(t, router, request("POST", hooks+"/webhooks/nobody", "{}", false), 404)
	exchange(t, router, request("POST", hooks+"/webhooks/card", strings.Repeat("x", 1<<20+1), false), 413)
	const past = `{"objects":[{"header":{"X-WC-Webhook-Topic":"order.updated"},"body":{"id":17,"status":"completed","total":"9.00",` +
		`"date_created_gmt":"2021-03-01T10:00:00","date_modified_gmt":"2021-03-01T10:00:00","billing":{"email":"eva@example.com"}}}]`
	exchange(t, router, request("POST", api+"/v1/history/shop", past+`,"dry_run":true}`, true), 200)
	exchange(t, router, request("POST", api+"/v1/history/shop", past+`}`, true), 200)
	exchange(t, router, request("POST", api+"/v1/history/shop", `{"objects":[]}`, true), 400)
	exchange(t, router, request("POST", api+"/v1/history/shop", past+`}`, false), 401)
	exchange(t, router, request("POST", api+"/v1/history/nobody", past+`}`, true), 404)
	const record = "/v1/console/records/session.test"
	exchange(t, router, request("GET", api+record, "", true), 404)
	exchange(t, router, request("PUT", api+record, `{"value":"one"}`, true), 200)
	exchange(t, router, request("PUT", api+record, `{"value":"two"}`, true), 409)
	exchange(t, router, request("GET", api+record, "", true), 200)
	exchange(t, router, request("GET", api+"/v1/console/records?prefix=session.", "", true), 200)
	exchange(t, router, request("GET", api+"/v1/console/records", "", false), 401)
	exchange(t, router, request("DELETE", api+record, "", true), 204)
	exchange(t, router, request("GET", api+record, "", true), 404)
	exchange(t, router, request("PUT", api+record, `{"value":"three"}`, true), 200)
	exchange(t, router, request("PUT", api+"/v1/console/passkeys", `{"passkeys":"{}"}`, true), 200)
	exchange(t, router, request("GET", api+"/v1/console/passkeys", "", true), 200)
	outside := request("POST", hooks+"/v1/history/shop", past+`}`, true)
	if res, err := http.DefaultClient.Do(outside); err != nil || res.StatusCode != http.StatusNotFound {
		t.Errorf("where webhooks are received the history answers %v, %v; want 404", res, err)
	}
	signed := request("POST", hooks+"/webhooks/shop", "webhook_id=7", false)
	signed.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	exchange(t, router, signed, 200) // WooCommerce's ping
}

// request makes a request, with the token of the machine or without one.
func (m *machine) request(method, url, body string, token bool) *http.Request {
	m.t.Helper()
	req, err := http.NewRequestWithContext(m.t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		m.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	if token {
		req.Header.Set("Authorization", "Bearer "+m.Control.Token)
	}
	return req
}

// checkRights goes through the answers about rights.
func (m *machine) checkRights(router routers.Router) {
	m.t.Helper()
	ala := `{"person":"ala@example.com"}`
	for _, c := range []struct {
		method, path, body string
		status             int
	}{
		{"POST", "/v1/subjects", ala, 200},
		{"POST", "/v1/subjects", `{"person":"nobody@example.com"}`, 404},
		{"POST", "/v1/subjects/split", `{"person":"nobody@example.com","names":["a@example.com"]}`, 404},
		{"POST", "/v1/subjects/split", `{"person":"ala@example.com","names":["ala@example.com","mailerlite:31"]}`, 422},
		{"POST", "/v1/subjects/split", `{"person":"ala@example.com","names":["mailerlite:31"]}`, 200},
		{"POST", "/v1/subjects/join", `{"persons":["ala@example.com","mailerlite:31"]}`, 200},
		{"POST", "/v1/subjects/join", `{"persons":["ala@example.com","mailerlite:31"]}`, 422},
		{"POST", "/v1/subjects/join", `{"persons":["ala@example.com"]}`, 422},
		{"POST", "/v1/subjects/join", `{"persons":["ala@example.com","nobody@example.com"]}`, 404},
		{"POST", "/v1/bases", ala, 200},
		{"POST", "/v1/may", `{"person":"ala@example.com","purpose":"offers","channel":"email"}`, 200},
		{"POST", "/v1/may", `{"person":"nobody@example.com","purpose":"offers","channel":"email"}`, 200},
		{"POST", "/v1/may", ala, 422},
		{"POST", "/v1/may", `{"person":"ala@example.com","purpose":"ofers","channel":"email"}`, 422},
		{"POST", "/v1/export", ala, 200},
		{"POST", "/v1/export", `{"person":"ala@example.com","form":"page","lang":"pl"}`, 200},
		{"POST", "/v1/export", `{"person":"ala@example.com","form":"portable"}`, 200},
		{"POST", "/v1/export", `{"person":"ala@example.com","form":"answer"}`, 404},
		{"POST", "/v1/export", `{"person":"ala@example.com","form":"poem"}`, 422},
		{"GET", "/v1/evidence?all=1", "", 200},
		{"GET", "/v1/requests", "", 200},
		{"GET", "/v1/requests?state=lost", "", 422},
		{"POST", "/v1/requests", `{"person":"ala@example.com","right":"access","ref":"req-1"}`, 202},
		{"POST", "/v1/requests", `{"person":"ala@example.com","right":"objection"}`, 202},
		{"POST", "/v1/requests", `{"person":"ala@example.com","right":"restriction"}`, 422},
		{"POST", "/v1/requests", `{"person":"ala@example.com","right":"objection","purposes":["all"]}`, 422},
		{"POST", "/v1/requests", `{"person":"ala@example.com","right":"wishes"}`, 422},
		{"POST", "/v1/holds", `{"person":"ala@example.com","reason":"chargeback"}`, 202},
		{"POST", "/v1/holds", `{"person":"ala@example.com","reason":"write to ola@example.com"}`, 422},
		{"GET", "/v1/holds", "", 200},
		{"POST", "/v1/holds/release", ala, 202},
		{"GET", "/v1/policy", "", 200},
		{"GET", "/v1/counts", "", 200},
		{"GET", "/v1/persons?label=stage:customer", "", 200},
		{"GET", "/v1/persons?label=stage:subscriber&label=alarm&order=old&limit=5", "", 200},
		{"GET", "/v1/persons?label=stage:customer&form=csv", "", 200},
		{"GET", "/v1/persons", "", 422},
		{"GET", "/v1/persons?label=alarm&limit=9999", "", 422},
		{"GET", "/v1/audience?purpose=offers&channel=email", "", 200},
		{"GET", "/v1/audience?purpose=offers&channel=email&form=mailerlite", "", 200},
		{"GET", "/v1/audience?purpose=contract&channel=email", "", 422},
		{"GET", "/v1/audience?purpose=ofers&channel=email", "", 422},
		{"GET", "/v1/alarms", "", 200},
		{"POST", "/v1/alarms/seen", ala, 200},
		{"POST", "/v1/alarms/seen", `{"person":"nobody@example.com"}`, 404},
		{"POST", "/v1/find", `{"text":"ala@example.com"}`, 200},
		{"POST", "/v1/find", `{"text":"17"}`, 200},
		{"POST", "/v1/find", `{}`, 422},
		{"POST", "/v1/consents", `{"person":"ala@example.com","wording":"newsletter-offers","form":"paper"}`, 202},
		{"POST", "/v1/consents", `{"person":"ala@example.com","wording":"unknown","form":"paper"}`, 422},
		{"POST", "/v1/reads", `{"subjects":["unknown"],"by":"auditor anna","page":"person"}`, 200},
		{"POST", "/v1/reads", `{"subjects":["unknown"],"by":"anna@example.com","page":"person"}`, 422},
		{"GET", "/v1/deliveries", "", 200},
		{"POST", "/v1/subjects/decisions", ala, 200},
		{"GET", "/v1/decisions?state=held&limit=10", "", 200},
		{"GET", "/v1/decisions?state=confirmed&kind=ask-consent&limit=10", "", 200},
		{"GET", "/v1/decisions?state=lost&limit=10", "", 422},
		{"POST", "/v1/decisions/dec_unknown/repeat", "", 404},
		{"POST", "/v1/journal", ala, 200},
		{"GET", "/v1/journal/verify", "", 200},
	} {
		exchange(m.t, router, m.request(c.method, m.Control.API+c.path, c.body, true), c.status)
		exchange(m.t, router, m.request(c.method, m.Control.API+c.path, c.body, false), 401)
	}
	m.settle()
	for _, c := range []struct {
		path, body string
		status     int
	}{
		{"/v1/requests/req-1/verify", `{}`, 202},
		{"/v1/requests/req-1/decide", `{}`, 422},
		{"/v1/requests/req-1/decide", `{"outcome":"granted"}`, 202},
		{"/v1/requests/req-1/extend", `{"at":"2050-01-01T00:00:00Z"}`, 422},
		{"/v1/requests/req-1/decide", `{"outcome":"granted","at":"2020-01-01T00:00:00Z"}`, 422},
		{"/v1/requests/req-1/lift", `{}`, 409},
		{"/v1/requests/req-1/answer", `{}`, 202},
		{"/v1/requests/req-2/answer", `{}`, 404},
	} {
		exchange(m.t, router, m.request("POST", m.Control.API+c.path, c.body, true), c.status)
	}
	m.settle()
	exchange(m.t, router, m.request("POST", m.Control.API+"/v1/requests/req-1/answer", `{}`, true), 409)
	exchange(
		m.t,
		router,
		m.request("POST", m.Control.API+"/v1/requests", `{"person":"bob@example.com","right":"erasure","ref":"req-1"}`, true),
		409,
	)
	exchange(m.t, router, m.request("POST", m.Control.API+"/v1/explain", ala, true), 200)
	exchange(
		m.t,
		router,
		m.request("POST", m.Control.API+"/v1/export", `{"person":"ala@example.com","form":"answer","request":"req-1"}`, true),
		200,
	)
}

// TestContract_WhatBecomesOfDecisionsIsAsOpenAPISays goes through the answers about
// recipients, receipts, certificates and pages.
func TestContract_WhatBecomesOfDecisionsIsAsOpenAPISays(t *testing.T) {
	openapi3filter.RegisterBodyDecoder("application/x-ndjson", openapi3filter.FileBodyDecoder)
	openapi3filter.RegisterBodyDecoder("text/html", openapi3filter.FileBodyDecoder)
	dir := withRecipients(t, "recipients: [{id: crm, holds: [\"*\"], by: hand, token: \"file:secrets/crm-token\"}]\n")
	m := start(t, dir, nil)
	defer m.stop()
	m.taken("letters", subscriber("created", "active", "ewa@example.com", time.Now().Add(-time.Hour)))
	m.taken("letters", subscriber("unsubscribed", "unsubscribed", "ewa@example.com", time.Now().Add(-time.Minute)))
	m.settle()
	dec := m.decisions("open").Decisions[0].Decision
	router := openAPI(t)
	now := time.Now().Format(time.RFC3339Nano)
	done := `{"decision":"` + dec + `","recipient":"crm","outcome":"done","at":"` + now + `"}`
	for _, c := range []struct {
		method, path, body string
		status             int
	}{
		{"GET", "/v1/recipients", "", 200},
		{"GET", "/v1/sources", "", 200},
		{"POST", "/v1/recipients/crm/enable", "", 404},
		{"GET", "/v1/decisions", "", 200},
		{"GET", "/v1/decisions?state=overdue", "", 200},
		{"GET", "/v1/decisions?state=lost", "", 422},
		{"GET", "/v1/decisions/" + dec, "", 200},
		{"GET", "/v1/decisions/dec_unknown", "", 404},
		{"GET", "/v1/decisions/" + dec + "/certificate", "", 409},
		{"GET", "/v1/decisions/dec_unknown/certificate", "", 404},
		{"POST", "/v1/decisions/" + dec + "/check", `{"items":[{"category":"contact"}]}`, 200},
		{"POST", "/v1/decisions/dec_unknown/check", `{"items":[]}`, 200},
		{"POST", "/v1/decisions/" + dec + "/check", `{"things":[]}`, 400},
		{"GET", "/v1/certificate-key", "", 200},
		{"POST", "/v1/decisions/receipts", `{"decision":"` + dec + `","recipient":"crm","outcome":"granted","at":"` + now + `"}`, 422},
		{"POST", "/v1/decisions/receipts", `{"decision":"` + dec + `","recipient":"crm","outcome":"sent","at":"` + now + `"}`, 422},
		{"POST", "/v1/decisions/receipts", `{"decision":"` + dec + `","recipient":"crm","outcome":"done","at":"2999-01-01T00:00:00Z"}`, 422},
		{"POST", "/v1/decisions/receipts", `{"decision":"` + dec + `","recipient":"crm","outcome":"held","reason":"ask ewa@example.com","at":"` + now + `"}`, 422},
		{"POST", "/v1/decisions/receipts", `{"decision":"` + dec + `","recipient":"shop","outcome":"done","at":"` + now + `"}`, 403},
		{"POST", "/v1/decisions/receipts", done, 202},
		{"POST", "/v1/replay", `{}`, 422},
		{"POST", "/v1/replay", `{"since":"` + now + `","recipient":"nobody"}`, 422},
	} {
		exchange(t, router, m.request(c.method, m.Control.API+c.path, c.body, true), c.status)
		exchange(t, router, m.request(c.method, m.Control.API+c.path, c.body, false), 401)
	}
	m.settle()
	exchange(t, router, m.request("GET", m.Control.API+"/v1/decisions?state=all", "", true), 200)
	signed := exchange(t, router, m.request("GET", m.Control.API+"/v1/decisions/"+dec+"/certificate", "", true), 200)
	var payload any
	if err := json.Unmarshal(signedPayload(t, signed), &payload); err != nil {
		t.Fatal(err)
	}
	if err := openAPIDocument(t).Components.Schemas["Certificate"].Value.VisitJSON(payload); err != nil {
		t.Errorf("the payload of the certificate is not as openapi.yaml says: %v", err)
	}
	exchange(
		t,
		router,
		m.request("GET", m.Control.API+"/v1/decisions/"+dec+"/certificate?form=page&lang=pl", "", true),
		200,
	)
	exchange(t, router, m.request("POST", m.Control.API+"/v1/replay", `{"since":"2020-01-01T00:00:00Z"}`, true), 200)
	exchange(t, router, m.request("POST", m.Control.Webhooks+"/v1/receipts", done, false), 401)
	exchange(
		t,
		router,
		m.request("POST", m.Control.Webhooks+"/v1/receipts", done, true),
		401,
	) // the owner's token is none of a recipient
	exchange(t, router, m.request("GET", m.Control.Webhooks+"/consent/unknown", "", false), 404)
}

// eventSchemas compiles the schemas of asyncapi.yaml by the type of the event.
func eventSchemas(t *testing.T) map[string]*jsonschema.Schema {
	t.Helper()
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	const base = "https://rodopath.dev/schemas/"
	for _, name := range []string{"event", "delete", "ask-consent", "retract", "receipt"} {
		text, err := os.ReadFile(apiDir + "schemas/" + name + ".schema.json")
		if err != nil {
			t.Fatal(err)
		}
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		if err := c.AddResource(base+name+".schema.json", doc); err != nil {
			t.Fatal(err)
		}
	}
	return map[string]*jsonschema.Schema{
		stream.TypeDelete:     c.MustCompile(base + "delete.schema.json"),
		stream.TypeAskConsent: c.MustCompile(base + "ask-consent.schema.json"),
		stream.TypeRetract:    c.MustCompile(base + "retract.schema.json"),
		"receipt":             c.MustCompile(base + "receipt.schema.json"),
	}
}

// TestContract_ExamplesAreAsTheSchemasSay validates the examples of the documents, and
// reads them as our own types, which must know every field.
func TestContract_ExamplesAreAsTheSchemasSay(t *testing.T) {
	schemas := eventSchemas(t)
	for file, kind := range map[string]string{
		"delete": stream.TypeDelete, "replay": stream.TypeDelete, "ask-consent": stream.TypeAskConsent, "retract": stream.TypeRetract, "receipt": "receipt",
	} {
		text, err := os.ReadFile(apiDir + "examples/events/" + file + ".json")
		if err != nil {
			t.Fatal(err)
		}
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		if err := schemas[kind].Validate(doc); err != nil {
			t.Errorf("%s: %v", file, err)
		}
		for other, schema := range schemas {
			if other != kind && schema.Validate(doc) == nil {
				t.Errorf("%s passes for %s too", file, other)
			}
		}
		var into any = &stream.Event{}
		if kind == "receipt" {
			into = &stream.Receipt{}
		}
		dec := json.NewDecoder(bytes.NewReader(text))
		dec.DisallowUnknownFields()
		if err := dec.Decode(into); err != nil {
			t.Errorf("%s: %v", file, err)
		}
	}
}

// TestContract_AsyncAPINamesWhatIsThere checks that the document refers to files that
// are there.
func TestContract_AsyncAPINamesWhatIsThere(t *testing.T) {
	text, err := os.ReadFile(apiDir + "asyncapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var doc any
	if err := yaml.Unmarshal(text, &doc); err != nil {
		t.Fatal(err)
	}
	refs := regexp.MustCompile(`\$ref: "([^#"][^"]*)"`).FindAllSubmatch(text, -1)
	if len(refs) != 8 {
		t.Errorf("%d references to files", len(refs))
	}
	for _, ref := range refs {
		if _, err := os.Stat(apiDir + string(ref[1])); err != nil {
			t.Error(err)
		}
	}
}

func TestContract_EventsAreAsAsyncAPISays(t *testing.T) {
	schemas := eventSchemas(t)
	m := start(t, t.TempDir(), nil)
	defer m.stop()
	m.taken("card", checkout("1", "ala@example.com", time.Now().Add(-time.Hour)))
	m.taken("card", checkout("2", "ola@example.com", time.Date(2012, 3, 1, 9, 0, 0, 0, time.UTC)))
	m.taken("letters", subscriber("created", "active", "ewa@example.com", time.Now().Add(-time.Hour)))
	m.taken("letters", subscriber("unsubscribed", "unsubscribed", "ewa@example.com", time.Now().Add(-time.Minute)))
	m.settle()
	seen := map[string]int{}
	for _, line := range m.eventLines() {
		event, err := jsonschema.UnmarshalJSON(bytes.NewReader(line))
		if err != nil {
			t.Fatal(err)
		}
		var head struct{ Type string }
		if err := json.Unmarshal(line, &head); err != nil {
			t.Fatal(err)
		}
		seen[head.Type]++
		if err := schemas[head.Type].Validate(event); err != nil {
			t.Errorf("not as asyncapi.yaml says: %v\n%s", err, line)
		}
	}
	if seen["dev.rodopath.delete.v1"] < 3 || seen["dev.rodopath.ask-consent.v1"] != 1 {
		t.Errorf("got %v", seen)
	}
}
