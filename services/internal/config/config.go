// Package config is the configuration of all services: one strict YAML file, with an environment
// variable for every value.
package config

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"time"
	_ "time/tzdata" // zones must not depend on the machine

	"github.com/go-playground/validator/v10"

	"github.com/rodopath/rodopath/services/internal/strictyaml"
)

// Config is the file. Services read the parts that are theirs.
type Config struct {
	// Policy is "default", or the path of a policy file relative to this file.
	Policy string `yaml:"policy"`
	// ApproveAbovePercent is the percentage of persons above which the deletions of a new policy
	// need an approval; nil means 1.
	ApproveAbovePercent *float64 `validate:"omitempty,min=0,max=100" yaml:"approve_above_percent"`
	// Controller is the business that decides about the processing; wordings name the controller.
	Controller string `yaml:"controller"`
	// Contact is how to reach the controller, for documents that are given to data subjects.
	Contact Contact `yaml:"contact"`
	// PrivacyNotice is the address of the privacy notice (Art. 13), which the consent page links; required with
	// PublicURL.
	PrivacyNotice string `validate:"omitempty,http_url,max=500" yaml:"privacy_notice"`
	// Listen is where webhooks are received. Empty means 127.0.0.1:8080.
	Listen  string   `validate:"omitempty,hostname_port" yaml:"listen"`
	Sources []Source `validate:"unique=ID,dive"          yaml:"sources"`
	// Intake is the log of accepted webhooks.
	Intake Intake `yaml:"intake"`
	// Recipients are the systems that are notified of decisions.
	Recipients []Recipient `validate:"max=2000,unique=ID,dive" yaml:"recipients"`
	// Observe reports whether a new installation notifies no recipient before "rodopath go-live"; nil means true. With
	// false all recipients are notified from the start, and a deletion waits only where a recipient has a Delay.
	Observe *bool `yaml:"observe"`
	// PublicURL is the public address of Listen, such as https://hooks.example.com; with PublicURL
	// a question for consent carries the address of a consent page.
	PublicURL string  `validate:"omitempty,http_url,max=200" yaml:"public_url"`
	API       API     `yaml:"api"`
	NATS      NATS    `yaml:"nats"`
	MongoDB   MongoDB `yaml:"mongodb"`
	// Dispatch configures the service dispatch in a cluster.
	Dispatch Dispatch `yaml:"dispatch"`
	// Console is the pages of the seller.
	Console Console `yaml:"console"`
	// Mail is how messages are sent: the codes of the request form, and notifications.
	Mail Mail `yaml:"mail"`
	// RequestForm reports whether data subjects can send requests at PublicURL with the path /request.
	RequestForm bool `yaml:"request_form"`
	// Notify configures the notifications for the owner.
	Notify Notify `yaml:"notify"`
	// Keys is a reference to the keys that hash and seal the names of persons.
	Keys string `validate:"omitempty,reference" yaml:"keys"`
	// Limits bound the requests of strangers.
	Limits Limits `yaml:"limits"`
	// Traces configures the export of traces.
	Traces Traces `yaml:"traces"`
	// KeepDecisionsDays is how long decisions stay readable in the stream; 0 means 30.
	KeepDecisionsDays int `validate:"min=0,max=3660" yaml:"keep_decisions_days"`

	// dir is the directory of the file, the base of relative paths; doc locates values in the file.
	dir string
	doc *strictyaml.Document
}

// Contact is how to reach the controller (GDPR Art. 13(1), 30(1)(a)).
type Contact struct {
	// Address is the postal address, in one line.
	Address string `validate:"max=300"                 yaml:"address"`
	Email   string `validate:"omitempty,email,max=200" yaml:"email"`
	Phone   string `validate:"max=50"                  yaml:"phone"`
	// Representative is the representative in the Union (Art. 27), DPO the data protection officer (Art. 37): name and
	// contact details. Empty means that there is none.
	Representative string `validate:"max=300" yaml:"representative"`
	DPO            string `validate:"max=300" yaml:"dpo"`
}

// Source is a sender of webhooks.
type Source struct {
	ID       string `validate:"required,max=40,sourceid"                              yaml:"id"`
	Platform string `validate:"required,oneof=stripe woocommerce mailerlite standard" yaml:"platform"`
	// Secrets are references to the secrets that sign the webhooks; any may.
	Secrets []string `validate:"required,min=1,max=5,dive,reference" yaml:"secrets"`
	// TestMode is the treatment of test events: "drop" (the default) or "accept".
	TestMode string `validate:"omitempty,oneof=drop accept" yaml:"test_mode"`
	// PerMinute is the rate limit of the source at each ingest, in webhooks per minute; 0 means no
	// limit. WooCommerce sends a webhook only once and is never limited.
	PerMinute int `validate:"min=0,max=1000000,excluded_if=Platform woocommerce" yaml:"per_minute"`
	// Zone reads times without a zone. Empty means UTC.
	Zone string `validate:"omitempty,timezone" yaml:"zone"`
	// Wording is the id of the consent text behind the sign-ups.
	Wording string `yaml:"wording"`
	// Placeholders are addresses of the platform that belong to no person, such as
	// pos@shop.example or *@guest.marketplace.example.
	Placeholders []string `validate:"max=50,dive,placeholder" yaml:"placeholders"`
	// OptIn maps further consent boxes of a shop, by the key of their value in an order, to wordings.
	OptIn map[string]string `validate:"max=50,excluded_unless=Platform woocommerce,dive,required" yaml:"optin"`
	// TaxIDKeys are further keys under which a shop keeps the tax number of a buyer.
	TaxIDKeys []string `validate:"max=50,excluded_unless=Platform woocommerce,dive,required" yaml:"tax_id_keys"`
	// ConsentFrom lists the origins of a sign-up that can be an act of the person: sources of MailerLite
	// subscribers, or origins of WooCommerce orders. Omitted means the default of the platform.
	ConsentFrom []string `validate:"max=50" yaml:"consent_from"`
	// MaxBodyMB is the maximum size of a webhook in MiB; 0 means 8 for WooCommerce and 1 elsewhere.
	MaxBodyMB int `validate:"min=0,max=64" yaml:"max_body_mb"`
	// Groups maps the groups of the newsletter platform to meanings.
	Groups map[string]string `validate:"dive,oneof=newsletter webinar ignore" yaml:"groups"`
	// Webinars maps groups of webinars to the days of their events, such as 2026-07-01.
	Webinars map[string]string `validate:"dive,datetime=2006-01-02" yaml:"webinars"`
	// OSS reports whether the seller declares sales to consumers in other member states under the one-stop shop.
	OSS bool `yaml:"oss"`
	// Products maps products, prices, SKUs and categories to kinds of sales.
	Products map[string]Product `validate:"dive" yaml:"products"`
	// Read is the access to the platform's own interface, from which "rodopath import" reads the history.
	Read Read `yaml:"read"`
}

// MaxBody is the maximum size of a webhook of the source, in bytes.
func (s *Source) MaxBody() int64 {
	const mebibyte, large = 1 << 20, 8
	switch {
	case s.MaxBodyMB > 0:
		return int64(s.MaxBodyMB) * mebibyte
	case s.Platform == "woocommerce": // an order with hundreds of items and the notes of many plug-ins
		return large * mebibyte
	}
	return mebibyte
}

// Wordings lists the wordings that the source names, sorted.
func (s *Source) Wordings() []string {
	out := slices.Collect(maps.Values(s.OptIn))
	if s.Wording != "" {
		out = append(out, s.Wording)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// Product is the kind of a sale: in YAML an access, or an access with days.
type Product struct {
	Access string `validate:"required,oneof=one_off course service subscription" yaml:"access"`
	// Days is how long a course stays open; 0 means without an end.
	Days int `validate:"min=0,max=36600" yaml:"days"`
}

// UnmarshalYAML reads "course" as well as {access: course, days: 30}.
func (p *Product) UnmarshalYAML(unmarshal func(any) error) error {
	if unmarshal(&p.Access) == nil {
		return nil
	}
	type plain Product
	return unmarshal((*plain)(p))
}

// API is the interface for people and tools: explain, events.
type API struct {
	// Listen is the address. Empty means 127.0.0.1 on a free port.
	Listen string `validate:"omitempty,hostname_port" yaml:"listen"`
	// Tokens authorise requests, each for its scopes.
	Tokens []Token `validate:"max=20,dive" yaml:"tokens"`
}

// Token is a bearer token of the interface: in YAML a reference, or a reference and
// scopes.
type Token struct {
	// Token is a reference to the token.
	Token string `validate:"reference" yaml:"token"`
	// Scopes are the scopes of the token: read, export, requests, holds, policy, journal, events,
	// decisions, keys, subjects, history. Omitted means all; an empty list is an error.
	Scopes []string `validate:"omitempty,min=1,dive,oneof=read export requests holds policy journal events decisions keys subjects history" yaml:"scopes"`
}

// UnmarshalYAML reads "env:TOKEN" as well as {token: env:TOKEN, scopes: [read]}.
func (t *Token) UnmarshalYAML(unmarshal func(any) error) error {
	if unmarshal(&t.Token) == nil {
		return nil
	}
	type plain Token
	return unmarshal((*plain)(t))
}

// NATS is where the streams are.
type NATS struct {
	// URL is the server's, or several with commas. Empty means the built-in server
	// where there is one.
	URL string `yaml:"url"`
	// Credentials is a reference to a NATS credentials file.
	Credentials string `validate:"omitempty,reference" yaml:"credentials"`
	// Certificate and CertificateKey are references to the certificate of this client and its private key, in PEM; empty
	// means that the client shows none.
	Certificate    string `validate:"omitempty,reference" yaml:"certificate"`
	CertificateKey string `validate:"omitempty,reference" yaml:"certificate_key"`
	// CA is a reference to the certificates of the CAs that signed those of the servers, in PEM; empty means the CAs that
	// the machine trusts.
	CA string `validate:"omitempty,reference" yaml:"ca"`
	// Replicas is how many servers hold each stream; 0 means 1.
	Replicas int `validate:"min=0,max=5" yaml:"replicas"`
	// Tags are what a server must be tagged with to hold a stream, such as "region:eu"; empty means any server.
	Tags []string `validate:"max=10,unique,dive,required,max=100" yaml:"tags"`
	// Partitions is into how many partitions the facts are divided by their persons, so that replicas of lifecycle do not
	// work on one person at the same time: a power of two up to 64; 0 means 1. More than one needs url.
	Partitions int `validate:"oneof=0 1 2 4 8 16 32 64" yaml:"partitions"`
	// Fsync is when the built-in server writes to the disk for good: "interval" (also when empty: what a power
	// cut may take from a stream is still in the intake log or in the outboxes) or "always" (before every
	// acknowledgement: slower; consumers outside that answer on NATS then lose no answer at a power cut).
	Fsync string `validate:"omitempty,oneof=always interval" yaml:"fsync"`
}

// Intake is the log of accepted webhooks, in a directory of ingest's own.
type Intake struct {
	// Accept is when a webhook is answered: with "disk" once the webhook is in the log on the disk, with
	// "broker" once NATS has acknowledged the webhook, and in the log while NATS is away. Empty means
	// "broker" with nats.url, and "disk" with the built-in NATS.
	Accept string `validate:"omitempty,oneof=disk broker" yaml:"accept"`
	// Path is the directory. Empty means DATA/intake in standalone mode and no log elsewhere: a webhook
	// is then refused while the broker is unavailable.
	Path string `validate:"max=500" yaml:"path"`
	// MaxMB is the capacity in MiB; 0 means 256. A full log refuses webhooks.
	MaxMB int `validate:"min=0,max=1000000" yaml:"max_mb"`
	// DrainSeconds is how long a service of its own that is told to stop forwards the log before it ends; 0 means 20.
	DrainSeconds int `validate:"min=0,max=3600" yaml:"drain_seconds"`
	// Key is a reference to a secret that encrypts the log. Empty means the keys of the installation in
	// standalone mode, and a key in the directory elsewhere.
	Key string `validate:"omitempty,reference" yaml:"key"`
}

// BrokerFirst reports whether a webhook goes to the broker before the log.
func (i Intake) BrokerFirst(n NATS) bool {
	return i.Accept == "broker" || i.Accept == "" && n.URL != ""
}

// Dispatch configures the service dispatch. The standalone program needs no settings here.
type Dispatch struct {
	// Lifecycle answers before each delivery whether the decision still holds.
	Lifecycle Lifecycle `yaml:"lifecycle"`
}

// Lifecycle is the interface of lifecycle as seen by another service.
type Lifecycle struct {
	// URL is the address of the interface, such as http://lifecycle:8081.
	URL string `validate:"omitempty,http_url,max=200" yaml:"url"`
	// Token is a reference to a token with the scope decisions. Empty means the first of api.tokens with the
	// scope.
	Token string `validate:"omitempty,reference" yaml:"token"`
}

// Console configures the pages of the seller.
type Console struct {
	// PublicURL is the address at which browsers reach the console, where that is not this machine alone, such as
	// https://console.example.com. It is required with OIDC.
	PublicURL string `validate:"omitempty,http_url,max=200" yaml:"public_url"`
	// Users sign in with a password. Without users and OIDC the address that the program prints signs in.
	Users []ConsoleUser `validate:"max=100,unique=Name,dive" yaml:"users"`
	// OIDC signs in with the accounts of a business.
	OIDC ConsoleOIDC `yaml:"oidc"`
	// Listen is the address of the service console in a cluster; empty means 127.0.0.1:8083. In standalone mode the
	// console is at api.listen.
	Listen string `validate:"omitempty,hostname_port" yaml:"listen"`
	// Lifecycle is the interface that the service console asks in a cluster; the token has all scopes.
	Lifecycle Lifecycle `yaml:"lifecycle"`
}

// ConsoleUser signs in to the console with a password.
type ConsoleUser struct {
	Name string `validate:"required,max=40,alphanum"            yaml:"name"`
	Role string `validate:"required,oneof=owner helper auditor" yaml:"role"`
	// Password is a reference to the hash that "rodopath password" printed.
	Password string `validate:"required,reference" yaml:"password"`
}

// ConsoleOIDC signs in to the console by OpenID Connect.
type ConsoleOIDC struct {
	// Issuer is the address of the provider; empty means no sign-in by OpenID Connect.
	Issuer       string `validate:"omitempty,http_url,max=200"   yaml:"issuer"`
	ClientID     string `validate:"required_with=Issuer,max=200" yaml:"client_id"`
	ClientSecret string `validate:"omitempty,reference"          yaml:"client_secret"`
	// Claim is the claim with the groups or the name of a person; empty means groups.
	Claim string `validate:"max=60" yaml:"claim"`
	// Owner, Helper and Auditor are the values of the claim that give the role.
	Owner   []string `validate:"max=50,dive,required,max=200" yaml:"owner"`
	Helper  []string `validate:"max=50,dive,required,max=200" yaml:"helper"`
	Auditor []string `validate:"max=50,dive,required,max=200" yaml:"auditor"`
}

// Mail is a server for outgoing mail.
type Mail struct {
	// SMTP is the address of the server: smtps://HOST:465, smtp://HOST:587 for STARTTLS, or smtp+plain://localhost:25 for
	// a server on this machine. Empty means that no mail is sent.
	SMTP string `validate:"omitempty,max=200,startswith=smtp" yaml:"smtp"`
	User string `validate:"max=200"                           yaml:"user"`
	// Password is a reference.
	Password string `validate:"omitempty,reference" yaml:"password"`
	// From is the sender, such as "Moja Firma <sklep@example.com>".
	From string `validate:"required_with=SMTP,max=200" yaml:"from"`
}

// Notify configures the notifications for the owner: requests that are due, alarms, and a summary every Monday. No
// notification names a person.
type Notify struct {
	// To are the addresses of the owner and of helpers.
	To []string `validate:"max=20,dive,email" yaml:"to"`
	// Lang is pl or en; empty means Polish.
	Lang string `validate:"omitempty,oneof=pl en" yaml:"lang"`
	// Webhook is the address that receives each notification as JSON, signed by Secret as Standard Webhooks are.
	Webhook string `validate:"omitempty,http_url,max=500"                yaml:"webhook"`
	Secret  string `validate:"required_with=Webhook,omitempty,reference" yaml:"secret"`
}

// Limits bound the requests of strangers.
type Limits struct {
	// RefusedPerMinute is the number of refused requests of one address in a minute before the
	// answer is 429; 0 means 120, -1 no limit.
	RefusedPerMinute int `validate:"min=-1,max=100000" yaml:"refused_per_minute"`
	// TrustedProxies are networks of reverse proxies with public addresses (203.0.113.0/24), whose
	// X-Forwarded-For is believed. Private networks are always trusted.
	TrustedProxies []string `validate:"max=100,dive,cidr" yaml:"trusted_proxies"`
}

// Traces configures the export of traces of webhooks (OpenTelemetry).
type Traces struct {
	// URL is the collector for OTLP over HTTP, such as https://collector:4318; a URL without a path
	// gets /v1/traces. Empty means no export; trace ids are forwarded all the same.
	URL string `validate:"omitempty,http_url,max=200" yaml:"url"`
	// Share is how many of the traces are exported, from 0 to 1; nil means 1.
	Share *float64 `validate:"omitempty,min=0,max=1" yaml:"share"`
}

// MongoDB is where subjects are kept in a cluster.
type MongoDB struct {
	// URI is a connection string or a reference to one; a connection string with a password must be
	// a reference.
	URI string `yaml:"uri"`
	// Database is the name of the database. Empty means rodopath.
	Database string `validate:"omitempty,max=60,alphanum" yaml:"database"`
}

// Load reads the file at path and applies the environment. Without a path the environment is the
// whole configuration.
func Load(path string, environ []string) (*Config, error) {
	c := &Config{dir: filepath.Dir(path)}
	data, err := os.ReadFile(path)
	switch {
	case path == "":
		data = []byte("{}")
	case err != nil:
		return nil, fmt.Errorf("load configuration: %w", err)
	}
	if c.doc, err = strictyaml.Decode(path, data, c); err != nil {
		return nil, err
	}
	if err := override(reflect.ValueOf(c).Elem(), prefix, environ); err != nil {
		return nil, err
	}
	return c, c.check()
}

// At prefixes an error about a value with the file and the line of the value, for faults that
// appear only on use, such as a missing secret. The path consists of keys and indexes.
func (c *Config) At(err error, path ...any) error {
	if err == nil || c.doc == nil {
		return err
	}
	return c.doc.At(err, path...)
}

// check validates the values.
func (c *Config) check() error {
	doc := c.doc
	v := validator.New(validator.WithRequiredStructEnabled())
	v.RegisterTagNameFunc(func(f reflect.StructField) string { return f.Tag.Get("yaml") })
	err := errors.Join(
		v.RegisterValidation("reference", func(fl validator.FieldLevel) bool { return isReference(fl.Field().String()) }),
		v.RegisterValidation("sourceid", func(fl validator.FieldLevel) bool { return isSourceID(fl.Field().String()) }),
		v.RegisterValidation("placeholder", func(fl validator.FieldLevel) bool { return isPlaceholder(fl.Field().String()) }),
		v.RegisterValidation("timezone", func(fl validator.FieldLevel) bool { return isZone(fl.Field().String()) }),
	)
	if err != nil {
		return fmt.Errorf("check configuration: %w", err)
	}
	var faults []strictyaml.Fault
	var invalid validator.ValidationErrors
	if err := v.Struct(c); errors.As(err, &invalid) {
		for _, f := range invalid {
			faults = append(faults, doc.Faultf(pathOf(f.Namespace()), "%s", explain(f)))
		}
	} else if err != nil {
		return fmt.Errorf("check configuration: %w", err)
	}
	if u, err := url.Parse(
		c.MongoDB.URI,
	); err == nil && u.User != nil && !isReference(c.MongoDB.URI) &&
		os.Getenv(prefix+"_MONGODB_URI") == "" {
		faults = append(
			faults,
			doc.Faultf([]any{"mongodb", "uri"}, "mongodb.uri holds a password; write a reference, env:NAME or file:PATH"),
		)
	}
	if c.PublicURL != "" && c.PrivacyNotice == "" {
		faults = append(faults, doc.Faultf([]any{"public_url"},
			"privacy_notice is missing: with public_url there is a consent page, which must link the privacy notice (Art. 13)"))
	}
	if c.RequestForm && (c.Mail.SMTP == "" || c.PublicURL == "") {
		faults = append(faults, doc.Faultf([]any{"request_form"},
			"request_form needs mail.smtp, for the codes that prove who asks, and public_url, where the form is"))
	}
	if len(c.Notify.To) > 0 && c.Mail.SMTP == "" {
		faults = append(faults, doc.Faultf([]any{"notify", "to"}, "notify.to needs mail.smtp: the server that sends mail"))
	}
	if c.Console.OIDC.Issuer != "" && c.Console.PublicURL == "" {
		faults = append(faults, doc.Faultf([]any{"console", "oidc"},
			"console.public_url is missing: the provider of sign-ins sends the browser back to this address"))
	}
	if strings.ContainsAny(c.PublicURL, "?#") {
		faults = append(
			faults,
			doc.Faultf([]any{"public_url"}, "public_url must not contain ? or #, because paths are appended"),
		)
	}
	if u, err := url.Parse(c.Traces.URL); err == nil && (u.User != nil || strings.ContainsAny(c.Traces.URL, "?#")) {
		faults = append(
			faults,
			doc.Faultf(
				[]any{"traces", "url"},
				"traces.url must not contain a name, a password, ? or #; set headers of the collector in OTEL_EXPORTER_OTLP_HEADERS",
			),
		)
	}
	faults = append(faults, c.checkReads()...)
	return doc.Fail(append(faults, c.checkRecipients()...)...)
}

func isSourceID(s string) bool {
	return s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789-_") == ""
}

func isZone(s string) bool {
	_, err := time.LoadLocation(s)
	return err == nil
}

// pathOf turns "Config.sources[1].secrets[0]" into keys and indexes.
func pathOf(namespace string) []any {
	var path []any
	_, rest, _ := strings.Cut(namespace, ".")
	for _, part := range strings.FieldsFunc(rest, func(r rune) bool { return r == '.' || r == '[' }) {
		inner, isIndex := strings.CutSuffix(part, "]")
		n := 0
		if _, err := fmt.Sscanf(inner, "%d", &n); isIndex && err == nil {
			path = append(path, n)
		} else {
			path = append(path, inner)
		}
	}
	return path
}

// explain describes a fault of a value without the value, which may be a misplaced secret.
func explain(f validator.FieldError) string {
	_, name, _ := strings.Cut(f.Namespace(), ".")
	switch f.Tag() {
	case "required":
		return name + " is missing"
	case "oneof":
		return fmt.Sprintf("%s must be one of: %s", name, strings.Join(strings.Fields(f.Param()), ", "))
	case "reference":
		return name + " must be a reference, env:NAME or file:PATH; secrets do not belong in this file"
	case "sourceid":
		return name + " may contain the letters a to z, digits, - and _"
	case "placeholder":
		return name + " must be an address such as pos@shop.example, or *@guest.marketplace.example with one *"
	case "unique":
		return name + ": the values must be unique"
	case "hostname_port":
		return name + " must be an address such as 127.0.0.1:8080"
	case "http_url":
		return name + " must be an address such as https://example.com/path"
	case "email":
		return name + " must be an e-mail address"
	case "excluded_if":
		return fmt.Sprintf("%s cannot be combined with %s; remove the key", name, strings.ToLower(f.Param()))
	case "timezone":
		return name + " must be a time zone such as Europe/Warsaw"
	case "min", "max":
		if f.Kind() == reflect.Slice && f.Param() == "1" {
			return name + " is empty: remove the key, or list a value"
		}
		return fmt.Sprintf("%s is out of range (%s %s)", name, f.Tag(), f.Param())
	}
	return fmt.Sprintf("%s is not valid (%s)", name, f.Tag())
}

// isPlaceholder reports whether a text is an address, or an address with one "*" before the @: a
// pattern of a domain alone would take the address from every person.
func isPlaceholder(s string) bool {
	local, domain, ok := strings.Cut(s, "@")
	return ok && local != "" && strings.Contains(domain, ".") && !strings.ContainsAny(domain, "*@ ") &&
		strings.Count(local, "*") <= 1 && !strings.ContainsAny(local, " \t")
}
