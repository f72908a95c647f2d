// Package endpoint knows how the webhooks of a source are set up at its platform: what a platform has, what is wrong
// with it, and what has to be created.
package endpoint

import (
	"context"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Webhook is a webhook at a platform.
type Webhook struct {
	ID  string `json:"id"`
	URL string `json:"url"`
	// Active reports whether the platform sends; Status is the platform's own word.
	Active bool   `json:"active"`
	Status string `json:"status"`
	// Topics are the events that are sent, in the platform's words; "*" stands for all.
	Topics []string `json:"topics"`
	// Secret signs the webhooks; empty where the platform does not tell the secret.
	Secret string `json:"-"`
}

// Account is the interface of a platform for its webhooks.
type Account interface {
	// Webhooks lists the webhooks of the account.
	Webhooks(ctx context.Context) ([]Webhook, error)
	// Create creates a webhook, and returns the platform's secret where the platform makes the secret.
	Create(ctx context.Context, w Webhook) (Webhook, error)
	// Change sets the topics of a webhook and switches the webhook on.
	Change(ctx context.Context, id string, topics []string) error
	// Now is the time by the clock of the platform.
	Now() time.Time
}

// Want is what a source needs.
type Want struct {
	// Source is the id of the source.
	Source string
	// URL is the address of the webhooks of the source; empty when the configuration has no public_url.
	URL string
	// Topics are the events that the source needs, in the platform's words.
	Topics []string
	// Single reports whether the platform has one webhook for each topic.
	Single bool
	// Secrets are the configured secrets.
	Secrets []string
}

// Of returns the webhooks that lead to the source, at whatever host.
func (w *Want) Of(all []Webhook) []Webhook {
	var out []Webhook
	for i := range all {
		if u, err := url.Parse(all[i].URL); err == nil &&
			strings.HasSuffix(strings.TrimRight(u.Path, "/"), "/webhooks/"+w.Source) {
			out = append(out, all[i])
		}
	}
	return out
}

// isHere reports whether a webhook leads to the installation, as far as the address is known.
func (w *Want) isHere(h *Webhook) bool {
	return w.URL == "" || strings.TrimRight(h.URL, "/") == strings.TrimRight(w.URL, "/")
}

// Defect is what is wrong with the webhooks of a source.
type Defect struct {
	// Kind is one of the Defect constants.
	Kind string `json:"kind"`
	// Text says what is wrong and what to do.
	Text string `json:"text"`
}

// The kinds of defects, as metric labels.
const (
	DefectNone     = "no_webhook"
	DefectElse     = "webhook_elsewhere"
	DefectDisabled = "webhook_disabled"
	DefectTopics   = "webhook_topics"
	DefectSecret   = "webhook_secret"
)

// Defects lists every kind.
func Defects() []string {
	return []string{DefectNone, DefectElse, DefectDisabled, DefectTopics, DefectSecret}
}

// Judge says what is wrong with the webhooks of an account for a source.
func Judge(want *Want, all []Webhook) []Defect {
	own := want.Of(all)
	here := slices.DeleteFunc(slices.Clone(own), func(h Webhook) bool { return !want.isHere(&h) })
	setup := "run \"rodopath sources setup " + want.Source + "\""
	switch {
	case len(own) == 0:
		return []Defect{{DefectNone, "no webhook at the platform leads to /webhooks/" + want.Source + ": " + setup}}
	case len(here) == 0:
		return []Defect{{DefectElse, "the webhooks at the platform lead to " + own[0].URL + " and not to " + want.URL +
			": correct the address there, or " + setup + " and delete the others"}}
	}
	var out []Defect
	if off := inactive(here); len(off) > 0 {
		out = append(out, Defect{DefectDisabled, "webhooks are switched off at the platform (" + strings.Join(off, ", ") +
			"): find out why deliveries failed, then run \"rodopath sources enable " + want.Source + "\""})
	}
	if missing := missing(want.Topics, here); len(missing) > 0 {
		out = append(out, Defect{
			DefectTopics,
			"no webhook at the platform is set up for " + strings.Join(missing, ", ") + ": " + setup,
		})
	}
	if slices.ContainsFunc(
		here,
		func(h Webhook) bool { return h.Secret != "" && !slices.Contains(want.Secrets, h.Secret) },
	) {
		out = append(
			out,
			Defect{DefectSecret, "the secret of a webhook at the platform is none of the secrets of the source, " +
				"so its webhooks are refused: write the secret of the platform into the file of the source, and start again"},
		)
	}
	return out
}

func inactive(hooks []Webhook) []string {
	var out []string
	for i := range hooks {
		if h := &hooks[i]; !h.Active {
			out = append(out, "number "+h.ID+", "+h.Status)
		}
	}
	slices.Sort(out)
	return out
}

// missing are the topics of which no webhook is set up, switched on or off.
func missing(topics []string, hooks []Webhook) []string {
	return slices.DeleteFunc(slices.Clone(topics), func(topic string) bool {
		return slices.ContainsFunc(hooks, func(h Webhook) bool { return h.sends(topic) })
	})
}

func (h *Webhook) sends(topic string) bool {
	return slices.Contains(h.Topics, topic) || slices.Contains(h.Topics, "*")
}

// Step is one change of an account.
type Step struct {
	// Create is a webhook to create; without one the webhook Change is given the topics and switched on.
	Create *Webhook
	Change string
	Topics []string
}

// Plan lists the steps after which the account has what the source needs. A webhook that was switched off is switched
// on only with enable. What is there already is kept.
func Plan(want *Want, all []Webhook, enable bool) []Step {
	here := slices.DeleteFunc(want.Of(all), func(h Webhook) bool { return !want.isHere(&h) })
	var steps []Step
	if enable {
		for i := range here {
			if !here[i].Active {
				steps = append(steps, Step{Change: here[i].ID, Topics: here[i].Topics})
			}
		}
	}
	lacking := missing(want.Topics, here)
	switch {
	case len(lacking) == 0:
	case want.Single:
		for _, topic := range lacking {
			steps = append(steps, want.create([]string{topic}))
		}
	case len(here) == 0:
		steps = append(steps, want.create(want.Topics))
	default:
		topics := slices.Clone(here[0].Topics)
		steps = slices.DeleteFunc(steps, func(s Step) bool { return s.Change == here[0].ID })
		steps = append(steps, Step{Change: here[0].ID, Topics: append(topics, lacking...)})
	}
	return steps
}

func (w *Want) create(topics []string) Step {
	out := &Webhook{URL: w.URL, Topics: topics}
	if w.Single && len(w.Secrets) > 0 {
		out.Secret = w.Secrets[0]
	}
	return Step{Create: out}
}
