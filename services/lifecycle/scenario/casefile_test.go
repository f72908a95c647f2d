package scenario_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rodopath/rodopath/services/lifecycle/lifecycletest"
	"github.com/rodopath/rodopath/services/lifecycle/rules"
	"github.com/rodopath/rodopath/services/lifecycle/scenario"
)

// run reads and runs one file and returns all that is wrong, as it is shown.
func run(text string) string {
	cases, err := scenario.Read(strings.NewReader(text))
	if err != nil {
		return err.Error()
	}
	var out strings.Builder
	for _, c := range cases {
		for _, f := range scenario.Run(lifecycletest.Changed, c) {
			out.WriteString(f.String() + "\n")
		}
	}
	return out.String()
}

func TestRun_ShowsExpectedAgainstGot(t *testing.T) {
	got := run("case wrong\n2026-03-01 10:00 sale order-1\n  delete everything\n")
	want := `line 2, case "wrong": 2026-03-01 10:00 sale order-1
  expected:
    delete everything
  got:
    ask-consent offers by email

`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestRun_ExpectingNothingIsAnExpectation(t *testing.T) {
	got := run("case silent\n2026-03-01 10:00 sale order-1\n")
	if !strings.Contains(got, "(nothing)") || !strings.Contains(got, "ask-consent") {
		t.Errorf("got %s", got)
	}
}

func TestRun_SaysWhatCannotBeRead(t *testing.T) {
	for text, want := range map[string]string{
		"2026-03-01 10:00 sale\n":                                  `line 1: a file begins with a line "case NAME"`,
		"case a\n  delete contact\n":                               "line 2: an expectation needs a line with a time before it",
		"case a\ntomorrow sale\n":                                  `does not begin with a time like 2026-03-01 10:00`,
		"case a\n2026-03-01T10 sale\n":                             `does not begin with a time`,
		"case a\n2026-03-01 10:00\n":                               "is neither a fact nor a question",
		"case a\n2026-03-01 10:00 sail order-1\n":                  `"sail" is neither a kind of fact nor a question`,
		"case a\n2026-03-01 10:00 sale order-1 order-2\n":          `unknown word "order-2"`,
		"case a\n2026-03-01 10:00 sale order-1 colour=red\n":       `unknown word "colour"`,
		"case a\n2026-03-01 10:00 sale order-1 days=\n":            "days= has no value",
		"case a\n2026-03-01 10:00 sale order-1 occurred=monday\n":  `"monday" is not a time like 2026-03-01T09:00Z`,
		"case a\n2026-03-02 10:00 time\n2026-03-01 10:00 time\n":   "before the line above",
		"case a\n2026-03-01 10:00 may offers with love\n":          "may PURPOSE by CHANNEL",
		"case a\n2026-03-01 10:00 approve\n":                       "no policy awaits approval",
		"case a\n2026-03-01 10:00 join nobody\n":                   "join needs the name of another person",
		"case a\n2026-03-01 10:00 told crm\n":                      "the recipients are those of the case",
		"case a\n2026-03-01 10:00 policy shorter\n":                "is not a change of a policy",
		"case a\n2026-03-01 10:00 policy webnar.until=\"1 day\"\n": "the policy has no webnar.until",
		"case a\nwith claims=never\n2026-03-01 10:00 time\n":       `claims cannot be "never"`,
	} {
		if got := run(text); !strings.Contains(got, want) {
			t.Errorf("%s\ngot  %s\nwant %s", text, got, want)
		}
	}
}

func TestRead_QuotesHoldWordsTogether(t *testing.T) {
	got := run(
		"case a\n2026-03-01 10:00 policy webinar.until=\"60 days after webinar\"\n2026-03-02 10:00 webinar w reason=\"two words\"\n2026-03-02 10:00 holds\n  contact until 2026-05-01 for webinar 6(1)(b)\n  webinar(w) until 2026-05-01 for webinar 6(1)(b)\n",
	)
	if got != "" {
		t.Error(got)
	}
}

func FuzzRun(f *testing.F) {
	files, err := filepath.Glob("../testdata/cases/*.case")
	if err != nil || len(files) == 0 {
		f.Fatalf("no cases: %v", err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		for c := range strings.SplitSeq(string(data), "\ncase ") {
			f.Add("case " + strings.TrimPrefix(c, "case "))
		}
	}
	shipped := lifecycletest.Policy(f)
	f.Fuzz(func(_ *testing.T, text string) {
		cases, err := scenario.Read(strings.NewReader(text))
		if err != nil || len(text) > 4000 {
			return
		}
		for _, c := range cases {
			scenario.Run(func(changes []string) (*rules.Policy, error) {
				if len(changes) == 0 {
					return shipped, nil
				}
				return lifecycletest.Changed(changes)
			}, c)
		}
	})
}
