// Package httpapi is the HTTP interface of the lifecycle service: queries on subjects, and intake
// of requests, holds and receipts. Intake is published as facts to the stream, like any other fact.
package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/go-playground/validator/v10"
	"github.com/labstack/echo/v4"

	factv1 "github.com/rodopath/rodopath/api/gen/rodopath/fact/v1"
	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/internal/access"
	"github.com/rodopath/rodopath/services/internal/problem"
	"github.com/rodopath/rodopath/services/lifecycle"
	"github.com/rodopath/rodopath/services/lifecycle/background"
	"github.com/rodopath/rodopath/services/lifecycle/brake"
	"github.com/rodopath/rodopath/services/lifecycle/chain"
	"github.com/rodopath/rodopath/services/lifecycle/directory"
	"github.com/rodopath/rodopath/services/lifecycle/identity"
	"github.com/rodopath/rodopath/services/lifecycle/journal"
	"github.com/rodopath/rodopath/services/lifecycle/listing"
	"github.com/rodopath/rodopath/services/lifecycle/natsio"
	"github.com/rodopath/rodopath/services/lifecycle/receipt"
	"github.com/rodopath/rodopath/services/lifecycle/rollout"
	"github.com/rodopath/rodopath/services/lifecycle/rules"
	"github.com/rodopath/rodopath/services/lifecycle/source"
	"github.com/rodopath/rodopath/services/lifecycle/store"
)

// Lists lists subjects: those with an open request or an unconfirmed decision in order of urgency,
// and all subjects by id.
type Lists interface {
	Requested(ctx context.Context, limit int) ([]lifecycle.Subject, error)
	Unconfirmed(ctx context.Context, limit int) ([]lifecycle.Subject, error)
	Walk(ctx context.Context, after string, limit int) ([]lifecycle.Subject, error)
	// Count returns the number of subjects.
	Count(ctx context.Context) (int64, error)
}

// Index finds and counts subjects by their labels.
type Index interface {
	Counts(ctx context.Context) (map[string]int64, error)
	Labelled(ctx context.Context, page store.Page) ([]lifecycle.Subject, error)
}

// Journal reads the journal entries of a subject or of a decision.
type Journal interface {
	Entries(ctx context.Context, subject string) ([]chain.Entry, error)
	EntriesOf(ctx context.Context, decision string) ([]chain.Entry, error)
	WalkJournal(ctx context.Context, after string, limit int) ([]chain.Entry, error)
}

// Events reads published decisions, oldest first.
type Events interface {
	Read(ctx context.Context, follow bool, visit func(data []byte) error) error
}

// FactPublisher publishes a delivery to the stream of facts. Nil means that the delivery is
// durable.
type FactPublisher interface {
	Publish(ctx context.Context, d *factv1.Delivery) error
}

// Checker reports what remains of a decision at this moment; items are the items of its event.
type Checker interface {
	Check(ctx context.Context, id string, items []stream.Item) (*stream.Standing, error)
}

// Options configure an API.
type Options struct {
	Directory *directory.Directory
	Lists     Lists
	// Index finds subjects by their labels. Complete reports whether every subject has its labels; nil means yes.
	// CountsKept is how long counts are kept; 0 means that they are read at every question.
	Index      Index
	Complete   func() bool
	CountsKept time.Duration
	// Deliveries are the last deliveries that were applied; nil means none.
	Deliveries *Deliveries
	// Edit changes what surrounds the facts of a subject.
	Edit      func(ctx context.Context, subject string, change func(lifecycle.Subject) lifecycle.Subject) error
	Journal   Journal
	Events    Events
	Publisher FactPublisher
	// Quarantine keeps what is set aside.
	Quarantine *natsio.Quarantine
	// RetrySubjects tries the subjects whose decisions could not be published.
	RetrySubjects func()
	Vault         *identity.Vault
	Policy        *rules.Policy
	// Controller is the business named on certificates and consent pages.
	Controller string
	// Checker checks decisions before their delivery.
	Checker Checker
	// Subjects carries out orders to split and to join persons.
	Subjects Subjects
	// Receipts converts receipts of recipients to facts.
	Receipts *receipt.Reader
	// RecipientTokens are the tokens of recipients; the holder of each token is the recipient.
	RecipientTokens []access.Token
	// Replay sends deletions once more; see background.Run.
	Replay func(ctx context.Context, since time.Time, recipient string, visit func(background.Replayed) error) error
	// Repeat sends one deletion about a subject once more; false when nothing of the deletion holds.
	Repeat func(ctx context.Context, subject, decision string) (bool, error)
	// Reseal seals with the newest key; see background.Run.
	Reseal func(ctx context.Context, visit func(background.RotationProgress) error) error
	// Waiting is a policy that needs approval; nil without one.
	Waiting *rollout.Waiting
	// Form is the form for requests of data subjects; nil means that there is none.
	Form *Form
	// Policies drafts policies and takes orders for them.
	Policies Policies
	// Listed are the products that the controller listed and the configuration does not. ListProduct lists another one,
	// and has it put into force; nil means that none can be listed.
	Listed      []listing.Entry
	ListProduct func(ctx context.Context, e listing.Entry) error
	// Brake holds back the deletions that come with time; nil means that nothing does.
	Brake *brake.Brake
	// EventsOf returns the published decisions about a subject that the stream still has.
	EventsOf func(ctx context.Context, s *lifecycle.Subject) ([]*stream.Event, error)
	// DryRuns evaluate dry runs of imports.
	DryRuns DryRuns
	// Withdraw stops an unpublished decision about a subject; false for a published or unknown one.
	Withdraw func(ctx context.Context, subject, decision, reason string) (bool, error)
	// Live knows which recipients are notified; nil means that all are.
	Live Live
	// Sources are the sources of the configuration, and Connections is what is known of each.
	Sources     []source.Configured
	Connections source.Notes
	// Records keep what the replicas of the console share, and State what the installation knows of itself.
	Records Records
	State   store.StateChanger
	// Imports keep the orders of imports.
	Imports Imports
	// Invented knows the persons that the demo invented.
	Invented Invented
	// Measures are the security measures of the record of processing, by language.
	Measures map[string]string
	// Acts is the journal of the acts of the controller; nil records none.
	Acts *journal.Acts
	// Verify checks all journals.
	Verify func(ctx context.Context) (*journal.Report, error)
	// Tokens open the interface; at least one, none empty.
	Tokens []access.Token
	// Ready reports whether the service is ready; nil error means ready.
	Ready func(ctx context.Context) error
	// AppliedWithin bounds the wait until a recorded fact is applied; 0 means that the answer does not wait.
	AppliedWithin time.Duration
	// Now returns the current time; nil means time.Now.
	Now func() time.Time
	Log *slog.Logger
}

// The scopes of tokens.
const (
	ScopeRead     = "read"
	ScopeExport   = "export"
	ScopeRequests = "requests"
	ScopeHolds    = "holds"
	ScopePolicy   = "policy"
	ScopeJournal  = "journal"
	ScopeEvents   = "events"
	// ScopeDecisions opens decisions with the answers of their recipients.
	ScopeDecisions = "decisions"
	// ScopeKeys is for sealing with the newest key.
	ScopeKeys = "keys"
	// ScopeSubjects opens the orders to split and to join persons.
	ScopeSubjects = "subjects"
	// ScopeReceipts is the scope of the tokens of recipients.
	ScopeReceipts = "receipts"
)

// API answers questions.
type API struct {
	opts       Options
	guard      *access.Guard
	recipients *access.Guard
	validate   *validator.Validate
	// withdrawals bounds the repeated withdrawals on a consent page.
	withdrawals withdrawals
	// orders is held during an order that decides whether invented persons could reach a recipient.
	orders sync.Mutex
	// counted are the counts of CountsKept.
	counted counted
}

// New makes an API.
func New(opts Options) (*API, error) {
	a := &API{opts: opts}
	var err error
	if a.validate, err = newValidate(); err != nil {
		return nil, err
	}
	if len(opts.Tokens) == 0 {
		return nil, errors.New("the API needs at least one token")
	}
	if a.guard, err = access.New(opts.Tokens); err != nil {
		return nil, err
	}
	if a.recipients, err = access.New(opts.RecipientTokens); err != nil {
		return nil, err
	}
	if a.opts.Now == nil {
		a.opts.Now = time.Now
	}
	if a.opts.Log == nil {
		a.opts.Log = slog.New(slog.DiscardHandler)
	}
	return a, nil
}

// Register mounts the interface. The health endpoints need no token.
func (a *API) Register(e *echo.Echo) {
	e.HTTPErrorHandler = a.fail
	e.GET("/healthz", func(c echo.Context) error { return c.String(http.StatusOK, "ok\n") })
	e.GET("/readyz", a.ready)
	v1 := e.Group("/v1")
	a.registerSubjects(v1)
	a.registerController(v1)
	a.registerDecisions(v1)
	a.registerConsole(v1)
}

// registerSubjects mounts the endpoints about data subjects and their requests.
func (a *API) registerSubjects(v1 *echo.Group) {
	v1.POST("/explain", a.explain, a.may(ScopeRead))
	v1.POST("/subjects", a.subject, a.may(ScopeRead))
	v1.POST("/subjects/decisions", a.decisionsOf, a.may(ScopeDecisions))
	v1.POST("/subjects/split", a.split, a.may(ScopeSubjects), a.act("split"))
	v1.POST("/subjects/join", a.join, a.may(ScopeSubjects), a.act("join"))
	v1.POST("/bases", a.bases, a.may(ScopeRead))
	v1.POST("/may", a.use, a.may(ScopeRead))
	v1.GET("/counts", a.counts, a.may(ScopeRead))
	v1.GET("/persons", a.persons, a.may(ScopeRead), a.actIf("export-persons", "form", "csv"))
	v1.GET("/audience", a.audience, a.may(ScopeRead), a.actIf("export-audience", "form", "csv"),
		a.actIf("export-mailerlite", "form", "mailerlite"))
	v1.GET("/alarms", a.alarms, a.may(ScopeRead))
	v1.POST("/alarms/seen", a.seen, a.may(ScopeSubjects), a.act("alarms-seen"))
	v1.POST("/find", a.findAll, a.may(ScopeRead))
	v1.POST("/consents", a.consent, a.may(ScopeRequests), a.act("consent"))
	v1.POST("/reads", a.noteReads, a.may(ScopeJournal))
	v1.POST("/export", a.export, a.may(ScopeExport), a.act("export"))
	v1.GET("/evidence", a.evidence, a.may(ScopeExport), a.act("export-evidence"))
	v1.GET("/requests", a.requests, a.may(ScopeRead))
	v1.POST("/requests", a.open, a.may(ScopeRequests), a.act("request"))
	v1.POST("/requests/:ref/:step", a.step, a.may(ScopeRequests), a.act("request-:step"))
	v1.GET("/holds", a.holds, a.may(ScopeRead))
	v1.GET("/unfinished", a.unfinished, a.may(ScopeRead))
	v1.POST("/holds", a.hold, a.may(ScopeHolds), a.act("hold"))
	v1.POST("/holds/release", a.release, a.may(ScopeHolds), a.act("release"))
}

// registerController mounts the endpoints about what the controller orders, and about the acts of the controller.
func (a *API) registerController(v1 *echo.Group) {
	v1.GET("/policy", a.policy, a.may(ScopePolicy))
	v1.GET("/policy/settings", a.settings, a.may(ScopePolicy))
	v1.GET("/policy/record", a.record, a.may(ScopePolicy), a.actIf("export-record", "format", "csv", "markdown", "text"))
	v1.POST("/policy/simulation", a.simulate, a.may(ScopePolicy))
	v1.POST("/policy/order", a.orderPolicy, a.may(ScopePolicy), a.act("policy"))
	v1.GET("/brake", a.brake, a.may(ScopePolicy))
	v1.POST("/brake/release", a.releaseBrake, a.may(ScopePolicy), a.act("release-brake"))
	v1.GET("/live", a.showLive, a.may(ScopeDecisions))
	v1.GET("/sources", a.sources, a.may(ScopeDecisions))
	v1.GET("/imports", a.imports, a.may(ScopeHistory))
	v1.GET("/imports/:source", a.importState, a.may(ScopeHistory))
	v1.POST("/imports/:source", a.startImport, a.may(ScopeHistory), a.act("import"))
	v1.POST("/imports/:source/stop", a.stopImport, a.may(ScopeHistory), a.act("import-stop"))
	v1.POST("/imports/:source/file", a.uploadFile, a.may(ScopeHistory), a.act("import-file"))
	v1.POST("/live", a.goLive, a.may(ScopePolicy), a.act("go-live"))
	v1.POST("/coverage", a.cover, a.may(ScopePolicy), a.act("coverage"))
	v1.GET("/invented", a.showInvented, a.may(ScopeSubjects))
	v1.POST("/invented", a.addInvented, a.may(ScopeSubjects), a.act("invent"))
	v1.DELETE("/invented", a.removeInvented, a.may(ScopeSubjects), a.act("invented-removed"))
	v1.GET("/products", a.products, a.may(ScopeRead))
	v1.GET("/products/listed", a.listedProducts, a.may(ScopeRead))
	v1.POST("/products/listed", a.listProduct, a.may(ScopePolicy), a.act("product"))
	v1.GET("/preview", a.preview, a.may(ScopeDecisions))
	v1.DELETE("/preview", a.dropDryRun, a.may(ScopeHistory))
	v1.POST("/journal", a.journal, a.may(ScopeJournal))
	v1.GET("/journal/report", a.annual, a.may(ScopeJournal), a.act("report"))
	v1.GET("/acts", a.acts, a.may(ScopeJournal))
	v1.GET("/journal/verify", a.verify, a.may(ScopeJournal))
}

// registerDecisions mounts the endpoints about decisions and about what is set aside.
func (a *API) registerDecisions(v1 *echo.Group) {
	v1.GET("/deliveries", a.deliveries, a.may(ScopeRead))
	v1.GET("/events", a.events, a.may(ScopeEvents))
	v1.GET("/decisions", a.decisions, a.may(ScopeDecisions))
	v1.GET("/decisions/:decision", a.decision, a.may(ScopeDecisions))
	v1.GET("/decisions/:decision/certificate", a.certificate, a.may(ScopeDecisions))
	v1.GET("/certificate-key", a.certificateKey, a.may(ScopeDecisions))
	v1.POST("/decisions/:decision/retract", a.withdraw, a.may(ScopeDecisions), a.act("retract"))
	v1.POST("/decisions/:decision/repeat", a.repeat, a.may(ScopeDecisions), a.act("repeat"))
	v1.POST("/decisions/:decision/check", a.check, a.may(ScopeDecisions))
	v1.POST("/decisions/receipts", a.receiptFor, a.may(ScopeDecisions), a.act("receipt"))
	v1.GET("/todo/:recipient", a.workList, a.may(ScopeExport), a.act("export-todo"))
	v1.GET("/quarantine", a.quarantined, a.may(ScopeRead))
	v1.GET("/quarantine/count", a.quarantineCount, a.may(ScopeRead))
	v1.GET("/quarantine/:number", a.quarantinedBody, a.may(ScopeExport), a.act("quarantine-read"))
	v1.DELETE("/quarantine/:number", a.dropQuarantined, a.may(ScopeExport), a.act("quarantine-drop"))
	v1.POST("/quarantine/:number/retry", a.retryQuarantined, a.may(ScopeExport), a.act("quarantine-retry"))
	v1.POST("/replay", a.replay, a.may(ScopeDecisions), a.act("replay"))
	v1.POST("/keys/reseal", a.rotateKeys, a.may(ScopeKeys), a.act("reseal"))
}

// registerConsole mounts what the console stores.
func (a *API) registerConsole(v1 *echo.Group) {
	v1.GET("/console/records", a.records, a.may(scopeConsole))
	v1.GET("/console/records/:name", a.consoleRecord, a.may(scopeConsole))
	v1.PUT("/console/records/:name", a.putRecord, a.may(scopeConsole))
	v1.DELETE("/console/records/:name", a.dropRecord, a.may(scopeConsole))
	v1.POST("/console/acts", a.noteConsoleAct, a.may(scopeConsole))
	v1.GET("/console/passkeys", a.showPasskeys, a.may(scopeConsole))
	v1.PUT("/console/passkeys", a.setPasskeys, a.may(scopeConsole))
}

// RegisterPublic mounts the endpoints for recipients and data subjects.
func (a *API) RegisterPublic(e *echo.Echo) {
	e.HTTPErrorHandler = a.fail
	e.POST("/v1/receipts", a.receiptFrom)
	e.GET("/todo", a.todoPage)
	e.POST("/todo", a.todoDone)
	e.GET("/consent/:token", a.consentPage)
	e.POST("/consent/:token", a.consentAnswer)
	if a.opts.Form == nil {
		return
	}
	e.GET("/request", a.requestForm)
	e.POST("/request", a.sendCode)
	e.GET("/request/code", a.codeForm)
	e.POST("/request/code", a.verifyCode)
}

func (a *API) ready(c echo.Context) error {
	if err := a.opts.Ready(c.Request().Context()); err != nil {
		return problem.New(http.StatusServiceUnavailable, "not-ready", err.Error())
	}
	return c.String(http.StatusOK, "ready\n")
}

// may admits requests with a token of the scope.
func (a *API) may(scope string) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			if _, err := a.guard.Check(c.Request(), scope); err != nil {
				return err
			}
			return next(c)
		}
	}
}

// fail is the error handler: problems are written as such, errors of echo get a problem body, and
// any other error is logged and answered without detail.
func (a *API) fail(err error, c echo.Context) {
	if c.Response().Committed {
		a.opts.Log.Error("response interrupted", "path", c.Path(), "error", err)
		panic(http.ErrAbortHandler) // the client must not take a part for the whole
	}
	var p *problem.Problem
	var he *echo.HTTPError
	var damaged *store.DamagedError
	switch {
	case errors.As(err, &p):
		if p.Status == http.StatusUnauthorized {
			c.Response().Header().Set(echo.HeaderWWWAuthenticate, "Bearer")
		}
	case errors.As(err, &he):
		p = problem.New(he.Code, "request", http.StatusText(he.Code))
	case errors.As(err, &damaged):
		a.opts.Log.Error("request failed", "path", c.Path(), "error", err)
		p = problem.New(http.StatusInternalServerError, "damaged", damaged.Error())
	default:
		a.opts.Log.Error("request failed", "path", c.Path(), "error", err)
		p = problem.New(
			http.StatusInternalServerError,
			"internal",
			"An internal error occurred. The log of the service has the cause.",
		)
	}
	if err := p.Write(c.Response()); err != nil {
		a.opts.Log.Warn("response not delivered", "path", c.Path(), "error", err)
	}
}

// maxRequest bounds the body of a request.
const maxRequest = 16 << 10

// read decodes and validates the body of a request. Unknown fields are refused. The example is part
// of the error text.
func (a *API) read(c echo.Context, into any, example string) error {
	return a.readUpTo(c, into, example, maxRequest)
}

// readUpTo is read with a bound of its own, in bytes.
func (a *API) readUpTo(c echo.Context, into any, example string, most int64) error {
	dec := json.NewDecoder(io.LimitReader(c.Request().Body, most))
	dec.DisallowUnknownFields()
	if err := dec.Decode(into); err != nil {
		return problem.New(http.StatusBadRequest, "unreadable", "Send JSON such as "+example+".")
	}
	var invalid validator.ValidationErrors
	if err := a.validate.Struct(into); errors.As(err, &invalid) {
		faults := make([]string, len(invalid))
		for i, f := range invalid {
			faults[i] = joined(f)
		}
		return problem.New(http.StatusUnprocessableEntity, "impossible", strings.Join(faults, "; ")+".")
	} else if err != nil {
		return err
	}
	return nil
}

// events writes decisions as CloudEvents, one JSON object a line. With follow=1 the response stays
// open for new decisions.
func (a *API) events(c echo.Context) error {
	follow := c.QueryParam("follow")
	if follow != "" && follow != "0" && follow != "1" {
		return problem.New(http.StatusUnprocessableEntity, "impossible", "follow must be 0 or 1.")
	}
	lines := newLines(c)
	err := a.opts.Events.Read(c.Request().Context(), follow == "1", lines.write)
	if errors.Is(err, context.Canceled) {
		return nil // the reader has left, or the service stops
	}
	return err
}

// lines is a response of JSON objects, one a line, each flushed.
type lines struct{ res *echo.Response }

func newLines(c echo.Context) lines {
	res := c.Response()
	res.Header().Set(echo.HeaderContentType, "application/x-ndjson")
	res.WriteHeader(http.StatusOK)
	res.Flush()
	return lines{res}
}

// encode writes a value as one line.
func (l lines) encode(v any) error {
	data, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return l.write(data)
}

func (l lines) write(data []byte) error {
	if _, err := fmt.Fprintf(l.res, "%s\n", data); err != nil {
		return err
	}
	l.res.Flush()
	return nil
}
