package cli

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

func TestConfirm_OnlyYesAtATerminalGoesOn(t *testing.T) {
	pipe, err := os.Create(filepath.Join(t.TempDir(), "input")) // a file is no terminal
	if err != nil {
		t.Fatal(err)
	}
	defer pipe.Close()
	for input, want := range map[string]error{
		"yes\n": nil, "yes": nil, "y\n": errNo, "no\n": errNo, "\n": errNo, "": errUsage,
	} {
		cmd := &cobra.Command{}
		cmd.SetIn(strings.NewReader(input))
		cmd.SetErr(new(strings.Builder))
		if got := confirm(cmd, false, "Go on?"); !errors.Is(got, want) {
			t.Errorf("%q: got %v, want %v", input, got, want)
		}
	}
	cmd := &cobra.Command{}
	cmd.SetIn(pipe)
	if got := confirm(cmd, false, "Go on?"); !errors.Is(got, errUsage) || !strings.Contains(got.Error(), "--yes") {
		t.Errorf("without a terminal: got %v, want a usage error that names --yes", got)
	}
	if got := confirm(cmd, true, "Go on?"); got != nil {
		t.Errorf("with --yes: got %v, want nil", got)
	}
}
