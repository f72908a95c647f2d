//go:build !linux && !darwin

package intake

import "math"

// freeBytes is unknown on this system: a write that fails is found when it fails.
func freeBytes(string) (int64, error) { return math.MaxInt64, nil }
