package config

import (
	"time"

	"github.com/rodopath/rodopath/services/internal/strictyaml"
)

// Recipient is a system that is notified of decisions and answers with receipts (GDPR Art. 4(9) and
// 19).
type Recipient struct {
	ID string `validate:"required,max=40,sourceid" yaml:"id"`
	// Name is the display name. Empty means the name in the policy, or the id.
	Name string `validate:"max=100" yaml:"name"`
	// Country is the country outside of the EEA to which the recipient transfers data, such as USA, and Safeguard the
	// safeguard of the transfer (GDPR Art. 44 to 49), such as "decyzja 2023/1795 (DPF)". Empty means what the policy
	// states about the recipient of the same id.
	Country   string `validate:"max=100" yaml:"country"`
	Safeguard string `validate:"max=300" yaml:"safeguard"`
	// Holds are the categories of data at the recipient; notifications cover no others. Empty means
	// the categories in the policy; a recipient that the policy does not know must have Holds. HoldsAll
	// alone means all categories.
	Holds []string `validate:"omitempty,min=1,max=100,dive,required,max=64" yaml:"holds"`
	// By is the way of delivery: "nats" (the recipient reads the stream), "webhook", "hand" (a
	// person carries out the decisions and records receipts), or the interface of a platform:
	// "mailerlite", "woocommerce", "stripe".
	By string `validate:"required,oneof=nats webhook hand mailerlite woocommerce stripe" yaml:"by"`
	// Erase is what MailerLite does with a subscriber whose contact data lost their last basis: "forget" (empty means
	// this), "delete", which keeps the data for a return, or "unsubscribe", which keeps the subscriber.
	Erase string `validate:"omitempty,oneof=forget delete unsubscribe" yaml:"erase"`
	// URL is the address of a webhook, or of a shop; for another platform the address of a stand-in of its interface.
	URL string `validate:"omitempty,http_url,max=500" yaml:"url"`
	// Secrets are references to the signing secrets of its webhooks. Every secret signs, so that
	// one can replace another.
	Secrets []string `validate:"max=5,dive,reference" yaml:"secrets"`
	// Key is a reference to the key of the platform's interface; for WooCommerce the consumer key,
	// a colon and the consumer secret.
	Key string `validate:"omitempty,reference" yaml:"key"`
	// Token is a reference to the token by which the recipient sends receipts.
	Token string `validate:"omitempty,reference" yaml:"token"`
	// Source is the source with the platform's ids of persons and records. Empty means the only
	// source of the platform.
	Source string `validate:"omitempty,max=40,sourceid" yaml:"source"`
	// AnswerDays is the time to answer a decision, in days; 0 means 7.
	AnswerDays int `validate:"min=0,max=90" yaml:"answer_days"`
	// Kinds are the accepted kinds of decisions. Empty means deletions alone: questions to persons
	// need an explicit configuration.
	Kinds []string `validate:"omitempty,min=1,max=2,unique,dive,oneof=delete ask-consent" yaml:"kinds"`
	// Delay is how long a deletion waits before its recipients are notified, so that news can stop an irreversible act;
	// nil means 7 days in the first 30 days after the recipient went live, and no delay afterwards; no delay for a
	// recipient that erases by hand.
	Delay *time.Duration `validate:"omitempty,min=0,max=8784h" yaml:"delay"`
	// InFlight is the number of concurrent deliveries; 0 means 4.
	InFlight int `validate:"min=0,max=64" yaml:"in_flight"`
	// AllowPrivate permits an address of a private network, or of this machine.
	AllowPrivate bool `yaml:"allow_private"`
	// DryRun logs the calls and makes none.
	DryRun bool `yaml:"dry_run"`
}

// HoldsAll stands for all categories of data in Recipient.Holds.
const HoldsAll = "*"

// Platform reports whether decisions are carried out by the interface of a platform.
func (r *Recipient) Platform() bool {
	return r.By == "mailerlite" || r.By == "woocommerce" || r.By == "stripe"
}

// Dispatched reports whether dispatch delivers the decisions; otherwise the recipient reads the
// stream.
func (r *Recipient) Dispatched() bool { return r.By == "webhook" || r.Platform() }

// Accepts lists the accepted kinds of decisions.
func (r *Recipient) Accepts() []string {
	if len(r.Kinds) > 0 {
		return r.Kinds
	}
	return []string{"delete"}
}

// Answer is by when, in days, the recipient must answer a decision.
func (r *Recipient) Answer() int {
	if r.AnswerDays == 0 {
		return 7
	}
	return r.AnswerDays
}

// checkRecipients reports missing settings for the way of delivery.
func (c *Config) checkRecipients() []strictyaml.Fault {
	doc := c.doc
	var faults []strictyaml.Fault
	for i := range c.Recipients {
		r := &c.Recipients[i]
		at := []any{"recipients", i}
		missing := func(key, what string) {
			faults = append(faults, doc.Faultf(at, "recipients[%d].%s is missing: %s", i, key, what))
		}
		if (r.By == "webhook" || r.By == "woocommerce") && r.URL == "" {
			missing("url", "the address of the webhook")
		}
		if r.By == "webhook" && len(r.Secrets) == 0 {
			missing("secrets", "the signing secrets, such as [\"file:secrets/"+r.ID+"\"]")
		}
		if r.Platform() && r.Key == "" {
			missing("key", "the key of the platform's interface, such as \"file:secrets/"+r.ID+"-key\"")
		}
		if r.Platform() && r.Source == "" && c.sourceOf(r.By) == "" {
			missing("source", "none or several sources have the platform "+r.By)
		}
		if r.Erase != "" && r.By != "mailerlite" {
			faults = append(
				faults,
				doc.Faultf(append(at, "erase"), "recipients[%d].erase: only by: mailerlite has this setting", i),
			)
		}
		if r.Platform() && len(r.Kinds) > 0 && (len(r.Kinds) > 1 || r.Kinds[0] != "delete") {
			faults = append(
				faults,
				doc.Faultf(append(at, "kinds"), "recipients[%d].kinds: a platform accepts deletions only", i),
			)
		}
	}
	return faults
}

// SourceOf is the source with the recipient's ids.
func (c *Config) SourceOf(r *Recipient) string {
	if r.Source != "" {
		return r.Source
	}
	return c.sourceOf(r.By)
}

// sourceOf is the one source of a platform.
func (c *Config) sourceOf(platform string) string {
	found := ""
	for i := range c.Sources {
		if c.Sources[i].Platform != platform {
			continue
		}
		if found != "" {
			return ""
		}
		found = c.Sources[i].ID
	}
	return found
}
