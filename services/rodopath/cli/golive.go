package cli

import (
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/rodopath/rodopath/services/internal/display"
	"github.com/rodopath/rodopath/services/internal/loop"
	"github.com/rodopath/rodopath/services/lifecycle/decision"
	"github.com/rodopath/rodopath/services/lifecycle/live"
	"github.com/rodopath/rodopath/services/lifecycle/preview"
	"github.com/rodopath/rodopath/services/rodopath/client"
)

// goLive notifies recipients from now on.
func (s *shared) goLive() *cobra.Command {
	return s.liveOrder("go-live", "Notify recipients of decisions from now on, after a preview", false,
		`A new installation observes: the installation works everything out, and notifies no recipient. go-live shows what
waits, asks, and notifies the recipients from then on: all of them, or those named, of all decisions or of one kind.
A deletion still waits for the delay of its recipients (7 days in the first 30 days, unless delay is configured).`)
}

// observe no longer notifies recipients.
func (s *shared) observe() *cobra.Command {
	return s.liveOrder("observe", "Notify recipients of no new decision until the next go-live", true,
		"Decisions that were published before are not retracted.")
}

func (s *shared) liveOrder(name, short string, observe bool, long string) *cobra.Command {
	var yes, asJSON bool
	var kinds []string
	cmd := &cobra.Command{
		Use: name + " [RECIPIENT...]", Short: short, Long: long,
		Example: "  rodopath " + name + "\n  rodopath " + name + " letters --kind delete",
		RunE: func(cmd *cobra.Command, recipients []string) error {
			return s.ask(cmd.Context(), func(c *client.Client) error {
				if !observe {
					if err := showPreview(cmd, c, yes || asJSON); err != nil {
						return err
					}
					if err := confirm(cmd, yes, "Notify these recipients from now on?"); err != nil {
						return err
					}
				}
				_, err := c.Ask(cmd.Context(), "/v1/live",
					map[string]any{"recipients": recipients, "kinds": kinds, "observe": observe}, "")
				if err != nil {
					return err
				}
				data, err := awaitReleased(cmd.Context(), c)
				if err != nil {
					return err
				}
				return writeAnswer(cmd.OutOrStdout(), data, asJSON, writeLive)
			})
		},
	}
	cmd.Flags().BoolVar(&yes, "yes", false, "do not ask")
	cmd.Flags().
		StringSliceVar(&kinds, "kind", nil, "delete or ask-consent (default: every kind that the recipient accepts)")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// The time to wait for the release of the decisions that waited, and the interval of the questions.
const (
	releasedWithin = 20 * time.Second
	releasePoll    = 100 * time.Millisecond
)

// awaitReleased returns the state of the recipients once the decisions that waited are released, or the last state.
func awaitReleased(ctx context.Context, c *client.Client) (data []byte, err error) {
	ctx, cancel := context.WithTimeout(ctx, releasedWithin)
	defer cancel()
	var l live.Overview
	_ = loop.Poll(ctx, "wait for the release", releasePoll, func(ctx context.Context) (bool, error) {
		l = live.Overview{}
		if data, err = c.Get(ctx, "/v1/live", ""); err != nil {
			return false, err
		}
		err = decode(data, &l)
		return !l.Releasing, err
	})
	return data, err
}

func writeLive(out io.Writer, data []byte) error {
	var l live.Overview
	if err := decode(data, &l); err != nil {
		return fmt.Errorf("read the answer: %w", err)
	}
	if len(l.Recipients) == 0 {
		_, err := fmt.Fprintln(out, "No recipient is configured: nobody is notified.")
		return err
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "RECIPIENT\tKIND\tNOTIFIED\tDELAY OF DELETIONS")
	for _, r := range l.Recipients {
		notified := "no: " + waitsFor(decision.HeldReason(r.Closed))
		if r.Live {
			notified = "yes"
			if r.Since != nil {
				notified += ", since " + r.Since.Format(minute)
			}
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", r.Recipient, r.Kind, notified, r.Delay)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	if l.Releasing {
		fmt.Fprintln(out, "\nThe decisions that waited are released now.")
	}
	return writeUncovered(out, l.Uncovered())
}

// writeUncovered names the sources whose history is missing, with the command that closes the gap.
func writeUncovered(out io.Writer, missing []string) error {
	if len(missing) == 0 {
		return nil
	}
	_, err := fmt.Fprintf(
		out,
		"\nNot sure, history missing: nobody knows what happened at %s before the installation, so nothing is deleted\n"+
			"at a platform. Import the history: rodopath import %s; or state that nothing is missing: rodopath sources covered %s\n",
		strings.Join(missing, ", "),
		missing[0],
		missing[0],
	)
	return err
}

// warnObserving writes a line to the terminal while recipients are not notified, so that nobody takes a
// decision that is
// shown for one that was carried out.
func warnObserving(ctx context.Context, c *client.Client) {
	var l live.Overview
	if data, err := c.Get(ctx, "/v1/live", ""); err != nil || decode(data, &l) != nil || !l.Observing {
		return
	}
	var ids []string
	for _, r := range l.Recipients {
		if !r.Live && !slices.Contains(ids, r.Recipient) {
			ids = append(ids, r.Recipient)
		}
	}
	fmt.Fprintf(
		os.Stderr,
		"The installation observes: not notified are %s. See rodopath preview, then rodopath go-live.\n",
		display.Line(strings.Join(ids, ", ")),
	)
}

// preview shows what the installation would do.
func (s *shared) preview() *cobra.Command {
	var asJSON, asCSV bool
	var months int
	cmd := &cobra.Command{
		Use:   "preview",
		Short: "Show which deletions wait, and which data lapse in the months to come",
		Long: `Show what the installation would do: the deletions that wait, by recipient and category, the data that lapse
by time in the months to come, the persons who may be asked for consent, and the consents without proof.
Nothing is changed.`,
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return s.ask(cmd.Context(), func(c *client.Client) error {
				data, err := c.Get(cmd.Context(), "/v1/preview?months="+strconv.Itoa(months), "")
				if err != nil {
					return err
				}
				write := writePreview
				if asCSV {
					write = writePreviewCSV
				}
				return writeList(cmd.OutOrStdout(), data, asJSON, write)
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cmd.Flags().BoolVar(&asCSV, "csv", false, "print CSV")
	cmd.Flags().IntVar(&months, "months", 12, "the number of months")
	return cmd
}

// showPreview writes the preview before a question.
func showPreview(cmd *cobra.Command, c *client.Client, quiet bool) error {
	if quiet {
		return nil
	}
	data, err := c.Get(cmd.Context(), "/v1/preview", "")
	if err != nil {
		return err
	}
	return writePreview(cmd.OutOrStdout(), data)
}

// previewed is the answer of /v1/preview.
type previewed struct {
	live.Overview
	preview.Preview
}

func writePreview(out io.Writer, data []byte) error {
	var p previewed
	if err := decode(data, &p); err != nil {
		return fmt.Errorf("read the answer: %w", err)
	}
	if p.Observing {
		fmt.Fprintln(out, "The installation observes: nothing of this is done before rodopath go-live.")
	}
	fmt.Fprintf(out, "Persons: %d, with personal data %d. May be asked for consent: %d. Consents without proof: %d.\n",
		p.Persons, p.Holding, p.Questions, p.Unproven)
	fmt.Fprintf(out, "Without a name, so found by their records alone: %d. Not joined, although they share a name: %d. "+
		"Products that are not listed: %d (rodopath products).\n", p.Nameless, p.Conflicts, p.Unlisted)
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "\nWOULD BE DELETED NOW\tDATA\tITEMS\tPERSONS\tSTATE")
	for _, w := range p.Waiting {
		fmt.Fprintf(table, "%s\t%s\t%d\t%d\t%s\n", w.Recipient, w.Category, w.Items, w.Persons, waitsFor(w.Reason))
	}
	if len(p.Waiting) == 0 {
		fmt.Fprintln(table, "nothing\t\t\t\t")
	}
	fmt.Fprintln(table, "\nWILL LAPSE\tPERSONS\tDATA\t\t")
	for _, m := range p.Months {
		fmt.Fprintf(table, "%s\t%d\t%s\t\t\n", m.Month, m.Persons, counted(m.Categories))
		for _, id := range slices.Sorted(maps.Keys(m.Recipients)) {
			fmt.Fprintf(table, "  at %s\t\t%s\t\t\n", id, counted(m.Recipients[id]))
		}
	}
	fmt.Fprintln(table, "\nIN FORCE FOR\tPERSONS\t\t\t")
	for _, purpose := range slices.Sorted(maps.Keys(p.Purposes)) {
		fmt.Fprintf(table, "%s\t%d\t\t\t\n", purpose, p.Purposes[purpose])
	}
	if err := table.Flush(); err != nil {
		return err
	}
	return writeUncovered(out, p.Uncovered())
}

// waitsFor says what a decision waits for.
func waitsFor(reason decision.HeldReason) string {
	switch reason {
	case decision.HeldObserving:
		return "waits for go-live"
	case decision.HeldHistory:
		return "not sure: history missing"
	case decision.HeldDelay:
		return "waits for its delay"
	case decision.HeldUnlisted:
		return "a product that is not listed (rodopath products)"
	}
	return string(reason)
}

func counted(categories map[string]int) string {
	out := make([]string, 0, len(categories))
	for _, category := range slices.Sorted(maps.Keys(categories)) {
		out = append(out, fmt.Sprintf("%s %d", category, categories[category]))
	}
	return strings.Join(out, ", ")
}

func writePreviewCSV(out io.Writer, data []byte) error {
	var p previewed
	if err := decode(data, &p); err != nil {
		return fmt.Errorf("read the answer: %w", err)
	}
	rows := [][]string{{"when", "recipient", "category", "items"}}
	for _, w := range p.Waiting {
		rows = append(rows, []string{"now", display.Cell(w.Recipient), display.Cell(w.Category), strconv.Itoa(w.Items)})
	}
	for _, m := range p.Months {
		for _, category := range slices.Sorted(maps.Keys(m.Categories)) {
			rows = append(rows, []string{m.Month, "", display.Cell(category), strconv.Itoa(m.Categories[category])})
		}
		for _, id := range slices.Sorted(maps.Keys(m.Recipients)) {
			for _, category := range slices.Sorted(maps.Keys(m.Recipients[id])) {
				n := strconv.Itoa(m.Recipients[id][category])
				rows = append(rows, []string{m.Month, display.Cell(id), display.Cell(category), n})
			}
		}
	}
	for _, purpose := range slices.Sorted(maps.Keys(p.Purposes)) {
		rows = append(rows, []string{"in force", "", display.Cell(purpose), strconv.Itoa(p.Purposes[purpose])})
	}
	for _, count := range []struct {
		name string
		n    int
	}{
		{"persons", p.Persons}, {"holding", p.Holding}, {"questions", p.Questions}, {"unproven", p.Unproven},
		{"nameless", p.Nameless}, {"conflicts", p.Conflicts}, {"unlisted", p.Unlisted},
	} {
		rows = append(rows, []string{"all", "", count.name, strconv.Itoa(count.n)})
	}
	return csv.NewWriter(out).WriteAll(rows)
}
