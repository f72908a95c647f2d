package cli

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/rodopath/rodopath/services/rodopath/client"
)

// brake is the family of commands about deletions that come with time and wait for an approval.
func (s *shared) brake() *cobra.Command {
	var asJSON, yes bool
	show := func(cmd *cobra.Command, ask func(*client.Client) ([]byte, error), text func(io.Writer, []byte) error) error {
		return s.ask(cmd.Context(), func(c *client.Client) error {
			data, err := ask(c)
			if err != nil {
				return err
			}
			return writeAnswer(cmd.OutOrStdout(), data, asJSON, text)
		})
	}
	cmd := &cobra.Command{
		Use:   "brake",
		Short: "Show whether data that lapse with time are deleted, and why not",
		Long: `Show whether data that lapse with time are deleted. Nothing is, until a person approves, while the
clock of the machine stands before a time that was recorded, has jumped ahead, or would delete the
data of more persons at once than approve_above_percent permits. Deletions that news cause wait alike,
when they concern too many persons within an hour; a person's own request for erasure never waits.`,
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return show(cmd, func(c *client.Client) ([]byte, error) {
				return c.Get(cmd.Context(), "/v1/brake", "")
			}, writeBrake)
		},
	}
	release := &cobra.Command{
		Use:   "release",
		Short: "Believe the time of the machine, and approve what has lapsed by then",
		Args:  args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return show(cmd, func(c *client.Client) ([]byte, error) {
				if err := confirmRelease(cmd, c, yes); err != nil {
					return nil, err
				}
				return c.Ask(cmd.Context(), "/v1/brake/release", struct{}{}, "")
			}, func(out io.Writer, _ []byte) error {
				_, err := fmt.Fprintln(out, "The time is approved. What has lapsed is deleted within seconds.")
				return err
			})
		},
	}
	cmd.PersistentFlags().BoolVar(&asJSON, "json", false, "print JSON")
	addYes(release, &yes)
	cmd.AddCommand(release)
	return cmd
}

// confirmRelease shows the state of the brake, and asks.
func confirmRelease(cmd *cobra.Command, c *client.Client, yes bool) error {
	if yes {
		return nil
	}
	data, err := c.Get(cmd.Context(), "/v1/brake", "")
	if err != nil {
		return err
	}
	if err := writeBrake(cmd.ErrOrStderr(), data); err != nil {
		return err
	}
	return confirm(cmd, false, "Approve this time, and delete what has lapsed by then?")
}

func writeBrake(out io.Writer, data []byte) error {
	var b struct {
		Reason  string     `json:"reason"`
		Time    time.Time  `json:"time"`
		Machine time.Time  `json:"machine"`
		Latest  *time.Time `json:"latest"`
		Impact  *struct {
			Persons int            `json:"persons"`
			Items   map[string]int `json:"items"`
		} `json:"impact"`
		News *struct {
			Persons int            `json:"persons"`
			Items   map[string]int `json:"items"`
		} `json:"news"`
		Subjects     int64   `json:"subjects"`
		LimitPercent float64 `json:"limit_percent"`
	}
	if err := decode(data, &b); err != nil {
		return fmt.Errorf("read the answer: %w", err)
	}
	machine := b.Machine.Format(time.RFC3339)
	if b.News != nil {
		fmt.Fprintf(out, "News of one hour, such as an import, would delete data of %d more persons: %s.\n"+
			"These deletions wait. List them with rodopath decisions --held. If they are right: rodopath brake release\n",
			b.News.Persons, counted(b.News.Items))
	}
	switch b.Reason {
	case "":
		_, err := fmt.Fprintln(out, "Data that lapse with time are deleted. The time is", machine+".")
		return err
	case "clock_behind":
		fmt.Fprintf(out, "Nothing is deleted with time: the clock of the machine says %s, but %s was recorded already.\n"+
			"Set the clock.", machine, b.Latest.Format(time.RFC3339))
	case "clock_ahead":
		fmt.Fprintf(
			out,
			"Nothing is deleted with time: the clock of the machine has jumped to %s, and by the time for which\n"+
				"the program ran it is %s. Set the clock.",
			machine,
			b.Time.Format(time.RFC3339),
		)
	default:
		if b.Impact == nil {
			break
		}
		fmt.Fprintf(
			out,
			"Nothing is deleted with time: data of %d of %d persons would go at once, and %g percent need no approval:\n",
			b.Impact.Persons,
			b.Subjects,
			b.LimitPercent,
		)
		for _, category := range slices.Sorted(maps.Keys(b.Impact.Items)) {
			fmt.Fprintf(out, "  %s: %d\n", category, b.Impact.Items[category])
		}
		fmt.Fprintf(out, "The clock of the machine says %s.", machine)
	}
	_, err := fmt.Fprintln(out, " If that is right: rodopath brake release")
	return err
}
