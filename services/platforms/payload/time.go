package payload

import (
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"
)

// Unix returns a time in seconds; nil for 0 and for a time outside of the calendar.
func Unix(seconds int64) *timestamppb.Timestamp {
	const year10000 = 253402300800
	if seconds <= 0 || seconds >= year10000 {
		return nil
	}
	return &timestamppb.Timestamp{Seconds: seconds}
}

// Time returns a time in one of the notations of the platforms: RFC 3339, or date and time without
// a zone, in the given zone. The result is nil for an empty or malformed time, and for a time
// without a zone when zone is nil.
func Time(s string, zone *time.Location) *timestamppb.Timestamp {
	if len(s) < len("2006-01-02 15:04:05") {
		return nil
	}
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil && zone != nil {
		t, err = time.ParseInLocation("2006-01-02T15:04:05", strings.Replace(s, " ", "T", 1), zone)
	}
	if err != nil || t.Unix() <= 0 {
		return nil
	}
	return timestamppb.New(t.Truncate(time.Microsecond))
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
