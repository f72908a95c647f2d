package policy

import (
	"fmt"
	"maps"
	"slices"

	"github.com/rodopath/rodopath/services/internal/strictyaml"
)

// document is the YAML form of a policy.
type document struct {
	Policy       string               `yaml:"policy"`
	Extends      string               `yaml:"extends"`
	Zone         string               `yaml:"zone"`
	Holidays     string               `yaml:"holidays"`
	IntakeDays   int                  `yaml:"intake_days"`
	Choices      map[string]string    `yaml:"choices"`
	Options      map[string][]string  `yaml:"options"`
	Warnings     []warning            `yaml:"warnings"`
	Terms        map[string]string    `yaml:"terms"`
	Requests     requests             `yaml:"requests"`
	Tombstone    string               `yaml:"tombstone"`
	JournalYears int                  `yaml:"journal_years"`
	Categories   map[string]category  `yaml:"categories"`
	Purposes     map[string]purpose   `yaml:"purposes"`
	Recipients   map[string]recipient `yaml:"recipients"`
	Measures     texts                `yaml:"measures"`
	Wordings     []wording            `yaml:"wordings"`
	Unknown      coverage             `yaml:"unknown_wording"`
	Rules        []rule               `yaml:"rules"`
	Ask          []ask                `yaml:"ask"`
}

type warning struct {
	Choice string `yaml:"choice"`
	Risk   string `yaml:"risk"`
	Cites  string `yaml:"cites"`
	Says   texts  `yaml:"says"`
}

type requests struct {
	Answer   string `yaml:"answer"`
	Extended string `yaml:"extended"`
	Clock    string `yaml:"clock"`
}

type category struct {
	Name         texts  `yaml:"name"`
	Per          string `yaml:"per"`
	Pseudonymous bool   `yaml:"pseudonymous"`
	Given        bool   `yaml:"given"`
	// Stated names the data of which sources state whether the person gave them: "phone".
	Stated string `yaml:"stated"`
	// ReceivedBy lists the facts that show that data of the category are held.
	ReceivedBy []string `yaml:"received_by"`
	// Correspondence marks the correspondence about a request of the person.
	Correspondence bool   `yaml:"correspondence"`
	Term           string `yaml:"term"`
}

type purpose struct {
	Name   texts  `yaml:"name"`
	Term   string `yaml:"term"`
	Offers bool   `yaml:"offers"`
	// Tracking marks the recording of opens, clicks and tags.
	Tracking bool  `yaml:"tracking"`
	Persons  texts `yaml:"persons"`
}

type recipient struct {
	Name         texts    `yaml:"name"`
	Holds        []string `yaml:"holds"`
	ThirdCountry string   `yaml:"third_country"`
	// Safeguard is the safeguard of the transfer to the third country.
	Safeguard texts `yaml:"safeguard"`
}

type coverage struct {
	Covers   []string `yaml:"covers"`
	Channels []string `yaml:"channels"`
}

type wording struct {
	ID       string   `yaml:"id"`
	Use      string   `yaml:"use"`
	Language string   `yaml:"language"`
	From     string   `yaml:"from"`
	To       string   `yaml:"to"`
	Covers   []string `yaml:"covers"`
	Channels []string `yaml:"channels"`
	Text     string   `yaml:"text"`
	// Translations are the same text in further languages.
	Translations map[string]string `yaml:"translations"`

	place place
}

type rule struct {
	ID        string   `yaml:"id"`
	OnlyIf    words    `yaml:"only_if"`
	Purpose   string   `yaml:"purpose"`
	Article   string   `yaml:"article"`
	Cites     string   `yaml:"cites"`
	Exempt    string   `yaml:"exempt"`
	RaisedBy  words    `yaml:"raised_by"`
	Channels  []string `yaml:"channels"`
	Access    []string `yaml:"access"`
	Where     []string `yaml:"where"`
	Unless    []string `yaml:"unless"`
	Without   []string `yaml:"without"`
	From      string   `yaml:"from"`
	EndedBy   []string `yaml:"ended_by"`
	Per       string   `yaml:"per"`
	Until     words    `yaml:"until"`
	Expires   words    `yaml:"expires"`
	Keeps     []string `yaml:"keeps"`
	Receives  []string `yaml:"receives"`
	Prolongs  bool     `yaml:"only_prolongs"`
	Suspended bool     `yaml:"suspended_by_hold"`

	place place
}

type ask struct {
	Purpose    string   `yaml:"purpose"`
	Channel    string   `yaml:"channel"`
	When       string   `yaml:"when"`
	Wording    string   `yaml:"wording"`
	Places     []string `yaml:"places"`
	StandsDays int      `yaml:"stands_days"`
}

// place is the position of a part of the policy: an index in a list of the file, or the extended
// policy.
type place struct {
	inherited bool
	index     int
	line      int
}

// words is a list of texts, or a single text.
type words []string

// UnmarshalYAML accepts both forms.
func (w *words) UnmarshalYAML(unmarshal func(any) error) error {
	var one string
	if unmarshal(&one) == nil {
		*w = words{one}
		return nil
	}
	var many []string
	if err := unmarshal(&many); err != nil {
		return err
	}
	*w = many
	return nil
}

// texts is a text by language, or one text for all.
type texts map[string]string

// UnmarshalYAML accepts both forms.
func (t *texts) UnmarshalYAML(unmarshal func(any) error) error {
	var one string
	if unmarshal(&one) == nil {
		*t = texts{"": one}
		return nil
	}
	many := map[string]string{}
	if err := unmarshal(&many); err != nil {
		return err
	}
	*t = many
	return nil
}

// extend merges the document over the extended document.
func (c *compiler) extend(doc document) error {
	for i := range doc.Rules {
		doc.Rules[i].place = place{index: i, line: c.at.Line("rules", i)}
	}
	for i := range doc.Wordings {
		doc.Wordings[i].place = place{index: i, line: c.at.Line("wordings", i)}
	}
	c.doc = doc
	if c.doc.Choices == nil {
		c.doc.Choices = map[string]string{}
	}
	if doc.Extends == "" {
		c.doc = defaults().with(c.doc)
		return nil
	}
	if doc.Extends != shipped {
		return c.at.Fail(
			c.at.Faultf(path{"extends"}, "%q cannot be extended; write \"extends: pl\", or leave it out", doc.Extends),
		)
	}
	var base document
	at, err := strictyaml.Decode("pl", pl, &base)
	if err != nil {
		return fmt.Errorf("read the default policy: %w", err)
	}
	for i := range base.Rules {
		base.Rules[i].place = place{inherited: true, line: at.Line("rules", i)}
	}
	for i := range base.Wordings {
		base.Wordings[i].place = place{inherited: true, line: at.Line("wordings", i)}
	}
	c.doc = base.with(doc)
	return nil
}

// defaults returns the default settings: the month and the two further months of Art. 12(3) for an
// answer, and the retention of tombstones and journals.
func defaults() document {
	return document{
		Requests: requests{
			Answer:   "1 month after request, next working day",
			Extended: "3 months after request, next working day",
			Clock:    "received",
		},
		Tombstone:    "3 years after deletion",
		JournalYears: 6,
		Choices:      map[string]string{},
		Options:      map[string][]string{},
		Terms:        map[string]string{},
		Categories:   map[string]category{},
		Purposes:     map[string]purpose{},
		Recipients:   map[string]recipient{},
		Measures:     texts{},
	}
}

// with returns the base with the settings of a document: single values and mapping entries replace
// the values of the base, rules and wordings replace those with the same id, and questions replace
// all questions of the base.
func (base document) with(doc document) document {
	out := base
	out.Policy, out.Extends = doc.Policy, doc.Extends
	replace(&out.Zone, doc.Zone)
	replace(&out.Holidays, doc.Holidays)
	replace(&out.IntakeDays, doc.IntakeDays)
	replace(&out.Tombstone, doc.Tombstone)
	replace(&out.JournalYears, doc.JournalYears)
	replace(&out.Requests.Answer, doc.Requests.Answer)
	replace(&out.Requests.Extended, doc.Requests.Extended)
	replace(&out.Requests.Clock, doc.Requests.Clock)
	maps.Copy(out.Choices, doc.Choices)
	maps.Copy(out.Options, doc.Options)
	maps.Copy(out.Terms, doc.Terms)
	maps.Copy(out.Categories, doc.Categories)
	maps.Copy(out.Purposes, doc.Purposes)
	maps.Copy(out.Recipients, doc.Recipients)
	maps.Copy(out.Measures, doc.Measures)
	out.Warnings = append(out.Warnings, doc.Warnings...)
	out.Rules = overlay(out.Rules, doc.Rules, func(r rule) string { return r.ID })
	out.Wordings = overlay(out.Wordings, doc.Wordings, func(w wording) string { return w.ID })
	if doc.Unknown.Covers != nil {
		out.Unknown = doc.Unknown
	}
	if doc.Ask != nil {
		out.Ask = doc.Ask
	}
	return out
}

func replace[T comparable](base *T, with T) {
	var zero T
	if with != zero {
		*base = with
	}
}

// overlay replaces entries of the base with entries of the same name, at the position of the first,
// and appends the others.
func overlay[T any](base, with []T, name func(T) string) []T {
	var out []T
	used := map[string]bool{} // the names of replaced entries
	for _, b := range base {
		if used[name(b)] {
			continue
		}
		again := slices.DeleteFunc(slices.Clone(with), func(w T) bool { return name(w) != name(b) })
		if used[name(b)] = len(again) > 0; !used[name(b)] {
			again = []T{b}
		}
		out = append(out, again...)
	}
	for _, w := range with {
		if !slices.ContainsFunc(base, func(b T) bool { return name(b) == name(w) }) {
			out = append(out, w)
		}
	}
	return out
}
