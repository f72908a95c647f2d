package httpapi

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/rodopath/rodopath/services/internal/problem"
	"github.com/rodopath/rodopath/services/lifecycle/calendar"
)

// moment is an instant, or a civil day: a day is one of the zone of the policy.
type moment struct {
	instant time.Time
	day     *calendar.Date
}

// UnmarshalJSON reads an instant such as "2026-12-31T23:00:00Z" or a day such as "2026-12-31".
func (m *moment) UnmarshalJSON(data []byte) error {
	var text string
	if err := json.Unmarshal(data, &text); err != nil {
		return fmt.Errorf("read a time: %w", err)
	}
	if day, err := calendar.Parse(text); err == nil {
		m.day = &day
		return nil
	}
	var err error
	if m.instant, err = time.Parse(time.RFC3339, text); err != nil {
		return fmt.Errorf("%q is neither a day such as 2026-12-31 nor an instant such as 2026-12-31T23:00:00Z", text)
	}
	return nil
}

// in returns the instant; that of a day is its last second in a zone, behind everything that happened on the day.
func (m *moment) in(zone *time.Location) time.Time {
	if m.day == nil {
		return m.instant
	}
	return m.day.End(zone).Add(-time.Second)
}

// since returns the instant from which on something counts; that of a day is its first.
func (m *moment) since(zone *time.Location) time.Time {
	if m.day == nil {
		return m.instant
	}
	return m.day.Start(zone)
}

// asked returns the instant that a question is about; now when absent.
func (a *API) asked(at *moment) time.Time {
	if at == nil {
		return a.opts.Now()
	}
	return at.in(a.opts.Policy.Place.Zone)
}

// clockSkew is how far the clock of a client may be ahead.
const clockSkew = 5 * time.Minute

// occurred returns the time of a fact, now by default, and refuses a day and a time in the future. The present day
// stands for now.
func (a *API) occurred(at *moment) (time.Time, error) {
	now, zone := a.opts.Now(), a.opts.Policy.Place.Zone
	switch {
	case at == nil, at.day != nil && *at.day == calendar.In(now, zone):
		return now, nil
	case at.day != nil && at.day.Compare(calendar.In(now, zone)) > 0, at.in(zone).After(now.Add(clockSkew)):
		return now, problem.New(http.StatusUnprocessableEntity, "future", "at is in the future.")
	}
	return at.in(zone), nil
}
