package report

import (
	"slices"
	"strings"
	"time"

	"github.com/rodopath/rodopath/services/lifecycle"
	"github.com/rodopath/rodopath/services/lifecycle/chain"
	"github.com/rodopath/rodopath/services/lifecycle/fact"
	"github.com/rodopath/rodopath/services/lifecycle/rules"
)

// Person is the answer to a request for access (Art. 15). The JSON can be read as JSON-LD in the
// terms of the Data Privacy Vocabulary.
type Person struct {
	Context       map[string]any `json:"@context"`
	Type          string         `json:"@type"`
	SchemaVersion string         `json:"schema_version"`
	// Controller is the controller of the data.
	Controller Party `json:"controller"`
	// Subject is the random id of the person; Names lists the known names, without an address that was deleted.
	Subject string   `json:"subject"`
	Names   []string `json:"names"`
	// Address says where the address stands that is not held with contact data; nil when the address is held so, and when
	// none is known.
	Address *Address `json:"address,omitempty"`
	// GeneratedAt is the instant of the report, GeneratedOn the civil date in Zone.
	GeneratedAt time.Time `json:"generated_at"`
	GeneratedOn string    `json:"generated_on"`
	Zone        string    `json:"zone"`
	// Policy is the id and revision of the policy.
	Policy string `json:"policy"`
	// Held lists the items with basis and retention end: those that are held as far as known, and those that may be
	// held (Held.Known).
	Held []Held `json:"held"`
	// Consents are records of consent after ISO/IEC TS 27560.
	Consents []ConsentRecord `json:"consents"`
	// Limits are restrictions on use.
	Limits   []Limit   `json:"limits"`
	Requests []Request `json:"requests"`
	// Deleted lists past deletions, as recorded in the journal.
	Deleted []Deleted `json:"deleted"`
	// Tombstone describes the keyed hashes retained after deletion.
	Tombstone *Tombstone `json:"tombstone,omitempty"`
	Rights    []Right    `json:"rights"`
	// AutomatedDecisions states the absence of automated decisions (Art. 15(1)(h)).
	AutomatedDecisions AutomatedDecisions `json:"automated_decisions"`
	// NotKnown lists information that the report cannot give.
	NotKnown []Text `json:"not_known"`

	// drawn is what the picture of the page shows.
	drawn drawn
}

// Party is a participant in the processing.
type Party struct {
	ID   string `json:"party_id"`
	Name string `json:"party_name"`
	Role string `json:"party_role"`
	// Address, Email, Phone, Representative and DPO are contact details of the controller (Art. 13(1), 15); empty when
	// the configuration does not state them.
	Address        string `json:"party_address,omitempty"`
	Email          string `json:"party_email,omitempty"`
	Phone          string `json:"party_phone,omitempty"`
	Representative string `json:"representative,omitempty"`
	DPO            string `json:"data_protection_officer,omitempty"`
	PrivacyNotice  string `json:"privacy_notice,omitempty"`
}

// Category is a kind of personal data.
type Category struct {
	ID   string `json:"category"`
	Name Text   `json:"name"`
	Term string `json:"category_term,omitempty"`
}

// Purpose is a purpose of processing.
type Purpose struct {
	ID   string `json:"purpose"`
	Name Text   `json:"name"`
	Term string `json:"purpose_term,omitempty"`
}

// Recipient is a recipient of personal data (Art. 15(1)(c); CJEU C-154/21: by name).
type Recipient struct {
	ID   string `json:"recipient"`
	Name Text   `json:"name"`
	// Connected reports whether the recipient is a configured system, which is notified of decisions. Of any other
	// recipient it is known from the policy alone that data may be disclosed to such a recipient.
	Connected bool `json:"connected"`
	// NotifiedOn is the civil date on which the recipient was last notified of a decision about the person; empty
	// without a notification.
	NotifiedOn string `json:"notified_on,omitempty"`
	// ThirdCountry is the destination of a transfer outside of the EEA, Safeguard the safeguard of the transfer (Art.
	// 44 to 49), nil when none is stated.
	ThirdCountry string `json:"third_country,omitempty"`
	Safeguard    *Text  `json:"safeguard,omitempty"`
}

// Held is a held item.
type Held struct {
	Category
	// Record is the order, invoice or other document of the item; empty for data about the person.
	// OtherNames lists further names of the record.
	Record     string   `json:"record,omitempty"`
	OtherNames []string `json:"other_names,omitempty"`
	// Known reports whether it is known that the item is held: a source reported data of the category. Otherwise the
	// item may be held.
	Known bool `json:"known"`
	// Pseudonymous reports whether the item consists of keyed hashes and times only; Given reports
	// whether the person provided the data.
	Pseudonymous bool `json:"pseudonymous"`
	Given        bool `json:"given"`
	// Since and LastDay are civil dates. LastDay is absent while no end is known; Ends then names
	// the event that ends the basis.
	Since   string     `json:"since"`
	LastDay string     `json:"last_day,omitempty"`
	Until   *time.Time `json:"until,omitempty"`
	Storage string     `json:"storage"`
	Ends    Text       `json:"ends"`
	// Because lists the bases of the item, the longest first.
	Because []Basis `json:"because"`
	// Sources are the systems from which the facts came; empty when unknown.
	Sources []string `json:"sources"`
	// Recipients are the configured recipients that hold the category, and those of its rules that are not configured.
	Recipients []Recipient `json:"recipients"`
}

// Basis is a right to hold data.
type Basis struct {
	Rule    string  `json:"rule"`
	Purpose Purpose `json:"for"`
	Channel string  `json:"channel,omitempty"`
	Article string  `json:"article"`
	// LawfulBasis is the article as a term of the vocabulary. Justification and Right apply instead
	// where data are held for claims or at the wish of the person, outside of Art. 6.
	LawfulBasis   string `json:"lawful_basis,omitempty"`
	Justification string `json:"justification,omitempty"`
	Right         string `json:"right,omitempty"`
	Cites         string `json:"cites,omitempty"`
	// Period is the retention period of the rule.
	Period  Text   `json:"period"`
	Since   string `json:"since"`
	LastDay string `json:"last_day,omitempty"`
	Ends    Text   `json:"ends"`
}

// Limit is a restriction on the use of held data.
type Limit struct {
	// Purpose is the excluded purpose; nil excludes every use except storage.
	Purpose *Purpose `json:"for,omitempty"`
	Why     string   `json:"why"`
	Says    Text     `json:"says"`
	Since   string   `json:"since"`
}

// Request is a request for a right.
type Request struct {
	Ref   string `json:"ref"`
	Kind  string `json:"kind"`
	Right string `json:"right,omitempty"`
	// Name is the right requested, State the progress, both in words.
	Name  Text `json:"name"`
	State Text `json:"state"`
	// ReceivedOn, LastDay and AnsweredOn are civil dates; LastDay is the deadline of the answer
	// (Art. 12(3)).
	ReceivedOn string `json:"received_on"`
	LastDay    string `json:"last_day"`
	AnsweredOn string `json:"answered_on,omitempty"`
	// MistakenOn is the day on which the request was closed as recorded by mistake.
	MistakenOn string       `json:"mistaken_on,omitempty"`
	Overdue    bool         `json:"overdue"`
	Outcome    fact.Outcome `json:"outcome,omitempty"`
	Reason     string       `json:"reason,omitempty"`
}

// Deleted is a decided deletion.
type Deleted struct {
	At time.Time `json:"at"`
	On string    `json:"on"`
	// Again reports whether the data had returned and were deleted once more.
	Again bool `json:"again"`
	// Decision is the id of the decision, under which a certificate is issued once every recipient has confirmed.
	Decision string        `json:"decision,omitempty"`
	Items    []DeletedItem `json:"items"`
	// Because lists the lapsed bases.
	Because []EndedBasis `json:"because"`
	// Revision is the policy of the decision.
	Revision string `json:"revision,omitempty"`
}

// DeletedItem is a deleted category with its number of records.
type DeletedItem struct {
	Category
	Records int `json:"records,omitempty"`
}

// EndedBasis is a lapsed basis.
type EndedBasis struct {
	Purpose Purpose `json:"for"`
	Article string  `json:"article"`
}

// Tombstone describes the remainder of deleted data.
type Tombstone struct {
	// Marks is the number of keyed hashes, LastDay the last day of any.
	Marks     int    `json:"marks"`
	DeletedOn string `json:"deleted_on,omitempty"`
	LastDay   string `json:"last_day"`
	Says      Text   `json:"says"`
}

// Right is a right of the person.
type Right struct {
	Right   string `json:"right"`
	Article string `json:"article"`
	Says    Text   `json:"says"`
}

// AutomatedDecisions reports whether decisions are based solely on automated processing.
type AutomatedDecisions struct {
	Used bool `json:"used"`
	Says Text `json:"says"`
}

// Of returns the report on a person at an instant. names lists the known names; the journal of the
// person contributes the deletions.
func Of(p *rules.Policy, names []string, s lifecycle.Subject, at time.Time, journal []chain.Entry) Person {
	r := reporter{policy: p, subject: s, at: at.UTC(), e: lifecycle.Explain(p, s, at)}
	out := Person{
		Context: vocabulary(), Type: "eu-gdpr:SARNotice", SchemaVersion: "1",
		Controller: r.controller(), Subject: s.ID, Names: append([]string{}, names...),
		GeneratedAt: r.at, GeneratedOn: r.day(r.at), Zone: p.Place.Zone.String(), Policy: r.e.Policy,
		Held: r.held(), Consents: r.consents(), Limits: r.limits(), Requests: r.requests(), Deleted: r.deleted(journal),
		Tombstone: r.tombstone(), Rights: dataSubjectRights(),
		AutomatedDecisions: AutomatedDecisions{Says: both(Language.noAutomation)},
		NotKnown:           r.notKnown(),
		drawn:              drawn{p, rules.Bases(p, s.Facts), r.e.Facts, r.at},
	}
	return out
}

// reporter collects the content of reports on one person.
type reporter struct {
	policy  *rules.Policy
	subject lifecycle.Subject
	at      time.Time
	e       lifecycle.Explanation
}

func (r *reporter) day(t time.Time) string { return day(t, r.policy.Place) }

func (r *reporter) controller() Party {
	c := &r.policy.Contact
	return Party{
		ID: "controller", Name: r.policy.Controller, Role: "dpv:DataController",
		Address: c.Address, Email: c.Email, Phone: c.Phone, Representative: c.Representative, DPO: c.DPO,
		PrivacyNotice: c.PrivacyNotice,
	}
}

// CategoryOf names a category of a policy.
func CategoryOf(p *rules.Policy, id string) Category {
	c := p.Categories[id]
	return Category{ID: id, Name: Named(c.Name, id), Term: c.Term}
}

// PurposeOf names a purpose of a policy.
func PurposeOf(p *rules.Policy, id string) Purpose {
	c := p.Purposes[id]
	return Purpose{ID: id, Name: Named(c.Name, id), Term: c.Term}
}

func (r *reporter) held() []Held {
	out := make([]Held, 0, len(r.e.Holds))
	for i := range r.e.Holds {
		h := &r.e.Holds[i]
		c := r.policy.Categories[h.Category]
		held := Held{
			Category: CategoryOf(
				r.policy,
				h.Category,
			),
			Record:       h.Ref,
			OtherNames:   otherNames(r.policy, r.e.Facts, h.Ref),
			Known:        r.isKnown(h),
			Pseudonymous: c.Pseudonymous,
			Given:        c.Given,
			LastDay:      h.LastDay,
			Until:        h.Until,
			Storage:      untilTime,
			Ends:         r.ends(&h.Because[0]),
			Sources:      r.sources(h.Because),
			Recipients:   r.recipients(h.Because, h.Category),
		}
		if h.Until == nil {
			held.Storage = untilEvent
		}
		since := h.Because[0].Since
		for j := range h.Because {
			b := &h.Because[j]
			held.Because = append(held.Because, r.basis(b))
			if b.Since.Before(since) {
				since = b.Since
			}
		}
		held.Since = r.day(since)
		out = append(out, held)
	}
	return out
}

func (r *reporter) basis(b *rules.Basis) Basis {
	out := Basis{
		Rule: b.Rule, Purpose: PurposeOf(r.policy, b.Purpose), Channel: b.Channel, Article: b.Article,
		LawfulBasis: LawfulBasis(b.Article, r.policy.Purposes[b.Purpose]), Justification: justification(b.Article),
		Since: r.day(b.Since), LastDay: r.policy.LastDay(b.Until), Ends: r.ends(b),
	}
	if strings.HasPrefix(b.Article, "18") {
		out.Right = "eu-gdpr:A18"
	}
	if rule := rule(r.policy, b.Rule); rule != nil {
		out.Cites, out.Period = rule.Cites, Storage(r.policy, rule)
	}
	return out
}

// ends returns the last day of a basis, or the event that ends the basis.
func (r *reporter) ends(b *rules.Basis) Text {
	rule := rule(r.policy, b.Rule)
	switch {
	case b.Until != nil:
		return both(func(l Language) string { return l.until(r.policy.LastDay(b.Until)) })
	case rule != nil:
		return both(func(l Language) string { return l.openEnd(rule) })
	}
	return both(Language.noEnd)
}

// isKnown reports whether it is known that an item is held: the program itself holds keyed hashes, and of other
// categories a source reported data.
func (r *reporter) isKnown(h *lifecycle.Held) bool {
	c := r.policy.Categories[h.Category]
	if c.Pseudonymous {
		return true
	}
	names := append(otherNames(r.policy, r.e.Facts, h.Ref), h.Ref)
	return slices.ContainsFunc(r.e.Facts, func(f fact.Fact) bool {
		if h.Ref != "" && !slices.Contains(names, f.Ref) && !slices.Contains(names, f.Contract) {
			return false
		}
		return c.Stated == rules.StatedPhone && f.Phone == fact.PresenceGiven || slices.Contains(c.ReceivedBy, f.Kind) ||
			slices.Contains(c.ReceivedBy, fact.KindRequested) && r.policy.IsRequest(&f)
	})
}

// sources returns the sources of the facts behind the bases.
func (r *reporter) sources(bases []rules.Basis) []string {
	out := []string{}
	for i := range bases {
		for _, id := range bases[i].Facts {
			for j := range r.e.Facts {
				if f := &r.e.Facts[j]; f.ID == id && f.Source != "" {
					out = append(out, f.Source)
				}
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func (r *reporter) limits() []Limit {
	out := []Limit{}
	for _, b := range r.e.Bans {
		l := Limit{
			Why:   string(b.Reason),
			Says:  both(func(l Language) string { return l.ban(b.Reason) }),
			Since: r.day(b.Since),
		}
		if b.Purpose != "" {
			purpose := PurposeOf(r.policy, b.Purpose)
			l.Purpose = &purpose
		}
		out = append(out, l)
	}
	return out
}

func (r *reporter) requests() []Request {
	out := []Request{}
	for i := range r.e.Requests {
		q := &r.e.Requests[i]
		request := Request{
			Ref: q.Ref, Kind: string(q.Right), Right: rightTerm(q.Right),
			Name:       both(func(l Language) string { return l.kind(q.Right) }),
			State:      both(func(l Language) string { return l.progress(q.State) }),
			ReceivedOn: r.day(q.Received), LastDay: q.LastDay, Overdue: q.Overdue, Outcome: q.Outcome, Reason: q.Reason,
		}
		if q.Answered != nil {
			request.AnsweredOn = r.day(*q.Answered)
		}
		if q.Mistaken != nil {
			request.MistakenOn = r.day(*q.Mistaken)
		}
		out = append(out, request)
	}
	return out
}

// deleted returns the deletions that the journal records up to the instant of the report.
func (r *reporter) deleted(journal []chain.Entry) []Deleted {
	out := []Deleted{}
	journal = slices.DeleteFunc(slices.Clone(journal), func(e chain.Entry) bool { return e.At.After(r.at) })
	for i := range journal {
		e := &journal[i]
		if e.Kind != chain.KindDelete && e.Kind != chain.KindReplay || e.SentAgain() {
			continue
		}
		left := chain.LeftOf(e, journal)
		if len(left) == 0 && len(e.Items) > 0 {
			continue // the deletion was retracted
		}
		d := Deleted{
			At:       e.At,
			On:       r.day(e.At),
			Again:    e.Kind == chain.KindReplay,
			Decision: e.Decision,
			Revision: e.Revision,
			Items:    r.deletedItems(left),
			Because:  []EndedBasis{},
		}
		for _, why := range e.Rules {
			purpose, article := reason(why)
			d.Because = append(d.Because, EndedBasis{PurposeOf(r.policy, purpose), article})
		}
		out = append(out, d)
	}
	return out
}

func (r *reporter) deletedItems(items []rules.Item) []DeletedItem {
	out := []DeletedItem{}
	for _, item := range items {
		n := slices.IndexFunc(out, func(have DeletedItem) bool { return have.ID == item.Category })
		if n < 0 {
			n, out = len(out), append(out, DeletedItem{Category: CategoryOf(r.policy, item.Category)})
		}
		if item.Ref != "" {
			out[n].Records++
		}
	}
	return out
}

func (r *reporter) tombstone() *Tombstone {
	t := r.e.Tombstone
	if t == nil {
		return nil
	}
	out := &Tombstone{
		Marks:   t.Marks,
		LastDay: t.LastDay,
		Says:    both(func(l Language) string { return l.tombstoneText(t.Marks, l.date(t.FactsLastDay), l.date(t.LastDay)) }),
	}
	if t.Deleted != nil {
		out.DeletedOn = r.day(*t.Deleted)
	}
	return out
}
