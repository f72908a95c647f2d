// Package cli is the command line of rodopath.
package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"github.com/rodopath/rodopath/services/internal/display"
	"github.com/rodopath/rodopath/services/internal/service"
	"github.com/rodopath/rodopath/services/rodopath/client"
)

// Exit codes.
const (
	exitOK      = 0
	exitFailed  = 1
	exitUsage   = 2
	exitUnknown = 3
	exitNo      = 4
)

// errNo means that everything worked, and the answer is no: a use that is not
// allowed, a case that failed, a journal that was changed.
var errNo = errors.New("the answer is no")

// errUsage marks errors in how a command was called.
var errUsage = errors.New("wrong usage")

// shared are the flags of every command that works on a data directory.
type shared struct {
	data, config string
	// quiet is the log of commands that ask a question.
	quiet *slog.Logger
}

// Run runs the command line and returns the exit code: 0 done, 1 failed, 2 called
// in a wrong way, 3 nothing is held about the person, 4 the answer is no.
func Run(ctx context.Context, args []string, out, errOut io.Writer) int {
	exactly := out
	shown, told := display.NewWriter(out), display.NewWriter(errOut)
	out, errOut = shown, told
	s := &shared{quiet: slog.New(slog.NewTextHandler(errOut, &slog.HandlerOptions{Level: slog.LevelError}))}
	root := &cobra.Command{
		Use:   "rodopath",
		Short: "Which data of a customer may a business still hold, why, and until when?",
		Long: `Rodopath receives the webhooks of sales platforms, keeps for each customer the legal bases
(GDPR Art. 6) on which personal data may be held, and notifies other systems of deletions and
of questions for consent.`,
		Version:       service.Version(),
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          cobra.ArbitraryArgs,
		PersistentPreRun: func(cmd *cobra.Command, _ []string) {
			if printsJSON(cmd) {
				cmd.Root().SetOut(exactly)
			}
		},
		RunE: func(cmd *cobra.Command, given []string) error {
			if len(given) > 0 {
				return fmt.Errorf("%w: there is no command %q; see \"rodopath --help\"", errUsage, given[0])
			}
			return cmd.Help()
		},
	}
	root.SetArgs(args)
	root.SetOut(out)
	root.SetErr(errOut)
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return fmt.Errorf("%w: %w", errUsage, err) })
	root.PersistentFlags().StringVar(&s.data, "data", "data", "data directory")
	root.PersistentFlags().StringVar(&s.config, "config", "", "configuration file (default DATA/rodopath.yaml)")
	root.AddCommand(
		s.serve(),
		s.demo(),
		s.explain(),
		s.subject(),
		s.bases(),
		s.may(),
		s.export(),
		s.evidence(),
		s.request(),
		s.holds(),
		s.hold(),
		s.release(),
		s.unfinished(),
		s.products(),
		s.decisions(),
		s.recipients(),
		s.certificate(),
		s.replay(),
		s.quarantine(),
		s.journal(),
		s.events(),
		s.send(),
		s.policy(),
		s.brake(),
		s.goLive(),
		s.observe(),
		s.preview(),
		s.login(),
		s.password(),
		s.sources(),
		s.history(),
		s.imports(),
		s.backup(),
		s.restore(),
		s.keys(),
	)
	err := root.ExecuteContext(ctx)
	if err != nil && !errors.Is(err, errNo) {
		fmt.Fprintln(errOut, "rodopath:", err)
	}
	if err := errors.Join(shown.Close(), told.Close()); err != nil {
		return exitFailed
	}
	return exitCode(err)
}

// printsJSON reports whether a command prints JSON, which stays exact.
func printsJSON(cmd *cobra.Command) bool {
	for flag, values := range map[string][]string{
		"json": {"true"}, "form": {"json", "report", "portable"}, "format": {"json"},
	} {
		if f := cmd.Flags().Lookup(flag); f != nil && slices.Contains(values, f.Value.String()) {
			return true
		}
	}
	return false
}

// decode reads JSON of which texts are printed: each text becomes one line that is safe to show.
func decode(data []byte, into any) error {
	data, err := display.JSON(data)
	if err != nil {
		return err
	}
	return json.Unmarshal(data, into)
}

func exitCode(err error) int {
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, client.ErrUnknownPerson):
		return exitUnknown
	case errors.Is(err, errNo), errors.Is(err, client.ErrUnconfirmed):
		return exitNo
	case errors.Is(err, errUsage), errors.Is(err, client.ErrQuestion):
		return exitUsage
	}
	return exitFailed
}

// args wraps a check of arguments, so that its errors count as usage errors.
func args(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, given []string) error {
		if err := check(cmd, given); err != nil {
			return fmt.Errorf("%w: %w; see \"%s --help\"", errUsage, err, cmd.CommandPath())
		}
		return nil
	}
}

// ask runs a question against the server of the data directory.
func (s *shared) ask(ctx context.Context, question func(*client.Client) error) error {
	c, err := client.Open(ctx, s.data, s.config, s.quiet)
	if err != nil {
		return err
	}
	return errors.Join(question(c), c.Close(context.WithoutCancel(ctx)))
}

// writeAnswer prints the answer of the server: as it is with --json, and otherwise as text.
func writeAnswer(out io.Writer, data []byte, asJSON bool, text func(io.Writer, []byte) error) error {
	if asJSON {
		_, err := out.Write(data)
		return err
	}
	return text(out, data)
}

// writeList is writeAnswer for a list. A list without all persons is an error, after the others were printed.
func writeList(out io.Writer, data []byte, asJSON bool, text func(io.Writer, []byte) error) error {
	if err := writeAnswer(out, data, asJSON, text); err != nil {
		return err
	}
	var list struct{ Incomplete string }
	if err := decode(data, &list); err != nil {
		return fmt.Errorf("read the list: %w", err)
	}
	if list.Incomplete != "" {
		return errors.New(list.Incomplete)
	}
	return nil
}

// readInput reads a file, or standard input for "-".
func readInput(path string) ([]byte, error) {
	const limit = 1 << 20
	if path == "-" {
		return io.ReadAll(io.LimitReader(os.Stdin, limit))
	}
	return os.ReadFile(path)
}
