package consoletest_test

import "testing"

// TestStory_SaysWhatAProductIs: the owner states in the console what the configuration left out.
func TestStory_SaysWhatAProductIs(t *testing.T) {
	s := newShop(t, "observe: false\n")
	for number, email := range map[int]string{1: "xenia@example.com", 2: "yeti@example.com"} {
		s.order(number, email, "warsztat", 40)
	}
	s.settle()
	b := s.signedIn()
	b.sees("Nieprzypisane produkty")
	b.follow("2")
	b.sees("Liczba osób, które kupiły produkt nieznany Rodopathowi: 2", "warsztat")
	b.accessible("unlisted products")
	b.fill("#product0", "warsztat")
	b.fill("#access0", "course")
	b.fill("#days0", "365")
	b.followIn("section", "Zapisz produkt")
	b.sees("Zapisano", "kurs z dostępem, dostęp przez 365 dni", "właściciel, "+s.day(s.now))
	b.lacks("owner")
	s.until(func() bool { return len(s.unlistedProducts()) == 0 }, "every product is known")
	b.open("/console/setup")
	b.lacks("produkt nieznany")
	b.accessible("listed products")
	b.click("tbody", "Zmień")
	b.fill("#daysx2", "30")
	b.followIn("details", "Zapisz produkt")
	b.sees("Zapisano", "kurs z dostępem, dostęp przez 30 dni")
	b.find("xenia@example.com")
	b.sees("dostęp")
	b.open("/console/")
	b.lacks("Nieprzypisane produkty")
	b.open("/console/nowhere")
	b.sees("Nie ma takiej strony")
}

// unlistedProducts are the products that sold and that nothing lists.
func (s *shop) unlistedProducts() []object {
	s.t.Helper()
	var got struct {
		Products []object `json:"products"`
	}
	s.ask("GET", "/v1/products", nil, &got)
	return got.Products
}
