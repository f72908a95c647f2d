package consoletest_test

import (
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
)

// pictures is a directory for pictures of every page, as docs/pictures has them.
var pictures = flag.String("pictures", "", "write pictures of every page to a directory")

// shownPage is a page of the console with a populated installation.
type shownPage struct{ name, path string }

func (s *shop) shownPages() []shownPage { return s.pagesOf(s.subject("ala@example.com")) }

// pagesOf are the pages, with that of one person.
func (*shop) pagesOf(person string) []shownPage {
	return []shownPage{
		{"today", "/console/"},
		{"path", "/console/path"},
		{"people", "/console/people?stage=customer"},
		{"person", "/console/people/" + person},
		{"person-day", "/console/people/" + person + "?at=2030-01-01"},
		{"audience", "/console/audience"},
		{"audience-no", "/console/audience?answer=unproven"},
		{
			"requests",
			"/console/requests",
		},
		{"requests-closed", "/console/requests?state=closed"},
		{"request", "/console/requests/wniosek-3"},
		{"letter", "/console/requests/wniosek-1/letter"},
		{"deletions", "/console/deletions"},
		{"deletions-open", "/console/deletions?state=open"},
		{"setup", "/console/setup?products=1"},
		{"source", "/console/setup/shop"},
		{"import", "/console/setup/shop/import?preview=1"},
		{"sessions", "/console/sessions"},
		{"rules", "/console/rules"},
		{"retention", "/console/rules/retention"},
		{"journal", "/console/journal"},
		{"design", "/console/design"},
		{"fault", "/console/people/unknown"},
		{"login", "/console/login"},
	}
}

// TestPages_AreAllShown: every page of the console is looked at by axe, and is among the pictures of "make pictures".
func TestPages_AreAllShown(t *testing.T) {
	shown := map[string]bool{
		"layout": true, "components": true, // no pages
		"continue":   true,                 // sends the browser on at once
		"simulation": true, "annual": true, // by the stories of rules and of the report
	}
	for _, p := range (&shop{t: t}).pagesOf("x") {
		shown[p.name] = true
	}
	files, err := filepath.Glob("../../console/templates/*.html")
	if err != nil || len(files) == 0 {
		t.Fatalf("the templates are not found: %v", err)
	}
	for _, path := range files {
		if name := strings.TrimSuffix(filepath.Base(path), ".html"); !shown[name] {
			t.Errorf("the page %s is in no picture: add it to shownPages, or show it in a story", name)
		}
	}
}

// TestPages_AreAccessible checks every page with axe, in three widths and both themes, in Polish and English.
func TestPages_AreAccessible(t *testing.T) {
	s := newShop(t, "")
	s.populate()
	b := s.signedIn()
	for _, p := range s.shownPages() {
		for _, lang := range []string{"pl", "en"} {
			sep := "?"
			if strings.Contains(p.path, "?") {
				sep = "&"
			}
			b.size(1280, false)
			b.open(p.path + sep + "lang=" + lang)
			for _, width := range []int64{360, 768, 1280} {
				for _, dark := range []bool{false, true} {
					theme := map[bool]string{false: "light", true: "dark"}[dark]
					if lang == "en" && (dark || width != 360) {
						continue // the words alone differ
					}
					b.size(width, dark)
					what := fmt.Sprintf("%s-%s-%d-%s", p.name, lang, width, theme)
					b.accessible(what)
					if *pictures != "" && lang == "pl" {
						b.picture(filepath.Join(*pictures, "console", what+".webp"))
					}
				}
			}
		}
	}
}

// everywhere checks the page with axe in three widths and both themes, and, with -pictures, writes its pictures. The
// window is that of a desk afterwards.
func (b *tab) everywhere(name string) {
	b.t.Helper()
	for _, width := range []int64{360, 768, 1280} {
		for _, theme := range []string{"light", "dark"} {
			b.size(width, theme == "dark")
			what := fmt.Sprintf("%s-pl-%d-%s", name, width, theme)
			b.accessible(what)
			if *pictures != "" {
				b.picture(filepath.Join(*pictures, "console", what+".webp"))
			}
		}
	}
	b.size(1280, false)
}

// TestDocuments_AreAccessible checks the documents for data subjects and recipients, and, with -pictures, writes their
// pictures and those of README.
func TestDocuments_AreAccessible(t *testing.T) {
	dir := *pictures
	if dir == "" {
		dir = t.TempDir()
	}
	s := newShop(t, "public_url: https://hooks.example.com\nprivacy_notice: https://shop.example.com/privacy\n")
	s.populate()
	b := s.signedIn()
	b.most = 1000
	for name, path := range map[string]string{
		"console-today": "/console/", "console-person": "/console/people/" + s.subject("ala@example.com"), "console-path": "/console/path",
	} {
		b.size(1280, false)
		b.open(path)
		b.picture(filepath.Join(dir, name+".png"))
	}
	b.size(360, false)
	b.most = 2100
	b.document(filepath.Join(dir, "report-pl-360.png"), s.text(http.MethodPost, s.Control.API+"/v1/export",
		`{"person": "ala@example.com", "form": "page", "lang": "pl"}`))
	b.size(794, false)
	call(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: "print"})
	b.most = 1123
	b.picture(filepath.Join(dir, "report-pl-paper.png"))
	s.ask(http.MethodPost, "/v1/live", object{"recipients": []string{"crm"}}, nil)
	var consent string
	for consent == "" {
		select {
		case event := <-s.crm:
			if _, rest, ok := strings.Cut(event, "https://hooks.example.com"); ok {
				consent, _, _ = strings.Cut(rest, `"`)
			}
		case <-time.After(20 * time.Second):
			t.Fatal("the CRM received no question for consent")
		}
	}
	b.size(360, false)
	b.document(filepath.Join(dir, "consent-en-360.png"), s.text(http.MethodGet, s.Control.Webhooks+consent+"?lang=en", ""))
	var open struct{ Decisions []struct{ Decision string } }
	s.ask(http.MethodGet, "/v1/decisions?state=open&recipient=crm", nil, &open)
	id := open.Decisions[0].Decision
	s.ask(
		http.MethodPost,
		"/v1/decisions/receipts",
		object{"decision": id, "recipient": "crm", "outcome": "done", "at": time.Now().UTC()},
		nil,
	)
	s.settle()
	b.document(filepath.Join(dir, "certificate-pl-360.png"),
		s.text(http.MethodGet, s.Control.API+"/v1/decisions/"+id+"/certificate?form=page&lang=pl", ""))
}

// text returns an answer as it is.
func (s *shop) text(method, address, body string) string {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), method, address, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+s.Control.Token)
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		s.t.Fatalf("%s: %d %s %v", address, res.StatusCode, answer, err)
	}
	return string(answer)
}

// document takes a picture of a document, and checks it with axe.
func (b *tab) document(path, html string) {
	b.t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = io.WriteString(w, html)
	}))
	defer srv.Close()
	base := b.base
	b.base = srv.URL
	b.open("/")
	b.base = base
	b.accessible(path)
	b.picture(path)
}
