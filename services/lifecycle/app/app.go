// Package app starts the lifecycle service: facts in, decisions out.
package app

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/internal/access"
	"github.com/rodopath/rodopath/services/internal/config"
	"github.com/rodopath/rodopath/services/internal/connection"
	"github.com/rodopath/rodopath/services/internal/dryrun"
	"github.com/rodopath/rodopath/services/internal/lease"
	"github.com/rodopath/rodopath/services/internal/loop"
	"github.com/rodopath/rodopath/services/internal/service"
	"github.com/rodopath/rodopath/services/internal/streams"
	"github.com/rodopath/rodopath/services/internal/trace"
	"github.com/rodopath/rodopath/services/lifecycle"
	"github.com/rodopath/rodopath/services/lifecycle/apply"
	"github.com/rodopath/rodopath/services/lifecycle/background"
	"github.com/rodopath/rodopath/services/lifecycle/brake"
	"github.com/rodopath/rodopath/services/lifecycle/directory"
	evaluation "github.com/rodopath/rodopath/services/lifecycle/dryrun"
	"github.com/rodopath/rodopath/services/lifecycle/httpapi"
	"github.com/rodopath/rodopath/services/lifecycle/identity"
	"github.com/rodopath/rodopath/services/lifecycle/invented"
	"github.com/rodopath/rodopath/services/lifecycle/journal"
	"github.com/rodopath/rodopath/services/lifecycle/listing"
	"github.com/rodopath/rodopath/services/lifecycle/live"
	"github.com/rodopath/rodopath/services/lifecycle/natsio"
	"github.com/rodopath/rodopath/services/lifecycle/receipt"
	"github.com/rodopath/rodopath/services/lifecycle/rollout"
	"github.com/rodopath/rodopath/services/lifecycle/rules"
	"github.com/rodopath/rodopath/services/lifecycle/source"
	"github.com/rodopath/rodopath/services/lifecycle/standing"
)

// Options configure an App.
type Options struct {
	Config *config.Config
	// NATS is an open connection, owned by the caller and never closed by the App.
	NATS *nats.Conn
	// Data is the directory for SQLite and the keys, and must exist. Data may be empty with MongoDB
	// and keys from the configuration.
	Data string
	// Alone reports whether no other process applies facts from the same NATS.
	Alone bool
	// Tokens open the HTTP interface, in addition to the tokens of the configuration.
	Tokens []string
	// Approve is the revision of an approved policy, which may delete more than the configured
	// share.
	Approve string
	// Sync makes published messages durable; nil means that NATS does.
	Sync streams.Sync
	// Now returns the current time. Nil means the clock of the machine, which is believed only as far as package brake
	// says.
	Now func() time.Time
	// Tracer traces facts and decisions; nil only passes trace ids on.
	Tracer *trace.Tracer
	Log    *slog.Logger

	// again reports whether the process had an App before this one, and deliveries are the last that it applied.
	again      bool
	deliveries *httpapi.Deliveries
}

// App is a running lifecycle service.
type App struct {
	store    storage
	relay    *background.Relay
	sweeper  *background.Sweeper
	pruner   *background.Pruner
	recovery *background.Recovery // nil with SQLite
	// facts and receipts bring in what the streams hold.
	facts    *natsio.Partitions
	receipts *natsio.Feed
	// reviews are the parts of the subjects that this replica reviews; nil with SQLite, which has one process.
	reviews *lease.Group
	// quarantine keeps what is set aside, and aside the deliveries among it.
	quarantine *natsio.Quarantine
	aside      *natsio.Aside
	js         jetstream.JetStream
	handler    http.Handler
	public     http.Handler
	policy     *rules.Policy
	// waiting is a policy that awaits approval, and desk takes orders for policies.
	waiting *rollout.Waiting
	desk    *policyDesk
	// listed are the products that the controller listed, as of the start, and stated those that apply.
	listed listing.Register
	stated []listing.Entry
	// checker checks decisions before their delivery.
	checker  *standing.Checker
	measures map[string]string
	now      func() time.Time
	// installation is what the database knows of itself.
	installation Installation
	// clock is the clock of the machine, and brake holds back what lapses by it; nil with a clock of the caller.
	clock *brake.Clock
	brake *brake.Brake
	// sources are the configured ones, and finds counts what their webhooks left out.
	sources []source.Configured
	finds   *finds
	// live knows which recipients are notified, and releaser evaluates the subjects after an order.
	live     *live.Register
	releaser *background.Releaser
	// labeller labels the subjects of a former version; deliveries are the last that were applied.
	labeller *background.Labeller
	// reminders tell the owner; nil when nobody is to be told.
	reminders  *reminders
	deliveries *httpapi.Deliveries
	// importer ends the imports whose facts are applied.
	importer *loop.Worker

	stop context.CancelFunc
	done sync.WaitGroup
}

// New opens the store, the policy and the streams. Start starts the loops.
func New(ctx context.Context, opts Options) (*App, error) {
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	var clock *brake.Clock
	if opts.Now == nil {
		clock = brake.NewClock(brake.ClockOptions{})
		opts.Now = clock.Now
	}
	// An invalid policy, or a configuration that does not fit the policy, ends the start before anything
	// is opened.
	if err := checkPolicy(opts.Config); err != nil {
		return nil, err
	}
	vault, err := openVault(opts)
	if err != nil {
		return nil, err
	}
	if err := inspectStore(ctx, opts); err != nil {
		return nil, err
	}
	if err := clearDryRuns(opts); err != nil {
		return nil, err
	}
	js, err := service.JetStream(ctx, opts.NATS, opts.Config, opts.Log)
	if err != nil {
		return nil, err
	}
	st, err := openStore(ctx, opts)
	if err != nil {
		return nil, err
	}
	a := &App{store: st, js: js, now: opts.Now, clock: clock, sources: configuredSources(opts.Config),
		deliveries: cmp.Or(opts.deliveries, httpapi.NewDeliveries())}
	a.finds = &finds{
		notes: connection.New(js, opts.Config.NATS.Replicas), now: opts.Now, log: opts.Log, logged: map[string]time.Time{},
	}
	if err := errors.Join(a.identify(ctx), a.setPartitions(ctx, opts)); err != nil {
		return nil, errors.Join(err, st.Close())
	}
	if err := a.rollOutPolicy(ctx, opts); err != nil {
		return nil, errors.Join(err, st.Close())
	}
	if err := a.assemble(ctx, opts, vault); err != nil {
		return nil, errors.Join(err, st.Close())
	}
	return a, nil
}

// assemble connects the loops and the HTTP interface.
func (a *App) assemble(ctx context.Context, opts Options, vault *identity.Vault) (err error) {
	if a.listed, err = listing.Read(ctx, a.store); err != nil {
		return err
	}
	if a.stated, err = a.connect(a.policy, opts.Config); err != nil {
		return err
	}
	if err := a.openLive(ctx, opts); err != nil {
		return err
	}
	events := &natsio.Events{JetStream: a.js, Sync: opts.Sync}
	find := &directory.Directory{Store: a.store, Vault: vault}
	reader := &receipt.Reader{Finder: find, Policy: a.policy}
	a.checker = &standing.Checker{Finder: find, Vault: vault, Policy: a.policy, Now: opts.Now}
	a.quarantine = &natsio.Quarantine{
		JetStream: a.js, Sealer: vault, Sync: opts.Sync, Partitions: opts.Config.NATS.Partitions,
		Reread: func(ctx context.Context, r connection.Reread) (connection.Reading, error) {
			return connection.AskReread(ctx, opts.NATS, r)
		},
	}
	applier := a.assembleLoops(opts, vault, events)
	if err := a.newBrake(ctx, opts, applier); err != nil {
		return err
	}
	a.newFeeds(opts, applier, reader)
	api, err := a.newAPI(opts, vault, events, find, reader, applier)
	if err != nil {
		return err
	}
	e, public := echo.New(), echo.New()
	api.Register(e)
	api.RegisterPublic(e)
	api.RegisterPublic(public)
	e.GET("/metrics", echo.WrapHandler(a.Metrics()))
	if a.handler, err = access.Limited(e, opts.Config.Limits, opts.Now); err != nil {
		return err
	}
	a.public, err = access.Limited(public, opts.Config.Limits, opts.Now)
	return err
}

// assembleLoops creates the relay and the sweeper, and returns the applier of both and of the feeds.
func (a *App) assembleLoops(opts Options, vault *identity.Vault, events *natsio.Events) *apply.Applier {
	unrecorded := make(chan struct{}, 1)
	a.relay = background.NewRelay(background.RelayOptions{
		Store:     a.store,
		Publisher: events,
		Reader:    events,
		Purger:    events,
		Journal:   &journal.Writer{Store: a.store, Mark: vault.Mark},
		Vault:     vault,
		Policy:    a.policy,
		PublicURL: opts.Config.PublicURL,
		SetAside: func(ctx context.Context, subject string, cause error) error {
			if cause == nil {
				return a.quarantine.RemoveSubject(ctx, subject)
			}
			return a.quarantine.AddSubject(ctx, subject, cause, opts.Now())
		},
		Hold: a.holdsDeletions,
		Unrecorded: func() {
			select {
			case unrecorded <- struct{}{}:
			default: // one recovery is enough
			}
		},
		Now:   opts.Now,
		Weigh: a.weighNews,
		Published: func(subjects []lifecycle.Subject) {
			if a.brake != nil {
				a.brake.NotePublished(subjects)
			}
		},
		Tracer: opts.Tracer,
		Log:    opts.Log.With("loop", "relay"),
	})
	applier := apply.New(apply.Options{
		Store: a.store, Vault: vault, Policy: a.policy, Now: opts.Now, Outbox: a.relay, Wake: a.relay.Wake,
		Found: a.finds.note,
	})
	if opts.Config.MongoDB.URI != "" { // SQLite has no other replica that retracts what this one publishes
		a.recovery = &background.Recovery{
			Since: events.Since, Store: a.store, Review: applier.Review, Wake: unrecorded, Now: opts.Now,
			Log: opts.Log.With("loop", "recovery"),
		}
	}
	a.newSweeper(opts, applier)
	a.pruner = &background.Pruner{
		Prune: func(ctx context.Context) (int, error) {
			return a.store.Prune(ctx, a.journalKept(opts.Now()), pruneBatch)
		},
		Log: opts.Log.With("loop", "prune"),
	}
	return applier
}

// storeWorks returns nil while the store answers.
func (a *App) storeWorks(ctx context.Context) error {
	_, err := a.store.Load(ctx, []string{"ready"})
	return err
}

// reviewParts is the number of parts into which the replicas divide the subjects that are due.
const reviewParts = 16

// newSweeper makes the sweeper. With MongoDB the replicas share the subjects by leases.
func (a *App) newSweeper(opts Options, applier *apply.Applier) {
	o := background.SweeperOptions{
		Store: a.store, Reviewer: applier, Revision: a.policy.Revision, Now: opts.Now,
		Open: a.mayReview,
		Log:  opts.Log.With("loop", "sweep"),
	}
	if opts.Config.MongoDB.URI != "" {
		a.reviews = lease.New(lease.Options{
			JetStream: a.js, Name: "reviews", Count: reviewParts, Replicas: opts.Config.NATS.Replicas, Log: o.Log,
		})
		o.Share = a.reviews
	}
	a.sweeper = background.NewSweeper(o)
}

// newAPI returns the HTTP interface.
func (a *App) newAPI(
	opts Options, vault *identity.Vault, events *natsio.Events, find *directory.Directory, reader *receipt.Reader,
	applier *apply.Applier,
) (*httpapi.API, error) {
	tokens, err := access.Configured(opts.Config, opts.Tokens)
	if err != nil {
		return nil, err
	}
	recipients, err := access.Recipients(opts.Config)
	if err != nil {
		return nil, err
	}
	a.newLabeller(opts)
	again := background.ReplayOptions{Checker: a.checker, Store: a.store, Events: events, Vault: vault, Policy: a.policy}
	a.newReleaser(opts, again)
	form, err := a.newForm(opts)
	if err != nil {
		return nil, err
	}
	a.newImporter(opts)
	return httpapi.New(httpapi.Options{
		Directory:  find,
		Lists:      a.store,
		Index:      a.store,
		Complete:   a.labeller.Complete,
		CountsKept: countsKept(opts.Config),
		Deliveries: a.deliveries,
		Edit: func(ctx context.Context, id string, change func(lifecycle.Subject) lifecycle.Subject) error {
			return edit(ctx, a.store, id, change, a.relay.Wake)
		},
		Journal:       a.store,
		Events:        events,
		Publisher:     &natsio.FactPublisher{JetStream: a.js, Sync: opts.Sync, Partitions: opts.Config.NATS.Partitions},
		Quarantine:    a.quarantine,
		RetrySubjects: a.relay.Retry,
		Vault:         vault,
		Policy:        a.policy,
		Controller:    opts.Config.Controller,
		Waiting:       a.waiting,
		Policies:      a.desk,
		Listed:        a.stated,
		ListProduct:   a.list,
		Form:          form,
		Brake:         a.brake,
		Live:          a.live,
		Sources:       a.sources,
		Connections:   a.finds.notes,
		Imports:       a.finds.notes,
		DryRuns:       a.newEvaluator(opts),
		Records:       &natsio.Records{JetStream: a.js, Sealer: vault, Replicas: opts.Config.NATS.Replicas},
		State:         a.store,
		Withdraw:      a.withdraw,
		EventsOf: func(ctx context.Context, s *lifecycle.Subject) ([]*stream.Event, error) {
			return background.EventsOf(ctx, events, s)
		},
		Invented: invented.New(invented.Options{
			Store: a.store, Vault: vault, Events: events, Now: opts.Now,
			Journal: &journal.Writer{Store: a.store, Mark: vault.Mark},
		}),
		Measures:        a.measures,
		Acts:            &journal.Acts{Store: a.store},
		Subjects:        applier,
		Receipts:        reader,
		Checker:         a.checker,
		RecipientTokens: recipients,
		Replay: func(ctx context.Context, since time.Time, recipient string, visit func(background.Replayed) error) error {
			return background.Replay(ctx, again, since, recipient, opts.Now(), visit)
		},
		Repeat: func(ctx context.Context, subject, decision string) (bool, error) {
			return background.Repeat(ctx, again, subject, decision, opts.Now())
		},
		Reseal: func(ctx context.Context, visit func(background.RotationProgress) error) error {
			return background.RotateKeys(ctx, a.store, vault, visit)
		},
		Verify: func(ctx context.Context) (*journal.Report, error) {
			return journal.Verify(ctx, a.store, a.journalKept(opts.Now()), func(int) {})
		},
		Tokens:        tokens,
		AppliedWithin: appliedWithin,
		Now:           opts.Now,
		Log:           opts.Log.With("part", "api"),
		Ready:         func(ctx context.Context) error { return a.ready(ctx, opts.NATS) },
	})
}

// newEvaluator makes what counts dry runs of imports.
func (a *App) newEvaluator(opts Options) *evaluation.Evaluator {
	return evaluation.New(evaluation.Options{
		Facts: &dryrun.Facts{JetStream: a.js, Replicas: opts.Config.NATS.Replicas}, Policy: a.policy, Dir: opts.Data,
		Now: opts.Now, Log: opts.Log.With("part", "dry run"),
	})
}

// newLabeller makes the loop that labels the subjects of a former version.
func (a *App) newLabeller(opts Options) {
	a.labeller = &background.Labeller{
		Store: a.store, Policy: a.policy, Now: opts.Now, Log: opts.Log.With("loop", "labels"),
	}
}

// readyTime bounds the wait for an answer of the store.
const readyTime = 2 * time.Second

// ready returns an error while the streams or the store are unavailable.
func (a *App) ready(ctx context.Context, nc *nats.Conn) error {
	ctx, cancel := context.WithTimeout(ctx, readyTime)
	defer cancel()
	if err := a.storeWorks(ctx); err != nil {
		return errors.New("the store does not answer")
	}
	return service.Connected(nc)
}

// pruneBatch is the number of journal entries removed at once.
const pruneBatch = 1000

// journalKept is since when the journals are kept.
func (a *App) journalKept(now time.Time) time.Time { return now.AddDate(-a.policy.JournalYears, 0, 0) }

// Handler answers the HTTP interface, Public included.
func (a *App) Handler() http.Handler { return a.handler }

// Public serves the endpoints for recipients (receipts under /v1/receipts) and for data subjects
// (consent pages under /consent/).
func (a *App) Public() http.Handler { return a.public }

// Check returns what remains of a decision before its delivery, evaluated from the stored subject at this
// moment.
func (a *App) Check(ctx context.Context, e *stream.Event) (*stream.Standing, error) {
	var items []stream.Item
	if e.Data.Delete != nil {
		items = e.Data.Delete.Items
	}
	return a.checker.Check(ctx, e.ID, items)
}

// Start starts the loops. Close stops the loops.
func (a *App) Start(ctx context.Context) {
	ctx, a.stop = context.WithCancel(context.WithoutCancel(ctx))
	a.done.Go(func() { a.facts.Run(ctx) })
	a.done.Go(func() { a.receipts.Run(ctx) })
	a.done.Go(func() { a.relay.Run(ctx) })
	if a.recovery != nil {
		a.done.Go(func() { a.recovery.Run(ctx) })
	}
	if a.reviews != nil {
		a.done.Go(func() { a.reviews.Run(ctx) })
	}
	a.done.Go(func() { a.sweeper.Run(ctx) })
	a.done.Go(func() { a.releaser.Run(ctx) })
	a.done.Go(func() { a.pruner.Run(ctx) })
	if st, ok := a.store.(interface {
		ReleaseOrphans(ctx context.Context) (int, error)
	}); ok {
		o := background.OrphanReleaser{Release: st.ReleaseOrphans, Log: a.pruner.Log}
		a.done.Go(func() { o.Run(ctx) })
	}
	a.done.Go(func() { a.labeller.Run(ctx) })
	if a.reminders != nil {
		a.done.Go(func() { a.reminders.Run(ctx) })
	}
	a.done.Go(func() { a.importer.Run(ctx) })
}

// Close stops the loops, waits for work in progress, and closes the store.
func (a *App) Close() error {
	if a.stop != nil {
		a.stop()
		a.done.Wait()
	}
	return a.store.Close()
}

// Settle waits until all received messages are applied and all decisions are published.
func (a *App) Settle(ctx context.Context) error {
	return loop.Poll(ctx, "settle", settlePoll, a.settled)
}

func (a *App) settled(ctx context.Context) (bool, error) {
	for _, name := range []string{stream.Facts, stream.Receipts} {
		s, err := a.js.Stream(ctx, name)
		if err != nil {
			return false, err
		}
		if s.CachedInfo().State.Msgs > 0 {
			return false, nil
		}
	}
	if a.holdsDeletions() || a.brake != nil && a.brake.Status().News != nil {
		return true, nil // the outboxes wait for a person
	}
	pending, err := a.store.Pending(ctx, "", 1)
	return err == nil && len(pending) == 0, err
}

// appliedWithin bounds the wait for a fact that was recorded over the HTTP interface.
const appliedWithin = 3 * time.Second

const settlePoll = 10 * time.Millisecond
