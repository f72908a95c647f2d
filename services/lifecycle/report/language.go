// Package report writes subjects and decisions as text and JSON for people: for the controller, the
// data subject and the auditor.
//
// The package is pure: values are the input, and the output is written to the given writer.
package report

import (
	"fmt"
	"time"

	"github.com/rodopath/rodopath/services/lifecycle/calendar"
	"github.com/rodopath/rodopath/services/lifecycle/rules"
)

// Language is a language of reports.
type Language string

// The languages of reports.
const (
	Polish  Language = "pl"
	English Language = "en"
)

// ParseLanguage parses the code of a language. Empty means English, the language of the commands.
func ParseLanguage(s string) (Language, error) {
	switch l := Language(s); l {
	case Polish, English:
		return l, nil
	case "":
		return English, nil
	}
	return "", fmt.Errorf("the language %q is not supported; write pl or en", s)
}

// Text is a text in both languages.
type Text struct {
	PL string `json:"pl"`
	EN string `json:"en"`
}

// In returns the text in a language.
func (t Text) In(l Language) string { return l.choose(t.PL, t.EN) }

// both returns the text in each language.
func both(say func(Language) string) Text { return Text{PL: say(Polish), EN: say(English)} }

// Named returns the name of an entity of the policy in each language: the name for the language,
// else the name for all languages, else the id.
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
func day(t time.Time, place rules.Place) string { return calendar.In(t, place.Zone).String() }

// clock formats an instant as local time of the place.
func clock(t time.Time, place rules.Place) string {
	return t.In(place.Zone).Format("2006-01-02 15:04")
}
