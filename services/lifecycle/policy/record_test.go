package policy

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rodopath/rodopath/services/lifecycle/calendar"
	"github.com/rodopath/rodopath/services/lifecycle/fact"
	"github.com/rodopath/rodopath/services/lifecycle/report"
	"github.com/rodopath/rodopath/services/lifecycle/rules"
)

var rewrite = flag.Bool("rewrite", false, "write what comes out into testdata; read the difference before you keep it")

func written(t *testing.T, format Format, lang report.Language) string {
	t.Helper()
	p, err := Load(DefaultName, "Sklep Ani")
	if err != nil {
		t.Fatal(err)
	}
	measures, err := Measures(DefaultName, []byte(Text()))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := WriteRecord(&out, format, lang, p, measures); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestWriteRecord_ReadsAsTheFilesSay(t *testing.T) {
	for _, c := range []struct {
		format Format
		lang   report.Language
		file   string
	}{
		{FormatText, report.Polish, "record-pl.txt"}, {FormatText, report.English, "record-en.txt"},
		{FormatMarkdown, report.Polish, "record-pl.md"}, {FormatMarkdown, report.English, "record-en.md"},
	} {
		got := regexp.MustCompile(`pl@[0-9a-f]{12}`).ReplaceAllString(written(t, c.format, c.lang), "pl@REVISION")
		file := filepath.Join("testdata", c.file)
		if *rewrite {
			if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
				t.Fatal(err)
			}
			continue
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatalf("%v; go test -rewrite writes it", err)
		}
		if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); diff != "" {
			t.Errorf("%s differs (-want +got):\n%s", c.file, diff)
		}
	}
}

func TestWriteRecord_TellsWhatArticle30AsksFor(t *testing.T) {
	for _, format := range []Format{FormatText, FormatMarkdown, FormatCSV} {
		for lang, wants := range map[report.Language][]string{
			report.Polish:  {"dokumenty podatkowe", "art. 6 ust. 1 lit. c RODO", "Ordynacja podatkowa", "klienci", "faktura lub paragon", "księgowość", "USA", "końca roku sprzedaży", "szyfrowane"},
			report.English: {"tax documents", "Art. 6(1)(c) GDPR", "Ordynacja podatkowa", "customers", "invoice or receipt", "bookkeeper", "USA", "end of the year of the sale", "encrypted"},
		} {
			got := strings.Join(strings.Fields(written(t, format, lang)), " ")
			for _, want := range wants {
				if !strings.Contains(got, strings.Fields(want)[0]) {
					t.Errorf("%s in %s says nothing of %q", format, lang, want)
				}
			}
		}
	}
}

func TestWriteRecord_HasOneLineForEachRule(t *testing.T) {
	p, err := Load(DefaultName, "Sklep Ani")
	if err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(strings.NewReader(written(t, FormatCSV, report.Polish))).ReadAll()
	if err != nil || len(rows) != len(p.Rules)+1 {
		t.Errorf("CSV has %d rows for %d rules: %v", len(rows), len(p.Rules), err)
	}
	var record struct {
		Controller string            `json:"controller"`
		Measures   map[string]string `json:"measures"`
		Activities []Activity        `json:"activities"`
	}
	if err := json.Unmarshal([]byte(written(t, FormatJSON, report.English)), &record); err != nil {
		t.Fatal(err)
	}
	if len(record.Activities) != len(p.Rules) || record.Controller != "Sklep Ani" || record.Measures["pl"] == "" {
		t.Errorf(
			"JSON has %d activities for %d rules, controller %q, measures %v",
			len(record.Activities),
			len(p.Rules),
			record.Controller,
			record.Measures,
		)
	}
	for i, a := range record.Activities {
		if a.Rule != p.Rules[i].ID || a.Line != p.Rules[i].Line || a.Period.PL == "" || a.Period.EN == "" ||
			len(a.Categories) == 0 {
			t.Errorf("activity %d of rule %s says %+v", i, p.Rules[i].ID, a)
		}
		if strings.Contains(a.Period.PL, "_") || strings.Contains(a.Period.PL, "„") {
			t.Errorf("the period of rule %s is not said in Polish: %s", a.Rule, a.Period.PL)
		}
	}
}

func TestWriteRecord_HasNoFormulasInCSVAndNothingThatReordersText(t *testing.T) {
	p, err := Load(DefaultName, "Sklep\u202e")
	if err != nil {
		t.Fatal(err)
	}
	measures := map[string]string{"": `=HYPERLINK("https://example.com")` + "\u2066"}
	for _, format := range []Format{FormatText, FormatMarkdown, FormatCSV} {
		var out bytes.Buffer
		if err := WriteRecord(&out, format, report.Polish, p, measures); err != nil {
			t.Fatal(err)
		}
		if strings.ContainsAny(out.String(), "\u202e\u2066") {
			t.Errorf("%s holds marks of direction", format)
		}
		if format != FormatCSV {
			continue
		}
		rows, err := csv.NewReader(&out).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		if last := rows[1][len(rows[1])-1]; !strings.HasPrefix(last, "'=HYPERLINK") {
			t.Errorf("a cell is a formula: %s", last)
		}
	}
	var out bytes.Buffer
	if err := WriteRecord(&out, FormatJSON, report.Polish, p, measures); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), "Sklep\u202e") {
		t.Error("JSON is not exact")
	}
}

func TestWriteRecord_AnUnknownFormatIsAnError(t *testing.T) {
	p, err := Load(DefaultName, "")
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := WriteRecord(&out, "xml", report.Polish, p, nil); !errors.Is(err, ErrFormat) || out.Len() > 0 {
		t.Errorf("got %v and %q", err, out.String())
	}
	if err := WriteRecord(
		&out,
		FormatText,
		report.Polish,
		p,
		nil,
	); err != nil ||
		!strings.Contains(out.String(), "nie opisano w polityce") {
		t.Errorf("without measures: %v\n%s", err, out.String())
	}
}

func TestWriteRecord_TextOfThePolicyStaysInItsCell(t *testing.T) {
	p, err := Parse(
		"p.yaml",
		[]byte(strings.Replace(Text(), `en: "newsletter"}, term`, `en: "a|b <script>"}, term`, 1)),
		"",
	)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := WriteRecord(&out, FormatMarkdown, report.English, p, nil); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), `| a\|b &lt;script&gt; |`) {
		t.Errorf("the name is not escaped:\n%s", out.String())
	}
}

// TestBegin_NamesTheFirstDayOfARule and not the day before: the day begins at 23:00 UTC.
func TestBegin_NamesTheFirstDayOfARule(t *testing.T) {
	p, err := Load(DefaultName, "Sklep Ani")
	if err != nil {
		t.Fatal(err)
	}
	first := calendar.Date{Year: 2026, Month: time.February, Day: 1}
	r := rules.Rule{Raised: []fact.Kind{fact.KindSale}, From: first.Start(p.Place.Zone)}
	if got := report.Begin(p, &r).PL; !strings.Contains(got, "od dnia 2026-02-01") {
		t.Errorf("got %q, want the day 2026-02-01", got)
	}
}
