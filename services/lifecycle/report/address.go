//nolint:misspell // half of the words are Polish
package report

import "github.com/rodopath/rodopath/services/lifecycle"

// Address says that the address of a person is not held with contact data.
type Address struct {
	State lifecycle.AddressState `json:"state"`
	// LastDay is the last day of the data with which the address goes; empty while no end is known.
	LastDay string `json:"last_day,omitempty"`
	Says    Text   `json:"says"`
}

// AddressOf returns the note about the address in a report; nil for an address that is held with contact data, and for
// none.
func AddressOf(p *Person, state lifecycle.AddressState) *Address {
	if state != lifecycle.AddressSealed && state != lifecycle.AddressInCorrespondence {
		return nil
	}
	out := &Address{State: state, LastDay: p.lastDay(), Says: both(Language.addressInCorrespondence)}
	if state == lifecycle.AddressSealed {
		out.Says = both(func(l Language) string { return l.addressSealed(out.LastDay) })
	}
	return out
}

// lastDay is the last day of any personal data; empty while an end is unknown.
func (p *Person) lastDay() string {
	last := ""
	for i := range p.Held {
		switch h := &p.Held[i]; {
		case h.Pseudonymous:
		case h.LastDay == "":
			return ""
		default:
			last = max(last, h.LastDay)
		}
	}
	return last
}

// untilDeleted ends a sentence with the day up to which the other data of a person are held; empty for no known day.
func (l Language) untilDeleted(lastDay string) string {
	if lastDay == "" {
		return fullStop(l.choose("do czasu ich usunięcia", "until these are deleted"))
	}
	return fullStop(l.choose("najpóźniej do "+l.date(lastDay), "until "+l.date(lastDay)+" at the latest"))
}

func (l Language) addressSealed(lastDay string) string {
	until := l.untilDeleted(lastDay)
	return l.choose(
		"Adres został usunięty i nie jest nikomu pokazywany. System ma go jeszcze tylko w postaci zaszyfrowanej, aby przy usuwaniu pozostałych danych wskazać odbiorcom, o czyje dane chodzi (art. 17 i 19 RODO), "+until,
		"The address was deleted and is shown to nobody. The system still has it in encrypted form alone, to name the person to recipients when the other data are deleted (Art. 17, 19 GDPR), "+until,
	)
}

// addressAfterAnswer says in a letter, which the answer follows, what happens to the address.
func (l Language) addressAfterAnswer(lastDay string) string {
	until := l.untilDeleted(lastDay)
	return l.choose(
		"Adres jest jeszcze częścią korespondencji o tym wniosku. Po udzieleniu odpowiedzi nie będzie nikomu pokazywany: system zachowa go tylko w postaci zaszyfrowanej, aby przy usuwaniu pozostałych danych wskazać odbiorcom, o czyje dane chodzi (art. 17 i 19 RODO), "+until,
		"The address is still a part of the correspondence about this request. Once the request is answered, the address is shown to nobody: the system keeps it in encrypted form alone, to name the person to recipients when the other data are deleted (Art. 17, 19 GDPR), "+until,
	)
}

func (l Language) addressInCorrespondence() string {
	return l.choose(
		"Adres jest przechowywany już tylko jako część korespondencji w sprawie wniosku.",
		"The address is held only as a part of the correspondence about a request.",
	)
}
