package console

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

//go:embed templates/*.html
var templateFiles embed.FS

//go:embed assets
var assetFiles embed.FS

// asset is a file that pages load.
type asset struct {
	kind string
	body []byte
}

// assets are the files that pages load, by a name that changes with the content.
type assets struct {
	files map[string]asset
	// names are the changing names by the plain ones.
	names map[string]string
}

func readAssets() (*assets, error) {
	out := &assets{files: map[string]asset{}, names: map[string]string{}}
	kinds := map[string]string{".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8"}
	list, err := fs.ReadDir(assetFiles, "assets")
	if err != nil {
		return nil, fmt.Errorf("read the assets of the console: %w", err)
	}
	for _, entry := range list {
		kind, ok := kinds[path.Ext(entry.Name())]
		if !ok {
			continue
		}
		body, err := assetFiles.ReadFile("assets/" + entry.Name())
		if err != nil {
			return nil, fmt.Errorf("read the assets of the console: %w", err)
		}
		sum := sha256.Sum256(body)
		ext := path.Ext(entry.Name())
		name := strings.TrimSuffix(entry.Name(), ext) + "." + hex.EncodeToString(sum[:6]) + ext
		out.files[name], out.names[entry.Name()] = asset{kind, body}, name
	}
	return out, nil
}

// serve answers with an asset. Its name changes with the content, so a browser keeps the asset for good.
func (a *assets) serve(w http.ResponseWriter, r *http.Request) {
	file, ok := a.files[r.PathValue("file")]
	if !ok {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", file.kind)
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	_, _ = w.Write(file.body) // the browser has left
}

// pageNames are the pages, each a template of its own in the common frame.
func pageNames() []string {
	return []string{
		"login",
		"continue",
		"fault",
		"today",
		"path",
		"people",
		"person",
		"audience",
		"requests",
		"request",
		"deletions",
		"setup",
		"source",
		"import",
		"letter",
		"rules",
		"simulation",
		"retention",
		"journal",
		"annual",
		"sessions",
		"design",
	}
}

// pages are the templates of every page in every language. A template is read when the page is first shown: a console
// that nobody opens takes no memory for them.
type pages map[language]map[string]func() (*template.Template, error)

func newPages(texts map[language]words, a *assets, p *place) pages {
	out := pages{}
	for _, l := range languages() {
		out[l] = map[string]func() (*template.Template, error){}
		for _, name := range pageNames() {
			out[l][name] = sync.OnceValues(func() (*template.Template, error) {
				return readPage(name, funcs(l, texts[l], a, p))
			})
		}
	}
	return out
}

// readPage reads the template of a page in the common frame.
func readPage(name string, funcs template.FuncMap) (*template.Template, error) {
	t, err := template.New("layout.html").
		Funcs(funcs).
		ParseFS(templateFiles, "templates/layout.html", "templates/components.html", "templates/"+name+".html")
	if err != nil {
		return nil, fmt.Errorf("read the page %s of the console: %w", name, err)
	}
	return t, nil
}

// execute writes a template of a page; the template "layout.html" is the whole page.
func (p pages) execute(w io.Writer, l language, page, part string, content any) error {
	t, err := p[l][page]()
	if err != nil {
		return err
	}
	return t.ExecuteTemplate(w, part, content)
}

// errDict means that a template passes a key without a value.
var errDict = errors.New("dict needs pairs of a key and a value")

// funcs are the functions of the templates in one language.
func funcs(l language, w words, a *assets, p *place) template.FuncMap {
	return template.FuncMap{
		"t":          w.say,
		"has":        func(key string) bool { _, ok := w[key]; return ok },
		"in":         func(t text) string { return t.in(l) },
		"lang":       func() language { return l },
		"purpose":    func(id string) string { return w.say("purpose_" + id) },
		"categories": func(ids []string) string { return w.list("category_", ids) },
		"join":       func(list []string) string { return strings.Join(list, ", ") },
		"day":        func(at any) string { return day(at, p.zone()) },
		"lastDay":    func(due *time.Time) string { return lastDay(due, p.zone()) },
		"minute":     func(at any) string { return formatted(at, "2006-01-02 15:04", p.zone()) },
		"asset":      func(name string) string { return "/console/assets/" + a.names[name] },
		"query":      query,
		"pages": func(stage, mark string, other []string, by any, after string) template.URL {
			pairs := []any{"stage", stage, "mark", mark, "by", by, "after", after}
			for _, l := range other {
				pairs = append(pairs, "label", l)
			}
			return query(pairs...)
		},
		"change":     func(c string) string { return changeText(w, c) },
		"option":     func(choice, is string) string { return optionText(w, choice, is) },
		"actor":      func(by string) string { return actorText(w, by) },
		"about":      func(a act) string { return aboutText(w, &a) },
		"reasonOf":   func(r string) string { return reasonText(w, l, r) },
		"act":        func(name string) string { return w.say("did_" + strings.ReplaceAll(name, "-", "_")) },
		"until":      func(list []string) string { return strings.Join(list, "; ") },
		"svg":        func(s string) template.HTML { return template.HTML(s) }, //nolint:gosec // our own pictures
		"right":      func(kind string) string { return w.say("right_" + strings.TrimSuffix(kind, "_request")) },
		"add":        func(a, b int) int { return a + b },
		"delay":      func(d string) string { return delayText(w, d) },
		"browser":    browserName,
		"neg":        func(a int) int { return -a },
		"mul":        func(a, b int) int { return a * b },
		"texts":      func(list []text) string { return joinTexts(list, l) },
		"number":     func(n *int) int { return *n },
		"decimal":    func(n *float64) string { return decimal(l, *n) },
		"amounts":    func(items map[string]int) string { return amounts(w, items) },
		"named":      func(prefix string, items map[string]int) string { return numbered(w, prefix, items) },
		"part":       func(name string) string { return partName(w, name) },
		"sources":    func(ids []string) string { return sourcesText(w, ids) },
		"strings":    func(items ...string) []string { return items },
		"article":    func(a string) string { return article(l, a) },
		"alarm":      func(key, text string) string { return alarmText(w, key, text) },
		"paragraphs": func(s string) []string { return strings.Split(strings.TrimSpace(s), "\n\n") },
		"kinds": func(ids []string) string {
			if len(ids) == 0 {
				return w.say("arrived_nothing")
			}
			return w.list("fact_", ids)
		},
		"dict": func(pairs ...any) (map[string]any, error) {
			if len(pairs)%2 != 0 {
				return nil, errDict
			}
			out := map[string]any{}
			for i := 0; i < len(pairs); i += 2 {
				key, ok := pairs[i].(string)
				if !ok {
					return nil, errDict
				}
				out[key] = pairs[i+1]
			}
			return out, nil
		},
		"list": func(items ...any) []any { return items },
	}
}

// joinTexts joins texts in a language.
func joinTexts(list []text, l language) string {
	out := make([]string, len(list))
	for i, t := range list {
		out[i] = t.in(l)
	}
	return strings.Join(out, ", ")
}

// amounts names categories with their numbers.
func amounts(w words, items map[string]int) string { return numbered(w, "category_", items) }

// numbered names the ids of a prefix with their numbers.
func numbered(w words, prefix string, items map[string]int) string {
	var out []string
	for _, id := range slices.Sorted(maps.Keys(items)) {
		out = append(out, fmt.Sprintf("%s %d", w.say(prefix+id), items[id]))
	}
	return strings.Join(out, ", ")
}

// sourcesText names sources; what the controller recorded has no platform for a source.
func sourcesText(w words, ids []string) string {
	out := slices.Clone(ids)
	for i := range out {
		if out[i] == sourceHand {
			out[i] = w.say("recorded_hand")
		}
	}
	return strings.Join(out, ", ")
}

// decimal writes a number with the decimal sign of a language.
func decimal(l language, n float64) string {
	out := strconv.FormatFloat(n, 'f', -1, 64)
	if l == polish {
		out = strings.Replace(out, ".", ",", 1)
	}
	return out
}

// changeText is a change of the policy in words.
func changeText(w words, change string) string {
	name, is, _ := strings.Cut(change, "=")
	if rule, ok := strings.CutSuffix(name, ".until"); ok {
		return w.say("change_until", rule, is)
	}
	return w.say("choice_"+name) + ": " + optionText(w, name, is)
}

// optionText is an option of a choice in words; an option that the words do not know is told as the policy has it.
func optionText(w words, choice, is string) string {
	if says, ok := w["option_"+choice+"_"+is]; ok {
		return says
	}
	return is
}

// actorText is who acted: a role with a name, or a program.
func actorText(w words, by string) string {
	role, name, _ := strings.Cut(by, " ")
	says, ok := w["role_"+role]
	switch {
	case !ok:
		return w.say("actor_" + by)
	case name == "":
		return says
	}
	return name + ", " + says
}

// aboutText is what an act is about, where no page leads to it: how somebody signed in, or what was taken out.
func aboutText(w words, a *act) string {
	way, name, _ := strings.Cut(a.About, " ")
	if says, ok := w["signed_by_"+way]; ok && a.Kind == "sign-in" {
		return strings.TrimSpace(says + " " + name)
	}
	if a.Act == "session-end" {
		return actorText(w, a.About)
	}
	if use := strings.Split(
		a.About,
		":",
	); strings.HasPrefix(a.Act, "export-") && len(use) > 1 &&
		w["purpose_"+use[0]] != "" {
		out := w.say("purpose_"+use[0]) + ", " + w.say("channel_"+use[1])
		if len(use) > 2 {
			out += ": " + w.say("answer_"+use[2])
		}
		return out
	}
	return a.About
}

// reasonText is the purpose and the article of a basis that ended.
func reasonText(w words, l language, reason string) string {
	purpose, cited, _ := strings.Cut(reason, " ")
	return w.say("purpose_"+purpose) + ", " + article(l, cited)
}

// partName names a part of a history; an unknown part has the name that its reader gives.
func partName(w words, name string) string {
	base, again := strings.CutSuffix(name, " that changed meanwhile")
	if says, ok := w["part_"+strings.ReplaceAll(base, " ", "_")]; ok {
		base = says
	}
	if again {
		base += ", " + w.say("part_again")
	}
	return base
}

// alarmText is an alarm as a sentence of the language, by its kind; an unknown kind is told as the journal tells it.
func alarmText(w words, key, text string) string {
	kind, _, _ := strings.Cut(key, ":")
	if says, ok := w["alarm_"+kind]; ok {
		return says
	}
	return text
}

// article cites an article of the GDPR, such as 6(1)(b).
func article(l language, cited string) string {
	if l != polish {
		return "Art.\u00a0" + cited
	}
	parts := strings.Split(strings.NewReplacer(")(", "(", ")", "").Replace(cited), "(")
	out := "art.\u00a0" + parts[0]
	if len(parts) > 1 {
		out += " ust.\u00a0" + parts[1]
	}
	if len(parts) > 2 {
		out += " lit.\u00a0" + parts[2]
	}
	return out
}

// day writes the date of a time; a text is taken as it is.
func day(at any, zone *time.Location) string {
	if s, ok := at.(string); ok {
		return s
	}
	return formatted(at, time.DateOnly, zone)
}

// lastDay writes the last day before a deadline, which is the first instant that is late; empty for none.
func lastDay(due *time.Time, zone *time.Location) string {
	if due == nil {
		return ""
	}
	return day(due.Add(-1), zone)
}

// formatted writes a time in a zone; empty for none.
func formatted(at any, layout string, zone *time.Location) string {
	switch at := at.(type) {
	case time.Time:
		if !at.IsZero() {
			return at.In(zone).Format(layout)
		}
	case *time.Time:
		if at != nil {
			return formatted(*at, layout, zone)
		}
	}
	return ""
}

// query writes a query from pairs of a name and a value, without the empty ones. A value stands escaped.
func query(pairs ...any) template.URL {
	q := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		if value := fmt.Sprint(pairs[i+1]); value != "" && value != "[]" {
			q.Add(fmt.Sprint(pairs[i]), value)
		}
	}
	return template.URL("?" + q.Encode()) //nolint:gosec // the values are escaped
}
