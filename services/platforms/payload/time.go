package payload

import (
	"strconv"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"
)

// year10000 is the first second outside of the calendar.
const year10000 = 253402300800

// Unix returns a time in seconds; nil for 0 and for a time outside of the calendar.
func Unix[T ~int64](seconds T) *timestamppb.Timestamp {
	if seconds <= 0 || seconds >= year10000 {
		return nil
	}
	return &timestamppb.Timestamp{Seconds: int64(seconds)}
}

// Time returns a time in one of the notations of the platforms: RFC 3339, seconds since 1970, or date
// and time without a zone, or a date alone, in the given zone. The result is nil for an empty or malformed time, and
// for a time without a zone when zone is nil.
func Time(s string, zone *time.Location) *timestamppb.Timestamp {
	if len(s) < len("2006-01-02 15:04:05") {
		return shortTime(s, zone)
	}
	s = strings.Replace(s, " ", "T", 1)
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		t, err = time.Parse("2006-01-02T15:04:05Z0700", s) // PHP's DATE_ISO8601
	}
	if err != nil && zone != nil {
		t, err = time.ParseInLocation("2006-01-02T15:04:05", s, zone)
	}
	if err != nil || t.Unix() <= 0 || t.Unix() >= year10000 {
		return nil
	}
	return timestamppb.New(t.Truncate(time.Microsecond))
}

// shortTime reads a date, a time without seconds, or seconds since 1970. Most short texts are empty: no
// layout is tried on a text of another length.
func shortTime(s string, zone *time.Location) *timestamppb.Timestamp {
	var layout string
	switch len(s) {
	case len("2006-01-02"):
		layout = "2006-01-02"
	case len("2006-01-02 15:04"):
		layout = "2006-01-02T15:04"
	case len("2006-01-02T15:04Z"):
		layout = "2006-01-02T15:04Z07:00"
	default:
		return nil
	}
	if zone != nil {
		t, err := time.ParseInLocation(layout, strings.Replace(s, " ", "T", 1), zone)
		if err == nil && t.Unix() > 0 {
			return timestamppb.New(t)
		}
	}
	return unixText(s)
}

// unixText reads seconds since 1970, from 2001 on.
func unixText(s string) *timestamppb.Timestamp {
	const digitsSince2001 = 10
	if len(s) != digitsSince2001 {
		return nil
	}
	seconds, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return nil
	}
	return Unix(seconds)
}

// Moment is a time in any notation that Time reads, or PHP's DateTime as an object: {"date":
// "2026-01-02 10:00:00.000000", "timezone": "Europe/Warsaw"}, which becomes RFC 3339.
type Moment string

// UnmarshalJSON never fails.
func (m *Moment) UnmarshalJSON(b []byte) error {
	var t Text
	_ = t.UnmarshalJSON(b)
	*m = Moment(t)
	if b[0] != '{' {
		return nil
	}
	var php struct {
		Date     Text `json:"date"`
		Timezone Text `json:"timezone"`
	}
	Object(b, &php)
	if zone, err := time.LoadLocation(string(php.Timezone)); err == nil {
		if at := Time(string(php.Date), zone); at != nil {
			*m = Moment(at.AsTime().Format(time.RFC3339Nano))
		}
	}
	return nil
}

// Time returns the time, in the given zone when the notation has none.
func (m Moment) Time(zone *time.Location) *timestamppb.Timestamp { return Time(string(m), zone) }

// IsUnread reports whether the moment is a time in a notation that Time does not read. PHP's empty dates,
// such as "0000-00-00 00:00:00" and "-0001-11-30T00:00:00", and the words for nothing are no time.
func (m Moment) IsUnread() bool {
	return strings.ContainsAny(string(m), "123456789") && !strings.HasPrefix(string(m), "-") &&
		len(m) >= len("1.5.2026") && m.Time(time.UTC) == nil
}

// First returns the first of the times that is there.
func First(times ...*timestamppb.Timestamp) *timestamppb.Timestamp {
	for _, t := range times {
		if t != nil {
			return t
		}
	}
	return nil
}
