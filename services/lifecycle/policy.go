package lifecycle

import (
	"slices"
	"time"
)

// Policy is the law as a seller applies it: which facts raise which bases, what
// ends them, what they keep, and when a person may be asked for consent.
type Policy struct {
	// ID names the policy, Revision its exact content.
	ID       string
	Revision string
	// File is where it is written, for whoever looks for the line of a rule.
	File string
	// Controller is the business that decides about the data; consents are given to it.
	Controller string
	Place      Place
	// IntakeDays is how many days a person may stay known on no basis at all, while
	// the rest of the story may still arrive (recital 49; a choice).
	IntakeDays int
	Categories map[string]Category
	Wordings   []Wording
	// Unknown is what a consent covers whose wording is not known.
	Unknown Coverage
	Rules   []Rule
	Asks    []Ask
	// Purposes and Recipients name what the rules are for and who gets the data.
	Purposes   map[string]Purpose
	Recipients map[string]Recipient
	// Connected are the systems that are told decisions. They are configured, and no
	// part of the policy's text and revision.
	Connected []ConnectedRecipient
	// Answer is by when a request must be answered, Extended the same once an
	// extension was announced in time (Art. 12(3)). FromVerified counts from when
	// the person's identity was clear and not from receipt.
	Answer, Extended Period
	FromVerified     bool
	// Tombstone is how long it stays known, in keyed hashes, what was deleted.
	Tombstone Period
	// JournalYears is how long the journal of decisions is kept.
	JournalYears int
	// Choices are what the policy chose where the law leaves a choice.
	Choices map[string]string
	// Earlier are the policies that were in force before, oldest first. What people
	// were promised under one of them is kept (Art. 13(2)(a)).
	Earlier []Earlier
}

// Earlier is a policy that was in force before.
type Earlier struct {
	Policy *Policy
	// To is the first instant at which another policy was in force.
	To time.Time
}

// Purpose is what data are for.
type Purpose struct {
	// Name is for people, by language.
	Name map[string]string
	// Term is the purpose in the Data Privacy Vocabulary, such as
	// "dpv:DirectMarketing".
	Term string
	// Persons says whose data they are, by language (Art. 30(1)(c)).
	Persons map[string]string
	// Offers tells that it is marketing of one's own, so that consent to it must say so.
	Offers bool
}

// Recipient is a system or a person who gets data (Art. 4(9)).
type Recipient struct {
	// Name is for people, by language.
	Name map[string]string
	// Holds lists the categories that the recipient gets.
	Holds []string
	// ThirdCountry is where the data go outside of the EEA; empty when they do not.
	ThirdCountry string
}

// Category is a kind of personal data.
type Category struct {
	// Name is for people, by language.
	Name map[string]string
	// PerRecord means that every order has its own: one order's data may lapse
	// while another's stay.
	PerRecord bool
	// Pseudonymous means that the category holds no more than keyed hashes and
	// times: it may outlive the person's address.
	Pseudonymous bool
	// Correspondence is what is written with the person about their own request. A
	// person may be deleted as a whole while it is still needed for the answer.
	Correspondence bool
	// Given tells that the person gave the data: what Art. 20 lets them take along.
	Given bool
	// Term is the category in the Data Privacy Vocabulary.
	Term string
}

// Wording is a text that people agree to.
type Wording struct {
	ID       string
	Language string
	Text     string
	// From and To bound when the text was in use, half-open; zero means unbounded.
	From, To time.Time
	Coverage
}

// Coverage is what a consent reaches: every purpose by every channel.
type Coverage struct {
	Purposes []string
	Channels []string
}

// Rule raises and ends one kind of basis.
type Rule struct {
	ID      string
	Purpose string
	// Article is the basis in the GDPR, such as "6(1)(c)".
	Article string
	// Cites is the law or the choice behind the period.
	Cites string
	// Exempt is why the data may stay although erasure was asked for, such as
	// "17(3)(b)"; empty when nothing lets them.
	Exempt string
	// Line is where the rule stands in the policy file.
	Line int
	// Consent means that a consent to Purpose raises the basis and its end ends it,
	// by one of Channels where they are given.
	Consent  bool
	Channels []string
	// Raised lists the facts that raise the basis; Access narrows them to what
	// was sold.
	Raised []Kind
	Access []Access
	// Where narrows them to facts with one of these traits, Unless to facts with none
	// of these.
	Where, Unless []string
	// Ended lists the facts that end it at once.
	Ended []Kind
	Per   Per
	Until Period
	// Keeps lists the categories that the basis allows to hold.
	Keeps []string
	// Prolongs means that the basis gives no right of its own: it keeps only what
	// another basis still allowed to hold when it began. Holds are such.
	Prolongs bool
	// Suspended means that the period stands still while a hold with
	// TraitLimitation does.
	Suspended bool
	// Receives lists the recipients that get what it keeps.
	Receives []string
}

// Lawful tells whether the law itself asks for the data to be kept: Art. 6(1)(c).
func (r *Rule) Lawful() bool { return r.Article == "6(1)(c)" }

// Per says what a rule raises one basis for.
type Per string

// A basis stands for one record, for one contract (which may have many records),
// or for the person.
const (
	PerRecord   Per = "record"
	PerContract Per = "contract"
	PerPerson   Per = "person"
)

// Ask says when a buyer is asked for consent.
type Ask struct {
	Purpose string
	Channel string
	// Wording is the id of the text to show.
	Wording string
	// When is the purpose of the basis that must be in force for the person.
	When string
	// Places are where the question may stand: never a message of its own.
	Places []string
	// Stands is how many days the question stands.
	Stands int
}

// wording returns the text that an id stood for at an instant.
func (p *Policy) wording(id string, at time.Time) (Wording, bool) {
	for _, w := range p.Wordings {
		if w.ID == id && !w.From.After(at) && (w.To.IsZero() || w.To.After(at)) {
			return w, true
		}
	}
	return Wording{}, false
}

// covers returns what a sign-up under a wording consents to.
func (p *Policy) covers(f *Fact) Coverage {
	c := p.Unknown
	if w, ok := p.wording(f.Wording, f.Occurred); ok {
		c = w.Coverage
	}
	return Coverage{Purposes: narrow(c.Purposes, f.Purposes), Channels: narrow(c.Channels, f.Channels)}
}

// marketing tells whether a purpose rests on consent.
func (p *Policy) marketing(purpose string) bool {
	return slices.ContainsFunc(p.Rules, func(r Rule) bool { return r.Consent && r.Purpose == purpose })
}

// consentRule returns the rule for consents to a purpose by a channel.
func (p *Policy) consentRule(purpose, channel string) *Rule {
	for i := range p.Rules {
		r := &p.Rules[i]
		if r.Consent && r.Purpose == purpose && (len(r.Channels) == 0 || slices.Contains(r.Channels, channel)) {
			return r
		}
	}
	return nil
}

// rule returns a rule by its id, or nil.
func (p *Policy) rule(id string) *Rule {
	for i := range p.Rules {
		if p.Rules[i].ID == id {
			return &p.Rules[i]
		}
	}
	return nil
}

// narrow keeps what is in only; an empty only keeps all.
func narrow(all, only []string) []string {
	if len(only) == 0 {
		return all
	}
	return slices.DeleteFunc(slices.Clone(all), func(a string) bool { return !slices.Contains(only, a) })
}

// asksUntil returns when a question asked at a given instant falls.
func (p *Policy) asksUntil(a Ask, at time.Time) time.Time {
	until, _ := Period{root: after{a.Stands, "day", anchor("")}}.From(at, p.Place)
	return until
}
