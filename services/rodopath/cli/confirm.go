package cli

import (
	"bufio"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/rodopath/rodopath/services/rodopath/client"
)

// confirm asks a person at the terminal whether to go on. Questions go where errors go, so that the output of a command
// stays exact. Without a terminal the answer is no.
func confirm(cmd *cobra.Command, yes bool, question string) error {
	if yes {
		return nil
	}
	out, answer := cmd.ErrOrStderr(), ""
	if isTerminal(cmd.InOrStdin()) {
		fmt.Fprintf(out, "\n%s Write yes to go on: ", question)
		answer, _ = bufio.NewReader(cmd.InOrStdin()).ReadString('\n') // the end of the input is no answer
	}
	if answer == "" {
		return fmt.Errorf("%w: %s Nobody answered at a terminal; --yes answers yes", errUsage, question)
	}
	if strings.TrimSpace(answer) != "yes" {
		fmt.Fprintln(out, "Nothing was done.")
		return errNo
	}
	return nil
}

// isTerminal reports whether a person may answer: an input of a test counts as a person.
func isTerminal(in io.Reader) bool {
	file, ok := in.(*os.File)
	if !ok {
		return true
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// addYes adds the flag that answers the question of a command.
func addYes(cmd *cobra.Command, yes *bool) { cmd.Flags().BoolVar(yes, "yes", false, "do not ask") }

// confirmErasure shows what an entry would erase, by a question to the server that changes nothing, and asks. An entry
// that erases nothing needs no answer, unless always is set.
func confirmErasure(cmd *cobra.Command, c *client.Client, yes, always bool, path string, entry map[string]any) error {
	if yes {
		return nil
	}
	question := maps.Clone(entry)
	question["preview"] = true
	data, err := c.Ask(cmd.Context(), path, question, "")
	if err != nil {
		return err
	}
	var e struct {
		Deletes    map[string]int `json:"deletes"`
		Retained   map[string]int `json:"retained"`
		Recipients []string       `json:"recipients"`
	}
	if err := decode(data, &e); err != nil {
		return fmt.Errorf("read the answer: %w", err)
	}
	out := cmd.ErrOrStderr()
	switch {
	case len(e.Deletes) == 0 && !always:
		return nil
	case len(e.Deletes) == 0:
		fmt.Fprintln(out, "By this request nothing is erased now.")
	default:
		fmt.Fprintf(out, "Erased: %s.\n", counted(e.Deletes))
		if len(e.Retained) > 0 {
			fmt.Fprintf(out, "Retained: %s.\n", counted(e.Retained))
		}
		if len(e.Recipients) > 0 {
			fmt.Fprintf(out, "Notified: %s.\n", strings.Join(e.Recipients, ", "))
		}
	}
	return confirm(cmd, false, "Record this request?")
}

// confirmReplay shows how many deletions would be sent again to every recipient, and asks.
func confirmReplay(cmd *cobra.Command, c *client.Client, yes bool, since time.Time) error {
	if yes {
		return nil
	}
	data, err := c.Get(cmd.Context(), "/v1/decisions?state=all", "")
	if err != nil {
		return err
	}
	var list struct {
		Decisions []struct {
			Kind       string    `json:"kind"`
			Subject    string    `json:"subject"`
			At         time.Time `json:"at"`
			Recipients []struct {
				Recipient string `json:"recipient"`
			} `json:"recipients"`
		} `json:"decisions"`
	}
	if err := decode(data, &list); err != nil {
		return fmt.Errorf("read the answer: %w", err)
	}
	deletions, persons, recipients := 0, map[string]bool{}, map[string]bool{}
	for _, d := range list.Decisions {
		if d.Kind != "delete" || d.At.Before(since) {
			continue
		}
		deletions, persons[d.Subject] = deletions+1, true
		for _, r := range d.Recipients {
			recipients[r.Recipient] = true
		}
	}
	fmt.Fprintf(cmd.ErrOrStderr(), "At most %d deletions about %d persons are sent again, to: %s.\n",
		deletions, len(persons), strings.Join(slices.Sorted(maps.Keys(recipients)), ", "))
	return confirm(cmd, false, "Send to every recipient? (--recipient names one.)")
}
