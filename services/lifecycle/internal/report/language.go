// Package report puts what the core knows into words and JSON for people: the seller
// who asks what may be held, the person who asks what is held, the auditor who asks
// why. It is pure: values go in, and text goes to the writer that is given.
package report

import (
	"fmt"
	"time"

	"github.com/rodopath/rodopath/services/lifecycle"
	"github.com/rodopath/rodopath/services/lifecycle/calendar"
)

// Language is a language that reports are written in.
type Language string

// The languages of reports.
const (
	Polish  Language = "pl"
	English Language = "en"
)

// ParseLanguage reads the name of a language. Nobody's wish is English, which is what
// the commands speak.
func ParseLanguage(s string) (Language, error) {
	switch l := Language(s); l {
	case Polish, English:
		return l, nil
	case "":
		return English, nil
	}
	return "", fmt.Errorf("reports are not written in %q; write pl or en", s)
}

// Text is one thing said in both languages.
type Text struct {
	PL string `json:"pl"`
	EN string `json:"en"`
}

// In returns the text in a language.
func (t Text) In(l Language) string { return l.say(t.PL, t.EN) }

// both says the same in each language.
func both(say func(Language) string) Text { return Text{PL: say(Polish), EN: say(English)} }

// Named returns what a policy calls something, by language: a name for a language, or
// else the one for all, or else the id.
func Named(names map[string]string, id string) Text {
	return both(func(l Language) string {
		for _, key := range []string{string(l), ""} {
			if name := names[key]; name != "" {
				return name
			}
		}
		return id
	})
}

// day is the civil date of an instant in the zone of a place.
func day(t time.Time, place lifecycle.Place) string { return calendar.In(t, place.Zone).String() }

// clock is an instant as a clock of the place shows it.
func clock(t time.Time, place lifecycle.Place) string {
	return t.In(place.Zone).Format("2006-01-02 15:04")
}
