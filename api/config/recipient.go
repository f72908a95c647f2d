package config

import (
	"github.com/rodopath/rodopath/api/strictyaml"
)

// Recipient is a system that is told the decisions and answers what it did (GDPR
// Art. 4(9) and 19).
type Recipient struct {
	ID string `yaml:"id" validate:"required,max=40,sourceid"`
	// Name is how people call it. Empty means what the policy says of a recipient of
	// this id, or the id.
	Name string `yaml:"name" validate:"max=100"`
	// Holds are the categories of data that it holds; it is told of no others. Empty
	// means what the policy says of a recipient of this id, or else everything.
	Holds []string `yaml:"holds" validate:"omitempty,min=1,max=100,dive,required,max=64"`
	// By is how the decisions get there: "nats" (it reads the stream), "webhook",
	// "hand" (a person carries them out and says so), or a platform, by its own
	// interface: "mailerlite", "woocommerce", "stripe".
	By string `yaml:"by" validate:"required,oneof=nats webhook hand mailerlite woocommerce stripe"`
	// URL is where a webhook goes, or where a shop is.
	URL string `yaml:"url" validate:"omitempty,http_url,max=500"`
	// Secrets are references to what signs its webhooks. The first signs, and so do
	// the others, so that one can replace another.
	Secrets []string `yaml:"secrets" validate:"max=5,dive,reference"`
	// Key is a reference to the key of the platform's interface; of WooCommerce it
	// is the consumer key and the consumer secret, with a colon between.
	Key string `yaml:"key" validate:"omitempty,reference"`
	// Token is a reference to what the recipient shows when it sends receipts.
	Token string `yaml:"token" validate:"omitempty,reference"`
	// Source is the source whose ids of persons and records the platform knows.
	// Empty means the one source of this platform.
	Source string `yaml:"source" validate:"omitempty,max=40,sourceid"`
	// AnswerDays is by when it must answer a decision; 0 means 7.
	AnswerDays int `yaml:"answer_days" validate:"min=0,max=90"`
	// Kinds are the decisions that it takes. Empty means deletions alone: who is to ask
	// persons for a consent is said in so many words.
	Kinds []string `yaml:"kinds" validate:"omitempty,min=1,max=2,unique,dive,oneof=delete ask-consent"`
	// InFlight is how many decisions are under way to it at once; 0 means 4.
	InFlight int `yaml:"in_flight" validate:"min=0,max=64"`
	// AllowPrivate lets its address be one of a private network, or this machine.
	AllowPrivate bool `yaml:"allow_private"`
	// DryRun shows what would be sent and changes nothing.
	DryRun bool `yaml:"dry_run"`
}

// Platform tells whether decisions are carried out by a platform's own interface.
func (r *Recipient) Platform() bool {
	return r.By == "mailerlite" || r.By == "woocommerce" || r.By == "stripe"
}

// Dispatched tells whether Rodopath brings the decisions there, and does not wait for
// somebody to read them.
func (r *Recipient) Dispatched() bool { return r.By == "webhook" || r.Platform() }

// Accepts lists the kinds of decisions that the recipient takes.
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

// checkRecipients finds what recipients lack for the way by which they are told.
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
			missing("url", "where it is to be sent")
		}
		if r.By == "webhook" && len(r.Secrets) == 0 {
			missing("secrets", "what signs the webhooks, as [\"file:secrets/"+r.ID+"\"]")
		}
		if r.Platform() && r.Key == "" {
			missing("key", "the key of the platform's interface, as \"file:secrets/"+r.ID+"-key\"")
		}
		if r.Platform() && r.Source == "" && c.sourceOf(r.By) == "" {
			missing("source", "no source, or more than one, is of the platform "+r.By)
		}
		if r.Platform() && len(r.Kinds) > 0 && (len(r.Kinds) > 1 || r.Kinds[0] != "delete") {
			faults = append(faults, doc.Faultf(append(at, "kinds"), "recipients[%d].kinds: a platform can delete and cannot ask", i))
		}
	}
	return faults
}

// SourceOf is the source whose ids the recipient knows.
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
