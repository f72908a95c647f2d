package console

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// picture is the legal bases of a person over time, as bars.
type picture struct {
	Height int
	Bars   []shownBasis
	// Years are the beginnings of years, Today the place of the present.
	Years []year
	Today int
	// Says describes the picture for readers who do not see it.
	Says string
}

// shownBasis is the bar of one purpose and article.
type shownBasis struct {
	Label, Article string
	// X, Width and Y are in units of the picture.
	X, Width, Y int
	// Class is the color by the letter of Art. 6(1).
	Class string
	// Open reports whether no end is known.
	Open bool
}

type year struct {
	Name string
	X    int
}

// The heights of the picture in pixels, and the most bars that are shown.
const (
	rowHeight = 26
	axis      = 24
	maxBars   = 24
	canvas    = 1000
	// labels is the width of the column of labels.
	labels = 250
	// maxYears is the number of years that are named.
	maxYears = 14
)

// newPicture draws the bases of a person: the longest ones, one bar for each purpose and article.
func newPicture(bases []basis, now time.Time, lang language) picture {
	if len(bases) == 0 {
		return picture{}
	}
	from, to := bases[0].Since, now.AddDate(1, 0, 0)
	for i := range bases {
		if bases[i].Since.Before(from) {
			from = bases[i].Since
		}
		if until := bases[i].Until; until != nil && until.After(to) {
			to = *until
		}
	}
	from = time.Date(from.Year(), 1, 1, 0, 0, 0, 0, time.UTC)
	share := func(t time.Time) int {
		return labels + int((canvas-labels)*t.Sub(from).Hours()/max(to.Sub(from).Hours(), 1))
	}
	p := picture{Today: share(now)}
	every := 1 + (to.Year()-from.Year())/maxYears
	for y := from.Year(); y <= to.Year(); y += every {
		p.Years = append(p.Years, year{strconv.Itoa(y), share(time.Date(y, 1, 1, 0, 0, 0, 0, time.UTC))})
	}
	said := []string{}
	for _, b := range joined(bases) {
		if len(p.Bars) == maxBars {
			break
		}
		end := to
		if b.Until != nil {
			end = *b.Until
		}
		p.Bars = append(p.Bars, shownBasis{
			Label: wordsOf(lang).purpose(b.Purpose), Article: b.Article, X: share(b.Since), Y: axis + rowHeight*len(p.Bars),
			Width: max(1, share(end)-share(b.Since)), Class: class(b.Article), Open: b.Until == nil,
		})
		last := wordsOf(lang).NoEnd
		if b.Until != nil {
			last = b.Until.Format(time.DateOnly)
		}
		said = append(said, wordsOf(lang).purpose(b.Purpose)+" "+b.Since.Format(time.DateOnly)+" – "+last)
	}
	p.Height, p.Says = axis+rowHeight*len(p.Bars), strings.Join(said, "; ")
	return p
}

// joined returns one basis for each purpose and article, from the first beginning to the last end, in order of
// beginnings.
func joined(bases []basis) []basis {
	var out []basis
	for _, b := range bases {
		n := slices.IndexFunc(out, func(have basis) bool { return have.Purpose == b.Purpose && have.Article == b.Article })
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
	slices.SortStableFunc(out, func(a, b basis) int {
		return cmp.Or(a.Since.Compare(b.Since), cmp.Compare(a.Purpose, b.Purpose))
	})
	return out
}

// class is the color of an article: the letter of Art. 6(1), or "hold" for an exception.
func class(article string) string {
	if letter, ok := strings.CutPrefix(article, "6(1)("); ok {
		return "basis-" + strings.TrimSuffix(letter, ")")
	}
	return "basis-hold"
}
