package cli

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/rodopath/rodopath/services/rodopath/client"
)

// exportForms are the forms of an export with their media types.
func exportForms() map[string]string {
	return map[string]string{
		"report":   "application/json",
		"portable": "application/json",
		"page":     "text/html",
		"answer":   "text/plain",
	}
}

func (s *shared) export() *cobra.Command {
	var form, lang, at, to, ref string
	cmd := &cobra.Command{
		Use:   "export PERSON",
		Short: "Write the report of Art. 15, portable data, or the draft of a letter",
		Long: `Write the report of a person. Forms:

  report    data, purposes, sources, retention, recipients and rights (Art. 15), as JSON
  page      the same report as a page to print
  portable  the data that the person provided (Art. 20), as JSON
  answer    a draft of the answer to a request for erasure: retained data, with the reasons`,
		Example: "  rodopath export ala@example.com --form page --lang pl -o ala.html",
		Args:    args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			instant, err := parseMoment(at)
			if err != nil {
				return err
			}
			accept, ok := exportForms()[form]
			if !ok {
				return fmt.Errorf("%w: --form must be report, page, portable or answer", errUsage)
			}
			return s.ask(cmd.Context(), func(c *client.Client) error {
				data, err := c.Ask(
					cmd.Context(),
					"/v1/export",
					map[string]any{"person": given[0], "at": instant, "form": form, "lang": lang, "request": ref},
					accept,
				)
				if err != nil {
					return err
				}
				return writeOut(cmd.OutOrStdout(), to, data)
			})
		},
	}
	cmd.Flags().StringVar(&form, "form", "report", "report, page, portable or answer")
	cmd.Flags().StringVar(&lang, "lang", "pl", "pl or en")
	cmd.Flags().StringVar(&at, "at", "", atHelp)
	cmd.Flags().StringVar(&ref, "request", "", "the request to answer (default the newest)")
	cmd.Flags().
		StringVarP(&to, "output", "o", "", "file to write, with access for its owner only (default standard output)")
	return cmd
}

// writeOut writes to a file with owner-only access, or to out.
func writeOut(out io.Writer, path string, data []byte) error {
	if path == "" {
		_, err := out.Write(data)
		return err
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		return fmt.Errorf("write export: %w", err)
	}
	return nil
}

func (s *shared) evidence() *cobra.Command {
	var all, asJSON bool
	var lang string
	cmd := &cobra.Command{
		Use:   "evidence",
		Short: "List the consents without sufficient evidence (Art. 7(1)), with the reasons",
		Args:  args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			path := "/v1/evidence"
			if all {
				path += "?all=1"
			}
			return s.ask(cmd.Context(), func(c *client.Client) error {
				n := 0
				err := c.Lines(cmd.Context(), path, func(line []byte) error {
					n++
					if asJSON {
						_, err := fmt.Fprintf(cmd.OutOrStdout(), "%s\n", line)
						return err
					}
					return writeEvidence(cmd.OutOrStdout(), lang, line)
				})
				if err == nil && n == 0 && !asJSON {
					text := "There is sufficient evidence for every consent in force."
					if all {
						text = "No consent is in force."
					}
					_, err = fmt.Fprintln(cmd.OutOrStdout(), text)
				}
				return err
			})
		},
	}
	cmd.Flags().BoolVar(&all, "all", false, "all consents in force, with sufficient evidence too")
	cmd.Flags().StringVar(&lang, "lang", "en", "pl or en")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON, one consent per line")
	return cmd
}

func writeEvidence(out io.Writer, lang string, line []byte) error {
	var e struct {
		Subject  string            `json:"subject"`
		Person   []string          `json:"person"`
		Purpose  map[string]string `json:"purpose_name"`
		Channel  string            `json:"channel"`
		Since    time.Time         `json:"since"`
		Provable bool              `json:"provable"`
		Flaws    []struct {
			Missing map[string]string `json:"missing"`
			Do      map[string]string `json:"do"`
		} `json:"flaws"`
	}
	if err := decode(line, &e); err != nil {
		return fmt.Errorf("read the answer: %w", err)
	}
	state := "sound"
	if !e.Provable {
		state = "FAILS"
	}
	lines := []string{
		fmt.Sprintf(
			"%s  %s, %s, %s, %s",
			state,
			who(e.Person, e.Subject),
			e.Purpose[lang],
			e.Channel,
			e.Since.Format(time.DateOnly),
		),
	}
	for _, f := range e.Flaws {
		lines = append(lines, "       "+f.Missing[lang]+" "+f.Do[lang])
	}
	_, err := fmt.Fprintln(out, strings.Join(lines, "\n"))
	return err
}
