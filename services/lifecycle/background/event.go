package background

import (
	"slices"
	"strings"

	"github.com/rodopath/rodopath/services/lifecycle/decision"
	"github.com/rodopath/rodopath/services/lifecycle/rules"

	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/lifecycle/identity"
)

// event makes the event of a decision, for other systems to read. Here, and not
// before, the names of the person are added.
func (r *Relay) event(d *decision.Decision, names []identity.Identity) *stream.Event {
	p := r.opts.Policy
	data := stream.Decision{
		Kind: string(d.Kind), Person: personOf(names), Effective: d.Effective,
		Policy: p.ID + "@" + d.Revision, Because: r.reasons(d.Bases), Recipients: d.Recipients,
	}
	e := &stream.Event{
		SpecVersion: "1.0", ID: d.ID, Source: stream.Source, Subject: d.Subject,
		Time: d.At, DataContentType: "application/json", Traceparent: d.Trace,
	}
	switch d.Kind {
	case decision.KindDelete:
		e.Type, data.Delete = stream.TypeDelete, r.deletion(d)
	case decision.KindAskConsent:
		e.Type, data.Ask = stream.TypeAskConsent, questionOf(d.Question)
		if r.opts.PublicURL != "" {
			data.Ask.Page = strings.TrimSuffix(r.opts.PublicURL, "/") + "/consent/" + r.opts.Vault.PageToken(d.ID)
		}
	}
	e.Data = data
	return e
}

func personOf(names []identity.Identity) stream.Person {
	var p stream.Person
	for _, n := range names {
		if n.Kind == identity.KindEmail {
			p.Emails = append(p.Emails, n.Value)
		} else {
			p.IDs = append(p.IDs, n.Kind+":"+n.Value)
		}
	}
	return p
}

func (r *Relay) reasons(bases []rules.Basis) []stream.Reason {
	out := make([]stream.Reason, len(bases))
	for i, b := range bases {
		out[i] = stream.Reason{
			Rule: b.Rule, Purpose: b.Purpose, Article: b.Article, Cites: r.cites(b.Rule),
			Ref: b.Ref, Since: b.Since, Until: b.Until, Facts: b.Facts,
		}
	}
	return out
}

func (r *Relay) cites(rule string) string {
	for i := range r.opts.Policy.Rules {
		if r.opts.Policy.Rules[i].ID == rule {
			return r.opts.Policy.Rules[i].Cites
		}
	}
	return ""
}

func (r *Relay) deletion(d *decision.Decision) *stream.Delete {
	out := &stream.Delete{Scope: "part", Items: []stream.Item{}, Purposes: []string{}, Retained: []stream.RetainedItem{}}
	out.Again = d.Repeated
	if d.WholePerson {
		out.Scope = "person"
	}
	for _, i := range d.Items {
		out.Items = append(out.Items, stream.Item{Category: i.Category, Ref: i.Ref, Names: d.Names[i.Ref]})
	}
	for _, b := range d.Bases {
		if !slices.Contains(out.Purposes, b.Purpose) {
			out.Purposes = append(out.Purposes, b.Purpose)
		}
	}
	for _, s := range d.Retained {
		out.Retained = append(out.Retained, stream.RetainedItem{
			Item: stream.Item{Category: s.Category, Ref: s.Ref}, Purpose: s.Purpose, Article: s.Article,
			Until: s.Until, LastDay: r.opts.Policy.LastDay(s.Until),
		})
	}
	return out
}

func questionOf(q *decision.Question) *stream.Ask {
	return &stream.Ask{
		Purpose: q.Purpose, Channel: q.Channel, Wording: q.Wording, Language: q.Language,
		Text: q.Text, Places: q.Places, Until: q.Until,
	}
}
