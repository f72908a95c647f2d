package chaos

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"testing"
)

// slowTests is set by make test-slow.
const slowTests = "RODOPATH_TEST_SLOW"

func TestMain(m *testing.M) {
	if len(os.Args) != 3 || os.Args[1] != PartFlag {
		os.Exit(m.Run())
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := RunPart(ctx, os.Args[2], os.Stdin)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func TestChaos_AFewRoundsLoseNothing(t *testing.T) {
	if os.Getenv(slowTests) == "" {
		t.Skip("it takes a minute; make test-slow runs it")
	}
	f, err := Run(t.Context(), Options{Rounds: 20, Progress: os.Stderr, MongoDB: os.Getenv("RODOPATH_TEST_MONGODB_URI")})
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Print(os.Stderr); err != nil {
		t.Error(err)
	}
	if len(f.Violations) > 0 || f.Decisions == 0 {
		t.Errorf("%d decisions, %d violations", f.Decisions, len(f.Violations))
	}
}
