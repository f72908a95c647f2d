package cli

import (
	"fmt"
	"io"
	"net/url"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/rodopath/rodopath/services/rodopath/client"
)

func (s *shared) explain() *cobra.Command {
	var at, lang string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "explain PERSON",
		Short: "Explain which data of a person may be held, on which basis, and until when",
		Long: `Explain which data of a person may be held, on which basis, from when until when and by
which facts; and which data were deleted, when and why. PERSON is an e-mail address, or an
id such as stripe:cus_123 or woocommerce:17@shop. The exit code is 3 for an unknown person.`,
		Example: "  rodopath explain ala@example.com --lang pl\n  rodopath explain stripe:cus_123 --at 2027-01-01 --json",
		Args:    args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			instant, err := parseMoment(at)
			if err != nil {
				return err
			}
			accept := "text/plain"
			if asJSON {
				accept = "application/json"
			}
			return s.ask(cmd.Context(), func(c *client.Client) error {
				answer, err := c.Ask(
					cmd.Context(),
					"/v1/explain?lang="+url.QueryEscape(lang),
					map[string]any{"person": given[0], "at": instant},
					accept,
				)
				if err != nil {
					return err
				}
				_, err = cmd.OutOrStdout().Write(answer)
				return err
			})
		},
	}
	cmd.Flags().StringVar(&at, "at", "", atHelp)
	cmd.Flags().StringVar(&lang, "lang", "en", "pl or en")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// atHelp describes the flag --at.
const atHelp = "day to answer for, such as 2027-01-01 (its end in the zone of the policy), or instant (default now)"

// explanation is the part of the answer in the brief form.
type explanation struct {
	Holds []struct {
		item
		Until   *time.Time `json:"until"`
		LastDay string     `json:"last_day"`
		Because []struct {
			Purpose string `json:"purpose"`
			Article string `json:"article"`
		} `json:"because"`
	} `json:"holds"`
}

type item struct {
	Category string `json:"category"`
	Ref      string `json:"ref"`
}

func (i item) String() string { return strings.TrimSpace(i.Category + " " + i.Ref) }

const minute = "2006-01-02 15:04Z"

// brief writes a line for each held item, with the longest basis of the item.
func brief(out io.Writer, answer []byte) error {
	var e explanation
	if err := decode(answer, &e); err != nil {
		return fmt.Errorf("read the answer: %w", err)
	}
	if len(e.Holds) == 0 {
		_, err := fmt.Fprintln(out, "nothing")
		return err
	}
	fmt.Fprintln(out)
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, h := range e.Holds {
		end := "to " + h.LastDay
		if h.Until == nil {
			end = "no end known"
		}
		fmt.Fprintf(table, "  %s\t%s\t%s %s\n", h.item, end, h.Because[0].Purpose, h.Because[0].Article)
	}
	return table.Flush()
}
