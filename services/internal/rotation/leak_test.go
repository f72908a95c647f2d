package rotation_test

import (
	"testing"

	"go.uber.org/goleak"
)

// TestMain fails when a goroutine of a test outlives the tests.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
