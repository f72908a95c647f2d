package cli

import (
	"bufio"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/rodopath/rodopath/services/console"
)

// password prints the hash of a password for a user of the console.
func (*shared) password() *cobra.Command {
	return &cobra.Command{
		Use:   "password",
		Short: "Print the hash of a password, for a user of the console",
		Long: `Read a password from the terminal, or a line from the input, and print its hash (Argon2id). Store the
hash in a file under data/secrets, and name the file as the password of a user under console.users.`,
		Example: "  rodopath password > data/secrets/console-anna",
		Args:    args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			typed, err := readPassword(cmd)
			if err != nil {
				return fmt.Errorf("read the password: %w", err)
			}
			hash, err := console.HashPassword(typed)
			if err != nil {
				return fmt.Errorf("%w: %w", errUsage, err)
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), hash)
			return err
		},
	}
}

// readPassword reads a password without showing it, or a line where the input is no terminal.
func readPassword(cmd *cobra.Command) (string, error) {
	if f, ok := cmd.InOrStdin().(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		fmt.Fprint(cmd.ErrOrStderr(), "Password: ")
		typed, err := term.ReadPassword(int(f.Fd()))
		fmt.Fprintln(cmd.ErrOrStderr())
		return string(typed), err
	}
	lines := bufio.NewScanner(cmd.InOrStdin())
	lines.Scan()
	return strings.TrimRight(lines.Text(), "\r"), lines.Err()
}
