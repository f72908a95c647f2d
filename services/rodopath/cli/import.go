package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	ingestapp "github.com/rodopath/rodopath/services/ingest/app"
	"github.com/rodopath/rodopath/services/ingest/backfill"
	"github.com/rodopath/rodopath/services/ingest/imports"
	"github.com/rodopath/rodopath/services/internal/config"
	"github.com/rodopath/rodopath/services/internal/display"
	"github.com/rodopath/rodopath/services/internal/dryrun"
	"github.com/rodopath/rodopath/services/lifecycle/live"
	"github.com/rodopath/rodopath/services/platforms/access"
	"github.com/rodopath/rodopath/services/platforms/history"
	"github.com/rodopath/rodopath/services/rodopath/client"
	"github.com/rodopath/rodopath/services/rodopath/datadir"
)

// importing are the flags of an import.
type importing struct {
	since                   string
	restart, resume, dryRun bool
	asJSON, yes             bool
	// file is a file in place of the platform's interface; columns and values are those of --map and --set.
	file            string
	columns, values []string
}

// history imports the history of a source.
func (s *shared) history() *cobra.Command {
	f, at := &importing{}, &cluster{}
	cmd := &cobra.Command{
		Use:   "import SOURCE",
		Short: "Import what happened at a platform before the installation",
		Long: `Import what happened at a platform before the installation: customers, orders, subscribers and the rest are
read from the platform's own interface (read.url and read.key of the source), and each gives the same facts as its
webhook. Connect the webhooks first, so that nothing is missing in between. An import that was interrupted goes on where
it stopped. --file reads an export of the platform, or for a source of the platform standard a table of facts.`,
		Example: "  rodopath import shop --dry-run\n  rodopath import shop --since 2019-01-01\n" +
			"  rodopath import forms --file sales.csv --map \"Customer=email\" --set kind=sale",
		Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			if f.restart && f.resume {
				return fmt.Errorf("%w: --resume and --restart exclude each other", errUsage)
			}
			return s.askAnywhere(cmd.Context(), at, func(c *client.Client) error { return s.runImport(cmd, c, given[0], f) })
		},
	}
	at.addFlags(cmd)
	cmd.Flags().
		StringVar(&f.since, "since", "", "read only what changed since a day in the zone of the policy, or an instant (default: everything)")
	cmd.Flags().
		BoolVar(&f.dryRun, "dry-run", false, "read and count, show what would follow, and store nothing about a person")
	cmd.Flags().BoolVar(&f.resume, "resume", false, "go on where an import stopped (the default when one did)")
	cmd.Flags().BoolVar(&f.restart, "restart", false, "begin anew, also when an import was interrupted")
	cmd.Flags().StringVar(&f.file, "file", "", "read a file, .csv or .json, in place of the platform's interface")
	cmd.Flags().StringArrayVar(&f.columns, "map", nil, "the field of a column of the CSV file: \"Their column=field\"")
	cmd.Flags().StringArrayVar(&f.values, "set", nil, "a field that no column has: field=value")
	cmd.Flags().BoolVar(&f.yes, "yes", false, "do not ask, although recipients are notified")
	cmd.Flags().BoolVar(&f.asJSON, "json", false, "print progress and result as JSON, one line each")
	return cmd
}

func (s *shared) runImport(cmd *cobra.Command, c *client.Client, source string, f *importing) error {
	day, err := parseDay(f.since)
	if err != nil {
		return err
	}
	since, err := beginOf(cmd.Context(), c, day)
	if err != nil {
		return err
	}
	src, conf, err := configuredSource(c.Control().Config, source)
	if err != nil {
		return err
	}
	shown := newProgress(cmd, f.asJSON)
	defer shown.end()
	reader, file, err := f.reader(conf, src, since, shown)
	if err != nil {
		return err
	}
	if err := confirmImport(cmd, c, f.yes || f.dryRun); err != nil {
		return err
	}
	o := backfill.Options{
		Source: source, Reader: reader, Server: c, DryRun: f.dryRun, Progress: shown.show,
		Listed: func(product string) bool { _, ok := src.Products[product]; return ok },
	}
	if f.dryRun {
		return dryRunImport(cmd, c, o, f, shown)
	}
	mark, resumed, err := backfill.Open(datadir.At(s.data).History(), source, since, file, f.restart)
	if err != nil {
		return err
	}
	o.State, o.Save = &mark.State, mark.Save
	if resumed {
		fmt.Fprintln(cmd.ErrOrStderr(), "An import was interrupted: going on where it stopped.")
	} else if f.resume {
		return fmt.Errorf("%w: no import of %s was interrupted", errUsage, source)
	}
	sum, err := backfill.Run(cmd.Context(), o)
	shown.end()
	if err != nil {
		return interrupted(err, false)
	}
	fmt.Fprintln(cmd.ErrOrStderr(), "Everything was read. Waiting until the facts are applied.")
	if err := s.finish(cmd.Context(), c, mark, since); err != nil {
		return err
	}
	return writeImport(cmd.OutOrStdout(), sum, f, nil)
}

// dryRunImport reads a history and prints what would follow. The facts are kept for the preview alone.
func dryRunImport(
	cmd *cobra.Command, c *client.Client, o backfill.Options, f *importing, shown *progress,
) (err error) {
	o.Keep = dryrun.NewID()
	defer func() { err = errors.Join(err, forgetDryRun(cmd.Context(), c, o.Keep)) }()
	sum, err := backfill.Run(cmd.Context(), o)
	shown.end()
	if err != nil {
		return interrupted(err, true)
	}
	return previewImport(cmd, c, o.Keep, sum, f)
}

// forgetWithin bounds the removal of the facts of a dry run, also of one that was interrupted.
const forgetWithin = 10 * time.Second

// forgetDryRun removes the facts of a dry run: its preview is printed once.
func forgetDryRun(ctx context.Context, c *client.Client, id string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), forgetWithin)
	defer cancel()
	if _, err := c.Delete(ctx, "/v1/preview?dry_run="+id); err != nil {
		return fmt.Errorf("remove the facts of the dry run, which end within a day: %w", err)
	}
	return nil
}

// previewImport prints what a dry run found, and what would follow from the import.
func previewImport(cmd *cobra.Command, c *client.Client, id string, sum *backfill.Summary, f *importing) error {
	if sum.Unkept || sum.Facts == 0 {
		return writeImport(cmd.OutOrStdout(), sum, f, nil)
	}
	data, err := c.Get(cmd.Context(), "/v1/preview?dry_run="+id, "")
	if err != nil {
		return errors.Join(writeImport(cmd.OutOrStdout(), sum, f, nil), fmt.Errorf("count what would follow: %w", err))
	}
	if err := writeImport(cmd.OutOrStdout(), sum, f, data); err != nil || f.asJSON {
		return err
	}
	return writePreview(cmd.OutOrStdout(), data)
}

// confirmImport asks, if recipients are notified of what the import causes.
func confirmImport(cmd *cobra.Command, c *client.Client, yes bool) error {
	if yes {
		return nil
	}
	data, err := c.Get(cmd.Context(), "/v1/live", "")
	if err != nil {
		return err
	}
	var l live.Overview
	if err := decode(data, &l); err != nil {
		return err
	}
	if !l.AnyLive() {
		return nil
	}
	return confirm(
		cmd,
		false,
		"Recipients are notified, also of the deletion of earlier data that have no basis any more. "+
			"\"import --dry-run\" counts, and \"observe\" stops notifying. Import now?",
	)
}

// reader makes the reader of a file or of a source. file names the content of a file; empty for a source.
func (f *importing) reader(
	conf *config.Config, src *config.Source, since time.Time, shown *progress,
) (reader history.Reader, file string, err error) {
	if f.file != "" {
		return f.fileReader(src)
	}
	if len(f.columns)+len(f.values) > 0 {
		return nil, "", fmt.Errorf("%w: --map and --set are for --file", errUsage)
	}
	reader, err = newReader(conf, src, since, shown)
	return reader, "", err
}

// interrupted adds to an error how to go on.
func interrupted(err error, dryRun bool) error {
	if dryRun {
		return err
	}
	return fmt.Errorf("%w; what was read is stored, and the same command goes on from there", err)
}

// applyWithin bounds the wait until everything is applied.
const applyWithin = 30 * time.Minute

// finish records that the history of a source is known, once its facts are applied, and forgets the bookmark.
func (*shared) finish(ctx context.Context, c *client.Client, b *backfill.Bookmark, since time.Time) error {
	waiting, cancel := context.WithTimeout(ctx, applyWithin)
	defer cancel()
	if err := c.Settle(waiting); err != nil {
		return fmt.Errorf(
			"everything was read and is stored, and not everything is applied yet; repeat the command later: %w",
			err,
		)
	}
	if b.File != "" { // whether the file tells everything, the owner alone knows
		return b.Remove()
	}
	order := map[string]any{"source": b.Summary.Source, "how": "import"}
	if !since.IsZero() {
		order["from"] = since.UTC().Format(time.RFC3339)
	}
	if _, err := c.Ask(ctx, "/v1/coverage", order, ""); err != nil {
		return fmt.Errorf("record that the history is known: %w", err)
	}
	return b.Remove()
}

// configuredSource returns a source of the configuration.
func configuredSource(path, id string) (*config.Source, *config.Config, error) {
	conf, err := config.Load(path, os.Environ())
	if err != nil {
		return nil, nil, err
	}
	for i := range conf.Sources {
		if conf.Sources[i].ID == id {
			return &conf.Sources[i], conf, nil
		}
	}
	return nil, nil, fmt.Errorf("%w: the configuration has no source %s", errUsage, id)
}

// newReader makes the reader of a source.
func newReader(conf *config.Config, src *config.Source, since time.Time, shown *progress) (history.Reader, error) {
	reader, err := ingestapp.HistoryReader(conf, src, history.Options{Since: since, Waiting: shown.wait})
	if errors.Is(err, imports.ErrNoAccess) {
		return nil, fmt.Errorf("%w: %s: %w", errUsage, src.ID, err)
	}
	if errors.Is(err, access.ErrPlatform) {
		return nil, fmt.Errorf("%w: the history of %s cannot be read from an interface", errUsage, src.Platform)
	}
	return reader, err
}

// writeImport prints what an import found.
func writeImport(out io.Writer, sum *backfill.Summary, f *importing, preview json.RawMessage) error {
	if f.asJSON {
		return json.NewEncoder(out).Encode(struct {
			Done   bool `json:"done"`
			DryRun bool `json:"dry_run"`
			*backfill.Summary
			// Preview is what would follow from the import, as /v1/preview; absent for none.
			Preview json.RawMessage `json:"preview,omitempty"`
		}{true, f.dryRun, sum, preview})
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%d objects of %s gave %d facts%s.\n", sum.Objects, sum.Source, sum.Facts, inBrackets(sum.Kinds))
	if f.dryRun {
		fmt.Fprintf(&b, "Persons: %d. This was a dry run: nothing was stored.\n", sum.Persons)
	}
	if len(sum.Silent) > 0 {
		fmt.Fprintf(&b, "Without a fact%s.\n", inBrackets(sum.Silent))
	}
	if len(sum.Faults) > 0 {
		where := ": see rodopath quarantine"
		if f.file != "" {
			where = ", by row:"
		}
		fmt.Fprintf(&b, "Not understood in whole%s%s\n", inBrackets(sum.Faults), where)
	}
	for _, row := range sum.Rows {
		fmt.Fprintf(&b, "  row %d: %s\n", row.Row, display.Line(row.Reason))
	}
	if len(sum.Unlisted) > 0 {
		fmt.Fprintf(&b, "Not listed under products, so each counts as delivered once%s.\n", inBrackets(sum.Unlisted))
	}
	for _, note := range sum.Notes {
		fmt.Fprintln(&b, note)
	}
	switch {
	case f.dryRun && sum.Unkept:
		fmt.Fprintln(&b, "What would follow cannot be counted before the import: there is no room for so many facts.")
	case f.dryRun && preview != nil:
		b.WriteString(
			"\nWhat would follow, if this history were all that is known. Left out is what webhooks, other sources and " +
				"earlier erasures tell about the same persons, which may keep or delete more.\n",
		)
	case f.dryRun:
	case f.file != "":
		fmt.Fprintf(
			&b,
			"If nothing of the history is missing now: rodopath sources covered %s. See what follows: rodopath preview\n",
			sum.Source,
		)
	default:
		fmt.Fprintf(&b, "Recorded: the history of %s is known. See what follows: rodopath preview\n", sum.Source)
	}
	_, err := io.WriteString(out, b.String())
	return err
}

// maxShown bounds the words of one list.
const maxShown = 12

// inBrackets lists counts, the most frequent first.
func inBrackets(counts map[string]int) string {
	var words []string
	for _, word := range backfill.Most(counts) {
		if len(words) == maxShown {
			words = append(words, "…")
			break
		}
		words = append(words, fmt.Sprintf("%s %d", display.Line(word), counts[word]))
	}
	if len(words) == 0 {
		return ""
	}
	return " (" + strings.Join(words, ", ") + ")"
}
