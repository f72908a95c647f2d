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

	"github.com/rodopath/rodopath/services/rodopath/internal/backup"
)

func (s *shared) restore() *cobra.Command {
	var keys string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "restore FILE",
		Short: "Make a data directory of a backup",
		Long: `Make the data directory (--data) of a file that "backup" wrote. The directory must not
exist, or be empty, or hold nothing but keys.json. It appears once the file was read to
its end and the keys were tried.

Streams come back with the numbers and times of their messages and the places of their
consumers.`,
		Example: "  rodopath restore /backups/rodopath-2026-11-25.tar.gz --data data --keys /somewhere-else/keys.json",
		Args:    args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
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
	cmd.Flags().StringVar(&keys, "keys", "", "file with the keys of the machine that was backed up")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// writeRestored reports the restored and the missing parts, with the next steps.
func writeRestored(out io.Writer, data string, m *backup.Manifest) error {
	fmt.Fprintf(out, "%s is as it was at %s: %s.\n", data, m.Created.Format(time.RFC3339), contents(m))
	if len(m.Elsewhere) > 0 {
		fmt.Fprintf(out, "Put these files back yourself, which the configuration names: %s\n", strings.Join(m.Elsewhere, ", "))
	}
	if m.StoreElsewhere {
		fmt.Fprintln(out, "Subjects were in the MongoDB of mongodb.uri; restore them there before you start.")
	}
	if m.StreamsElsewhere {
		fmt.Fprintln(out, "The streams were in the NATS of nats.url; restore them there with \"nats stream restore\" before you start.")
	}
	if m.Keys == "" {
		fmt.Fprintln(out, "The configuration has the keys elsewhere; the server tries them when it starts.")
	}
	_, err := fmt.Fprintf(out, `
What was taken after that time is not here: webhooks, requests, answers of recipients.
An erasure that was asked for since is therefore not known here. What to do next:

  1. Start it:                       %[1]s serve --data %[2]s
     What lapsed since by time alone is decided again and goes out by itself.
  2. Have the platforms send again what happened since %[3]s:
     Stripe       Developers, Webhooks, the endpoint: resend each event (or: stripe events resend EVENT)
     WooCommerce  it never sends again by itself: save the orders changed since, which sends "order updated"
     MailerLite   it has no resending; unsubscriptions since, by hand:
                  %[1]s requests open PERSON objection --data %[2]s
     your own     send them again, or with: %[1]s send FACTS.json --data %[2]s
     What was here already does no harm.
  3. Ask your own mail, and the recipients what they deleted since. Every person who asked for
     erasure since must be erased again:
                  %[1]s requests open PERSON erasure --data %[2]s
  4. See who has not answered, for answers since are gone too:
                  %[1]s decisions --data %[2]s
     If a recipient was restored as well, send it what is decided here since its own backup:
                  %[1]s replay --since TIME --recipient RECIPIENT --data %[2]s
  5. Compare with the digest that you wrote down before the backup:
                  %[1]s journal verify --data %[2]s
`, os.Args[0], data, m.Created.Format(time.RFC3339))
	return err
}
