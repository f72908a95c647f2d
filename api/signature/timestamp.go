package signature

import (
	"strconv"
	"time"
)

// Tolerance is the permitted difference between the time in a signature and the receiver's clock,
// in both directions. The official libraries of Stripe accept any time in the future; here a time
// in the future is as suspect as an old one.
const Tolerance = 300 * time.Second

// Timestamp returns an instant as a signature holds the instant: in Unix seconds.
func Timestamp(at time.Time) string { return strconv.FormatInt(at.Unix(), 10) }

// CheckTimestamp reads Unix seconds and checks the distance to at. The error is ErrMalformed for a
// text that is not an instant, and ErrExpired for an instant outside of Tolerance.
func CheckTimestamp(s string, at time.Time) error {
	t, err := strconv.ParseUint(s, 10, 62)
	if err != nil {
		return ErrMalformed
	}
	tolerance := int64(Tolerance / time.Second)
	if age := at.Unix() - int64(t); age > tolerance || age < -tolerance {
		return ErrExpired
	}
	return nil
}
