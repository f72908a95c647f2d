package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/rodopath/rodopath/services/lifecycle/calendar"
	"github.com/rodopath/rodopath/services/rodopath/client"
)

// parseMoment checks a day or an instant; the server knows the zone of a day. An empty text is nil.
func parseMoment(s string) (*string, error) {
	at, err := parseDay(s)
	if at == nil {
		return nil, err
	}
	return &s, nil
}

// dayOrInstant is an instant, or a civil day in the zone of the policy.
type dayOrInstant struct {
	instant time.Time
	day     *calendar.Date
}

// parseDay reads a day or an instant. An empty text is nil.
func parseDay(s string) (*dayOrInstant, error) {
	if s == "" {
		return nil, nil
	}
	if day, err := calendar.Parse(s); err == nil {
		return &dayOrInstant{day: &day}, nil
	}
	if at, err := time.Parse(time.RFC3339, s); err == nil {
		return &dayOrInstant{instant: at}, nil
	}
	return nil, fmt.Errorf(
		"%w: %q is neither a date like 2027-01-01 nor an instant like 2027-01-01T12:00:00Z",
		errUsage,
		s,
	)
}

// begin is the first instant of a day.
func (d *dayOrInstant) begin(zone *time.Location) time.Time {
	if d.day == nil {
		return d.instant
	}
	return d.day.Start(zone)
}

// end is the last second of a day; now, if it is the present one.
func (d *dayOrInstant) end(zone *time.Location, now time.Time) time.Time {
	switch {
	case d.day == nil:
		return d.instant
	case *d.day == calendar.In(now, zone):
		return now
	}
	return d.day.End(zone).Add(-time.Second)
}

// zoneOf asks for the zone of the policy.
func zoneOf(ctx context.Context, c *client.Client) (*time.Location, error) {
	data, err := c.Get(ctx, "/v1/policy", "")
	if err != nil {
		return nil, fmt.Errorf("ask for the zone of the policy: %w", err)
	}
	var policy struct {
		Zone string `json:"zone"`
	}
	if err := decode(data, &policy); err != nil {
		return nil, fmt.Errorf("read the answer: %w", err)
	}
	zone, err := time.LoadLocation(policy.Zone)
	if err != nil {
		return nil, fmt.Errorf("read the zone of the policy: %w", err)
	}
	return zone, nil
}

// dayZone is the zone of the policy, for days that are shown; UTC where the zone cannot be asked for.
func dayZone(ctx context.Context, c *client.Client) *time.Location {
	if zone, err := zoneOf(ctx, c); err == nil {
		return zone
	}
	return time.UTC
}

// beginOf returns an instant or the first instant of a day; the zero time for nil. A day needs the zone of the policy.
func beginOf(ctx context.Context, c *client.Client, at *dayOrInstant) (time.Time, error) {
	switch {
	case at == nil:
		return time.Time{}, nil
	case at.day == nil:
		return at.instant, nil
	}
	zone, err := zoneOf(ctx, c)
	if err != nil {
		return time.Time{}, err
	}
	return at.begin(zone), nil
}

// endOf returns an instant, or the last second of a day; now for nil and for the present day.
func endOf(ctx context.Context, c *client.Client, at *dayOrInstant) (time.Time, error) {
	now := time.Now().UTC()
	switch {
	case at == nil:
		return now, nil
	case at.day == nil:
		return at.instant, nil
	}
	zone, err := zoneOf(ctx, c)
	if err != nil {
		return time.Time{}, err
	}
	return at.end(zone, now), nil
}
