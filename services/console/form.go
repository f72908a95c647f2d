package console

import (
	"net/http"
	"slices"

	"github.com/rodopath/rodopath/services/lifecycle/calendar"
)

// checkOption refuses a choice that the form does not offer. A form without the choice is one with the first option.
func (v *visit) checkOption(is string, offered ...string) error {
	if is == "" || slices.Contains(offered, is) {
		return nil
	}
	return v.noOption()
}

// noOption is the refusal of a choice that the form does not offer.
func (v *visit) noOption() error {
	return &refusal{Status: http.StatusUnprocessableEntity, Detail: v.say("no_option")}
}

// checkDay refuses a text that is no day; an empty one is none. The interface knows the zone of the day.
func (v *visit) checkDay(day string) error {
	if day == "" {
		return nil
	}
	if _, err := calendar.Parse(day); err != nil {
		return &refusal{Status: http.StatusUnprocessableEntity, Detail: v.say("no_day")}
	}
	return nil
}

// stringsOf returns values as texts.
func stringsOf[S ~string](values []S) []string {
	out := make([]string, len(values))
	for i, is := range values {
		out[i] = string(is)
	}
	return out
}
