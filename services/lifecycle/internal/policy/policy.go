// Package policy reads policies from YAML.
package policy

import (
	"crypto/sha256"
	_ "embed" // for the shipped policy
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"time"
	_ "time/tzdata" // civil time must not depend on the machine

	"github.com/rodopath/rodopath/api/strictyaml"
	"github.com/rodopath/rodopath/services/lifecycle"
	"github.com/rodopath/rodopath/services/lifecycle/calendar"
)

//go:embed pl.yaml
var pl []byte

// DefaultName is the policy's name in the configuration that means the shipped one.
const DefaultName = "default"

// Text returns the shipped policy as the YAML it is written in.
func Text() string { return string(pl) }

// Load reads the policy at path, or the shipped one when path is DefaultName or
// empty. The controller is the business that the wordings name.
func Load(path, controller string) (*lifecycle.Policy, error) {
	if path == "" || path == DefaultName {
		return Parse("default policy", pl, controller)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("load policy: %w", err)
	}
	return Parse(path, data, controller)
}

// document is a policy as it is written.
type document struct {
	Policy     string              `yaml:"policy"`
	Zone       string              `yaml:"zone"`
	Holidays   string              `yaml:"holidays"`
	IntakeDays int                 `yaml:"intake_days"`
	Categories map[string]category `yaml:"categories"`
	Wordings   []wording           `yaml:"wordings"`
	Unknown    coverage            `yaml:"unknown_wording"`
	Rules      []rule              `yaml:"rules"`
	Ask        []ask               `yaml:"ask"`
}

type category struct {
	Name         string `yaml:"name"`
	Per          string `yaml:"per"`
	Pseudonymous bool   `yaml:"pseudonymous"`
}

type coverage struct {
	Covers   []string `yaml:"covers"`
	Channels []string `yaml:"channels"`
}

type wording struct {
	ID       string   `yaml:"id"`
	Language string   `yaml:"language"`
	Covers   []string `yaml:"covers"`
	Channels []string `yaml:"channels"`
	Text     string   `yaml:"text"`
}

type rule struct {
	ID       string   `yaml:"id"`
	Purpose  string   `yaml:"purpose"`
	Article  string   `yaml:"article"`
	Cites    string   `yaml:"cites"`
	RaisedBy words    `yaml:"raised_by"`
	Access   []string `yaml:"access"`
	EndedBy  []string `yaml:"ended_by"`
	Per      string   `yaml:"per"`
	Until    string   `yaml:"until"`
	Keeps    []string `yaml:"keeps"`
	Prolongs bool     `yaml:"only_prolongs"`
}

type ask struct {
	Purpose    string   `yaml:"purpose"`
	Channel    string   `yaml:"channel"`
	When       string   `yaml:"when"`
	Wording    string   `yaml:"wording"`
	Places     []string `yaml:"places"`
	StandsDays int      `yaml:"stands_days"`
}

// words is a list of texts, or one text alone.
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

// Parse reads a policy. The error names every fault with its line and column.
func Parse(file string, data []byte, controller string) (*lifecycle.Policy, error) {
	var doc document
	at, err := strictyaml.Decode(file, data, &doc)
	if err != nil {
		return nil, err
	}
	c := compiler{doc: doc, at: at}
	p := c.compile(controller)
	if err := at.Fail(c.faults...); err != nil {
		return nil, err
	}
	p.Revision, err = revision(doc, controller)
	return p, err
}

// revision names the meaning of a policy: comments and layout do not count.
func revision(doc document, controller string) (string, error) {
	canonical, err := json.Marshal([]any{doc, controller})
	if err != nil {
		return "", fmt.Errorf("name policy revision: %w", err)
	}
	sum := sha256.Sum256(canonical)
	return hex.EncodeToString(sum[:6]), nil
}

// compiler turns a document into a policy and gathers what is wrong with it.
type compiler struct {
	doc    document
	at     *strictyaml.Document
	faults []strictyaml.Fault
}

// path leads to a value in the document: keys and indexes.
type path = []any

func (c *compiler) fault(at path, format string, args ...any) {
	c.faults = append(c.faults, c.at.Faultf(at, format, args...))
}

func (c *compiler) compile(controller string) *lifecycle.Policy {
	p := &lifecycle.Policy{
		ID:         c.doc.Policy,
		Place:      c.place(),
		Intake:     c.doc.IntakeDays,
		Categories: c.categories(),
		Unknown:    lifecycle.Coverage{Purposes: c.doc.Unknown.Covers, Channels: c.doc.Unknown.Channels},
	}
	if p.ID == "" {
		c.fault(path{"policy"}, "a policy needs a name: write \"policy: my-shop\"")
	}
	if p.Intake < 1 || p.Intake > 366 {
		c.fault(path{"intake_days"}, "intake_days must be from 1 to 366")
	}
	for i, r := range c.doc.Rules {
		p.Rules = append(p.Rules, c.rule(i, r))
	}
	if len(p.Rules) == 0 {
		c.fault(path{"rules"}, "a policy without rules would hold nothing and delete everything; add rules")
	}
	for i, w := range c.doc.Wordings {
		p.Wordings = append(p.Wordings, c.wording(i, w, controller))
	}
	c.knownPurposes(path{"unknown_wording", "covers"}, c.doc.Unknown.Covers)
	for i, a := range c.doc.Ask {
		p.Asks = append(p.Asks, c.ask(i, a))
	}
	return p
}

func (c *compiler) place() lifecycle.Place {
	zone, err := time.LoadLocation(c.doc.Zone)
	if err != nil || c.doc.Zone == "" {
		c.fault(path{"zone"}, "%q is not a time zone; write one like Europe/Warsaw", c.doc.Zone)
		zone = time.UTC
	}
	switch c.doc.Holidays {
	case "PL":
		return lifecycle.Place{Zone: zone, Holidays: calendar.Poland}
	case "none":
		return lifecycle.Place{Zone: zone, Holidays: func(calendar.Date) bool { return false }}
	}
	c.fault(path{"holidays"}, "%q is not a known calendar of holidays; write PL or none", c.doc.Holidays)
	return lifecycle.Place{Zone: zone}
}

func (c *compiler) categories() map[string]lifecycle.Category {
	out := map[string]lifecycle.Category{}
	for id, cat := range c.doc.Categories {
		if cat.Per != string(lifecycle.PerPerson) && cat.Per != string(lifecycle.PerRecord) {
			c.fault(path{"categories", id}, "category %s: per must be person or record", id)
		}
		out[id] = lifecycle.Category{Name: cat.Name, PerRecord: cat.Per == string(lifecycle.PerRecord), Pseudonymous: cat.Pseudonymous}
	}
	return out
}

func (c *compiler) wording(i int, w wording, controller string) lifecycle.Wording {
	here := path{"wordings", i}
	for j := range c.doc.Wordings[:i] {
		if c.doc.Wordings[j].ID == w.ID {
			c.fault(here, "wording %q is defined twice; give every text its own id", w.ID)
		}
	}
	if w.ID == "" || w.Text == "" || w.Language == "" {
		c.fault(here, "a wording needs id, language and text")
	}
	if len(w.Covers) == 0 || len(w.Channels) == 0 {
		c.fault(here, "wording %q must say what it covers and by which channels", w.ID)
	}
	c.knownPurposes(append(here, "covers"), w.Covers)
	if controller == "" {
		controller = "[firma]"
	}
	return lifecycle.Wording{
		ID: w.ID, Language: w.Language, Text: strings.ReplaceAll(w.Text, "{controller}", controller),
		Coverage: lifecycle.Coverage{Purposes: w.Covers, Channels: w.Channels},
	}
}

// knownPurposes finds purposes that no rule raises from consent.
func (c *compiler) knownPurposes(at path, purposes []string) {
	for i, purpose := range purposes {
		known := false
		for _, r := range c.doc.Rules {
			known = known || r.Purpose == purpose && r.consent()
		}
		if !known {
			c.fault(append(at[:len(at):len(at)], i), "no rule with raised_by: consent has the purpose %q", purpose)
		}
	}
}
