package consoletest_test

import (
	"flag"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
)

// pictures is a directory for pictures of every page, as docs/pictures has them.
var pictures = flag.String("pictures", "", "write pictures of every page to a directory")

// shownPage is a page of the console with a populated installation.
type shownPage struct{ name, path string }

func (s *shop) shownPages() []shownPage {
	return []shownPage{
		{"today", "/console/"}, {"path", "/console/path"}, {"people", "/console/people?stage=customer"},
		{"person", "/console/people/" + s.subject("ala@example.com")},
		{"person-day", "/console/people/" + s.subject("ala@example.com") + "?at=2030-01-01"},
		{"audience", "/console/audience"}, {"audience-no", "/console/audience?answer=unproven"},
		{"requests", "/console/requests"}, {"request", "/console/requests/wniosek-3"},
		{"letter", "/console/requests/wniosek-1/letter"},
		{"deletions", "/console/deletions"}, {"deletions-open", "/console/deletions?state=open"},
		{"setup", "/console/setup?products=1"}, {"source", "/console/setup/shop"}, {"sessions", "/console/sessions"},
		{"design", "/console/design"}, {"fault", "/console/people/unknown"}, {"login", "/console/login"},
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
					if *pictures != "" {
						b.picture(filepath.Join(*pictures, what+".png"))
					}
				}
			}
		}
	}
}
