package console

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/rodopath/rodopath/services/lifecycle/policy"
)

// technical is what an owner without a terminal can do nothing with: commands, files and keys of the configuration.
var technical = regexp.MustCompile(
	`„rodopath |“rodopath |data/|docs/|konfiguracj|the configuration|\b(?:read|console|source|policy)\.[a-z_]+|per_minute|max_body|` +
		`uruchom program|start the program|(?:log|dziennik) (?:of the )?program`,
)

// asides begin the part of a sentence for a technical person.
func asides() []string { return []string{"Dla osoby technicznej: ", "For a technical person: "} }

// TestWords_SayFirstWhatTheOwnerCanDo: a sentence that names a command, a file or a key of the configuration says first
// what to do in the console or whom to give the sentence to.
func TestWords_SayFirstWhatTheOwnerCanDo(t *testing.T) {
	all, err := readWords()
	if err != nil {
		t.Fatal(err)
	}
	for lang, texts := range all {
		for key, said := range texts {
			if strings.HasSuffix(key, "_detail") { // shown behind the summary for a technical person
				continue
			}
			for _, aside := range asides() {
				said, _, _ = strings.Cut(said, aside)
			}
			if found := technical.FindString(said); found != "" {
				t.Errorf("%s in %s sends the owner to %q first: %s", key, lang, found, said)
			}
		}
	}
}

// TestWords_NameEveryAct: the journal of acts has no act that the console cannot name.
func TestWords_NameEveryAct(t *testing.T) {
	routes, err := os.ReadFile("../lifecycle/httpapi/api.go")
	if err != nil {
		t.Fatal(err)
	}
	all, err := readWords()
	if err != nil {
		t.Fatal(err)
	}
	names := []string{
		actSignIn, actSignInFailed, actSignInLocked, actSignOut, actSessionEnd, actPasskeyAdded, actPasskeyRemoved,
		"request-verify", "request-extend", "request-decide", "request-answer", "request-lift",
		"request-mistake",
	}
	for _, m := range regexp.MustCompile(`a\.act(?:If)?\("([a-z-]+)"`).FindAllSubmatch(routes, -1) {
		names = append(names, string(m[1]))
	}
	if len(names) < 40 {
		t.Fatalf("got %d acts, want those of all routes", len(names))
	}
	for _, name := range names {
		if _, ok := all[polish]["did_"+strings.ReplaceAll(name, "-", "_")]; !ok {
			t.Errorf("the act %q has no name", name)
		}
	}
}

// TestWords_HaveTheFormOfANumber in both languages, and every choice of forms has as many as its language.
func TestWords_HaveTheFormOfANumber(t *testing.T) {
	all, err := readWords()
	if err != nil {
		t.Fatal(err)
	}
	for n, want := range map[int][2]string{
		1: {"Czeka 1 osoba z", "1 person with deletions waits"}, 3: {"Czekają 3 osoby z", "3 persons with deletions wait"},
		5: {"Czeka 5 osób z", "5 persons"}, 12: {"Czeka 12 osób z", "12 persons"}, 22: {"Czekają 22 osoby z", "22 persons"},
		101: {"Czeka 101 osób z", "101 persons"}, 113: {"Czeka 113 osób z", "113 persons"},
	} {
		for i, l := range languages() {
			if got := all[l].say("go_live_what", n); !strings.HasPrefix(got, want[i]) {
				t.Errorf("%d in %s: got %q, want %q", n, l, got, want[i])
			}
		}
	}
	plain := regexp.MustCompile(`%d (?:osób|persons|dni|days|razy|times)\b`)
	for l, texts := range all {
		for key, text := range texts {
			if found := plain.FindString(text); found != "" {
				t.Errorf("%s in %s has one form for every number: %s", key, l, found)
			}
			for _, m := range forms.FindAllStringSubmatch(text, -1) {
				if got, want := strings.Count(m[2], "|"), map[language]int{polish: 2, english: 1}[l]; got != want {
					t.Errorf("%s in %s: got %d forms in %q, want %d", key, l, got+1, m[0], want+1)
				}
			}
		}
	}
}

// TestBrowserName names what people know, and keeps what is unknown.
func TestBrowserName(t *testing.T) {
	for agent, want := range map[string]string{
		"Mozilla/5.0 (X11; Linux x86_64) Firefox/150.0":                                                             "Firefox, Linux",
		"Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36 Edg/140.0": "Edge, Windows",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) Version/19.0 Mobile Safari/604.1":                   "Safari, iPhone",
		"curl/8.0": "curl/8.0",
	} {
		if got := browserName(agent); got != want {
			t.Errorf("%s: got %q, want %q", agent, got, want)
		}
	}
}

// TestDelayText says days where a delay is a number of days.
func TestDelayText(t *testing.T) {
	all, err := readWords()
	if err != nil {
		t.Fatal(err)
	}
	for delay, want := range map[string]string{"168h0m0s": "7 dni", "36h0m0s": "36h", "30m0s": "30m"} {
		if got := delayText(all[polish], delay); got != want {
			t.Errorf("%s: got %q, want %q", delay, got, want)
		}
	}
}

// TestWords_RisksNameOptionsAsTheFormDoes: a risk of the default policy names no option by its id, and what a risk
// quotes is the name of a choice or of an option.
func TestWords_RisksNameOptionsAsTheFormDoes(t *testing.T) {
	all, err := readWords()
	if err != nil {
		t.Fatal(err)
	}
	extends := []byte("policy: mine\nextends: pl\n")
	p, err := policy.Parse("mine.yaml", extends, "")
	if err != nil {
		t.Fatal(err)
	}
	settings, err := policy.ReadSettings("mine.yaml", extends, p)
	if err != nil {
		t.Fatal(err)
	}
	quoted := regexp.MustCompile(`[„“]([^”]+)”`)
	named := 0
	for _, c := range settings.Choices {
		ids := regexp.MustCompile(`\b(` + c.ID + `: ?[a-z0-9]|ksef\b|[a-z]+_[a-z_]+)`)
		for _, o := range c.Options {
			for _, risk := range o.Risks {
				for _, l := range languages() {
					says := risk.Says[string(l)]
					if id := ids.FindString(says); id != "" {
						t.Errorf("the risk of %s=%s in %s names %q by its id: %s", c.ID, o.Value, l, id, says)
					}
					for _, m := range quoted.FindAllStringSubmatch(says, -1) {
						named++
						if !hasText(all[l], m[1]) {
							t.Errorf("the risk of %s=%s in %s names %q, which the form does not", c.ID, o.Value, l, m[1])
						}
					}
				}
			}
		}
	}
	if named == 0 {
		t.Error("no risk names an option")
	}
}

// hasText reports whether a choice or an option has a name.
func hasText(w words, name string) bool {
	for key, text := range w {
		if text == name && (strings.HasPrefix(key, "choice_") || strings.HasPrefix(key, "option_")) {
			return true
		}
	}
	return false
}
