package cli

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"

	"github.com/spf13/cobra"

	"github.com/rodopath/rodopath/services/rodopath/client"
)

func (s *shared) may() *cobra.Command {
	var controller, at, lang string
	var asJSON, all bool
	cmd := &cobra.Command{
		Use:   "may PERSON PURPOSE [CHANNEL]",
		Short: "Answer whether the data of a person may be used for a purpose, by a channel",
		Long: `Answer whether the data of a person may be used, for example before a campaign. The exit code
is 0 for yes and 4 for no. An unknown person has given no consent. With --all the command lists every
address that may be used, as CSV.`,
		Example: "  rodopath may ala@example.com offers email\n  rodopath may --all offers email",
		Args:    args(cobra.RangeArgs(2, 3)),
		RunE: func(cmd *cobra.Command, given []string) error {
			if all {
				return s.mayAll(cmd, given, asJSON)
			}
			instant, err := parseMoment(at)
			if err != nil {
				return err
			}
			question := map[string]any{"person": given[0], "purpose": given[1], "controller": controller, "at": instant}
			if len(given) == 3 {
				question["channel"] = given[2]
			}
			return s.ask(cmd.Context(), func(c *client.Client) error {
				data, err := c.Ask(cmd.Context(), "/v1/may", question, "")
				if err != nil {
					return err
				}
				var answer permission
				if err := decode(data, &answer); err != nil {
					return fmt.Errorf("read the answer: %w", err)
				}
				text := answer.text(lang)
				if asJSON {
					text = strings.TrimSpace(string(data))
				}
				if _, err := fmt.Fprintln(cmd.OutOrStdout(), text); err != nil || answer.Allowed {
					return err
				}
				return errNo
			})
		},
	}
	cmd.Flags().
		StringVar(&controller, "controller", "", "the business that intends the use (default the configured controller)")
	cmd.Flags().StringVar(&at, "at", "", atHelp)
	cmd.Flags().StringVar(&lang, "lang", "en", "pl or en")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cmd.Flags().BoolVar(&all, "all", false, "list all who may be addressed: may --all PURPOSE CHANNEL")
	return cmd
}

// mayAll lists every address that may be used for a purpose by a channel, as CSV, or as one JSON object a line.
func (s *shared) mayAll(cmd *cobra.Command, given []string, asJSON bool) error {
	if len(given) != 2 {
		return fmt.Errorf("%w: name a purpose and a channel: rodopath may --all offers email", errUsage)
	}
	path := "/v1/audience?" + url.Values{"purpose": {given[0]}, "channel": {given[1]}}.Encode()
	return s.ask(cmd.Context(), func(c *client.Client) error {
		if !asJSON {
			data, err := c.Get(cmd.Context(), path+"&form=csv", "text/csv")
			if err != nil {
				return err
			}
			_, err = cmd.OutOrStdout().Write(data)
			return err
		}
		for after := ""; ; {
			data, err := c.Get(cmd.Context(), path+"&limit=500&after="+url.QueryEscape(after), "")
			if err != nil {
				return err
			}
			var page struct {
				Rows []json.RawMessage `json:"rows"`
				Next string            `json:"next"`
			}
			if err := decode(data, &page); err != nil {
				return fmt.Errorf("read the answer: %w", err)
			}
			for _, row := range page.Rows {
				fmt.Fprintln(cmd.OutOrStdout(), string(row))
			}
			if after = page.Next; after == "" {
				return nil
			}
		}
	})
}

// permission is the answer of the server.
type permission struct {
	Allowed bool              `json:"allowed"`
	Why     string            `json:"why"`
	Says    map[string]string `json:"says"`
	Rule    string            `json:"rule"`
	Box     bool              `json:"box"`
}

// text writes the answer in a line.
func (p *permission) text(lang string) string {
	text := "no: " + strings.ReplaceAll(p.Why, "_", " ")
	if p.Allowed {
		text = "yes: " + p.Why + ", rule " + p.Rule
	}
	if says := strings.TrimSuffix(p.Says[lang], "."); says != "" {
		text += ": " + says
	}
	if p.Box {
		text += "; the person may be asked by an unticked box at the checkout"
	}
	return text
}
