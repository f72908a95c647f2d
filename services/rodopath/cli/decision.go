package cli

import (
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/rodopath/rodopath/services/rodopath/client"
)

func (s *shared) decisions() *cobra.Command {
	var overdue, all, held, asJSON bool
	cmd := &cobra.Command{
		Use:   "decisions",
		Short: "List decisions with the answers of their recipients",
		Long: `List the published decisions with the answers of their recipients, the most urgent first. A
deletion is confirmed when every recipient has answered done or not_found. Without a flag
only decisions with a missing answer are listed.`,
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			path := "/v1/decisions"
			switch {
			case overdue && all, held && (overdue || all):
				return fmt.Errorf("%w: --overdue, --held and --all do not go together", errUsage)
			case held:
				path += "?state=held"
			case overdue:
				path += "?state=overdue"
			case all:
				path += "?state=all"
			}
			return s.ask(cmd.Context(), func(c *client.Client) error {
				data, err := c.Get(cmd.Context(), path, "")
				if err != nil {
					return err
				}
				warnObserving(cmd.Context(), c)
				return writeList(cmd.OutOrStdout(), data, asJSON, writeDecisions)
			})
		},
	}
	cmd.Flags().BoolVar(&overdue, "overdue", false, "only decisions with an overdue answer")
	cmd.Flags().BoolVar(&all, "all", false, "all decisions, completed ones included")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cmd.Flags().BoolVar(&held, "held", false, "decisions that wait for go-live or for their delay")
	cmd.AddCommand(s.receipt(), s.withdraw(), s.workList())
	return cmd
}

// withdraw stops a decision that waits.
func (s *shared) withdraw() *cobra.Command {
	var reason string
	cmd := &cobra.Command{
		Use:   "retract DECISION",
		Short: "Stop a decision that waits for go-live or for its delay",
		Long: `Stop a decision before its publication (decisions --held lists them). The decision is not made again
while nothing
changes, and the journal records the reason. A published decision is retracted by news alone: record the fact,
or set a hold.`,
		Example: `  rodopath decisions retract dec_abc --reason "the customer called: the course goes on"`,
		Args:    args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			if reason == "" {
				return fmt.Errorf("%w: --reason is missing: the journal records why", errUsage)
			}
			return s.ask(cmd.Context(), func(c *client.Client) error {
				path := "/v1/decisions/" + url.PathEscape(given[0]) + "/retract"
				if _, err := c.Ask(cmd.Context(), path, map[string]string{"reason": reason}, ""); err != nil {
					return err
				}
				_, err := fmt.Fprintf(cmd.OutOrStdout(), "%s is stopped.\n", given[0])
				return err
			})
		},
	}
	cmd.Flags().StringVar(&reason, "reason", "", "why, for the journal")
	return cmd
}

// listedDecision is a listed decision.
type listedDecision struct {
	Decision   string     `json:"decision"`
	Kind       string     `json:"kind"`
	Subject    string     `json:"subject"`
	Person     []string   `json:"person"`
	State      string     `json:"state"`
	Due        *time.Time `json:"due"`
	Categories []string   `json:"categories"`
	Purpose    string     `json:"purpose"`
	Channel    string     `json:"channel"`
	Retracts   string     `json:"retracts"`
	Retracted  []struct {
		Categories []string `json:"categories"`
	} `json:"retracted"`
	Recipients []struct {
		Recipient string     `json:"recipient"`
		Sent      *time.Time `json:"sent"`
		Outcome   string     `json:"outcome"`
		Reason    string     `json:"reason"`
	} `json:"recipients"`
}

func writeDecisions(out io.Writer, data []byte) error {
	var list struct {
		Decisions []listedDecision `json:"decisions"`
	}
	if err := decode(data, &list); err != nil {
		return fmt.Errorf("read the answer: %w", err)
	}
	if len(list.Decisions) == 0 {
		_, err := fmt.Fprintln(out, "No decision awaits an answer.")
		return err
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "ANSWER BY\tDECISION\tSTATE\tWHAT\tRECIPIENTS\tPERSON")
	for i := range list.Decisions {
		d := &list.Decisions[i]
		due := ""
		if d.Due != nil {
			due = d.Due.Format(minute)
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\n",
			due, d.Decision, d.State, instruction(d), answersOf(d), who(d.Person, d.Subject))
	}
	return table.Flush()
}

// instruction is the instruction of a decision to its recipients.
func instruction(d *listedDecision) string {
	categories := strings.Join(d.Categories, ", ")
	switch {
	case d.Retracts != "":
		return strings.TrimSpace("disregard " + d.Retracts + " " + categories)
	case d.Purpose != "":
		return "ask for consent to " + d.Purpose + " by " + d.Channel
	}
	var retracted []string
	for _, r := range d.Retracted {
		retracted = append(retracted, r.Categories...)
	}
	if len(retracted) > 0 {
		return "delete " + categories + " (retracted: " + strings.Join(retracted, ", ") + ")"
	}
	return "delete " + categories
}

// answersOf summarises the answer of each recipient.
func answersOf(d *listedDecision) string {
	out := make([]string, len(d.Recipients))
	for i, r := range d.Recipients {
		state := r.Outcome
		switch {
		case state == "" && r.Sent == nil:
			state = "in delivery"
		case state == "":
			state = "notified"
		case r.Reason != "":
			state += " (" + r.Reason + ")"
		}
		out[i] = r.Recipient + ": " + state
	}
	return strings.Join(out, "; ")
}

// receipt is a command that writes down the answer of a recipient that cannot answer by
// itself.
func (s *shared) receipt() *cobra.Command {
	var reason, at string
	cmd := &cobra.Command{
		Use:   "receipt DECISION RECIPIENT OUTCOME",
		Short: "Record the answer of a recipient: done, partial, held, not_found, refused",
		Long: `Record the answer of a recipient without an interface, such as a bookkeeper. The answers to
a question are granted, refused and no_answer.`,
		Example: "  rodopath decisions receipt dec_abc bookkeeper done",
		Args:    args(cobra.ExactArgs(3)),
		RunE: func(cmd *cobra.Command, given []string) error {
			when, err := parseDay(at)
			if err != nil {
				return err
			}
			return s.ask(cmd.Context(), func(c *client.Client) error {
				instant, err := endOf(cmd.Context(), c, when)
				if err != nil {
					return err
				}
				_, err = c.Ask(cmd.Context(), "/v1/decisions/receipts", map[string]any{
					"decision": given[0], "recipient": given[1], "outcome": given[2], "reason": reason, "at": instant,
				}, "")
				if err != nil {
					return err
				}
				_, err = fmt.Fprintln(cmd.OutOrStdout(), "The answer is recorded.")
				return err
			})
		},
	}
	cmd.Flags().StringVar(&reason, "reason", "", "the reason, without names")
	cmd.Flags().
		StringVar(&at, "at", "", "day in the zone of the policy, such as 2027-01-01, or instant of the outcome (default now)")
	return cmd
}

func (s *shared) replay() *cobra.Command {
	var since, recipient string
	var asJSON, yes bool
	cmd := &cobra.Command{
		Use:   "replay --since TIME",
		Short: "Send all deletions since an instant again, after a recipient restored a backup",
		Long: `Send all deletions decided since an instant again, under the same ids and marked as a
replay, to one recipient or to all notified recipients. Each deletion must be confirmed
anew. When the names of the person are already erased, the deletion contains hashes of the
names, which the recipient compares with the hashes of its own names. A replay to all notified
recipients shows how many deletions are sent, and asks, unless --yes is given.`,
		Example: "  rodopath replay --since 2026-11-01T00:00:00Z --recipient crm",
		Args:    args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			backup, err := parseDay(since)
			if err != nil {
				return err
			}
			if backup == nil {
				return fmt.Errorf("%w: give the time of the backup, such as --since 2026-11-01T00:00:00Z", errUsage)
			}
			whole := false
			err = s.ask(cmd.Context(), func(c *client.Client) error {
				instant, err := beginOf(cmd.Context(), c, backup)
				if err != nil {
					return err
				}
				if err := confirmReplay(cmd, c, yes || recipient != "", instant); err != nil {
					return err
				}
				return c.AskLines(
					cmd.Context(),
					"/v1/replay",
					map[string]any{"since": instant, "recipient": recipient},
					func(line []byte) error {
						end, err := writeReplayed(cmd.OutOrStdout(), line, asJSON)
						whole = whole || end
						return err
					},
				)
			})
			if err == nil && !whole {
				err = errors.New(
					"the replay failed; the log of the server has the reason. Run the command again: a replay is idempotent",
				)
			}
			return err
		},
	}
	cmd.Flags().
		StringVar(&since, "since", "", "day in the zone of the policy, such as 2026-11-01, or instant of the restored backup")
	cmd.Flags().
		StringVar(&recipient, "recipient", "", "the recipient that restored a backup (default all notified recipients)")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON, one deletion per line")
	addYes(cmd, &yes)
	return cmd
}

func replayed(n int) string {
	switch n {
	case 0:
		return "Nothing was sent: no deletion since then concerns such a recipient."
	case 1:
		return "One deletion was sent again."
	}
	return fmt.Sprintf("%d deletions were sent again.", n)
}

// writeReplayed writes a line of a replay, and reports whether the line is the last one.
func writeReplayed(out io.Writer, line []byte, asJSON bool) (end bool, err error) {
	var sent struct {
		Decision string `json:"decision"`
		Subject  string `json:"subject"`
		Hidden   bool   `json:"hidden"`
		Sent     *int   `json:"sent"`
	}
	if err := decode(line, &sent); err != nil {
		return false, fmt.Errorf("read the answer: %w", err)
	}
	end = sent.Sent != nil
	switch {
	case asJSON:
		_, err = fmt.Fprintf(out, "%s\n", line)
	case end:
		_, err = fmt.Fprintln(out, replayed(*sent.Sent))
	case sent.Hidden:
		_, err = fmt.Fprintf(
			out,
			"%s  subject:%s  (with hashes, because the names are erased)\n",
			sent.Decision,
			sent.Subject,
		)
	default:
		_, err = fmt.Fprintf(out, "%s  subject:%s\n", sent.Decision, sent.Subject)
	}
	return end, err
}
