package cli

import (
	"cmp"
	"encoding/json"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/rodopath/rodopath/services/rodopath/client"
)

// quarantined is an entry of the quarantine, as the server reports.
type quarantined struct {
	Number   uint64    `json:"number"`
	Kind     string    `json:"kind"`
	Subject  string    `json:"subject"`
	Source   string    `json:"source"`
	Received time.Time `json:"received"`
	Reason   string    `json:"reason"`
	Topic    string    `json:"topic"`
	Facts    int       `json:"facts"`
	Kept     bool      `json:"kept"`
	Body     []byte    `json:"body"`
}

// webhookKind is the kind of an entry that its source reads again.
const webhookKind = "webhook"

// shortened is the first line of a reason, of at most 80 characters.
func shortened(reason string) string {
	const most = 80
	reason, _, _ = strings.Cut(reason, "\n")
	if runes := []rune(reason); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return reason
}

func (s *shared) quarantine() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "quarantine",
		Short: "List, show, retry or drop what is set aside",
		Long: `What cannot be processed is set aside here, encrypted, and holds up nothing else:

  webhook   with a valid signature that cannot be read, in whole or in part; kept for 30 days
  delivery  whose facts cannot be applied; later deliveries of the same person wait for it
  behind    a delivery that waits for another one, and goes on once that one is retried or dropped
  message   of a stream that cannot be decoded
  subject   a person whose decisions cannot be published; "explain subject:ID" shows the person

A retry processes an entry once more, for example after an upgrade or a change of the
configuration; facts that were applied before have no further effect.`,
	}
	cmd.AddCommand(s.quarantineList(), s.quarantineShow(), s.quarantineRetry(), s.quarantineDrop())
	return cmd
}

func (s *shared) quarantineList() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the entries of the quarantine, oldest first",
		Args:  args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return s.ask(cmd.Context(), func(c *client.Client) error {
				table := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
				found := false
				err := c.Lines(cmd.Context(), "/v1/quarantine", func(line []byte) error {
					if asJSON {
						_, err := fmt.Fprintf(cmd.OutOrStdout(), "%s\n", line)
						return err
					}
					var q quarantined
					if err := decode(line, &q); err != nil {
						return fmt.Errorf("read the answer: %w", err)
					}
					if !found {
						fmt.Fprintln(table, "NUMBER\tKIND\tSOURCE\tRECEIVED\tTOPIC\tFACTS READ\tREASON")
					}
					found = true
					_, err := fmt.Fprintf(table, "%d\t%s\t%s\t%s\t%s\t%d\t%s\n", q.Number, q.Kind, cmp.Or(q.Subject, q.Source),
						q.Received.Format(minute), q.Topic, q.Facts, shortened(q.Reason))
					return err
				})
				if err != nil || asJSON {
					return err
				}
				if !found {
					_, err = fmt.Fprintln(cmd.OutOrStdout(), "The quarantine is empty: nothing is set aside.")
					return err
				}
				return table.Flush()
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON, one entry per line")
	return cmd
}

func (s *shared) quarantineShow() *cobra.Command {
	return &cobra.Command{
		Use:   "show NUMBER",
		Short: "Print the body of a webhook, or the facts of a delivery, in quarantine; both hold personal data",
		Args:  args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			return s.ask(cmd.Context(), func(c *client.Client) error {
				q, err := getQuarantined(cmd, c, given[0])
				if err != nil {
					return err
				}
				if len(q.Body) == 0 {
					q.Body = []byte(q.Reason)
				}
				_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s\n", q.Body)
				return err
			})
		},
	}
}

func (s *shared) quarantineDrop() *cobra.Command {
	return &cobra.Command{
		Use:   "drop NUMBER",
		Short: "Remove an entry from quarantine",
		Args:  args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			return s.ask(cmd.Context(), func(c *client.Client) error {
				if _, err := c.Delete(cmd.Context(), "/v1/quarantine/"+given[0]); err != nil {
					return err
				}
				_, err := fmt.Fprintf(cmd.OutOrStdout(), "Entry %s is removed.\n", given[0])
				return err
			})
		},
	}
}

func (s *shared) quarantineRetry() *cobra.Command {
	return &cobra.Command{
		Use:   "retry NUMBER",
		Short: "Process an entry of the quarantine once more, and remove the entry if that succeeds",
		Args:  args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			return s.ask(cmd.Context(), func(c *client.Client) error {
				q, err := getQuarantined(cmd, c, given[0])
				if err != nil {
					return err
				}
				if q.Kind == webhookKind && !q.Kept {
					return fmt.Errorf("the body of webhook %s is not kept, because the body is too large", given[0])
				}
				if err := c.Post(cmd.Context(), "/v1/quarantine/"+given[0]+"/retry"); err != nil {
					return err
				}
				done := "Entry %s is tried again; if the attempt fails, the entry returns.\n"
				if q.Kind == webhookKind {
					done = "Webhook %s was read and is removed from quarantine.\n"
				}
				_, err = fmt.Fprintf(cmd.OutOrStdout(), done, given[0])
				return err
			})
		},
	}
}

func getQuarantined(cmd *cobra.Command, c *client.Client, number string) (quarantined, error) {
	var q quarantined
	data, err := c.Get(cmd.Context(), "/v1/quarantine/"+number, "")
	if err != nil {
		return q, err
	}
	if err := json.Unmarshal(data, &q); err != nil {
		return q, fmt.Errorf("read the answer: %w", err)
	}
	return q, nil
}
