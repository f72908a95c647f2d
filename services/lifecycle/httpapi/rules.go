package httpapi

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/rodopath/rodopath/services/internal/problem"
	"github.com/rodopath/rodopath/services/lifecycle/calendar"
	"github.com/rodopath/rodopath/services/lifecycle/policy"
	"github.com/rodopath/rodopath/services/lifecycle/report"
	"github.com/rodopath/rodopath/services/lifecycle/rollout"
	"github.com/rodopath/rodopath/services/lifecycle/rules"
	"github.com/rodopath/rodopath/services/lifecycle/simulation"
)

// Policies drafts policies from the policy of the configuration, and takes orders for them.
type Policies interface {
	Settings() (*policy.Settings, error)
	// Draft returns the policy with changes, as it would be in force from an instant.
	Draft(changes []string, at time.Time) (*Draft, error)
	// Order has a draft put into force.
	Order(ctx context.Context, d *Draft, o rollout.Order) error
	// InForce is the order in force; the zero value without one.
	InForce() rollout.Order
}

// Draft is a policy with changes.
type Draft struct {
	Text     string
	Policy   *rules.Policy
	Warnings []policy.Warning
}

// settingsAnswer is what may be changed in the policy, and how the policy came into force.
type settingsAnswer struct {
	*policy.Settings
	// Wordings are all texts of the policy, former ones as well.
	Wordings []usedWording `json:"wordings"`
	// Ordered is the order in force, without its text; absent when the policy of the configuration is in force.
	Ordered *rollout.Order `json:"ordered,omitempty"`
}

// usedWording is a text for consent with the days of its use.
type usedWording struct {
	policyWording

	Language string `json:"language"`
	// From and To are the first and the last day; absent where there is none.
	From string `json:"from,omitempty"`
	To   string `json:"to,omitempty"`
}

// usedWordings are all texts of the policy.
func (a *API) usedWordings() []usedWording {
	p, out := a.opts.Policy, []usedWording{}
	for i := range p.Wordings {
		w := &p.Wordings[i]
		u := usedWording{policyWording: policyWording{w.ID, w.Text, w.Purposes, w.Channels}, Language: w.Language}
		if !w.From.IsZero() {
			u.From = calendar.In(w.From, p.Place.Zone).String()
		}
		if !w.To.IsZero() {
			u.To = p.LastDay(&w.To)
		}
		out = append(out, u)
	}
	return out
}

// settings shows the choices of the policy with their risks, and the retention periods.
func (a *API) settings(c echo.Context) error {
	s, err := a.opts.Policies.Settings()
	if err != nil {
		return err
	}
	out := settingsAnswer{Settings: s, Wordings: a.usedWordings()}
	if o := a.opts.Policies.InForce(); o.Revision != "" {
		o.Text, o.Over = "", ""
		out.Ordered = &o
	}
	return c.JSON(http.StatusOK, out)
}

// record writes the record of processing activities of the policy in force (Art. 30).
func (a *API) record(c echo.Context) error {
	lang, err := language(c.QueryParam("lang"), report.Polish)
	if err != nil {
		return err
	}
	kinds := map[policy.Format]string{
		policy.FormatJSON: echo.MIMEApplicationJSON, policy.FormatCSV: "text/csv; charset=utf-8",
		policy.FormatMarkdown: "text/markdown; charset=utf-8", policy.FormatText: echo.MIMETextPlainCharsetUTF8,
	}
	format := policy.Format(c.QueryParam("format"))
	if format == "" {
		format = policy.FormatJSON
	}
	kind, ok := kinds[format]
	if !ok {
		return problem.New(http.StatusUnprocessableEntity, "impossible", "format must be json, csv, markdown or text.")
	}
	concern(c, string(format))
	c.Response().Header().Set(echo.HeaderContentType, kind)
	return policy.WriteRecord(c.Response(), format, lang, a.opts.Policy, a.opts.Measures)
}

// changeRequest names changes of the policy.
type changeRequest struct {
	// Changes are such as "claims=strict", or "webinar.until=60 days after webinar"; none means the policy that awaits
	// approval.
	Changes []string `json:"changes" validate:"max=50,dive,required,max=200"`
}

const changeExample = `{"changes": ["claims=strict"]}`

// draft returns the policy with changes.
func (a *API) draft(changes []string) (*Draft, error) {
	d, err := a.opts.Policies.Draft(changes, a.opts.Now())
	if errors.Is(err, policy.ErrChange) || policy.IsFault(err) {
		return nil, problem.New(http.StatusUnprocessableEntity, "impossible", err.Error())
	}
	return d, err
}

// simulated is a line of the answer of a simulation: the progress, and in the end the result.
type simulated struct {
	progress

	Result *simulationResult `json:"result,omitempty"`
}

type simulationResult struct {
	Policy   string   `json:"policy"`
	Revision string   `json:"revision"`
	Current  string   `json:"current"`
	Changes  []string `json:"changes"`
	simulation.Result
	// Warnings are those that the changes bring.
	Warnings []policy.Warning `json:"warnings"`
	// Incomplete says which persons are missing, and why; absent for none.
	Incomplete string `json:"incomplete,omitempty"`
}

// simulate compares the policy in force with the policy with changes, on all persons. The answer is one JSON object a
// line: the progress, and in the end the result.
func (a *API) simulate(c echo.Context) error {
	var req changeRequest
	if err := a.read(c, &req, changeExample); err != nil {
		return err
	}
	d, err := a.draft(req.Changes)
	if err != nil {
		return err
	}
	counter := simulation.NewCounter(a.opts.Policy, d.Policy, a.opts.Now())
	w, err := a.walkShown(c, counter.Add)
	if err != nil {
		return err
	}
	warnings, err := a.changedWarnings(d, req.Changes)
	if err != nil {
		return err
	}
	return w.lines.encode(simulated{w.progress, &simulationResult{
		Policy: d.Policy.ID, Revision: d.Policy.Revision, Current: a.opts.Policy.Revision, Changes: req.Changes,
		Result: counter.Result(), Warnings: warnings, Incomplete: w.incomplete,
	}})
}

// changedWarnings are the warnings on a draft that its changes bring: those that the policy has without the changes are
// left out. All warnings belong to the policy that awaits approval.
func (a *API) changedWarnings(d *Draft, changes []string) ([]policy.Warning, error) {
	if len(changes) == 0 {
		return d.Warnings, nil
	}
	before, err := a.draft(nil)
	if err != nil {
		return nil, err
	}
	out := []policy.Warning{}
	for _, w := range d.Warnings {
		if !slices.ContainsFunc(before.Warnings, func(b policy.Warning) bool {
			return b.Risk == w.Risk && b.Cites == w.Cites && maps.Equal(b.Says, w.Says)
		}) {
			out = append(out, w)
		}
	}
	return out, nil
}

// orderRequest puts a policy with changes into force.
type orderRequest struct {
	changeRequest
	// Revision is the revision that was simulated.
	Revision string `json:"revision" validate:"required,max=64"`
	Reason   string `json:"reason"   validate:"required,max=300,plain"`
}

const orderExample = `{"changes": ["claims=strict"], "revision": "0123456789ab", "reason": "the advice of our lawyer"}`

// orderPolicy puts a policy with changes into force, whatever the policy deletes. The interface is away meanwhile.
func (a *API) orderPolicy(c echo.Context) error {
	var req orderRequest
	if err := a.read(c, &req, orderExample); err != nil {
		return err
	}
	d, err := a.draft(req.Changes)
	if err != nil {
		return err
	}
	if d.Policy.Revision != req.Revision {
		return problem.New(http.StatusConflict, "another-revision",
			"The policy with these changes has the revision "+d.Policy.Revision+
				", and another one was approved. Simulate the changes again.")
	}
	err = a.opts.Policies.Order(c.Request().Context(), d, rollout.Order{
		Revision: d.Policy.Revision, Reason: req.Reason, By: actorOf(c), At: a.opts.Now().UTC(),
	})
	if err != nil {
		return err
	}
	a.opts.Log.Warn("the controller ordered a policy", "revision", d.Policy.Revision)
	return c.JSON(http.StatusAccepted, map[string]string{"policy": d.Policy.ID, "revision": d.Policy.Revision})
}
