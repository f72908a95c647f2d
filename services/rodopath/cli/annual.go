package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/url"
	"os"
	"slices"
	"strconv"
	"text/tabwriter"
	"time"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/rodopath/rodopath/api/certificate"
	"github.com/rodopath/rodopath/services/lifecycle/journal"
	"github.com/rodopath/rodopath/services/lifecycle/statistics"
	"github.com/rodopath/rodopath/services/rodopath/client"
)

// asks gets an answer of one JSON object a line.
type asks func(ctx context.Context, path string, question any, visit func([]byte) error) error

// counterBar shows how many persons were compared, where there is a terminal.
type counterBar struct{ bar *progressbar.ProgressBar }

func newCounterBar(*cobra.Command) *counterBar {
	if !term.IsTerminal(int(os.Stderr.Fd())) {
		return &counterBar{}
	}
	return &counterBar{newBar()}
}

// show shows the progress of a line.
func (b *counterBar) show(line []byte) error {
	var at struct {
		Persons int `json:"persons"`
		Total   int `json:"total"`
	}
	if err := json.Unmarshal(line, &at); err != nil {
		return fmt.Errorf("read the answer: %w", err)
	}
	if b.bar != nil && at.Total > 0 {
		b.bar.ChangeMax(at.Total)
		_ = b.bar.Set(min(at.Persons, at.Total)) // a closed terminal is no error
	}
	return nil
}

func (b *counterBar) end() {
	if b.bar != nil {
		_ = b.bar.Finish() // a closed terminal is no error
	}
}

func (s *shared) annualReport() *cobra.Command {
	var year int
	var output, verify, key string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "report",
		Short: "Report a year for an auditor: requests, deletions, acts, and the state of all journals",
		Long: `Report a year over all persons: the requests with the time to answer, the deletions with their reasons,
the acts of the controller, and the verification of all journals. The report names nobody. -o writes the report with its
signature (Ed25519); --verify checks such a file under the public key that "rodopath certificate key" prints.`,
		Example: "  rodopath journal report --year 2026 -o report.json\n  rodopath journal report --verify report.json --key KEY",
		Args:    args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if verify != "" {
				return verifyReport(cmd.OutOrStdout(), verify, key)
			}
			return s.ask(cmd.Context(), func(c *client.Client) error {
				ask := func(ctx context.Context, path string, _ any, visit func([]byte) error) error {
					return c.Lines(ctx, path, visit)
				}
				path := "/v1/journal/report"
				if year != 0 {
					path += "?year=" + strconv.Itoa(year)
				}
				last, err := lastLine(cmd, ask, path, nil)
				if err != nil {
					return err
				}
				return issueReport(cmd.OutOrStdout(), last, output, asJSON)
			})
		},
	}
	cmd.Flags().IntVar(&year, "year", 0, "the civil year; without it, the present one in the zone of the policy")
	cmd.Flags().StringVarP(&output, "output", "o", "", "file for the signed report")
	cmd.Flags().StringVar(&verify, "verify", "", "signed report to verify instead")
	cmd.Flags().StringVar(&key, "key", "", "public key of the business, in base64, with --verify")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// verifyReport prints the content of a signed report.
func verifyReport(out io.Writer, file, key string) error {
	if key == "" {
		return fmt.Errorf("%w: --verify needs --key", errUsage)
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return fmt.Errorf("verify report: %w", err)
	}
	payload, err := certificate.VerifyReport(data, key)
	if errors.Is(err, certificate.ErrForged) {
		fmt.Fprintln(out, err)
		return errNo
	}
	if err != nil {
		return err
	}
	return writeJSON(out, payload)
}

// issueReport prints a report, or writes its signed form into a file.
func issueReport(out io.Writer, line []byte, file string, asJSON bool) error {
	var answer struct {
		Report json.RawMessage     `json:"report"`
		Signed *certificate.Signed `json:"signed"`
	}
	if err := decode(line, &answer); err != nil || answer.Signed == nil {
		return fmt.Errorf("read the answer: %w", errors.Join(err, errors.New("the report is missing")))
	}
	if file != "" {
		text, err := json.MarshalIndent(answer.Signed, "", "  ")
		if err != nil {
			return err
		}
		return writeOutput(out, file, append(text, '\n'))
	}
	return writeAnswer(out, answer.Report, asJSON, writeAnnual)
}

func writeAnnual(out io.Writer, data []byte) error {
	var r struct {
		Controller string          `json:"controller"`
		Statistics statistics.Year `json:"statistics"`
		Journals   journal.Report  `json:"journals"`
	}
	if err := decode(data, &r); err != nil {
		return fmt.Errorf("read the answer: %w", err)
	}
	s := r.Statistics
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(table, "%s, %d\t\n", r.Controller, s.Year)
	fmt.Fprintf(
		table,
		"journals\t%d with %d entries, %d inconsistencies\n",
		r.Journals.Journals,
		r.Journals.Entries,
		len(r.Journals.Faults),
	)
	fmt.Fprintf(table, "persons today\t%d\n", s.Persons)
	for _, q := range s.Requests {
		days := ""
		if q.MedianDays != nil {
			days = fmt.Sprintf(", median %g days", *q.MedianDays)
		}
		fmt.Fprintf(
			table,
			"%s\t%d received, %d in time, %d late, %d open%s\n",
			q.Right,
			q.Received,
			q.InTime,
			q.Late,
			q.Open,
			days,
		)
	}
	fmt.Fprintf(table, "deletions\t%d of %d persons, %d confirmed by every recipient\n",
		s.Deletions, s.DeletionPersons, s.Confirmed)
	for _, reason := range s.Reasons {
		fmt.Fprintf(table, "  %s\t%d\n", reason.Reason, reason.Deletions)
	}
	for _, act := range slices.Sorted(maps.Keys(s.Acts)) {
		fmt.Fprintf(table, "act %s\t%d\n", act, s.Acts[act])
	}
	return table.Flush()
}

func (s *shared) acts() *cobra.Command {
	var asJSON bool
	var before int64
	var kind, by, from, to string
	cmd := &cobra.Command{
		Use:   "acts",
		Short: "List who did what, the newest first",
		Long: `List who did what, the newest first. --kind selects sign-in, export, request, person, deletion, history or
settings; --by selects a part of the name of who acted; --from and --to select days.`,
		Example: "  rodopath journal acts --kind export --from 2026-01-01 --to 2026-12-31\n  rodopath journal acts --by anna",
		Args:    args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return s.ask(cmd.Context(), func(c *client.Client) error {
				q := url.Values{}
				for name, is := range map[string]string{"kind": kind, "by": by, "from": from, "to": to} {
					if is != "" {
						q.Set(name, is)
					}
				}
				if before > 0 {
					q.Set("before", strconv.FormatInt(before, 10))
				}
				data, err := c.Get(cmd.Context(), "/v1/acts?"+q.Encode(), "")
				if err != nil {
					return err
				}
				return writeAnswer(cmd.OutOrStdout(), data, asJSON, writeActs)
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cmd.Flags().Int64Var(&before, "before", 0, "list acts before this number")
	cmd.Flags().StringVar(&kind, "kind", "", "kind of act, such as export or request")
	cmd.Flags().StringVar(&by, "by", "", "part of the name of who acted")
	cmd.Flags().StringVar(&from, "from", "", "first day, such as 2026-01-01")
	cmd.Flags().StringVar(&to, "to", "", "last day, such as 2026-12-31")
	return cmd
}

func writeActs(out io.Writer, data []byte) error {
	var list struct {
		Acts []struct {
			Seq   int64     `json:"seq"`
			At    time.Time `json:"at"`
			By    string    `json:"by"`
			Act   string    `json:"act"`
			About string    `json:"about"`
		} `json:"acts"`
		Next int64 `json:"next"`
	}
	if err := decode(data, &list); err != nil {
		return fmt.Errorf("read the answer: %w", err)
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, a := range list.Acts {
		fmt.Fprintf(table, "%d\t%s\t%s\t%s\t%s\n", a.Seq, a.At.Format(minute), a.By, a.Act, a.About)
	}
	if list.Next > 0 {
		fmt.Fprintf(table, "more: --before %d\n", list.Next)
	}
	return table.Flush()
}
