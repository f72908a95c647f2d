package report

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/rodopath/rodopath/services/internal/display"
	"github.com/rodopath/rodopath/services/lifecycle"
	"github.com/rodopath/rodopath/services/lifecycle/chain"
	"github.com/rodopath/rodopath/services/lifecycle/fact"
	"github.com/rodopath/rodopath/services/lifecycle/rules"
)

// Explain writes the data that may be held of a person and the derivation of each item: from the
// facts through rules and law to the last day. person lists the known names; journal contributes
// the past deletions.
func Explain(
	w io.Writer,
	lang Language,
	p *rules.Policy,
	person []string,
	e lifecycle.Explanation,
	journal []chain.Entry,
) error {
	x := explanation{Language: lang, words: lang.explanation(), policy: p, e: e, numbers: map[string]int{}}
	for i := range e.Facts {
		x.numbers[e.Facts[i].ID] = i + 1
	}
	x.head(person)
	x.holds()
	x.writeRules()
	x.facts()
	x.consents()
	x.bans()
	x.requests()
	x.questions()
	x.announced()
	x.receipts()
	x.pastDeletions(journal)
	x.tombstone()
	x.next()
	if x.err != nil {
		return x.err
	}
	return show(w, &x.out)
}

// explanation is the state of the text during writing. The later sections are in section.go.
type explanation struct {
	Language
	words  explanationWords
	policy *rules.Policy
	e      lifecycle.Explanation
	// numbers maps the id of a fact to its number in the text.
	numbers map[string]int
	out     bytes.Buffer
	err     error
}

// narrow is the approximate width of the text, in characters.
const narrow = 96

// line writes a line. A text from outside does not begin another one.
func (x *explanation) line(format string, args ...any) {
	for i, arg := range args {
		if text, ok := arg.(string); ok {
			args[i] = display.Line(text)
		}
	}
	fmt.Fprintf(&x.out, format+"\n", args...)
}

// section writes a table under a heading; an empty table writes nothing.
func (x *explanation) section(heading string, t *Table) {
	if t.Empty() {
		return
	}
	if heading != "" {
		x.line("\n%s", heading)
	}
	if err := t.Write(&x.out); x.err == nil {
		x.err = err
	}
}

func (x *explanation) head(person []string) {
	who := &Table{Widths: []int{narrow}}
	who.Row(strings.Join(person, ", "))
	if len(person) == 0 {
		who = &Table{}
		who.Row(x.words.nameless)
	}
	x.section("", who)
	about := &Table{Widths: []int{narrow}}
	about.Row(x.about(x.e.Subject, clock(x.e.At, x.policy.Place), x.policy.Place.Zone.String(), x.e.Policy))
	x.section("", about)
	x.line("")
}

func (x *explanation) holds() {
	if len(x.e.Holds) == 0 {
		x.line("%s", x.words.nothing)
		return
	}
	t := &Table{Widths: []int{20, 13, 16, 22, 10, 7}}
	t.Row(x.words.held, x.words.lastDay, x.words.lapses, x.words.basis, x.words.since, x.words.facts)
	for i := range x.e.Holds {
		h := &x.e.Holds[i]
		last, lapse := h.LastDay, "-"
		if h.Until == nil {
			last = x.words.noEnd
		} else {
			lapse = clock(*h.Until, x.policy.Place)
		}
		var basis, since, facts []string
		for j := range h.Because {
			b := &h.Because[j]
			lines, points := t.fit(3, x.basis(b, h)), t.fit(5, x.pointers(b.Facts))
			for n := range max(len(lines), len(points)) {
				basis, since, facts = append(basis, nth(lines, n)), append(since, ""), append(facts, nth(points, n))
				if n == 0 {
					since[len(since)-1] = day(b.Since, x.policy.Place)
				}
			}
		}
		t.Lines(t.fit(0, x.item(h.Item)), []string{last}, []string{lapse}, basis, since, facts)
	}
	x.section("", t)
}

// nth returns line n of a cell; empty below the last line.
func nth(lines []string, n int) string {
	if n < len(lines) {
		return lines[n]
	}
	return ""
}

// item names an item by its category and all names of its record.
func (x *explanation) item(i rules.Item) string {
	name := strings.TrimSpace(x.category(i.Category) + " " + i.Ref)
	if others := otherNames(x.policy, x.e.Facts, i.Ref); len(others) > 0 {
		name += x.aside(strings.Join(others, ", "))
	}
	return name
}

// otherNames returns the other names of a record, as facts of the record give them.
func otherNames(p *rules.Policy, facts []fact.Fact, ref string) []string {
	if ref == "" {
		return nil
	}
	named := rules.RecordNames(p, facts)
	record := named(ref)
	var names []string
	for i := range facts {
		if facts[i].Ref != "" && named(facts[i].Ref) == record {
			names = append(append(names, facts[i].Ref), facts[i].Links...)
		}
	}
	slices.Sort(names)
	return slices.DeleteFunc(slices.Compact(names), func(name string) bool { return name == ref })
}

func (x *explanation) category(id string) string {
	return Named(x.policy.Categories[id].Name, id).In(x.Language)
}

func (x *explanation) purpose(id string) string {
	return Named(x.policy.Purposes[id].Name, id).In(x.Language)
}

// basis names a basis, and its end where the end differs from the end of the item.
func (x *explanation) basis(b *rules.Basis, h *lifecycle.Held) string {
	s := x.by(x.purpose(b.Purpose), b.Channel) + x.brief(b.Article)
	if b.Until != nil && (h.Until == nil || !b.Until.Equal(*h.Until)) {
		s += x.words.to + x.policy.LastDay(b.Until)
	}
	return s
}

func (x *explanation) pointers(facts []string) string {
	out := make([]string, len(facts))
	for i, id := range facts {
		out[i] = "[?]"
		if n, ok := x.numbers[id]; ok {
			out[i] = fmt.Sprintf("[%d]", n)
		}
	}
	return strings.Join(out, " ")
}

// writeRules writes, for each rule in use, the law, the place in the policy, the period, and the
// derivation of the last day from the facts.
func (x *explanation) writeRules() {
	var order []string
	bases := map[string][]rules.Basis{}
	for i := range x.e.Holds {
		for _, b := range x.e.Holds[i].Because {
			if bases[b.Rule] == nil {
				order = append(order, b.Rule)
			}
			if !slices.ContainsFunc(bases[b.Rule], func(have rules.Basis) bool { return sameBasis(&have, &b) }) {
				bases[b.Rule] = append(bases[b.Rule], b)
			}
		}
	}
	if len(order) == 0 {
		return
	}
	x.line("\n%s", x.words.why)
	for _, id := range order {
		x.rule(id, bases[id])
	}
}

func sameBasis(a, b *rules.Basis) bool {
	return a.Rule == b.Rule && a.Ref == b.Ref && a.Channel == b.Channel && a.Since.Equal(b.Since) &&
		slices.Equal(a.Facts, b.Facts)
}

func (x *explanation) rule(id string, bases []rules.Basis) {
	note := x.e.Rules[id]
	head := &Table{Widths: []int{narrow}}
	head.Row(id + ": " + x.purpose(note.Purpose) + ", " + x.BasisIn(note.Article))
	x.section("", head)
	t := &Table{Widths: []int{0, 0, narrow - 14}}
	if note.Cites != "" {
		t.Row("", x.words.law, note.Cites)
	}
	if note.Exempt != "" {
		t.Row("", x.words.exempt, x.Article(note.Exempt))
	}
	t.Row("", x.words.period, x.periodOf(id, note))
	if note.Line > 0 {
		t.Row("", x.words.written, x.place(note.File, note.Line))
	}
	for i := range bases {
		t.Row("", x.words.chain, x.chain(&bases[i]))
	}
	x.section("", t)
}

// Article cites an article of the GDPR in legal form, with its meaning.
func (l Language) Article(article string) string {
	if meaning := l.articleMeaning(article); meaning != "" {
		return l.cite(article) + l.aside(meaning)
	}
	return l.cite(article)
}

// BasisIn names the basis of a rule in legal form. A hold and a restriction have none of their own (Art. 6(1)): they
// rest on the basis on which the data were held before, and are exceptions from erasure (Art. 17(3), 18(1)).
func (l Language) BasisIn(article string) string {
	if strings.HasPrefix(article, "17") || strings.HasPrefix(article, "18") {
		return l.formerBasis() + l.Article(article)
	}
	return l.Article(article)
}

// periodOf describes the retention period of a rule in words and in policy syntax.
func (x *explanation) periodOf(id string, note lifecycle.RuleNote) string {
	if r := rule(x.policy, id); r != nil {
		said := x.storage(x.policy, r)
		if note.Period != "" && note.Period != openPeriod {
			said += " [" + note.Period + "]"
		}
		return said
	}
	return note.Period
}

// rule returns a rule of a policy by id; nil when absent.
func rule(p *rules.Policy, id string) *rules.Rule {
	for i := range p.Rules {
		if p.Rules[i].ID == id {
			return &p.Rules[i]
		}
	}
	return nil
}

// chain writes the derivation of the last day from the facts of a basis.
func (x *explanation) chain(b *rules.Basis) string {
	facts := make([]string, 0, len(b.Facts))
	for _, id := range b.Facts {
		fact := x.pointers([]string{id})
		if n := x.numbers[id]; n > 0 {
			f := &x.e.Facts[n-1]
			fact += strings.TrimRight(fmt.Sprintf(" %s %s %s", x.kind(f.Kind), day(f.Occurred, x.policy.Place), f.Ref), " ")
		}
		facts = append(facts, fact)
	}
	out := strings.Join(facts, " + ")
	if b.Channel != "" {
		out += ", " + x.channel(b.Channel)
	}
	if b.Until != nil {
		return out + " → " + x.words.lastDayIs + x.policy.LastDay(b.Until)
	}
	if r := rule(x.policy, b.Rule); r != nil {
		return out + " → " + x.openEnd(r)
	}
	return out + " → " + x.words.noEnd
}
