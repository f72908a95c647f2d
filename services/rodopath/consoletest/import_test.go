package consoletest_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/chromedp/cdproto/dom"
	"github.com/chromedp/cdproto/runtime"

	"github.com/rodopath/rodopath/services/platforms/history/historytest"
)

// withHistory gives the shop of the next installation an access to a platform with a past.
func withHistory(t testing.TB, customers int) *historytest.Shop {
	t.Helper()
	past := historytest.NewShop(3, customers)
	server := httptest.NewServer(past.Handler())
	t.Cleanup(server.Close)
	t.Setenv("RODOPATH_TEST_CONSOLE_SHOP_KEY", historytest.ShopKey)
	t.Setenv("RODOPATH_SOURCES_SHOP_READ",
		`{url: "`+server.URL+`", key: "env:RODOPATH_TEST_CONSOLE_SHOP_KEY", allow_private: true, per_second: 1000}`)
	return past
}

// TestImport_TheDayIsOneOfTheZoneOfThePolicy: the day of the form begins in Warsaw, wherever the machine is.
func TestImport_TheDayIsOneOfTheZoneOfThePolicy(t *testing.T) {
	withHistory(t, 3)
	s := newShop(t, "")
	v := s.visitor()
	v.signIn(s)
	if status, body := v.post("/console/setup/shop/import/count", "seal", v.seal(), "since", "2019-01-01"); status != 303 {
		t.Fatalf("got %d, want 303: %s", status, body)
	}
	var got struct {
		DryRun struct{ Since string } `json:"dry_run"`
	}
	s.ask(http.MethodGet, "/v1/imports/shop", nil, &got)
	if got.DryRun.Since != "2018-12-31T23:00:00Z" {
		t.Errorf("got the begin %q, want 2018-12-31T23:00:00Z", got.DryRun.Since)
	}
}

// TestStory_ImportsAHistory: the owner counts, approves, sees a refused key and how to mend it, goes on, and looks at
// what follows.
func TestStory_ImportsAHistory(t *testing.T) {
	past := withHistory(t, 60)
	s := newShop(t, "")
	b := s.signedIn()
	b.follow("Źródła i odbiorcy")
	b.followIn("tbody tr:first-child", "Podłącz krok po kroku")
	b.follow("Importuj historię")
	b.sees("Historia źródła shop", "Najpierw wykonaj próbę")
	b.everywhere("import-begin")

	// The dry run waits at the platform while the owner looks on, and its end arrives without a click.
	holds, begun := make(chan struct{}), atomic.Bool{}
	past.OnOrders(func(ids []int64) {
		if len(ids) > 0 && begun.CompareAndSwap(false, true) {
			<-holds
		}
	})
	b.followIn("main", "Zacznij próbę")
	b.sees("W toku", "Czyta klienci")
	b.everywhere("import-reads")
	b.run(`document.documentElement.dataset.same = "1"`)
	close(holds)
	b.sees("Ostatnia próba: zakończono", "Osoby 60")
	if !eval[bool](b, `document.documentElement.dataset.same === "1"`) {
		t.Error("the page was loaded anew by somebody else than the events")
	}
	b.lacks("W toku")
	b.sees("Produkty, o których Rodopath nie wie, czym są")

	// What would follow is shown before anything is stored.
	b.followIn("main", "Policz skutki")
	b.sees("O żadnej osobie niczego nie zapisano", "z innych źródeł", "Usunięcia według odbiorcy i danych",
		"Co wygasa w kolejnych miesiącach", "Osoby z danymi osobowymi")
	b.everywhere("import-dry-preview")
	b.lacks("@example.com")
	var counts struct{ Persons int }
	if s.ask(http.MethodGet, "/v1/counts", nil, &counts); counts.Persons != 0 {
		t.Errorf("after the dry run and its preview %d persons are stored, want none", counts.Persons)
	}

	before := past.Calls()
	past.Plan(func(call int) historytest.Fault {
		if call > before+2 {
			return historytest.Unauthorized
		}
		return historytest.None
	})
	b.followIn("main", "Zatwierdź i importuj")
	b.sees("Ostatni import: nie udało się", "Platforma odrzuciła klucz (401 albo 403)", "read.key")
	b.everywhere("import-refused")
	past.Plan(nil)
	b.open(b.path())
	b.followIn("main", "Wznów import")
	b.sees("Ostatni import: zakończono", "znana")
	b.lacks("Zanim coś zostanie zapisane") // the facts of the dry run are gone with the import
	b.followIn("main", "Policz skutki")
	b.sees("Osoby z danymi osobowymi", "Podstawy prawne według celu", "Usunięcia według odbiorcy i danych", "crm",
		"Zgody bez dowodu", "Co wygasa w kolejnych miesiącach")
	b.everywhere("import-preview")
	b.lacks("@example.com")
}

// TestStory_StopsAnImport, and goes on later; the page works without scripts, by loading it again.
func TestStory_StopsAnImport(t *testing.T) {
	past := withHistory(t, 60)
	s := newShop(t, "")
	v := s.visitor()
	v.signIn(s)
	const page = "/console/setup/shop/import"
	seal := v.seal()
	act := func(name string, want int) {
		t.Helper()
		if status, body := v.post(page+"/"+name, "seal", seal); status != want {
			t.Fatalf("%s: got %d, want %d\n%s", name, status, want, body)
		}
	}
	shows := func(text string) {
		t.Helper()
		s.until(func() bool { _, body := v.get(page); return strings.Contains(body, text) }, "the page shows "+text)
	}
	act("count", http.StatusSeeOther)
	shows("Ostatnia próba")
	holds, begun := make(chan struct{}), atomic.Bool{}
	past.OnOrders(func(ids []int64) {
		if len(ids) > 0 && begun.CompareAndSwap(false, true) {
			<-holds
		}
	})
	act("start", http.StatusSeeOther)
	s.until(begun.Load, "the import reads")
	act("stop", http.StatusSeeOther)
	shows("zatrzymano")
	close(holds)
	act("resume", http.StatusSeeOther)
	shows(">zakończono</span> <span class=\"small\"")
	s.until(func() bool { _, body := v.get(page); return strings.Contains(body, "znana") }, "the history is known")
	act("nonsense", http.StatusNotFound)
	if status, body := v.post(
		page+"/count",
		"seal",
		seal,
		"since",
		"yesterday",
	); status != http.StatusUnprocessableEntity {
		t.Errorf("a day that is none: got %d\n%s", status, body)
	}
}

// TestStory_ImportsAFile that the owner uploads, of which one row is no fact.
func TestStory_ImportsAFile(t *testing.T) {
	s := newShop(t, "")
	b := s.signedIn()
	b.open("/console/setup/forms/import")
	b.uploads("sprzedaż.csv", "Klient,Data,Numer,access\nfrom.a.file@example.com,2024-03-01,order-1,course\nnikt,x,y,z\n")
	b.sees("sprzedaż.csv", "Ostatnia próba: zakończono", "Zdarzenia 1")
	b.click("main", "Nie w pełni zrozumiane")
	b.sees("wiersz 3")
	b.lacks("from.a.file@example.com", "nikt")
	b.followIn("main", "Zatwierdź i importuj")
	b.sees("Ostatni import: zakończono")
	b.open("/console/setup/forms") // no webhook has come
	if n := eval[int](b, `document.querySelectorAll("li.done").length`); n != 0 {
		t.Errorf("got %d steps with a tick after an import, want none", n)
	}
	b.find("from.a.file@example.com")
	b.sees("order-1")
}

// TestStory_AFileOfWhichNothingIsRead: no row is a fact.
func TestStory_AFileOfWhichNothingIsRead(t *testing.T) {
	s := newShop(t, "")
	b := s.signedIn()
	b.open("/console/setup/forms/import")
	b.uploads("sprzedaż.csv", "Klient,Data,Numer,access\nnikt,x,y,z\n")
	b.sees("Zdarzenia 0", "nie ma czego importować", "wiersz 2")
	b.lacks("Zatwierdź i importuj", "ala@example.com")
	b.accessible("a file of which nothing is read")
	if n := eval[int](b, `document.querySelectorAll("li.done").length`); n != 0 {
		t.Errorf("got %d steps with a tick, want none", n)
	}
}

// uploads sends a table of sales for a dry run.
func (b *tab) uploads(name, table string) {
	b.t.Helper()
	path := filepath.Join(b.t.TempDir(), name)
	if err := os.WriteFile(path, []byte(table), 0o600); err != nil {
		b.t.Fatal(err)
	}
	field := call(b, runtime.Evaluate, runtime.EvaluateParams{Expression: `document.querySelector("#file")`})
	call(b, dom.SetFileInputFiles, dom.SetFileInputFilesParams{Files: []string{path}, ObjectID: field.Result.ObjectID})
	b.fill("#columns", "Klient=email\nData=at\nNumer=ref")
	b.fill("#values", "kind=sale")
	b.followIn("main", "Prześlij i zacznij próbę")
}
