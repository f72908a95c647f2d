package cli

import (
	"fmt"
	"io"
	"net/url"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/rodopath/rodopath/services/rodopath/client"
)

// workList lists what a recipient has still to delete.
func (s *shared) workList() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "todo RECIPIENT",
		Short: "List what a recipient that erases by hand has still to delete, with names and deadlines",
		Long: `List what a recipient that erases by hand has still to delete: the names of the persons, the numbers of the
records, and the deadline of each confirmation. A recipient with a token sees the same list at /todo of
the public address, signs in with its id and its token, and ticks off what is deleted.`,
		Example: "  rodopath decisions todo bookkeeper",
		Args:    args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			return s.ask(cmd.Context(), func(c *client.Client) error {
				data, err := c.Get(cmd.Context(), "/v1/todo/"+url.PathEscape(given[0]), "")
				if err != nil {
					return err
				}
				return writeList(cmd.OutOrStdout(), data, asJSON, writeTodo)
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func writeTodo(out io.Writer, data []byte) error {
	var list struct {
		Recipient string `json:"recipient"`
		Tasks     []struct {
			Decision string   `json:"decision"`
			LastDay  string   `json:"last_day"`
			Overdue  bool     `json:"overdue"`
			Person   []string `json:"person"`
			Items    []struct {
				Category string   `json:"category"`
				Records  []string `json:"records"`
			} `json:"items"`
		} `json:"tasks"`
	}
	if err := decode(data, &list); err != nil {
		return fmt.Errorf("read the answer: %w", err)
	}
	if len(list.Tasks) == 0 {
		_, err := fmt.Fprintf(out, "%s has nothing to delete.\n", list.Recipient)
		return err
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "CONFIRM BY\tPERSON\tDELETE\tDECISION")
	for _, t := range list.Tasks {
		due := t.LastDay
		if t.Overdue {
			due += " (overdue)"
		}
		var items []string
		for _, i := range t.Items {
			items = append(items, strings.TrimSpace(i.Category+" "+strings.Join(i.Records, ", ")))
		}
		person := strings.Join(t.Person, ", ")
		if person == "" {
			person = "(the names are deleted here)"
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", due, person, strings.Join(items, "; "), t.Decision)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(out, "\nThen: rodopath decisions receipt DECISION %s done\n", list.Recipient)
	return err
}
