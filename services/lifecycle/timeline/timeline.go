// Package timeline draws the legal bases of a person over time as a picture in SVG: bases as bars by the letter of
// Art. 6(1), facts as marks, the day of the picture, and what lapses when.
package timeline

import (
	"cmp"
	"fmt"
	"html"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Basis is a legal basis.
type Basis struct {
	// Purpose names the purpose for people, Article is such as "6(1)(a)".
	Purpose, Article string
	Since            time.Time
	// Until is the first instant after the basis; nil while no end is known.
	Until *time.Time
}

// Mark is a fact.
type Mark struct {
	At time.Time
	// Name describes the fact for people.
	Name string
}

// Words are the words of the picture in one language.
type Words struct {
	// Today names the day of the picture, Facts the row of the marks, NoEnd an open end, Until stands before a date.
	Today, Facts, NoEnd, Until string
}

// Picture is what is drawn.
type Picture struct {
	Bases []Basis
	Marks []Mark
	// At is the day of the picture, Zone the zone of its dates; nil means UTC.
	At    time.Time
	Zone  *time.Location
	Words Words
}

// The measures of every picture, in units of the SVG.
const (
	top       = 40
	barHeight = 18
	bottom    = 10
	// minBar is the width of the shortest bar.
	minBar = 3
	// maxRows bounds the bars, maxMarks the marks.
	maxRows  = 24
	maxMarks = 60
)

// measures are those of a picture for a width.
type measures struct {
	width, rowHeight int
	// labels is the width of the column of names; 0 puts the names above the bars. below is the place of a bar below the
	// top of its row.
	labels, below int
	// ends is the width of the room beside the bars in which each end is written; 0 puts the ends above the bars.
	ends int
	// maxName bounds a name in characters, maxYears the years that are named.
	maxName, maxYears int
	class             string
}

// wide are the measures for a desk, narrow those for a telephone.
func wide() measures {
	return measures{width: 1000, rowHeight: 30, labels: 250, ends: 150, maxName: 28, maxYears: 10, class: "timeline"}
}

func narrow() measures {
	return measures{width: 320, rowHeight: 48, below: 20, maxName: 22, maxYears: 5, class: "timeline upright"}
}

// SVG returns the picture as an SVG element, without scripts, styles and addresses; empty without a basis. Its classes
// are "timeline", "t-a" to "t-f" for the letters of Art. 6(1) and "t-x" for an exception, "axis", "grid-line", "today",
// "today-text" and "mark".
func (p *Picture) SVG() string { return p.draw(wide()) }

// Narrow returns the picture for a narrow screen: the names stand above the bars, so that nothing is cut. Its class
// "upright" is added.
func (p *Picture) Narrow() string { return p.draw(narrow()) }

func (p *Picture) draw(m measures) string {
	rows := Joined(p.Bases)
	if len(rows) == 0 {
		return ""
	}
	if p.Zone == nil {
		p.Zone = time.UTC
	}
	rows = rows[:min(len(rows), maxRows)]
	d := p.scale(rows)
	d.measures = m
	d.height = top + m.rowHeight*len(rows) + bottom
	if len(p.Marks) > 0 {
		d.height += m.rowHeight
	}
	var b strings.Builder
	fmt.Fprintf(&b, `<svg class="%s" viewBox="0 0 %d %d" role="img" aria-label="%s">`,
		m.class, m.width, d.height, html.EscapeString(p.Says()))
	d.years(&b)
	x := d.place(p.At)
	day := fmt.Sprintf(`<line class="today" x1="%d" x2="%d" y1="28" y2="%d"></line>`, x, x, d.height)
	if m.labels == 0 { // beneath the names
		b.WriteString(day)
	}
	for i := range rows {
		d.row(&b, &rows[i], top+m.rowHeight*i, p)
	}
	if len(p.Marks) > 0 {
		d.marks(&b, top+m.rowHeight*len(rows), p)
	}
	if m.labels > 0 {
		b.WriteString(day)
	}
	fmt.Fprintf(&b, `<text class="today-text" x="%d" y="26" text-anchor="%s">%s</text>`,
		x, d.anchor(x), html.EscapeString(p.Words.Today+" "+p.day(p.At)))
	b.WriteString("</svg>")
	return b.String()
}

// anchor keeps a text at a place within the picture.
func (d *drawing) anchor(x int) string {
	switch {
	case x < d.labels+60:
		return "start"
	case x > d.width-60:
		return "end"
	}
	return "middle"
}

// Says describes the picture in words, for readers who do not see it.
func (p *Picture) Says() string {
	if p.Zone == nil {
		p.Zone = time.UTC
	}
	var out []string
	for _, b := range Joined(p.Bases) {
		end := p.Words.NoEnd
		if b.Until != nil {
			end = p.lastDay(*b.Until)
		}
		out = append(out, fmt.Sprintf("%s, %s: %s – %s", b.Purpose, b.Article, p.day(b.Since), end))
	}
	return strings.Join(out, "; ")
}

func (p *Picture) day(t time.Time) string { return t.In(p.Zone).Format(time.DateOnly) }

// lastDay is the last day of a basis that ends at an instant.
func (p *Picture) lastDay(until time.Time) string { return p.day(until.Add(-time.Millisecond)) }

// drawing is the scale of a picture.
type drawing struct {
	measures

	from, to time.Time
	height   int
}

// scale is the scale from the first year to the last end, and at least a year beyond the day of the picture.
func (p *Picture) scale(rows []Basis) *drawing {
	d := &drawing{from: rows[0].Since, to: p.At.AddDate(1, 0, 0)}
	for i := range rows {
		if rows[i].Since.Before(d.from) {
			d.from = rows[i].Since
		}
		if until := rows[i].Until; until != nil && until.After(d.to) {
			d.to = *until
		}
	}
	d.from = time.Date(d.from.Year(), 1, 1, 0, 0, 0, 0, time.UTC)
	d.to = time.Date(d.to.Year()+1, 1, 1, 0, 0, 0, 0, time.UTC)
	return d
}

// place is the place of an instant.
func (d *drawing) place(t time.Time) int {
	share := t.Sub(d.from).Hours() / max(d.to.Sub(d.from).Hours(), 1)
	return d.labels + int(float64(d.right()-d.labels)*min(max(share, 0), 1))
}

// right is the place of the last day.
func (d *drawing) right() int { return d.width - d.ends }

func (d *drawing) years(b *strings.Builder) {
	every := 1 + (d.to.Year()-d.from.Year())/d.maxYears
	for y := d.from.Year(); y < d.to.Year(); y += every {
		x := d.place(time.Date(y, 1, 1, 0, 0, 0, 0, time.UTC))
		fmt.Fprintf(b, `<line class="grid-line" x1="%d" x2="%d" y1="16" y2="%d"></line>`, x, x, d.height)
		fmt.Fprintf(b, `<text class="axis" x="%d" y="11">%s</text>`, x+3, strconv.Itoa(y))
	}
}

// row draws a basis, with its end.
func (d *drawing) row(b *strings.Builder, basis *Basis, y int, p *Picture) {
	end, says := d.to, p.Words.NoEnd
	if basis.Until != nil {
		end = *basis.Until
		says = p.Words.Until + " " + p.lastDay(end)
	}
	from, to := d.place(basis.Since), d.place(end)
	fmt.Fprintf(b, `<text x="0" y="%d">%s</text>`, y+14,
		html.EscapeString(shortened(basis.Purpose, d.maxName)+" "+letter(basis.Article)))
	fmt.Fprintf(b, `<rect class="t-%s" x="%d" y="%d" width="%d" height="%d" rx="4"><title>%s</title></rect>`,
		Class(basis.Article), from, y+d.below, max(minBar, to-from), barHeight,
		html.EscapeString(fmt.Sprintf("%s, %s: %s – %s", basis.Purpose, basis.Article, p.day(basis.Since), says)))
	if d.ends == 0 {
		fmt.Fprintf(b, `<text class="axis" x="%d" y="%d" text-anchor="end">%s</text>`, d.width, y+14, html.EscapeString(says))
		return
	}
	fmt.Fprintf(b, `<text class="axis" x="%d" y="%d">%s</text>`, max(to, from+minBar)+6, y+14, html.EscapeString(says))
}

// marks draws the facts.
func (d *drawing) marks(b *strings.Builder, y int, p *Picture) {
	fmt.Fprintf(b, `<text x="0" y="%d">%s</text>`, y+14, html.EscapeString(p.Words.Facts))
	list := p.Marks[max(0, len(p.Marks)-maxMarks):]
	for _, m := range list {
		fmt.Fprintf(b, `<circle class="mark" cx="%d" cy="%d" r="6"><title>%s</title></circle>`,
			min(max(d.place(m.At), d.labels+7), d.right()-7), y+d.below+9, html.EscapeString(p.day(m.At)+" "+m.Name))
	}
}

// letter is the letter of Art. 6(1), in brackets; empty for an exception.
func letter(article string) string {
	if l, ok := strings.CutPrefix(article, "6(1)"); ok {
		return l
	}
	return ""
}

// Class is the class of an article: the letter of Art. 6(1), or "x" for an exception.
func Class(article string) string {
	if l := strings.Trim(letter(article), "()"); l != "" {
		return l
	}
	return "x"
}

// shortened bounds a text.
func shortened(text string, most int) string {
	if r := []rune(text); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return text
}

// Joined returns one basis for each purpose and article, from the first beginning to the last end, by letter and
// beginning.
func Joined(bases []Basis) []Basis {
	var out []Basis
	for _, b := range bases {
		n := slices.IndexFunc(out, func(have Basis) bool { return have.Purpose == b.Purpose && have.Article == b.Article })
		if n < 0 {
			out = append(out, b)
			continue
		}
		have := &out[n]
		if b.Since.Before(have.Since) {
			have.Since = b.Since
		}
		if b.Until == nil || have.Until != nil && b.Until.After(*have.Until) {
			have.Until = b.Until
		}
	}
	slices.SortStableFunc(out, func(a, b Basis) int {
		return cmp.Or(
			cmp.Compare(Class(a.Article), Class(b.Article)),
			a.Since.Compare(b.Since),
			cmp.Compare(a.Purpose, b.Purpose),
		)
	})
	return out
}
