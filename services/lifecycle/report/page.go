package report

import (
	"bytes"
	_ "embed" // for the page
	"fmt"
	"html/template"
	"io"
	"regexp"
	"slices"
	"strings"
)

//go:embed page.html
var pageSource string

// pageStyle is the look of every page, on a screen and on paper.
//
//go:embed style.css
var pageStyle string

// Page writes a report on a person as one self-contained page, without scripts, pictures or fonts.
// The page suits browsers, screen readers and paper.
func Page(w io.Writer, lang Language, report Person) error {
	picture := lang.picture(report.drawn)
	return writePage(w, pageSource, template.FuncMap{
		"text":          func(t any) string { return textOf(t).In(lang) },
		"date":          lang.pageDate,
		"cite":          func(article string) string { return unbroken(lang.cite(article)) },
		"article":       func(article string) string { return unbroken(lang.BasisIn(article)) },
		"channel":       lang.channel,
		"by":            func(purpose Text, channel string) string { return lang.by(purpose.In(lang), channel) },
		"ends":          lang.pageEnds,
		"outcome":       lang.outcome,
		"words":         lang.page,
		"contact":       contactOf,
		"legend":        lang.legend,
		"timelineTitle": func() string { return lang.choose("Podstawy prawne w czasie", "Legal bases over time") },
	}, struct {
		Style template.CSS
		Lang  Language
		W     pageWords
		R     Person
		// Known are the groups of items that are held, May those that may be held.
		Known, May []heldGroup
		Picture    template.HTML
		Narrow     template.HTML
	}{
		template.CSS(pageStyle), lang, lang.page(), report, //nolint:gosec // our own style
		lang.heldGroups(report.Held, true), lang.heldGroups(report.Held, false),
		template.HTML(picture.SVG()),    //nolint:gosec // escaped by package timeline
		template.HTML(picture.Narrow()), //nolint:gosec // as the picture for a desk
	})
}

// writePage writes a page from its source, whole or not at all.
func writePage(w io.Writer, source string, funcs template.FuncMap, data any) error {
	t, err := template.New("page").Funcs(funcs).Parse(source)
	if err != nil {
		return fmt.Errorf("read the page: %w", err)
	}
	var out bytes.Buffer
	if err := t.Execute(&out, data); err != nil {
		return fmt.Errorf("write the page: %w", err)
	}
	return show(w, &out)
}

// unbroken keeps an abbreviation of a citation on one line with its number.
func unbroken(cited string) string {
	return strings.NewReplacer("art. ", "art.\u00a0", "ust. ", "ust.\u00a0", "lit. ", "lit.\u00a0", "Art. ", "Art.\u00a0").
		Replace(cited)
}

// contactOf is how to reach a party, in one line.
func contactOf(p Party) string {
	parts := []string{p.Address, p.Email, p.Phone}
	return strings.Join(slices.DeleteFunc(parts, func(part string) bool { return part == "" }), ", ")
}

// heldGroup groups the held items of the person, of one record, or in keyed hashes.
type heldGroup struct {
	Name  string
	Items []Held
}

// heldGroups groups the items that are known to be held, or those that may be held.
func (l Language) heldGroups(held []Held, known bool) []heldGroup {
	words := l.page()
	person, hashes := heldGroup{Name: words.Person}, heldGroup{Name: words.Hashes}
	var records []heldGroup
	for _, h := range held {
		switch {
		case h.Known != known:
		case h.Pseudonymous:
			hashes.Items = append(hashes.Items, h)
		case h.Record == "":
			person.Items = append(person.Items, h)
		default:
			n := slices.IndexFunc(records, func(g heldGroup) bool { return g.Items[0].Record == h.Record })
			if n < 0 {
				n, records = len(records), append(records, heldGroup{Name: words.Record + recordNames(h.Record, h.OtherNames)})
			}
			if h.ID == orderCategory {
				records[n].Name = words.Order + recordNames(h.Record, h.OtherNames)
			}
			records[n].Items = append(records[n].Items, h)
		}
	}
	slices.SortStableFunc(records, func(a, b heldGroup) int { return strings.Compare(a.Items[0].Since, b.Items[0].Since) })
	return slices.DeleteFunc(
		slices.Concat([]heldGroup{person}, records, []heldGroup{hashes}),
		func(g heldGroup) bool { return len(g.Items) == 0 },
	)
}

// orderCategory is the category by which a record is known to be an order.
const orderCategory = "order"

// recordNames writes the names of a record for a person: "hand:order-17" is "order-17", and
// "woocommerce:order/17@shop" is "17 (shop)".
func recordNames(ref string, others []string) string {
	out := make([]string, 0, 1+len(others))
	for _, name := range append([]string{ref}, others...) {
		if m := sourced.FindStringSubmatch(name); m != nil {
			name = m[1]
			if m[2] != "" {
				name += " (" + m[2] + ")"
			}
		}
		out = append(out, name)
	}
	return strings.Join(out, ", ")
}

// sourced matches the name of a record with its source or platform, and with the type of the
// record and the shop of a platform where there are any.
var sourced = regexp.MustCompile(`^[a-z][a-z0-9_-]*:(?:[a-z_]+/)?([^/@:]+)(?:@([^/@:]+))?$`)

// pageDate formats a date without line breaks.
func (l Language) pageDate(civil string) string {
	return strings.ReplaceAll(l.date(civil), " ", "\u00a0")
}

// pageEnds returns the last day, or the event that ends the basis.
func (l Language) pageEnds(lastDay string, ends Text) string {
	if lastDay == "" {
		return ends.In(l)
	}
	return l.upTo(l.pageDate(lastDay))
}

// textOf returns a text given by value or by pointer.
func textOf(t any) Text {
	switch t := t.(type) {
	case Text:
		return t
	case *Text:
		if t != nil {
			return *t
		}
	}
	return Text{}
}
