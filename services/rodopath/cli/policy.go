package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/rodopath/rodopath/services/internal/config"
	"github.com/rodopath/rodopath/services/lifecycle/business"
	"github.com/rodopath/rodopath/services/lifecycle/policy"
	"github.com/rodopath/rodopath/services/lifecycle/rules"
	"github.com/rodopath/rodopath/services/lifecycle/scenario"
	"github.com/rodopath/rodopath/services/rodopath/client"
	"github.com/rodopath/rodopath/services/rodopath/datadir"
)

// policy is the family of commands about the rules. Only "status" asks a server.
func (s *shared) policy() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "policy",
		Short: "Print the default policy; check, show and test a policy",
		Long: `Print the default policy, to read and to extend. A policy of your own contains only the
differences ("extends: pl"); docs/policy.md describes the language. The commands read a file,
or the configured policy, or the default policy.`,
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := io.WriteString(cmd.OutOrStdout(), policy.Text())
			return err
		},
	}
	cmd.AddCommand(s.checkPolicy(), s.showPolicy(), s.testPolicy(), s.policyStatus(), s.simulatePolicy())
	return cmd
}

// configured returns the policy file and the business of the configuration, where
// there is one.
func (s *shared) configured() (path string, by policy.Business, err error) {
	name := s.config
	if name == "" {
		h := datadir.At(s.data)
		if name = h.ConfigPath(); !exists(name) {
			return "", by, nil
		}
	}
	c, err := config.Load(name, os.Environ())
	if err != nil {
		return "", by, err
	}
	if c.Policy != "" && c.Policy != "default" {
		path = c.Path(c.Policy)
	}
	by.Controller = c.Controller
	by.Connect = func(p *rules.Policy) error { return business.Connect(p, c) }
	return path, by, nil
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// policyFile is the policy that a command is about: the file given, or that of the
// configuration.
func (s *shared) policyFile(given string) (path string, by policy.Business, err error) {
	path, by, err = s.configured()
	if given != "" {
		path = given
	}
	return path, by, err
}

func (s *shared) checkPolicy() *cobra.Command {
	var asJSON bool
	var lang string
	cmd := &cobra.Command{
		Use:   "check [FILE]",
		Short: "Report the faults of a policy, and the risks of its choices",
		Long: `Report every fault of a policy, with line, column and remedy. The exit code is 4 with a fault.
For a policy without faults the command reports the risks of its choices, with the law.`,
		Args: args(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			path, by, err := s.policyFile(first(given))
			if err != nil {
				return err
			}
			checked, err := policy.CheckFile(path, by)
			if policy.IsFault(err) {
				fmt.Fprintln(cmd.OutOrStdout(), err)
				return errNo
			}
			if err != nil {
				return err
			}
			if asJSON {
				return writeJSON(cmd.OutOrStdout(), checked)
			}
			return writeChecked(cmd.OutOrStdout(), lang, checked)
		},
	}
	cmd.Flags().StringVar(&lang, "lang", "en", "pl or en")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func writeJSON(out io.Writer, v any) error {
	data, err := json.MarshalIndent(v, "", "  ")
	if err == nil {
		_, err = fmt.Fprintf(out, "%s\n", data)
	}
	return err
}

func first(given []string) string {
	if len(given) == 0 {
		return ""
	}
	return given[0]
}

func writeChecked(out io.Writer, lang string, checked *policy.Checked) error {
	words := map[string]map[string]string{
		"en": {
			"sound":      "%s has no faults, revision %s.\n",
			"line":       " (line %d)",
			"too_early":  "MAY DELETE TOO EARLY",
			"too_long":   "MAY RETAIN TOO LONG",
			"marketing":  "MAY BE MARKETING",
			"disclosure": "MAY BE UNKNOWN TO DATA SUBJECTS",
		},
		"pl": {
			"sound":      "Polityka %s nie zawiera błędów, wersja %s.\n",
			"line":       " (wiersz %d)",
			"too_early":  "RYZYKO PRZEDWCZESNEGO USUNIĘCIA DANYCH",
			"too_long":   "RYZYKO ZBYT DŁUGIEGO PRZECHOWYWANIA DANYCH",
			"marketing":  "RYZYKO MARKETINGU BEZ ZGODY",
			"disclosure": "RYZYKO NIEPEŁNEJ INFORMACJI DLA OSÓB, KTÓRYCH DANE DOTYCZĄ",
		},
	}[lang]
	if words == nil {
		return fmt.Errorf("%w: --lang must be pl or en", errUsage)
	}
	fmt.Fprintf(out, words["sound"], checked.ID, checked.Revision)
	for _, w := range checked.Warnings {
		place := ""
		if w.Line > 0 {
			place = fmt.Sprintf(words["line"], w.Line)
		}
		fmt.Fprintf(out, "\n%s%s\n  %s\n", words[w.Risk], place, w.Says[lang])
		if w.Cites != "" {
			fmt.Fprintf(out, "  %s\n", w.Cites)
		}
	}
	return nil
}

func (s *shared) showPolicy() *cobra.Command {
	var format, lang string
	cmd := &cobra.Command{
		Use:     "show [FILE]",
		Short:   "Print the record of processing activities (Art. 30): purposes, bases, data, periods, recipients",
		Example: "  rodopath policy show --format markdown --lang pl > rejestr.md",
		Args:    args(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			path, by, err := s.policyFile(first(given))
			if err != nil {
				return err
			}
			err = policy.WriteRecordOf(cmd.OutOrStdout(), path, by, format, lang)
			if errors.Is(err, policy.ErrFormat) {
				return fmt.Errorf("%w: %w", errUsage, err)
			}
			return err
		},
	}
	cmd.Flags().StringVar(&format, "format", "text", "text, markdown, json or csv")
	cmd.Flags().StringVar(&lang, "lang", "pl", "pl or en")
	return cmd
}

// runScenarios runs the scenarios of a directory against a policy file.
func runScenarios(path, controller, dir string) (*scenario.Report, error) {
	name, text, err := policy.Read(path)
	if err != nil {
		return nil, err
	}
	return scenario.RunFiles(func(changes []string) (*rules.Policy, error) {
		return policy.Change(name, text, controller, changes)
	}, dir)
}

func (s *shared) testPolicy() *cobra.Command {
	var file string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "test DIR",
		Short: "Run the scenarios of a directory (*.case) against a policy, in virtual time",
		Long: `Run scenarios against a policy and show expected and actual results. The exit code is 4 when a
scenario fails, or the policy has a fault. docs/policy.md describes the format.`,
		Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			path, by, err := s.policyFile(file)
			if err != nil {
				return err
			}
			report, err := runScenarios(path, by.Controller, given[0])
			if policy.IsFault(err) {
				fmt.Fprintln(cmd.OutOrStdout(), err)
				return errNo
			}
			if err != nil {
				return err
			}
			out := cmd.OutOrStdout()
			if asJSON {
				err = writeJSON(out, report)
			} else {
				for _, f := range report.Failures {
					fmt.Fprintf(out, "%s: %s\n", f.File, f.Text)
				}
				_, err = fmt.Fprintf(out, "%d scenarios, %d failures\n", report.Cases, len(report.Failures))
			}
			if err == nil && len(report.Failures) > 0 {
				return errNo
			}
			return err
		},
	}
	cmd.Flags().StringVar(&file, "policy", "", "policy file (default the configured policy)")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func (s *shared) policyStatus() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Show the policy in force, and a policy that waits for approval",
		Args:  args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return s.ask(cmd.Context(), func(c *client.Client) error {
				data, err := c.Get(cmd.Context(), "/v1/policy", "")
				if err != nil {
					return err
				}
				return writeAnswer(cmd.OutOrStdout(), data, asJSON, writeStatus)
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func writeStatus(out io.Writer, data []byte) error {
	var p struct {
		Policy   string   `json:"policy"`
		Revision string   `json:"revision"`
		Earlier  []string `json:"earlier"`
		Waiting  *struct {
			Policy       string         `json:"policy"`
			Revision     string         `json:"revision"`
			Affected     int            `json:"affected"`
			Subjects     int            `json:"subjects"`
			Items        map[string]int `json:"items"`
			LimitPercent float64        `json:"limit_percent"`
		} `json:"waiting"`
	}
	if err := decode(data, &p); err != nil {
		return fmt.Errorf("read the answer: %w", err)
	}
	fmt.Fprintf(out, "%s, revision %s, is in force", p.Policy, p.Revision)
	if len(p.Earlier) > 0 {
		fmt.Fprintf(out, "; the retention periods promised under earlier policies (%d) still apply", len(p.Earlier))
	}
	fmt.Fprintln(out, ".")
	if p.Waiting == nil {
		return nil
	}
	w := p.Waiting
	fmt.Fprintf(
		out,
		"\n%s, revision %s, waits for approval: the policy would delete data of %d of %d persons at once (more than %g %%).\n",
		w.Policy,
		w.Revision,
		w.Affected,
		w.Subjects,
		w.LimitPercent,
	)
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, category := range slices.Sorted(maps.Keys(w.Items)) {
		fmt.Fprintf(table, "  %s\t%d\n", category, w.Items[category])
	}
	if err := table.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(out, "To put the policy in force: rodopath serve --approve %s\n", w.Revision)
	return err
}
