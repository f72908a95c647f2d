package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/rodopath/rodopath/services/rodopath/internal/client"
)

func (s *shared) explain() *cobra.Command {
	var at string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "explain PERSON",
		Short: "Say what may be held about a person, on which basis, and until when",
		Long: `Say what may be held about a person, on which basis, since when, until when, and
resting on which facts. PERSON is an e-mail address, or an identity such as
stripe:cus_123 or woocommerce:17@shop. Exit code 3 means that nothing is held.`,
		Example: "  rodopath explain ala@example.com\n  rodopath explain stripe:cus_123 --at 2027-01-01 --json",
		Args:    args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			instant, err := parseInstant(at)
			if err != nil {
				return err
			}
			return s.ask(cmd.Context(), func(c *client.Client) error {
				answer, err := c.Explain(cmd.Context(), given[0], instant)
				if err != nil {
					return err
				}
				if asJSON {
					_, err = cmd.OutOrStdout().Write(answer)
					return err
				}
				return writeExplanation(cmd.OutOrStdout(), answer)
			})
		},
	}
	cmd.Flags().StringVar(&at, "at", "", "instant to ask about, as 2027-01-01 (its first instant in UTC) or 2027-01-01T12:00:00Z (default now)")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func parseInstant(s string) (*time.Time, error) {
	if s == "" {
		return nil, nil
	}
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if t, err := time.Parse(layout, s); err == nil {
			return &t, nil
		}
	}
	return nil, fmt.Errorf("%w: --at %q is neither a date like 2027-01-01 nor an instant like 2027-01-01T12:00:00Z", errUsage, s)
}

// explanation is the part of the answer that is shown as text.
type explanation struct {
	Person  []string  `json:"person"`
	Subject string    `json:"subject"`
	At      time.Time `json:"at"`
	Policy  string    `json:"policy"`
	Holds   []struct {
		item
		Until   *time.Time `json:"until"`
		LastDay string     `json:"last_day"`
		Because []basis    `json:"because"`
	} `json:"holds"`
	Facts []struct {
		ID       string    `json:"id"`
		Kind     string    `json:"kind"`
		Source   string    `json:"source"`
		Occurred time.Time `json:"occurred"`
		Ref      string    `json:"ref"`
		Wording  string    `json:"wording"`
	} `json:"facts"`
	Deleted []struct {
		item
		Lapse time.Time `json:"lapse"`
	} `json:"deleted"`
	Asked []struct {
		Purpose string    `json:"purpose"`
		Channel string    `json:"channel"`
		At      time.Time `json:"at"`
		Stands  bool      `json:"stands"`
	} `json:"asked"`
	NextChange *time.Time `json:"next_change"`
}

type item struct {
	Category string `json:"category"`
	Ref      string `json:"ref"`
}

func (i item) String() string { return strings.TrimSpace(i.Category + " " + i.Ref) }

type basis struct {
	Rule    string     `json:"rule"`
	Purpose string     `json:"purpose"`
	Article string     `json:"article"`
	Channel string     `json:"channel"`
	Since   time.Time  `json:"since"`
	Until   *time.Time `json:"until"`
	Facts   []string   `json:"facts"`
}

const minute = "2006-01-02 15:04Z"

func writeExplanation(out io.Writer, answer []byte) error {
	var e explanation
	if err := json.Unmarshal(answer, &e); err != nil {
		return fmt.Errorf("read the answer: %w", err)
	}
	who := strings.Join(e.Person, ", ")
	if who == "" {
		who = "a person whose address is deleted"
	}
	fmt.Fprintf(out, "%s\nsubject %s, at %s, policy %s\n\n", who, e.Subject, e.At.Format(minute), e.Policy)
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	numbers := e.numberFacts()
	if len(e.Holds) == 0 {
		fmt.Fprintln(table, "Nothing may be held.")
	} else {
		fmt.Fprintln(table, "MAY BE HELD\tLAST DAY\tLAPSES\tON THE BASIS OF\tSINCE\tFACTS")
	}
	for _, h := range e.Holds {
		name, day, lapse := h.String(), orOpen(h.LastDay), instant(h.Until)
		for _, b := range h.Because {
			fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\n", name, day, lapse, b.text(), b.Since.Format(time.DateOnly), b.numbers(numbers))
			name, day, lapse = "", "", ""
		}
	}
	e.writeFacts(table)
	for i, d := range e.Deleted {
		fmt.Fprintf(table, "%s%s\tlapsed\t%s\n", heading(i, "\nTOLD TO DELETE\n"), d.item, d.Lapse.Format(minute))
	}
	for i, a := range e.Asked {
		stands := "no longer: answered, or the contract is over"
		if a.Stands {
			stands = "still to be asked"
		}
		fmt.Fprintf(table, "%s%s by %s\tsince %s\t%s\n", heading(i, "\nPUT FORWARD TO BE ASKED FOR CONSENT\n"), a.Purpose, a.Channel, a.At.Format(minute), stands)
	}
	if e.NextChange != nil {
		fmt.Fprintf(table, "\nNothing changes by itself before %s.\n", e.NextChange.Format(minute))
	}
	return table.Flush()
}

// brief writes a line for each item that may be held, with the basis that holds
// it longest.
func brief(out io.Writer, answer []byte) error {
	var e explanation
	if err := json.Unmarshal(answer, &e); err != nil {
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

func heading(i int, text string) string {
	if i > 0 {
		return ""
	}
	return text
}

func orOpen(day string) string {
	if day == "" {
		return "no end known"
	}
	return day
}

func instant(t *time.Time) string {
	if t == nil {
		return "-"
	}
	return t.Format(minute)
}

func (b *basis) text() string {
	s := b.Purpose + " " + b.Article
	if b.Channel != "" {
		s += " by " + b.Channel
	}
	if b.Until != nil {
		s += " to " + b.Until.Add(-time.Millisecond).Format(time.DateOnly)
	}
	return s
}

// numberFacts gives the facts short numbers, to point at them from the bases.
func (e *explanation) numberFacts() map[string]int {
	numbers := map[string]int{}
	for i, f := range e.Facts {
		numbers[f.ID] = i + 1
	}
	return numbers
}

func (b *basis) numbers(of map[string]int) string {
	var out []string
	for _, id := range b.Facts {
		out = append(out, fmt.Sprintf("[%d]", of[id]))
	}
	return strings.Join(out, "")
}

func (e *explanation) writeFacts(out io.Writer) {
	for i, f := range e.Facts {
		detail := strings.TrimSpace(f.Ref + " " + f.Wording)
		fmt.Fprintf(out, "%s[%d] %s\t%s\tby %s\t%s\n", heading(i, "\nFACTS\n"), i+1, f.Kind, f.Occurred.Format(minute), f.Source, detail)
	}
}
