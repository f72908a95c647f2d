package cli

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/rodopath/rodopath/services/rodopath/client"
)

func (s *shared) request() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "requests",
		Short: "List and process the requests of data subjects",
		Long: `A person has the rights of access, rectification, erasure, restriction, portability and
objection. A request must be answered within one month (Art. 12(3) GDPR). Without a
command the open requests are listed, the most urgent first.`,
		Args: args(cobra.NoArgs),
	}
	var overdue, asJSON bool
	cmd.Flags().BoolVar(&overdue, "overdue", false, "only overdue requests")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		path := "/v1/requests"
		if overdue {
			path += "?state=overdue"
		}
		return s.ask(cmd.Context(), func(c *client.Client) error {
			data, err := c.Get(cmd.Context(), path, "")
			if err != nil {
				return err
			}
			return writeList(cmd.OutOrStdout(), data, asJSON, writeRequests)
		})
	}
	cmd.AddCommand(
		s.openRequest(),
		s.step("verify", "Record that the identity of the sender is verified"),
		s.step("extend", "Record that an extension by two months was announced to the person (Art. 12(3))"),
		s.step(
			"decide",
			"Record the decision: --outcome granted, partly or refused",
		),
		s.step("answer", "Record that the person received the answer"),
		s.step(
			"lift",
			"Record that a restriction is lifted; --told is the time at which the person was informed (Art. 18(3))",
		),
		s.step(
			"mistake",
			"Close a request that was recorded by mistake, without an answer, and undo its effects; --reason says why",
		),
	)
	return cmd
}

// request is a listed request.
type request struct {
	Subject  string    `json:"subject"`
	Person   []string  `json:"person"`
	Ref      string    `json:"ref"`
	Right    string    `json:"right"`
	State    string    `json:"state"`
	Received time.Time `json:"received"`
	LastDay  string    `json:"last_day"`
	Outcome  string    `json:"outcome"`
	Overdue  bool      `json:"overdue"`
}

func writeRequests(out io.Writer, data []byte) error {
	var list struct {
		Requests []request `json:"requests"`
	}
	if err := decode(data, &list); err != nil {
		return fmt.Errorf("read the answer: %w", err)
	}
	if len(list.Requests) == 0 {
		_, err := fmt.Fprintln(out, "No request is open.")
		return err
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "ANSWER BY\tREQUEST\tRIGHT\tSTATE\tRECEIVED\tPERSON")
	for _, r := range list.Requests {
		late := ""
		if r.Overdue {
			late = " (overdue)"
		}
		fmt.Fprintf(
			table,
			"%s%s\t%s\t%s\t%s\t%s\t%s\n",
			r.LastDay,
			late,
			r.Ref,
			r.Right,
			strings.TrimSpace(r.State+" "+r.Outcome),
			r.Received.Format(time.DateOnly),
			who(r.Person, r.Subject),
		)
	}
	return table.Flush()
}

func (s *shared) openRequest() *cobra.Command {
	var ref, at, ground, way string
	var purposes []string
	var unverified, asJSON, yes bool
	cmd := &cobra.Command{
		Use:     "open PERSON RIGHT",
		Short:   "Record a request: access, rectification, erasure, restriction, portability, objection",
		Long:    "Record a request. A request for erasure shows what is erased and asks, unless --yes is given.",
		Example: "  rodopath requests open ala@example.com erasure\n  rodopath requests open ala@example.com objection --purpose claims",
		Args:    args(cobra.ExactArgs(2)),
		RunE: func(cmd *cobra.Command, given []string) error {
			instant, err := parseMoment(at)
			if err != nil {
				return err
			}
			question := map[string]any{
				"person":     given[0],
				"right":      given[1],
				"ref":        ref,
				"at":         instant,
				"purposes":   purposes,
				"ground":     ground,
				"way":        way,
				"unverified": unverified,
			}
			return s.ask(cmd.Context(), func(c *client.Client) error {
				if given[1] == "erasure" && !unverified {
					if err := confirmErasure(cmd, c, yes, true, "/v1/requests", question); err != nil {
						return err
					}
				}
				data, err := c.Ask(cmd.Context(), "/v1/requests", question, "")
				if err != nil {
					return err
				}
				if asJSON {
					_, err = cmd.OutOrStdout().Write(data)
					return err
				}
				var r request
				if err := decode(data, &r); err != nil {
					return fmt.Errorf("read the answer: %w", err)
				}
				text := fmt.Sprintf("%s is recorded. Answer by %s.", r.Ref, r.LastDay)
				if r.LastDay == "" {
					text = "The objection to marketing is recorded and in force at once."
				}
				_, err = fmt.Fprintln(cmd.OutOrStdout(), text)
				return err
			})
		},
	}
	cmd.Flags().StringVar(&ref, "ref", "", "name of the request (default a new one)")
	cmd.Flags().
		StringVar(&at, "at", "", "day of receipt in the zone of the policy, such as 2027-01-01, or instant (default now)")
	cmd.Flags().StringSliceVar(&purposes, "purpose", nil, "the purpose of an objection (default marketing)")
	cmd.Flags().StringVar(&ground, "ground", "", "the ground of a restriction: inaccurate, unlawful, for_claims, objected")
	cmd.Flags().StringVar(&way, "way", "", "how the request came: letter, email, voice (also by telephone) or form")
	cmd.Flags().
		BoolVar(&unverified, "unverified", false, "the identity of the sender is not verified: the request takes effect after \"requests verify\"")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	addYes(cmd, &yes)
	return cmd
}

// step is a command that records a step of a request.
func (s *shared) step(name, short string) *cobra.Command {
	var at, outcome, reason, told string
	var yes bool
	cmd := &cobra.Command{
		Use:   name + " REQUEST",
		Short: short,
		Args:  args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			instant, err := parseMoment(at)
			if err != nil {
				return err
			}
			informed, err := parseMoment(told)
			if err != nil {
				return err
			}
			question := map[string]any{"at": instant, "outcome": outcome, "reason": reason, "told": informed}
			return s.ask(cmd.Context(), func(c *client.Client) error {
				path := "/v1/requests/" + given[0] + "/" + name
				if name == "verify" || name == "decide" || name == "mistake" {
					if err := confirmErasure(cmd, c, yes, false, path, question); err != nil {
						return err
					}
				}
				if _, err := c.Ask(cmd.Context(), path, question, ""); err != nil {
					return err
				}
				_, err := fmt.Fprintf(cmd.OutOrStdout(), "%s: %s is recorded.\n", given[0], name)
				return err
			})
		},
	}
	cmd.Flags().
		StringVar(&at, "at", "", "day of the step in the zone of the policy, such as 2027-01-01, or instant (default now)")
	switch name {
	case "verify":
		addYes(cmd, &yes)
	case "decide":
		addYes(cmd, &yes)
		cmd.Flags().StringVar(&outcome, "outcome", "", "granted, partly or refused")
		cmd.Flags().StringVar(&reason, "reason", "", "the reason, without names; required unless granted (Art. 12(4))")
	case "mistake":
		addYes(cmd, &yes)
		cmd.Flags().StringVar(&reason, "reason", "",
			"why the request was recorded by mistake, without names, such as \"wrong person\" or \"recorded twice\"; required")
	case "lift":
		cmd.Flags().
			StringVar(&told, "told", "", "day or instant at which the person was informed that the restriction would be lifted")
	}
	return cmd
}
