package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/rodopath/rodopath/services/ingest/backfill"
	"github.com/rodopath/rodopath/services/internal/display"
	"github.com/rodopath/rodopath/services/rodopath/client"
)

// serverImport is an import that the server carries out, as the server reports.
type serverImport struct {
	State     string            `json:"state"`
	Stopping  bool              `json:"stopping"`
	Since     *time.Time        `json:"since"`
	FileName  string            `json:"file_name"`
	Part      string            `json:"part"`
	Remaining int               `json:"remaining"`
	Waiting   string            `json:"waiting"`
	Error     string            `json:"error"`
	Summary   *backfill.Summary `json:"summary"`
}

// sourceImports is the last import of a source and its last dry run.
type sourceImports struct {
	Source string        `json:"source"`
	DryRun *serverImport `json:"dry_run"`
	Import *serverImport `json:"import"`
}

// errNoServer means that nothing runs that would carry out an import.
var errNoServer = errors.New(
	"no server is running: start one with \"rodopath serve\", or import by \"rodopath import\"",
)

// imports shows and orders the imports that the server carries out by itself.
func (s *shared) imports() *cobra.Command {
	var asJSON bool
	at := &cluster{}
	cmd := &cobra.Command{
		Use:   "imports",
		Short: "Show the imports that the server carries out by itself; start and stop them",
		Long: `Show the last import of each source that the server carries out by itself, and the last dry run. The console
orders the same imports. "rodopath import" reads in the command itself instead.`,
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return s.askAnywhere(cmd.Context(), at, func(c *client.Client) error {
				data, err := c.Get(cmd.Context(), "/v1/imports", "")
				if err != nil {
					return err
				}
				return writeAnswer(cmd.OutOrStdout(), data, asJSON, writeImports)
			})
		},
	}
	cmd.PersistentFlags().BoolVar(&asJSON, "json", false, "print JSON")
	at.addFlags(cmd)
	cmd.AddCommand(s.startImport(&asJSON, at), s.stopImport(&asJSON, at))
	return cmd
}

// startImport orders an import.
func (s *shared) startImport(asJSON *bool, at *cluster) *cobra.Command {
	f := &importing{}
	cmd := &cobra.Command{
		Use:   "start SOURCE",
		Short: "Let the server import the history of a source, also after this command",
		Long: `Let the server import the history of a source. The command returns at once, and the server goes on by itself,
also after a restart. An import that was stopped or failed goes on where it ended.`,
		Example: "  rodopath imports start shop --dry-run\n  rodopath imports start shop",
		Args:    args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			since, err := parseMoment(f.since)
			if err != nil {
				return err
			}
			return s.askAnywhere(cmd.Context(), at, func(c *client.Client) error {
				if c.Own() {
					return errNoServer
				}
				if err := confirmImport(cmd, c, f.yes || f.dryRun); err != nil {
					return err
				}
				order := map[string]any{"dry_run": f.dryRun, "restart": f.restart}
				if since != nil {
					order["since"] = *since
				}
				return orderImport(cmd, c, given[0], "", order, *asJSON)
			})
		},
	}
	cmd.Flags().
		StringVar(&f.since, "since", "", "read only what changed since a day in the zone of the policy, or an instant (default: everything)")
	cmd.Flags().BoolVar(&f.dryRun, "dry-run", false, "read and count, and change nothing")
	cmd.Flags().BoolVar(&f.restart, "restart", false, "begin anew, also when an import was interrupted")
	cmd.Flags().BoolVar(&f.yes, "yes", false, "do not ask, although recipients are notified")
	return cmd
}

// stopImport stops an import.
func (s *shared) stopImport(asJSON *bool, at *cluster) *cobra.Command {
	var dryRun bool
	cmd := &cobra.Command{
		Use:   "stop SOURCE",
		Short: "Stop an import of the server; what was read is stored",
		Args:  args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			return s.askAnywhere(cmd.Context(), at, func(c *client.Client) error {
				return orderImport(cmd, c, given[0], "/stop", map[string]any{"dry_run": dryRun}, *asJSON)
			})
		},
	}
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "stop the dry run")
	return cmd
}

func orderImport(cmd *cobra.Command, c *client.Client, source, act string, order map[string]any, asJSON bool) error {
	data, err := c.Ask(cmd.Context(), "/v1/imports/"+source+act, order, "")
	if err != nil {
		return err
	}
	return writeAnswer(cmd.OutOrStdout(), data, asJSON, func(out io.Writer, data []byte) error {
		var one sourceImports
		if err := decode(data, &one); err != nil {
			return fmt.Errorf("read the answer: %w", err)
		}
		return tableOfImports(out, []sourceImports{one})
	})
}

func writeImports(out io.Writer, data []byte) error {
	var all struct{ Imports []sourceImports }
	if err := json.Unmarshal(data, &all); err != nil {
		return fmt.Errorf("read the answer: %w", err)
	}
	return tableOfImports(out, all.Imports)
}

func tableOfImports(out io.Writer, list []sourceImports) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "SOURCE\tRUN\tSTATE\tREADING\tOBJECTS\tFACTS\tPERSONS")
	var below strings.Builder
	found := false
	for _, s := range list {
		if s.DryRun != nil {
			writeRun(table, &below, s.Source, "dry run", s.DryRun)
		}
		if s.Import != nil {
			writeRun(table, &below, s.Source, "import", s.Import)
		}
		found = found || s.DryRun != nil || s.Import != nil
	}
	if !found {
		_, err := fmt.Fprintln(out, "The server has imported nothing yet.")
		return err
	}
	if err := table.Flush(); err != nil {
		return err
	}
	_, err := io.WriteString(out, below.String())
	return err
}

func writeRun(table io.Writer, below *strings.Builder, source, name string, r *serverImport) {
	sum := r.Summary
	if sum == nil {
		sum = &backfill.Summary{}
	}
	state, persons := r.State, "-"
	if r.Stopping {
		state = "stopping"
	}
	if name == "dry run" {
		persons = strconv.Itoa(sum.Persons)
	}
	fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%d\t%d\t%s\n", source, name, state, display.Line(r.Part), sum.Objects, sum.Facts,
		persons)
	if r.Error != "" {
		fmt.Fprintf(below, "\n%s, %s: %s\n", source, name, display.Line(r.Error))
	}
}
