package policy

import (
	"bytes"
	"cmp"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/rodopath/rodopath/services/internal/display"
	"github.com/rodopath/rodopath/services/lifecycle/report"
	"github.com/rodopath/rodopath/services/lifecycle/rules"
)

// Activity is one line of the record of processing activities (Art. 30(1)): the processing under
// one rule.
type Activity struct {
	// Rule is the id of the rule, Line its line in the policy.
	Rule    string         `json:"rule"`
	Line    int            `json:"line,omitempty"`
	Purpose report.Purpose `json:"for"`
	// Persons are the categories of data subjects, Begins the event at which the processing begins.
	Persons report.Text `json:"persons"`
	Begins  report.Text `json:"begins"`
	Article string      `json:"article"`
	// LawfulBasis is the article as a term of the Data Privacy Vocabulary; absent outside of Art.
	// 6, such as for a hold.
	LawfulBasis string `json:"lawful_basis,omitempty"`
	Cites       string `json:"cites,omitempty"`
	// Categories are the categories of data, Recipients the recipients with their third countries.
	Categories []report.Category  `json:"categories"`
	Recipients []report.Recipient `json:"recipients"`
	// Period is the time limit for erasure.
	Period report.Text `json:"period"`
}

// Activities returns the record of processing activities of a policy: one line for each rule, in
// the order of the policy.
func Activities(p *rules.Policy) []Activity {
	out := make([]Activity, 0, len(p.Rules))
	for i := range p.Rules {
		r := &p.Rules[i]
		a := Activity{
			Rule:        r.ID,
			Line:        r.Line,
			Purpose:     report.PurposeOf(p, r.Purpose),
			Persons:     report.Named(p.Purposes[r.Purpose].Persons, "-"),
			Begins:      report.Begin(p, r),
			Article:     r.Article,
			LawfulBasis: report.LawfulBasis(r.Article, p.Purposes[r.Purpose]),
			Cites:       r.Cites,
			Categories:  []report.Category{},
			Recipients:  []report.Recipient{},
			Period:      report.Storage(p, r),
		}
		for _, id := range r.Keeps {
			a.Categories = append(a.Categories, report.CategoryOf(p, id))
		}
		for _, id := range r.Receives {
			a.Recipients = append(a.Recipients, report.RecipientOf(p, id))
		}
		out = append(out, a)
	}
	return out
}

// Format is the output format of a record of processing activities.
type Format string

// The formats of a record.
const (
	FormatText     Format = "text"
	FormatMarkdown Format = "markdown"
	FormatJSON     Format = "json"
	FormatCSV      Format = "csv"
)

// ErrFormat means that the format is unknown.
var ErrFormat = errors.New("a record is written as text, markdown, json or csv")

// WriteRecord writes the record of processing activities of a policy (Art. 30(1)).
// measures are the security measures, by language.
func WriteRecord(
	w io.Writer,
	format Format,
	lang report.Language,
	p *rules.Policy,
	measures map[string]string,
) error {
	r := record{policy: p, lang: lang, measures: measures, activities: Activities(p)}
	var out bytes.Buffer
	var err error
	switch format {
	case FormatText:
		err = r.text(&out)
	case FormatMarkdown:
		r.markdown(&out)
	case FormatJSON:
		err = r.json(&out)
	case FormatCSV:
		err = r.csv(&out)
	default:
		return fmt.Errorf("%w, not as %q", ErrFormat, format)
	}
	if err != nil {
		return fmt.Errorf("write record of processing activities: %w", err)
	}
	text := out.String()
	if format != FormatJSON {
		text = display.Text(text)
	}
	_, err = io.WriteString(w, text)
	return err
}

// record is a record of processing activities during writing.
type record struct {
	policy     *rules.Policy
	lang       report.Language
	measures   map[string]string
	activities []Activity
}

func bilingual(pl, en string) report.Text { return report.Text{PL: pl, EN: en} }

// heads are the names of a record's columns.
func heads() []report.Text {
	return []report.Text{
		bilingual("Cel", "Purpose"),
		bilingual("Podstawa", "Basis"),
		bilingual("Przepis", "Law"),
		bilingual(
			"Początek przetwarzania",
			"Begins with",
		),
		bilingual("Kategorie osób", "Data subjects"),
		bilingual("Kategorie danych", "Categories of data"),
		bilingual(
			"Odbiorcy",
			"Recipients",
		),
		bilingual("Poza EOG", "Outside of the EEA"),
		bilingual("Planowany termin usunięcia", "Time limit for erasure"),
		bilingual("Reguła", "Rule"),
	}
}

// cells are the columns of one activity, in the order of heads.
func (r *record) cells(a *Activity) []string {
	var data, recipients, abroad []string
	for _, c := range a.Categories {
		data = append(data, c.Name.In(r.lang))
	}
	for _, c := range a.Recipients {
		recipients = append(recipients, c.Name.In(r.lang))
		if c.ThirdCountry != "" {
			abroad = append(abroad, c.Name.In(r.lang)+": "+c.ThirdCountry)
		}
	}
	list := func(items []string) string { return cmp.Or(strings.Join(items, "; "), "-") }
	return []string{
		a.Purpose.Name.In(
			r.lang,
		),
		r.lang.BasisIn(a.Article),
		cmp.Or(a.Cites, bilingual("okres określony przez administratora", "period determined by the controller").In(r.lang)),
		a.Begins.In(r.lang),
		a.Persons.In(r.lang),
		list(data),
		cmp.Or(strings.Join(recipients, "; "), bilingual("brak odbiorców", "no recipients").In(r.lang)),
		list(abroad),
		a.Period.In(r.lang),
		a.Rule,
	}
}

func (r *record) heading() string {
	return bilingual(
		"Rejestr czynności przetwarzania (art. 30 ust. 1 RODO)",
		"Record of processing activities (Art. 30(1) GDPR)",
	).In(r.lang)
}

// about names the controller and the policy.
func (r *record) about() []string {
	c := &r.policy.Contact
	lines := []string{r.stated("Administrator", "Controller", r.policy.Controller)}
	lines[0] += ", " + cmp.Or(
		strings.Join(slices.DeleteFunc([]string{c.Address, c.Email, c.Phone}, isEmpty), ", "),
		bilingual(
			"dane kontaktowe do uzupełnienia (art. 30 ust. 1 lit. a RODO)",
			"contact details to be added (Art. 30(1)(a) GDPR)",
		).In(r.lang),
	)
	if c.Representative != "" {
		lines = append(lines, r.stated("Przedstawiciel administratora", "Representative", c.Representative))
	}
	lines = append(lines, r.stated("Inspektor ochrony danych", "Data protection officer", cmp.Or(c.DPO, bilingual(
		"nie podano (uzupełnij, jeżeli został wyznaczony)",
		"not given (to be added if designated)",
	).In(r.lang))))
	return append(lines, bilingual("Polityka: ", "Policy: ").In(r.lang)+r.policy.ID+"@"+r.policy.Revision)
}

// stated writes a labelled value, or that the value is not given.
func (r *record) stated(pl, en, value string) string {
	return bilingual(pl, en).In(r.lang) + ": " + cmp.Or(value, bilingual("nie podano", "not given").In(r.lang))
}

func isEmpty(s string) bool { return s == "" }

// safeguards states the safeguards of the transfers outside of the EEA (Art. 30(1)(e)).
func (r *record) safeguards() string {
	var out []string
	for _, id := range recipientsOf(r.policy) {
		to := report.RecipientOf(r.policy, id)
		if to.ThirdCountry == "" {
			continue
		}
		safeguard := bilingual("do uzupełnienia", "to be added").In(r.lang)
		if to.Safeguard != nil {
			safeguard = to.Safeguard.In(r.lang)
		}
		out = append(out, to.Name.In(r.lang)+" ("+to.ThirdCountry+"): "+safeguard)
	}
	return bilingual(
		"Zabezpieczenia przekazania poza EOG (art. 30 ust. 1 lit. e RODO): ",
		"Safeguards of transfers outside of the EEA (Art. 30(1)(e) GDPR): ",
	).In(r.lang) +
		cmp.Or(
			strings.Join(out, "; "),
			bilingual("brak przekazań", "no transfers").In(r.lang),
		) + "."
}

// notes returns the remarks below the table.
func (r *record) notes() []string {
	keyed := report.Storage(r.policy, &rules.Rule{Until: r.policy.Tombstone})
	return []string{
		bilingual(
			"Środki bezpieczeństwa (art. 30 ust. 1 lit. g RODO): ",
			"Security measures (Art. 30(1)(g) GDPR): ",
		).In(r.lang) +
			r.security(),
		bilingual(
			"Skróty kryptograficzne usuniętych danych: ",
			"Keyed hashes of deleted data: ",
		).In(r.lang) +
			keyed.In(
				r.lang,
			) + ".",
		bilingual(
			"Dziennik decyzji (dane spseudonimizowane): ",
			"Journal of decisions, pseudonymous: ",
		).In(r.lang) +
			report.Years(r.policy.JournalYears).
				In(r.lang) +
			".",
		bilingual(
			fmt.Sprintf(
				"Dane osoby, o której nie odnotowano zdarzeń: najwyżej %d dni (art. 6 ust. 1 lit. f RODO; okres określony przez administratora).",
				r.policy.IntakeDays,
			),
			fmt.Sprintf(
				"Person without known facts: %d days at most (Art. 6(1)(f) GDPR; period determined by the controller).",
				r.policy.IntakeDays,
			),
		).In(r.lang),
		r.safeguards(),
	}
}

// security returns the security measures described by the policy.
func (r *record) security() string {
	return cmp.Or(
		r.measures[string(r.lang)],
		r.measures[""],
		bilingual("nie opisano w polityce", "not described in the policy").In(r.lang),
	)
}

// screen is the approximate width of a record on a terminal.
const screen = 118

// text writes a table for a terminal. The cell of the basis includes law and rule.
func (r *record) text(out *bytes.Buffer) error {
	lines := func(texts ...string) error {
		for _, text := range texts {
			t := report.Table{Widths: []int{screen}}
			t.Row(text)
			if err := t.Write(out); err != nil {
				return err
			}
		}
		out.WriteByte('\n')
		return nil
	}
	if err := lines(append([]string{r.heading()}, r.about()...)...); err != nil {
		return err
	}
	t := report.Table{Widths: []int{14, 26, 20, 13, 15, 23}}
	h := heads()
	head := func(n int) string { return strings.ToUpper(h[n].In(r.lang)) }
	t.Row(head(0), head(1), head(5), head(4), head(6), head(8))
	for i := range r.activities {
		c := r.cells(&r.activities[i])
		recipients := c[6]
		if c[7] != "-" {
			recipients += " [" + h[7].In(r.lang) + ": " + c[7] + "]"
		}
		t.Row("", "", "", "", "", "")
		t.Row(c[0], c[1]+"; "+c[2]+" ["+c[9]+"]", c[5], c[4], recipients, c[8])
	}
	if err := t.Write(out); err != nil {
		return err
	}
	out.WriteByte('\n')
	return lines(r.notes()...)
}

func (r *record) markdown(out *bytes.Buffer) {
	fmt.Fprintf(out, "# %s\n\n", r.heading())
	for _, text := range r.about() {
		fmt.Fprintf(out, "%s\n\n", cell(text))
	}
	row := func(cells []string) { fmt.Fprintf(out, "| %s |\n", strings.Join(cells, " | ")) }
	var names, rules []string
	for _, h := range heads() {
		names, rules = append(names, h.In(r.lang)), append(rules, "---")
	}
	row(names)
	row(rules)
	for i := range r.activities {
		cells := r.cells(&r.activities[i])
		for n := range cells {
			cells[n] = cell(cells[n])
		}
		row(cells)
	}
	out.WriteByte('\n')
	for _, note := range r.notes() {
		fmt.Fprintf(out, "- %s\n", cell(note))
	}
}

// cell keeps a text within one cell of a Markdown table, and as text.
func cell(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	return strings.NewReplacer("|", `\|`, "<", "&lt;", ">", "&gt;").Replace(s)
}

// json writes everything in both languages, for machines.
func (r *record) json(out *bytes.Buffer) error {
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(struct {
		Controller string            `json:"controller"`
		Contact    rules.Contact     `json:"contact"`
		Policy     string            `json:"policy"`
		Revision   string            `json:"revision"`
		Language   report.Language   `json:"language"`
		Activities []Activity        `json:"activities"`
		Measures   map[string]string `json:"measures"`
		Notes      []string          `json:"notes"`
	}{r.policy.Controller, r.policy.Contact, r.policy.ID, r.policy.Revision, r.lang, r.activities, r.measures, r.notes()})
}

func (r *record) csv(out *bytes.Buffer) error {
	w := csv.NewWriter(out)
	head := []string{}
	for _, h := range heads() {
		head = append(head, h.In(r.lang))
	}
	rows := [][]string{
		append(
			head,
			bilingual("Wiersz", "Line").In(r.lang),
			bilingual("Środki bezpieczeństwa", "Security measures").In(r.lang),
		),
	}
	for i := range r.activities {
		a := &r.activities[i]
		rows = append(rows, slices.Concat(r.cells(a), []string{strconv.Itoa(a.Line), r.security()}))
	}
	for _, row := range rows {
		for i := range row {
			row[i] = display.Cell(row[i])
		}
	}
	return w.WriteAll(rows)
}
