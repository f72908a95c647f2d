package rules

import (
	"slices"
	"strings"
	"time"

	"github.com/rodopath/rodopath/services/lifecycle/calendar"
	"github.com/rodopath/rodopath/services/lifecycle/fact"
)

// Policy is the law as a seller applies it: the facts that raise and end bases, the data that bases
// cover, and the questions for consent.
type Policy struct {
	// ID names the policy, Revision is the hash of its content.
	ID       string
	Revision string
	// File is the source file of the policy, for references to rules.
	File string
	// Controller is the business that decides about the processing; consents are given to the
	// controller.
	Controller string
	Place      Place
	// IntakeDays is how many days a person may stay known on no basis at all, while
	// further facts, such as a payment, may still arrive (Art. 6(1)(f); a choice).
	IntakeDays int
	Categories map[string]Category
	Wordings   []Wording
	// Unknown is the coverage of a consent with an unknown wording.
	Unknown Coverage
	Rules   []Rule
	Asks    []Ask
	// Purposes and Recipients describe the purposes of rules and the recipients of data.
	Purposes   map[string]Purpose
	Recipients map[string]Recipient
	// Connected are the configured systems that are notified of decisions. Connected is no part of
	// the policy's text and revision.
	Connected []ConnectedRecipient
	// Gate reports from when on the connected recipients are notified; nil notifies all at once. Gate is no part of the
	// policy's text and revision.
	Gate Gate
	// Products are the products of each source, by their keys, and HoldsUnlisted reports whether recipients are notified
	// of no deletion that rests on a product that is not listed. Neither is part of the policy's text and revision.
	Products      map[string]map[string]Product
	HoldsUnlisted bool
	// Contact are the contact details of the controller. Contact is no part of the policy's text and revision.
	Contact Contact
	// Answer is by when a request must be answered, Extended the same once an
	// extension was announced in time (Art. 12(3)). FromVerified counts from when
	// the person's identity was clear and not from receipt.
	Answer, Extended Period
	FromVerified     bool
	// Tombstone is the retention period of tombstones.
	Tombstone Period
	// JournalYears is how long the journal of decisions is kept.
	JournalYears int
	// Choices are the chosen options where the law leaves a choice.
	Choices map[string]string
	// Earlier are the policies formerly in force, oldest first. Promises made under an earlier
	// policy are kept (Art. 13(2)(a)).
	Earlier []Earlier
}

// Earlier is a policy that was in force before.
type Earlier struct {
	Policy *Policy
	// To is the first instant of the next policy.
	To time.Time
}

// Purpose is a purpose of processing.
type Purpose struct {
	// Name is for people, by language.
	Name map[string]string
	// Term is the purpose in the Data Privacy Vocabulary, such as
	// "dpv:DirectMarketing".
	Term string
	// Persons describes the data subjects, by language (Art. 30(1)(c)).
	Persons map[string]string
	// Offers reports whether the purpose is direct marketing, so that a wording must mention
	// offers.
	Offers bool
}

// Contact is how to reach the controller (Art. 13(1)(a) and (b), 30(1)(a)); every part may be empty.
type Contact struct {
	// Address is the postal address, in one line.
	Address string `json:"address,omitempty"`
	Email   string `json:"email,omitempty"`
	Phone   string `json:"phone,omitempty"`
	// Representative is the representative in the Union, DPO the data protection officer, each with contact details.
	Representative string `json:"representative,omitempty"`
	DPO            string `json:"data_protection_officer,omitempty"`
	// PrivacyNotice is the address of the privacy notice (Art. 13).
	PrivacyNotice string `json:"privacy_notice,omitempty"`
}

// Recipient describes a recipient of data (Art. 4(9)).
type Recipient struct {
	// Name is for people, by language.
	Name map[string]string
	// Holds lists the categories that the recipient gets.
	Holds []string
	// ThirdCountry is the country outside of the EEA that receives the data; empty without a
	// transfer.
	ThirdCountry string
	// Safeguard is the safeguard of the transfer, by language (Art. 30(1)(e), 44 to 49).
	Safeguard map[string]string
}

// Category is a kind of personal data.
type Category struct {
	// Name is for people, by language.
	Name map[string]string
	// PerRecord reports whether each order has an item of its own: the item of one order may lapse
	// while the item of another is retained.
	PerRecord bool
	// Pseudonymous reports whether the category holds only keyed hashes and times. Such a category
	// may outlive the person's address.
	Pseudonymous bool
	// Correspondence is the correspondence about the person's own request. Everything else about
	// the person may be erased while the answer is still open.
	Correspondence bool
	// Stated names the data of which sources state whether the person gave them: StatedPhone, or empty. A basis whose
	// acts all state that the person gave none does not keep the category.
	Stated string
	// ReceivedBy lists the facts whose reports show that data of the category are held. An item without such a fact
	// may be held, and it is not known that the item is.
	ReceivedBy []fact.Kind
	// Given reports whether the person provided the data, as Art. 20 requires for portability.
	Given bool
	// Term is the category in the Data Privacy Vocabulary.
	Term string
}

// termEmail is the term of a category that has the e-mail address of the person.
const termEmail = "pd:EmailAddress"

// IsEmail reports whether the category has the e-mail address of the person.
func (c *Category) IsEmail() bool { return c.Term == termEmail }

// IsPhone reports whether the category is the telephone number of the person.
func (c *Category) IsPhone() bool { return c.Stated == StatedPhone }

// HasCategory reports whether a category of the policy has a property.
func (p *Policy) HasCategory(is func(*Category) bool) bool {
	for _, c := range p.Categories {
		if is(&c) {
			return true
		}
	}
	return false
}

// StatedPhone is the telephone number in Category.Stated.
const StatedPhone = "phone"

// Wording is a text that people agree to.
type Wording struct {
	ID       string
	Language string
	Text     string
	// Translations are the same text in further languages, by language.
	Translations map[string]string
	// From and To bound when the text was in use, half-open; zero means unbounded.
	From, To time.Time
	Coverage
}

// In returns the text in a language, or else in the language of the wording, with the language of the returned text.
func (w *Wording) In(language string) (text, is string) {
	if text, ok := w.Translations[language]; ok {
		return text, language
	}
	return w.Text, w.Language
}

// Coverage is the reach of a consent: every purpose by every channel.
type Coverage struct {
	Purposes []string
	Channels []string
}

func (c Coverage) includes(purpose, channel string) bool {
	return slices.Contains(c.Purposes, purpose) && slices.Contains(c.Channels, channel)
}

// Rule raises and ends one kind of basis.
type Rule struct {
	ID      string
	Purpose string
	// Article is the basis in the GDPR, such as "6(1)(c)".
	Article string
	// Cites is the law or the choice behind the period.
	Cites string
	// Exempt is the exception that keeps the data after a request for erasure, such as "17(3)(b)";
	// empty without an exception.
	Exempt string
	// Line is the line of the rule in the policy file.
	Line int
	// Consent reports whether a consent to Purpose raises the basis and its end ends the basis.
	// Channels narrows the consent; empty means every channel.
	Consent  bool
	Channels []string
	// Raised lists the facts that raise the basis; Access narrows the facts to kinds of sales.
	Raised []fact.Kind
	Access []fact.Access
	// Where narrows the facts to those with one of the traits, Unless to those without all of the
	// traits.
	Where, Unless []string
	// Without narrows the facts to those of a record without an earlier fact of one of these kinds.
	Without []fact.Kind
	// From narrows the facts to those from an instant on; zero means all.
	From time.Time
	// Ended lists the facts that end the basis at once.
	Ended []fact.Kind
	Per   Per
	Until Period
	// Keeps lists the categories that the basis allows to hold.
	Keeps []string
	// Prolongs reports whether the basis only prolongs other bases: the basis keeps items that
	// another basis covered at its beginning, as a legal hold does.
	Prolongs bool
	// Suspended reports whether the period is suspended during a hold with TraitLimitation.
	Suspended bool
	// Receives lists the recipients of the data.
	Receives []string
}

// Lawful reports whether a legal obligation requires the data: Art. 6(1)(c).
func (r *Rule) Lawful() bool { return r.Article == "6(1)(c)" }

// IsHold reports whether the rule keeps data for a claim or a proceeding: Art. 17(3).
func (r *Rule) IsHold() bool { return strings.HasPrefix(r.Article, "17(3)") }

// Per is the unit for which a rule raises one basis.
type Per string

// A rule raises one basis for each record, for each contract (with many records), or for the
// person.
const (
	PerRecord   Per = "record"
	PerContract Per = "contract"
	PerPerson   Per = "person"
)

// Ask describes when a buyer is asked for consent.
type Ask struct {
	Purpose string
	Channel string
	// Wording is the id of the text to show.
	Wording string
	// When is the purpose of the basis that must be in force for the person.
	When string
	// Places are the permitted places of the question; a message of its own is none.
	Places []string
	// Stands is the duration of the question, in days.
	Stands int
}

// WordingAt returns the text of a wording id at an instant.
func (p *Policy) WordingAt(id string, at time.Time) (Wording, bool) {
	for i := range p.Wordings {
		if w := &p.Wordings[i]; w.ID == id && !w.From.After(at) && (w.To.IsZero() || w.To.After(at)) {
			return *w, true
		}
	}
	return Wording{}, false
}

// covers returns the coverage of a sign-up under its wording.
func (p *Policy) covers(f *fact.Fact) Coverage {
	c := p.Unknown
	if w, ok := p.WordingAt(f.Wording, f.Occurred); ok {
		c = w.Coverage
	}
	return Coverage{Purposes: narrow(c.Purposes, f.Purposes), Channels: narrow(c.Channels, f.Channels)}
}

// IsMarketing reports whether a purpose rests on consent, or is direct marketing on a legitimate interest.
func (p *Policy) IsMarketing(purpose string) bool {
	if p.IsOnInterest(purpose) {
		return true
	}
	for i := range p.Rules {
		if p.Rules[i].Consent && p.Rules[i].Purpose == purpose {
			return true
		}
	}
	return false
}

// IsOnInterest reports whether a rule permits direct marketing for a purpose without consent: Art. 6(1)(f).
func (p *Policy) IsOnInterest(purpose string) bool {
	return p.hasRule(func(r *Rule) bool { return !r.Consent && r.Purpose == purpose && r.Article == "6(1)(f)" }) &&
		p.Purposes[purpose].Offers
}

// hasRule reports whether a rule meets a condition, without copies of the rules.
func (p *Policy) hasRule(meets func(*Rule) bool) bool {
	for i := range p.Rules {
		if meets(&p.Rules[i]) {
			return true
		}
	}
	return false
}

// MarketingPurposes returns the purposes with a rule of consent, sorted.
func (p *Policy) MarketingPurposes() []string {
	var out []string
	for i := range p.Rules {
		if p.Rules[i].Consent {
			out = append(out, p.Rules[i].Purpose)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// IsHeldOnConsent reports whether a consent permits to hold a category of data.
func (p *Policy) IsHeldOnConsent(category string) bool {
	return p.hasRule(func(r *Rule) bool { return r.Consent && slices.Contains(r.Keeps, category) })
}

// ConsentRule returns the rule for consents to a purpose by a channel.
func (p *Policy) ConsentRule(purpose, channel string) *Rule {
	for i := range p.Rules {
		r := &p.Rules[i]
		if r.Consent && r.Purpose == purpose && (len(r.Channels) == 0 || slices.Contains(r.Channels, channel)) {
			return r
		}
	}
	return nil
}

// Rule returns the rule with an id, or nil.
func (p *Policy) Rule(id string) *Rule {
	for i := range p.Rules {
		if p.Rules[i].ID == id {
			return &p.Rules[i]
		}
	}
	return nil
}

// prolongs reports whether the bases of a rule prolong others.
func (p *Policy) prolongs(id string) bool {
	for i := range p.Rules {
		if p.Rules[i].Prolongs && p.Rules[i].ID == id {
			return true
		}
	}
	return false
}

// narrow returns the intersection with only; an empty only keeps all.
func narrow(all, only []string) []string {
	if len(only) == 0 {
		return all
	}
	return slices.DeleteFunc(slices.Clone(all), func(a string) bool { return !slices.Contains(only, a) })
}

// QuestionEnd returns when a question asked at a given instant falls.
func (p *Policy) QuestionEnd(a Ask, at time.Time) time.Time {
	until, _ := Period{root: after{a.Stands, "day", anchor("")}}.From(at, p.Place)
	return until
}

// IsPersonal reports whether an item holds personal data, beyond keyed hashes and correspondence.
func (p *Policy) IsPersonal(item Item) bool {
	c := p.Categories[item.Category]
	return !c.Pseudonymous && !c.Correspondence
}

// LastDay returns the last day before an end, in the policy's zone, or "" when no end is known.
func (p *Policy) LastDay(until *time.Time) string {
	if until == nil {
		return ""
	}
	return calendar.In(until.Add(-time.Millisecond), p.Place.Zone).String()
}

// IsAfterIntake reports whether t is more than the intake period after an event.
func (p *Policy) IsAfterIntake(t, event time.Time) bool {
	return t.After(event.AddDate(0, 0, p.IntakeDays))
}

// TombstoneEnd is the end of a tombstone that was recorded at an instant.
func (p *Policy) TombstoneEnd(t time.Time) time.Time {
	end, _ := p.Tombstone.From(t, p.Place)
	return end
}
