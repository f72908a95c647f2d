package cli

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/internal/display"
	"github.com/rodopath/rodopath/services/rodopath/client"
)

func (s *shared) events() *cobra.Command {
	var follow, asJSON bool
	cmd := &cobra.Command{
		Use:   "events",
		Short: "Print the decisions: deletions, and questions for consent",
		Long: `Print the decisions in the order of their publication. With --json each line is a
CloudEvent, exactly as recipients receive the event.`,
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return s.ask(cmd.Context(), func(c *client.Client) error {
				return c.Events(cmd.Context(), follow, func(data []byte) error {
					if asJSON {
						_, err := fmt.Fprintf(cmd.OutOrStdout(), "%s\n", data)
						return err
					}
					return writeEvent(cmd.OutOrStdout(), data)
				})
			})
		},
	}
	cmd.Flags().BoolVar(&follow, "follow", false, "continue with new decisions")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print CloudEvents in JSON, one per line")
	return cmd
}

// writeEvent describes a decision in words.
func writeEvent(out io.Writer, data []byte) error {
	data, err := display.JSON(data)
	if err != nil {
		return err
	}
	e, err := stream.DecodeEvent(data)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "%s  %s\n", e.Time.Format(minute), describe(e))
	return err
}

// describe describes the instruction, the person and the reasons of an event.
func describe(e *stream.Event) string {
	who := strings.Join(append(e.Data.Person.Emails, e.Data.Person.IDs...), ", ")
	if who == "" {
		who = "subject " + e.Subject
	}
	switch {
	case e.Data.Ask != nil:
		a := e.Data.Ask
		return fmt.Sprintf(
			"ASK      %s for consent to %s by %s, at: %s",
			who,
			a.Purpose,
			a.Channel,
			strings.Join(a.Places, ", "),
		)
	case e.Data.Delete != nil:
		return fmt.Sprintf(
			"DELETE   %s: %s; last retained for %s, to %s",
			who,
			items(e.Data.Delete),
			lastPurposes(e),
			e.Data.Effective.Add(-time.Millisecond).Format(time.DateOnly),
		)
	}
	return e.Type + " " + who
}

// lastPurposes names the purposes of the bases that ended last.
func lastPurposes(e *stream.Event) string {
	var out []string
	for _, r := range e.Data.Because {
		if r.Until != nil && r.Until.Equal(e.Data.Effective) && !slices.Contains(out, r.Purpose) {
			out = append(out, r.Purpose)
		}
	}
	return strings.Join(out, ", ")
}

func items(d *stream.Delete) string {
	var names []string
	for _, i := range d.Items {
		names = append(names, strings.TrimSpace(i.Category+" "+i.Ref))
	}
	text := strings.Join(names, ", ")
	if d.Scope == "person" {
		text += " (no personal data of this person may be held any more)"
	}
	return text
}

func (s *shared) send() *cobra.Command {
	return &cobra.Command{
		Use:   "send FACT.json",
		Short: "Record a fact by hand",
		Long: `Record a fact by hand, or several under "facts". The file has the format of the platform
"standard"; "-" reads standard input.`,
		Example: `  echo '{"kind":"erasure","at":"2026-01-15T10:00:00Z","person":{"email":"ala@example.com"}}' | rodopath send -`,
		Args:    args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			body, err := readInput(given[0])
			if err != nil {
				return fmt.Errorf("read fact: %w", err)
			}
			return s.ask(cmd.Context(), func(c *client.Client) error {
				n, err := c.Send(cmd.Context(), body)
				if err != nil {
					return err
				}
				_, err = fmt.Fprintf(cmd.OutOrStdout(), "%d recorded\n", n)
				return err
			})
		},
	}
}
