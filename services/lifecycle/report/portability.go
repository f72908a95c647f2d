package report

import (
	"slices"
	"time"

	"github.com/rodopath/rodopath/services/lifecycle"
	"github.com/rodopath/rodopath/services/lifecycle/fact"
	"github.com/rodopath/rodopath/services/lifecycle/rules"
)

// Portability is the content of a portability request (Art. 20): data provided by the person, on
// the basis of a consent or contract in force.
type Portability struct {
	SchemaVersion string    `json:"schema_version"`
	Article       string    `json:"article"`
	Controller    string    `json:"controller"`
	GeneratedAt   time.Time `json:"generated_at"`
	// Names is empty unless some portable data are about the person and not about a record.
	Names []string `json:"names"`
	// Bases are the consents and contracts, with the acts of the person.
	Bases []PortableBasis `json:"bases"`
	// Says states which data the file does not contain, and where they are.
	Says Text `json:"says"`
}

// PortableBasis is a consent or contract on which the person provided data.
type PortableBasis struct {
	Purpose Purpose   `json:"for"`
	Channel string    `json:"channel,omitempty"`
	Article string    `json:"article"`
	Record  string    `json:"record,omitempty"`
	Since   time.Time `json:"since"`
	// Categories are the provided data, Recipients the systems that store the data.
	Categories []Category     `json:"categories"`
	Recipients []Recipient    `json:"recipients"`
	Facts      []PortableFact `json:"facts"`
}

// PortableFact is an act of the person.
type PortableFact struct {
	Kind   string    `json:"kind"`
	At     time.Time `json:"at"`
	Source string    `json:"source,omitempty"`
	Record string    `json:"record,omitempty"`
	// Wording is the id of the accepted text, Text the text.
	Wording   string     `json:"wording,omitempty"`
	Text      string     `json:"text,omitempty"`
	Form      string     `json:"form,omitempty"`
	Confirmed *time.Time `json:"confirmed,omitempty"`
	// Access is the kind of access acquired by a sale.
	Access     string     `json:"access,omitempty"`
	AccessDays int        `json:"access_days,omitempty"`
	PaidUntil  *time.Time `json:"paid_until,omitempty"`
}

// Portable returns the portable data of a person at an instant. Derived data and data retained
// under legal obligations are not included.
func Portable(p *rules.Policy, names []string, s lifecycle.Subject, at time.Time) Portability {
	r := reporter{policy: p, subject: s, at: at.UTC(), e: lifecycle.Explain(p, s, at)}
	out := Portability{
		SchemaVersion: "1", Article: "20", Controller: p.Controller, GeneratedAt: r.at,
		Names: []string{}, Bases: []PortableBasis{}, Says: both(Language.notPortable),
	}
	var seen []rules.Basis
	for i := range r.e.Holds {
		for _, b := range r.e.Holds[i].Because {
			if b.Article != "6(1)(a)" && b.Article != "6(1)(b)" ||
				slices.ContainsFunc(seen, func(have rules.Basis) bool { return sameBasis(&have, &b) }) {
				continue
			}
			seen = append(seen, b)
			basis, own := r.portable(&b)
			if len(basis.Categories) == 0 {
				continue
			}
			out.Bases = append(out.Bases, basis)
			if own && len(out.Names) == 0 {
				out.Names = append(out.Names, names...)
			}
		}
	}
	slices.SortStableFunc(out.Bases, func(a, b PortableBasis) int { return a.Since.Compare(b.Since) })
	return out
}

// portable returns a basis with the data provided by the person; own reports whether some of the
// data are about the person and not about a record.
func (r *reporter) portable(b *rules.Basis) (out PortableBasis, own bool) {
	out = PortableBasis{
		Purpose: PurposeOf(r.policy, b.Purpose), Channel: b.Channel, Article: b.Article, Record: b.Ref, Since: b.Since,
		Recipients: []Recipient{}, Facts: []PortableFact{},
	}
	for _, item := range b.Keeps {
		c := r.policy.Categories[item.Category]
		if !c.Given || slices.ContainsFunc(out.Categories, func(have Category) bool { return have.ID == item.Category }) {
			continue
		}
		own = own || !c.PerRecord
		out.Categories = append(out.Categories, CategoryOf(r.policy, item.Category))
		for _, recipient := range r.recipients([]rules.Basis{*b}, item.Category) {
			if !slices.Contains(out.Recipients, recipient) {
				out.Recipients = append(out.Recipients, recipient)
			}
		}
	}
	for i := range r.e.Facts {
		if f := &r.e.Facts[i]; slices.Contains(b.Facts, f.ID) {
			out.Facts = append(out.Facts, r.portableFact(f))
		}
	}
	return out, own
}

func (r *reporter) portableFact(f *fact.Fact) PortableFact {
	out := PortableFact{
		Kind: string(
			f.Kind,
		),
		At:         f.Occurred,
		Source:     f.Source,
		Record:     f.Ref,
		Wording:    f.Wording,
		Text:       f.Shown,
		Form:       f.Form,
		Confirmed:  f.DoubleOptIn,
		Access:     string(f.Access),
		AccessDays: f.AccessDays,
		PaidUntil:  f.PaidUntil,
	}
	if w := wording(r.policy, f.Wording, f.Occurred); w != nil && out.Text == "" {
		out.Text = w.Text
	}
	return out
}

// wording returns the text of an id at an instant; nil when absent.
func wording(p *rules.Policy, id string, at time.Time) *rules.Wording {
	for i := range p.Wordings {
		w := &p.Wordings[i]
		if w.ID == id && !w.From.After(at) && (w.To.IsZero() || w.To.After(at)) {
			return w
		}
	}
	return nil
}
