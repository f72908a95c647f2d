package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/rodopath/rodopath/services/internal/config"
	"github.com/rodopath/rodopath/services/internal/display"
	"github.com/rodopath/rodopath/services/internal/loop"
	"github.com/rodopath/rodopath/services/lifecycle/source"
	"github.com/rodopath/rodopath/services/platforms/access"
	"github.com/rodopath/rodopath/services/platforms/endpoint"
	"github.com/rodopath/rodopath/services/platforms/history"
	"github.com/rodopath/rodopath/services/rodopath/client"
)

// setupKey is the variable of the environment with a key that may change webhooks.
const setupKey = "RODOPATH_SETUP_KEY"

// pingWithin is how long a test message of a platform is waited for.
const pingWithin = 2 * time.Minute

// setting are the flags of a set-up.
type setting struct {
	dryRun, yes, enable bool
	// enableOnly creates nothing.
	enableOnly bool
	key, url   string
	wait       time.Duration
}

// setup creates the webhooks of a source at its platform.
func (s *shared) setup(asJSON *bool, at *cluster) *cobra.Command {
	f := &setting{}
	cmd := &cobra.Command{
		Use:   "setup SOURCE",
		Short: "Create the webhooks of a source at its platform, and check that they arrive",
		Long: `Create the webhooks of a source at its platform, with the topics and the secret that the source needs, and
check that a test message arrives. Webhooks that are there already are kept. The key needs the right to change webhooks,
which the key of read does not have to have: name another one with --key env:NAME or --key file:PATH, or in
` + setupKey + `. WooCommerce: permission Read/Write; Stripe: Webhook Endpoints: Write; MailerLite: any token. The
address is public_url of the configuration, or --url.`,
		Example: "  rodopath sources setup shop --dry-run\n  rodopath sources setup card --key file:stripe-setup-key",
		Args:    args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			return s.askAnywhere(cmd.Context(), at, func(c *client.Client) error {
				return runSetup(cmd, c, given[0], f, *asJSON)
			})
		},
	}
	cmd.Flags().BoolVar(&f.enable, "enable", false, "switch webhooks on again that the platform switched off")
	f.addFlags(cmd)
	cmd.Flags().StringVar(&f.url, "url", "", "the public address of the installation (default: public_url)")
	cmd.Flags().DurationVar(&f.wait, "wait", 0,
		"wait so long for a webhook (default: 2m after a webhook was created in a shop, which sends a test message)")
	return cmd
}

// enable switches webhooks on again.
func (s *shared) enable(asJSON *bool, at *cluster) *cobra.Command {
	f := &setting{enable: true, enableOnly: true}
	cmd := &cobra.Command{
		Use:   "enable SOURCE",
		Short: "Switch webhooks on again that a platform switched off after failures",
		Long: `Switch webhooks on again that a platform switched off after failures. What was missed meanwhile is found by
the next comparison with the platform. The key needs the same right as for setup.`,
		Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			return s.askAnywhere(cmd.Context(), at, func(c *client.Client) error {
				return runSetup(cmd, c, given[0], f, *asJSON)
			})
		},
	}
	f.addFlags(cmd)
	return cmd
}

func (f *setting) addFlags(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&f.dryRun, "dry-run", false, "show what would be done, and change nothing")
	cmd.Flags().StringVar(&f.key, "key", "", "reference to a key that may change webhooks (default: that of read)")
	addYes(cmd, &f.yes)
}

// settingUp is a set-up under way.
type settingUp struct {
	cmd     *cobra.Command
	client  *client.Client
	flags   *setting
	conf    *config.Config
	src     *config.Source
	account *access.Account
	want    endpoint.Want
	out     io.Writer
}

// done is the result of a set-up, for --json.
type done struct {
	Source string   `json:"source"`
	DryRun bool     `json:"dry_run"`
	Steps  []string `json:"steps"`
	// Remaining says what is wrong still.
	Remaining []endpoint.Defect `json:"remaining"`
	// Arrived reports whether a message arrived afterwards; absent when nobody waited.
	Arrived *bool `json:"arrived,omitempty"`
}

func runSetup(cmd *cobra.Command, c *client.Client, id string, f *setting, asJSON bool) error {
	u, err := openSetup(cmd, c, id, f)
	if err != nil {
		return err
	}
	if asJSON {
		u.out = cmd.ErrOrStderr()
	}
	result, err := u.run(cmd.Context())
	if asJSON && result != nil {
		return errors.Join(json.NewEncoder(cmd.OutOrStdout()).Encode(result), err)
	}
	return err
}

func openSetup(cmd *cobra.Command, c *client.Client, id string, f *setting) (*settingUp, error) {
	src, conf, err := configuredSource(c.Control().Config, id)
	if err != nil {
		return nil, err
	}
	key, err := f.secret(conf, src)
	if err != nil {
		return nil, err
	}
	secrets, err := conf.Secrets(src.Secrets)
	if err != nil {
		return nil, err
	}
	account, err := access.Open(src.Platform, history.Options{
		URL: src.Read.URL, Key: key, AllowPrivate: src.Read.AllowPrivate, PerSecond: float64(src.Read.PerSecond),
	})
	if errors.Is(err, access.ErrPlatform) {
		return nil, fmt.Errorf("%w: a source of the platform %s sends webhooks by itself; nothing is set up at a platform",
			errUsage, src.Platform)
	}
	if err != nil {
		return nil, err
	}
	u := &settingUp{cmd: cmd, client: c, flags: f, conf: conf, src: src, account: account, out: cmd.OutOrStdout()}
	u.want = endpoint.Want{Source: id, Single: account.Single, Secrets: secrets}
	if address := strings.TrimRight(strings.TrimSpace(orElse(f.url, conf.PublicURL)), "/"); address != "" {
		u.want.URL = address + "/webhooks/" + id
	} else if !f.enableOnly {
		return nil, fmt.Errorf("%w: the platform needs the public address of the installation: set public_url in the "+
			"configuration, or name the address with --url https://YOUR.HOST", errUsage)
	}
	if c.Own() && !f.dryRun && !f.enableOnly {
		return nil, fmt.Errorf("%w: Rodopath does not run, so a test message of the platform would fail: "+
			"start \"rodopath serve\" first", errUsage)
	}
	return u, nil
}

func orElse(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// secret returns the key for the change: that of the command line or of the environment, or that of read.
func (f *setting) secret(conf *config.Config, src *config.Source) (string, error) {
	switch {
	case f.key != "":
		return conf.Secret(f.key)
	case os.Getenv(setupKey) != "":
		return os.Getenv(setupKey), nil
	case src.Read.Key != "":
		return conf.Secret(src.Read.Key)
	}
	return "", fmt.Errorf("%w: no key of the platform: add read to the source, or name a key with --key", errUsage)
}

// run shows the steps, asks, takes them, and checks that a message arrives.
func (u *settingUp) run(ctx context.Context) (*done, error) {
	hooks, err := u.account.Webhooks(ctx)
	if err == nil {
		u.want.Topics, err = u.account.Needed(ctx)
	}
	if err != nil {
		return nil, err
	}
	steps := endpoint.Plan(&u.want, hooks, u.flags.enable)
	if u.flags.enableOnly {
		steps = slices.DeleteFunc(steps, func(s endpoint.Step) bool { return s.Create != nil })
	}
	result := &done{Source: u.src.ID, DryRun: u.flags.dryRun, Steps: []string{}, Remaining: []endpoint.Defect{}}
	for i := range steps {
		result.Steps = append(result.Steps, words(&steps[i]))
	}
	fmt.Fprintf(u.out, "%d webhooks at the platform lead to /webhooks/%s.\n", len(u.want.Of(hooks)), u.src.ID)
	for _, step := range result.Steps {
		fmt.Fprintf(u.out, "  %s\n", display.Line(step))
	}
	switch {
	case len(steps) == 0:
		fmt.Fprintln(u.out, "Nothing has to be created or changed.")
	case u.flags.dryRun:
		fmt.Fprintln(u.out, "This was a dry run: nothing was changed.")
	default:
		if err := confirm(u.cmd, u.flags.yes, "Change the platform as listed?"); err != nil {
			return nil, err
		}
	}
	began, created := time.Now(), false
	if !u.flags.dryRun {
		if created, err = u.take(ctx, steps); err != nil {
			return nil, err
		}
		if hooks, err = u.account.Webhooks(ctx); err != nil {
			return nil, err
		}
	}
	for _, d := range endpoint.Judge(&u.want, hooks) {
		result.Remaining = append(result.Remaining, d)
		fmt.Fprintf(u.out, "Still wrong: %s\n", display.Line(d.Text))
	}
	if u.flags.dryRun {
		return result, nil
	}
	return result, u.await(ctx, began, created, result)
}

// words says what a step does.
func words(s *endpoint.Step) string {
	if s.Create != nil {
		return "create a webhook to " + s.Create.URL + " for " + strings.Join(s.Create.Topics, ", ")
	}
	return "switch on the webhook " + s.Change + ", for " + strings.Join(s.Topics, ", ")
}

// take takes the steps. What was created before a failure stays, and is found by the next attempt.
func (u *settingUp) take(ctx context.Context, steps []endpoint.Step) (created bool, err error) {
	for _, s := range steps {
		if s.Create == nil {
			if err := u.account.Change(ctx, s.Change, s.Topics); err != nil {
				return created, mayNot(err)
			}
			continue
		}
		made, err := u.account.Create(ctx, *s.Create)
		if err != nil {
			return created, mayNot(err)
		}
		created = true
		if !u.account.Single && made.Secret != "" {
			if err := u.keep(made.Secret); err != nil {
				return created, err
			}
		}
	}
	return created, nil
}

// mayNot adds to the refusal of a key which key is needed.
func mayNot(err error) error {
	refused, ok := errors.AsType[*history.StatusError](err)
	if !ok || refused.Status != http.StatusUnauthorized && refused.Status != http.StatusForbidden {
		return err
	}
	return fmt.Errorf("the key may not change webhooks: name one that may with --key or in %s (\"rodopath sources setup "+
		"--help\" says which right it needs): %w", setupKey, refused)
}

// keep stores the secret that the platform made where the source reads its first secret.
func (u *settingUp) keep(secret string) error {
	reference := u.src.Secrets[0]
	path, former, err := u.conf.StoreSecret(reference, secret)
	if errors.Is(err, config.ErrNotStored) {
		fmt.Fprintf(u.cmd.OutOrStdout(),
			"The platform made this secret, and tells it once. Store it as %s, and start Rodopath again:\n%s\n",
			display.Line(reference), display.Line(secret))
		return nil
	}
	if err != nil {
		return fmt.Errorf("the webhook is created, and its secret cannot be stored; delete the webhook at the platform, "+
			"and repeat the command: %w", err)
	}
	fmt.Fprintf(u.out, "The secret of the platform is stored in %s.", path)
	if former != "" {
		fmt.Fprintf(u.out, " The former one is kept in %s.", former)
	}
	fmt.Fprintln(u.out, " Start Rodopath again, so that the secret counts.")
	return nil
}

// await waits for a message of the platform, and says how one is caused.
func (u *settingUp) await(ctx context.Context, began time.Time, created bool, result *done) error {
	wait := u.flags.wait
	if wait == 0 && created && u.account.Single {
		wait = pingWithin
	}
	if wait == 0 {
		if created {
			fmt.Fprintf(u.out, "%s Then: rodopath sources setup %s --wait 10m\n", causeOf(u.src.Platform), u.src.ID)
		}
		return nil
	}
	fmt.Fprintf(u.out, "Waiting for a message of the platform, at most %s. %s\n", wait, causeOf(u.src.Platform))
	waiting, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	err := loop.Poll(waiting, "wait for a message", time.Second, func(ctx context.Context) (bool, error) {
		return u.hasArrived(ctx, began)
	})
	arrived := err == nil
	result.Arrived = &arrived
	if ctx.Err() != nil {
		return err
	}
	if !arrived {
		return fmt.Errorf("no message of the platform arrived within %s: check that %s leads to Rodopath from the internet, "+
			"with a certificate that is trusted, and that nothing in between refuses the platform", wait, u.want.URL)
	}
	fmt.Fprintln(u.out, "A message of the platform arrived.")
	return nil
}

// hasArrived reports whether a message arrived since an instant. Without an answer of the server nothing has.
func (u *settingUp) hasArrived(ctx context.Context, since time.Time) (bool, error) {
	data, err := u.client.Get(ctx, "/v1/sources", "")
	if err != nil {
		return false, err
	}
	var all source.Overview
	if err := decode(data, &all); err != nil {
		return false, err
	}
	for i := range all.Sources {
		if s := &all.Sources[i]; s.Source == u.src.ID {
			w := s.Webhooks
			return w.Pinged != nil && w.Pinged.After(since) || w.Last != nil && w.Last.After(since), nil
		}
	}
	return false, nil
}

// causeOf says how a message of a platform is caused.
func causeOf(platform string) string {
	switch platform {
	case "stripe":
		return "Stripe sends no test message through its API: in the test mode create a customer in the dashboard, in the live " +
			"mode wait for the next event."
	case "mailerlite":
		return "MailerLite sends no test message: add yourself as a subscriber."
	}
	return "The shop sends a test message when a webhook is saved."
}
