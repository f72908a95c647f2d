package console

import (
	_ "embed" // for the words
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// language is a language of the console.
type language string

const (
	polish  language = "pl"
	english language = "en"
)

// languages are all languages.
func languages() []language { return []language{polish, english} }

//go:embed words.yaml
var wordsSource []byte

// words are the texts of the console in one language, by key.
type words map[string]string

// readWords reads the texts of all languages.
func readWords() (map[language]words, error) {
	var all map[string]map[language]string
	if err := yaml.Unmarshal(wordsSource, &all); err != nil {
		return nil, fmt.Errorf("read the words of the console: %w", err)
	}
	out := map[language]words{}
	for _, l := range languages() {
		out[l] = words{}
		for key, texts := range all {
			if texts[l] == "" {
				return nil, fmt.Errorf("read the words of the console: %q is missing in %s", key, l)
			}
			out[l][key] = texts[l]
		}
	}
	return out, nil
}

// say returns the text of a key, with values in place of %s and %d; the key itself, readable, where no text is known.
func (w words) say(key string, values ...any) string {
	text, ok := w[key]
	switch {
	case !ok:
		_, last, cut := strings.Cut(key, "_")
		if !cut {
			last = key
		}
		return strings.ReplaceAll(last, "_", " ")
	case len(values) > 0:
		if text = inForms(text, values); strings.Contains(text, "%") {
			return fmt.Sprintf(text, values...)
		}
	}
	return text
}

// forms is a choice of forms by a number: {1:person|persons}, or three forms in Polish.
var forms = regexp.MustCompile(`\{([1-9]):([^{}]*)\}`)

// inForms chooses the forms of words by the values of a text.
func inForms(text string, values []any) string {
	return forms.ReplaceAllStringFunc(text, func(choice string) string {
		m := forms.FindStringSubmatch(choice)
		list := strings.Split(m[2], "|")
		if at := int(m[1][0] - '1'); at < len(values) {
			if n, err := strconv.Atoi(fmt.Sprint(values[at])); err == nil {
				return list[min(formOf(n, len(list)), len(list)-1)]
			}
		}
		return list[len(list)-1]
	})
}

// formOf is the index of the form for a number: one or others in two forms; one, few or many in the three of Polish.
func formOf(n, count int) int {
	switch {
	case n == 1:
		return 0
	case count > 2 && (n%10 < 2 || n%10 > 4 || n%100/10 == 1):
		return 2
	}
	return 1
}

// list returns the texts of several keys with a prefix, joined by commas.
func (w words) list(prefix string, ids []string) string {
	out := make([]string, len(ids))
	for i, id := range ids {
		out[i] = w.say(prefix + id)
	}
	return strings.Join(out, ", ")
}

// languageCookie keeps the language that the reader chose.
const languageCookie = "rodopath_language"

// languageOf is the language of a request: ?lang=, else the choice of before, else Accept-Language, else Polish.
func languageOf(r *http.Request) language {
	if asked := language(r.URL.Query().Get("lang")); asked == english || asked == polish {
		return asked
	}
	if c, err := r.Cookie(languageCookie); err == nil && (c.Value == string(english) || c.Value == string(polish)) {
		return language(c.Value)
	}
	first, _, _ := strings.Cut(r.Header.Get("Accept-Language"), ",")
	if strings.HasPrefix(first, "en") {
		return english
	}
	return polish
}
