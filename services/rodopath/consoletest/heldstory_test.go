//nolint:misspell // half of the words are Polish
package consoletest_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/chromedp/kb"
)

// TestStory_ADeletedAddressIsNotShown: once the deletion of the contact data is published, no page, list, document and
// letter shows the address of a person of whom the books keep an invoice, and the page says what became of the address.
func TestStory_ADeletedAddressIsNotShown(t *testing.T) {
	s := newShop(t, "observe: false\n")
	const buyer = "jacek@example.com"
	s.facts(s.sale(buyer, "ebook-jacek", "one_off", 1740))
	id := s.subject(buyer)
	b := s.signedIn()
	s.until(func() bool {
		var list struct{ Decisions []struct{ State string } }
		s.ask(http.MethodPost, "/v1/subjects/decisions", object{"person": "subject:" + id}, &list)
		return len(list.Decisions) > 0
	}, "the deletion of the contact data is published")
	b.find(buyer)
	b.sees("faktura", "osoba bez adresu", "Adres został usunięty i nie jest nikomu pokazywany")
	b.lacks(buyer)
	b.accessible("a person without an address")
	for _, path := range []string{
		"/console/people?stage=past", "/console/people?stage=claims", "/console/deletions?state=open",
		"/console/deletions?state=confirmed", "/console/audience?answer=none",
	} {
		b.open(path)
		b.lacks(buyer)
	}
	for _, form := range []string{"report", "page", "portable"} {
		text := s.text(http.MethodPost, s.Control.API+"/v1/export", `{"person": "subject:`+id+`", "form": "`+form+`"}`)
		if strings.Contains(text, buyer) {
			t.Errorf("the document %q has the address:\n%s", form, text)
		}
	}
	s.facts(s.fact("access_request", buyer, 0, object{"ref": "wniosek-9"}))
	b.open("/console/requests/wniosek-9")
	b.sees(buyer) // the answer needs the address
	b.open("/console/people/" + id)
	b.sees("Adres jest przechowywany już tylko jako część korespondencji w sprawie wniosku")
}

// TestStory_TheNumbersOfTheAudience: each person is in one number, every number has a meaning and a list, and the
// questions of Rodopath are told apart from the answers.
func TestStory_TheNumbersOfTheAudience(t *testing.T) {
	s := newShop(t, "")
	s.populate()
	b := s.signedIn()
	b.follow("Do kogo mogę pisać")
	numbers := eval[[]int](b, `[...document.querySelectorAll("ul.tabs .num")].map(n => Number(n.innerText))`)
	sum, counts := 0, struct{ Holding int }{}
	for _, n := range numbers {
		sum += n
	}
	if s.ask(http.MethodGet, "/v1/counts", nil, &counts); sum != counts.Holding {
		t.Errorf("the answers count %d persons, want %d of whom data may be held: %v", sum, counts.Holding, numbers)
	}
	b.sees("Każda osoba jest dokładnie w jednej z tych liczb", fmt.Sprintf("Razem: %d os", counts.Holding))
	none := eval[int](b, `Number([...document.querySelectorAll("ul.tabs a")].find(a => a.href.includes("answer=none"))
		.querySelector(".num").innerText)`)
	b.followIn("ul.tabs", "bez zgody")
	b.sees("nigdy nie wypowiedziały się", "roman@example.com")
	b.accessible("the persons who stated nothing")
	if rows := eval[int](
		b,
		`document.querySelectorAll("#rows ~ table tbody tr, [aria-labelledby=rows] tbody tr").length`,
	); rows != none {
		t.Errorf("the list has %d rows, want %d", rows, none)
	}
	seen, after := map[string]bool{}, ""
	for pages := 0; pages == 0 || after != ""; pages++ {
		var page struct {
			Rows []struct{ Subject string }
			Next string
		}
		path := "/v1/audience?purpose=offers&channel=email&answer=none&limit=4&after=" + url.QueryEscape(after)
		if status := s.ask(http.MethodGet, path, nil, &page); status != http.StatusOK || pages > none {
			t.Fatalf("page %d of those who stated nothing: %d", pages, status)
		}
		for _, r := range page.Rows {
			if seen[r.Subject] {
				t.Errorf("%s comes twice", r.Subject)
			}
			seen[r.Subject] = true
		}
		after = page.Next
	}
	if len(seen) != none {
		t.Errorf("page by page: got %d persons, want %d", len(seen), none)
	}
	b.followIn("ul.tabs", "odmowa zgody")
	b.sees("Odmowa: osoba powiedziała „nie”, wypisała się albo zażądała usunięcia danych", "piotr@example.com")
	b.followIn("[aria-labelledby=planner]", "zgody: 0")
	b.sees("Kogo można zapytać o zgodę: zgody")
}

// TestStory_DeletionsWithoutRecipients: the pages that count deletions say what they count, and agree where they count
// the same, also in a business without recipients.
func TestStory_DeletionsWithoutRecipients(t *testing.T) {
	s := newConfiguredShop(t, aloneConfig, "observe: false\n")
	s.facts(
		s.fact("negotiation_opened", "wanda@example.com", 900, object{"ref": "rozmowa-wanda"}),
		s.sale("jacek@example.com", "ebook-jacek", "one_off", 1740), s.signup("nina@example.com", 20),
	)
	b := s.signedIn()
	b.follow("Usunięcia")
	b.sees("Nie ma odbiorców, więc ta strona jest pusta", "wszystkie dane usunięte: 1", "planowane 0")
	b.accessible("deletions without recipients")
	b.sees(
		"O usunięciu, o którym nie powiadomiono żadnego odbiorcy, zaświadczenie mówi tylko o danych w Rodopath",
		"dodaj odbiorcę",
	)
	b.followIn("main .notice", "wszystkie dane usunięte")
	b.sees("osoba bez adresu")
	b.followIn("main", "osoba bez adresu")
	b.sees("nie powiadomiono żadnego odbiorcy, bo nie był ustawiony odbiorca tych danych", "Przejdź do odbiorców")
	b.accessible("a person whose data were deleted without a recipient")
	b.follow("Ścieżka")
	b.sees("wszystkie dane usunięte", "Kto stracił tylko część danych, stoi na swoim etapie", "potwierdzone: 0")
	b.follow("Dziennik")
	b.follow("Przygotuj raport")
	b.waits("the report", `!!document.querySelector("#del")`)
	b.sees("Usunięcia ogłoszone w roku: 2", "osób: 2", "wszystkie dane usunięte: 1")
}

// TestStory_FindsARuleByThePage: the contents of the page of rules lead to its parts by the keyboard, and each purpose
// stands once in a table, with lines that differ.
func TestStory_FindsARuleByThePage(t *testing.T) {
	s := newShop(t, "")
	b := s.signedIn()
	b.open("/console/rules")
	b.run(`document.querySelector(".contents a[href='#record']").focus()`)
	b.keys(kb.Enter)
	b.waits("the record in view", `location.hash === "#record" &&
		Math.abs(document.querySelector("#record").getBoundingClientRect().top) < innerHeight`)
	for _, path := range []string{"/console/rules", "/console/rules/retention"} {
		b.open(path)
		b.run(`document.querySelectorAll("details").forEach(d => d.open = true)`)
		twice := eval[[]string](b, `[...document.querySelectorAll("table")].flatMap(table => {
			const heads = [...table.querySelectorAll("tr.group")].map(r => r.innerText.trim());
			const lines = [...table.querySelectorAll("tbody")].flatMap(body => {
				const rows = [...body.querySelectorAll("tr:not(.group)")].filter(r => !r.querySelector("code"))
					.map(r => [...r.children].map(c => c.firstChild?.textContent.trim() + "|" + c.innerText.trim()).join(" "));
				return rows.filter((r, i) => rows.indexOf(r) !== i); });
			return [...heads.filter((h, i) => heads.indexOf(h) !== i), ...lines]; })`)
		if len(twice) > 0 {
			t.Errorf("%s says twice: %q", path, twice)
		}
		if n := eval[int](b, `document.querySelectorAll("tr.group").length`); n < 10 {
			t.Errorf("%s: got %d purposes, want more than 10", path, n)
		}
		b.accessible(path)
		b.size(360, false)
		b.accessible(path + " at 360 px")
		b.size(1280, false)
	}
}

// TestStory_TheTimelineOnAPhone: at 360 px the whole picture is in the window, and its names and ends are texts of a
// readable size.
func TestStory_TheTimelineOnAPhone(t *testing.T) {
	s := newShop(t, "")
	s.populate()
	b := s.signedIn()
	b.size(360, false)
	b.open("/console/people/" + s.subject("ala@example.com"))
	cut := eval[[]string](b, `[...document.querySelectorAll("svg.timeline")].filter(s => s.checkVisibility()).flatMap(s =>
		[...s.querySelectorAll("text, rect, circle")].filter(e => {
			const r = e.getBoundingClientRect();
			return r.left < -1 || r.right > innerWidth + 1 || e.tagName === "text" && r.height < 11;
		}).map(e => e.outerHTML))`)
	if len(cut) > 0 {
		t.Errorf("the picture is cut or small: %q", cut)
	}
	if n := eval[int](
		b,
		`[...document.querySelectorAll("svg.timeline")].filter(s => s.checkVisibility()).length`,
	); n != 1 {
		t.Errorf("got %d pictures in view, want one", n)
	}
	b.accessible("a person at 360 px")
}
