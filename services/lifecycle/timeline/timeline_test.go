package timeline_test

import (
	"encoding/xml"
	"errors"
	"io"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rodopath/rodopath/services/lifecycle/timeline"
)

func day(y int, m time.Month, d int) time.Time { return time.Date(y, m, d, 0, 0, 0, 0, time.UTC) }

// TestPicture_DrawsBasesFactsAndTheDay also draws names that would be markup.
func TestPicture_DrawsBasesFactsAndTheDay(t *testing.T) {
	until := day(2032, 1, 1)
	p := timeline.Picture{
		Bases: []timeline.Basis{
			{Purpose: "books", Article: "6(1)(c)", Since: day(2026, 5, 1), Until: &until},
			{Purpose: "newsletter", Article: "6(1)(a)", Since: day(2024, 2, 1)},
			{Purpose: "books", Article: "6(1)(c)", Since: day(2025, 5, 1), Until: &until},
			{Purpose: `<script>alert(1)</script>"`, Article: "17(3)(e)", Since: day(2026, 1, 1)},
		},
		Marks: []timeline.Mark{{At: day(2025, 5, 1), Name: `a sale of "x" <b>`}},
		At:    day(2026, 11, 29),
		Words: timeline.Words{Today: "today", Facts: "facts", NoEnd: "no known end", Until: "until"},
	}
	svg := p.SVG()
	dec := xml.NewDecoder(strings.NewReader(svg))
	bars := 0
	for {
		token, err := dec.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("no XML: %v\n%s", err, svg)
		}
		if e, ok := token.(xml.StartElement); ok {
			if e.Name.Local == "script" || e.Name.Local == "b" {
				t.Errorf("a name is markup: %s", svg)
			}
			if e.Name.Local == "rect" {
				bars++
			}
		}
	}
	if bars != 3 {
		t.Errorf("got %d bars, want 3: one for each purpose and article", bars)
	}
	for _, want := range []string{`class="t-a"`, `class="t-c"`, `class="t-x"`, "until 2031-12-31", "today 2026-11-29", `class="mark"`} {
		if !strings.Contains(svg, want) {
			t.Errorf("the picture lacks %q:\n%s", want, svg)
		}
	}
	if strings.Index(svg, `class="t-a"`) > strings.Index(svg, `class="t-c"`) {
		t.Error("the bars are not ordered by letter")
	}
	if says := p.Says(); !strings.Contains(says, "newsletter, 6(1)(a): 2024-02-01 – no known end") {
		t.Errorf("the description: got %q", says)
	}
	empty := &timeline.Picture{At: day(2026, 1, 1)}
	if got := empty.SVG() + empty.Narrow(); got != "" {
		t.Errorf("without a basis: got %q, want nothing", got)
	}
}

// TestPicture_FitsANarrowScreen draws everything within 320 units, with every name and every end as a text.
func TestPicture_FitsANarrowScreen(t *testing.T) {
	until := day(2032, 1, 1)
	p := timeline.Picture{
		Bases: []timeline.Basis{
			{Purpose: "books", Article: "6(1)(c)", Since: day(2020, 5, 1), Until: &until},
			{Purpose: "newsletter", Article: "6(1)(a)", Since: day(2024, 2, 1)},
		},
		Marks: []timeline.Mark{{At: day(2020, 1, 1), Name: "a sale"}, {At: day(2033, 12, 31), Name: "another"}},
		At:    day(2033, 12, 30),
		Words: timeline.Words{Today: "today", Facts: "facts", NoEnd: "no known end", Until: "until"},
	}
	svg := p.Narrow()
	for _, want := range []string{"books (c)", "newsletter (a)", ">until 2031-12-31<", ">no known end<", "facts"} {
		if !strings.Contains(svg, want) {
			t.Errorf("the picture lacks %q:\n%s", want, svg)
		}
	}
	places := regexp.MustCompile(` (?:x|x1|x2|cx)="(-?\d+)"(?: y="\d+" width="(\d+)")?`).FindAllStringSubmatch(svg, -1)
	if len(places) < 8 {
		t.Fatalf("got %d places in\n%s", len(places), svg)
	}
	for _, m := range places {
		x, _ := strconv.Atoi(m[1])
		w, _ := strconv.Atoi(m[2])
		if x < 0 || x+w > 320 {
			t.Errorf("%s is outside of 320 units:\n%s", m[0], svg)
		}
	}
}

// TestPicture_EveryEndIsATextInThePicture: also that of a bar from the first to the last day of the scale, and no end
// is written over a bar.
func TestPicture_EveryEndIsATextInThePicture(t *testing.T) {
	long, short := day(2040, 12, 31), day(2021, 6, 1)
	p := timeline.Picture{
		Bases: []timeline.Basis{
			{Purpose: "roszczenia", Article: "6(1)(f)", Since: day(2020, 1, 1), Until: &long},
			{Purpose: "newsletter", Article: "6(1)(a)", Since: day(2020, 1, 1)},
			{Purpose: "rozmowy przed umową", Article: "6(1)(b)", Since: day(2020, 1, 1), Until: &short},
			{Purpose: "ograniczenie przetwarzania danych", Article: "18(1)(c)", Since: day(2039, 1, 1), Until: &long},
		},
		At:    day(2026, 11, 29),
		Words: timeline.Words{Today: "dziś", Facts: "zdarzenia", NoEnd: "bez znanego końca", Until: "do"},
	}
	const width, perLetter = 1000, 8
	svg := p.SVG()
	for _, want := range []string{"do 2040-12-30", "bez znanego końca", "do 2021-05-31"} {
		if !strings.Contains(svg, ">"+want+"<") {
			t.Errorf("the picture lacks the end %q:\n%s", want, svg)
		}
	}
	bars := regexp.MustCompile(`<rect class="t-\w" x="(\d+)" y="(\d+)" width="(\d+)"`).FindAllStringSubmatch(svg, -1)
	ends := regexp.MustCompile(`<text class="axis" x="(\d+)" y="(\d+)">((?:do|bez)[^<]+)<`).FindAllStringSubmatch(svg, -1)
	if len(bars) != 4 || len(ends) != 4 {
		t.Fatalf("got %d bars with %d ends, want 4 of both:\n%s", len(bars), len(ends), svg)
	}
	for i := range bars {
		number := func(s string) int { n, _ := strconv.Atoi(s); return n }
		to, from := number(bars[i][1])+number(bars[i][3]), number(ends[i][1])
		if from < to || from+perLetter*len([]rune(ends[i][3])) > width {
			t.Errorf(
				"the end %q is at %d, behind a bar to %d; want it beside the bar and within %d",
				ends[i][3],
				from,
				to,
				width,
			)
		}
	}
}
