package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/rodopath/rodopath/services/internal/display"
	"github.com/rodopath/rodopath/services/rodopath/backup"
)

func (s *shared) restore() *cobra.Command {
	var keys string
	var asJSON, yes bool
	cmd := &cobra.Command{
		Use:   "restore FILE",
		Short: "Restore a data directory from a backup",
		Long: `Restore the data directory (--data) from a file of "backup". The directory must be
missing or empty, or contain only keys.json. The directory is created only after the whole file was
read and the keys were checked.

Streams are restored with the sequence numbers and times of their messages and the positions of
their consumers.`,
		Example: "  rodopath restore /backups/rodopath-2026-11-25.tar.gz --data data --keys /somewhere-else/keys.json",
		Args:    args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			if err := confirmRestore(cmd, given[0], s.data, yes); err != nil {
				return err
			}
			// The end of a reader must not leave a partial directory with keys.
			signal.Ignore(syscall.SIGPIPE)
			r := &backup.Restore{File: given[0], Dir: s.data, Keys: keys, Log: s.quiet, Tell: func(what string) {
				fmt.Fprintln(cmd.ErrOrStderr(), "restore:", what)
			}}
			m, err := r.Run(cmd.Context())
			if err != nil {
				return err
			}
			if asJSON {
				return json.NewEncoder(cmd.OutOrStdout()).Encode(struct {
					Data string `json:"data"`
					*backup.Manifest
				}{s.data, m})
			}
			return writeRestored(cmd.OutOrStdout(), s.data, m)
		},
	}
	cmd.Flags().StringVar(&keys, "keys", "", "file with the keys from the time of the backup")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	addYes(cmd, &yes)
	return cmd
}

// confirmRestore says what a restore brings back, and asks.
func confirmRestore(cmd *cobra.Command, file, dir string, yes bool) error {
	if yes {
		return nil
	}
	info, err := os.Stat(file)
	if err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	fmt.Fprintf(cmd.ErrOrStderr(),
		"%s (%d bytes, written %s) becomes the data directory %s. Whatever was received since then is missing,\n"+
			"requests for erasure too, and persons who were erased since then are held again.\n",
		display.Line(file), info.Size(), info.ModTime().UTC().Format(time.RFC3339), display.Line(dir))
	return confirm(cmd, false, "Restore this backup?")
}

// writeRestored reports the restored and the missing parts, with the next steps.
func writeRestored(out io.Writer, data string, m *backup.Manifest) error {
	fmt.Fprintf(out, "%s is restored to the state of %s: %s.\n", data, m.Created.Format(time.RFC3339), contents(m))
	if len(m.Elsewhere) > 0 {
		fmt.Fprintf(out, "Restore these configured files by hand: %s\n", display.Line(strings.Join(m.Elsewhere, ", ")))
	}
	if m.StoreElsewhere {
		fmt.Fprintln(out, "The database was in MongoDB (mongodb.uri); restore the database before the start.")
	}
	if m.StreamsElsewhere {
		fmt.Fprintln(
			out,
			"The streams were in NATS (nats.url); restore the streams with \"nats stream restore\" before the start.",
		)
	}
	if m.Keys == "" {
		fmt.Fprintln(out, "The configured keys are elsewhere; the server checks the keys at its start.")
	}
	_, err := fmt.Fprintf(out, `
Webhooks, requests and answers of recipients that were received after that time are missing, and so are
requests for erasure. Next steps:

  1. Start the server:               %[1]s serve --data %[2]s
     Deletions that became due since the backup are decided and published again by themselves.
  2. Have the platforms send the events since %[3]s again:
     Stripe       Developers, Webhooks, the endpoint: resend each event (or: stripe events resend EVENT)
     WooCommerce  no resending: save each order that was changed since then, which sends "order updated"
     MailerLite   no resending; record unsubscriptions by hand:
                  %[1]s requests open PERSON objection --data %[2]s
     your own     send the facts again, or use: %[1]s send FACTS.json --data %[2]s
     Events that are stored already have no further effect.
  3. Check your own mail, and ask the recipients for their deletions since then. Every person
     who requested erasure since then must be erased again:
                  %[1]s requests open PERSON erasure --data %[2]s
  4. List the decisions with missing answers, because later answers are missing too:
                  %[1]s decisions --data %[2]s
     If a recipient restored a backup as well, replay the deletions since that backup:
                  %[1]s replay --since TIME --recipient RECIPIENT --data %[2]s
  5. Compare the digest with the digest kept from before the backup:
                  %[1]s journal verify --data %[2]s
`, os.Args[0], data, m.Created.Format(time.RFC3339))
	return err
}
