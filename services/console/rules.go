package console

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/rodopath/rodopath/services/lifecycle/simulation"
)

// risk is what an option of the policy risks.
type risk struct {
	Risk  string `json:"risk"`
	Says  text   `json:"says"`
	Cites string `json:"cites"`
}

// choice is a switch of the policy.
type choice struct {
	ID      string `json:"id"`
	Value   string `json:"value"`
	Options []struct {
		Value string `json:"value"`
		Risks []risk `json:"risks"`
	} `json:"options"`
}

// values are the options.
func (c *choice) values() []string {
	out := make([]string, len(c.Options))
	for i := range c.Options {
		out[i] = c.Options[i].Value
	}
	return out
}

// term is the retention period of a rule.
type term struct {
	Rule    string `json:"rule"`
	Purpose struct {
		Name text `json:"name"`
	} `json:"for"`
	Article string   `json:"article"`
	Cites   string   `json:"cites"`
	Until   []string `json:"until"`
	Period  text     `json:"period"`
}

// wordingUse is a text of the policy with the days of its use.
type wordingUse struct {
	ID       string   `json:"id"`
	Language string   `json:"language"`
	Text     string   `json:"text"`
	Purposes []string `json:"purposes"`
	Channels []string `json:"channels"`
	From     string   `json:"from"`
	To       string   `json:"to"`
}

// activity is a line of the record of processing activities.
type activity struct {
	Rule    string `json:"rule"`
	Purpose struct {
		Name text `json:"name"`
	} `json:"for"`
	Persons    text   `json:"persons"`
	Begins     text   `json:"begins"`
	Article    string `json:"article"`
	Cites      string `json:"cites"`
	Categories []struct {
		Name text `json:"name"`
	} `json:"categories"`
	Recipients []struct {
		Name text `json:"name"`
	} `json:"recipients"`
	Period text `json:"period"`
}

// rulesPage is the policy in words.
type rulesPage struct {
	Policy struct {
		Policy   string   `json:"policy"`
		Revision string   `json:"revision"`
		Earlier  []string `json:"earlier"`
		Waiting  *struct {
			Policy   string `json:"policy"`
			Revision string `json:"revision"`
			Affected int    `json:"affected"`
			Subjects int    `json:"subjects"`
		} `json:"waiting"`
	}
	Settings struct {
		Choices  []choice     `json:"choices"`
		Terms    []term       `json:"terms"`
		Wordings []wordingUse `json:"wordings"`
		Ordered  *struct {
			By     string    `json:"by"`
			Reason string    `json:"reason"`
			At     time.Time `json:"at"`
		} `json:"ordered"`
	}
	Record []activity
	// Ordered reports whether the reader has just put a policy into force.
	Ordered bool
}

func (v *visit) rules() error {
	p, err := v.rulesOf()
	if err == nil {
		p.Record, err = v.recordOf()
	}
	if err != nil {
		return err
	}
	p.Ordered = v.r.URL.Query().Has("ordered")
	v.page(http.StatusOK, "rules", v.say("rules"), p)
	return nil
}

func (v *visit) rulesOf() (*rulesPage, error) {
	ctx, p := v.r.Context(), &rulesPage{}
	err := together(
		func() error { return v.api.get(ctx, "/v1/policy", &p.Policy) },
		func() error { return v.api.get(ctx, "/v1/policy/settings", &p.Settings) },
	)
	return p, err
}

// recordOf is the record of processing activities.
func (v *visit) recordOf() ([]activity, error) {
	var record struct {
		Activities []activity `json:"activities"`
	}
	err := v.api.get(v.r.Context(), "/v1/policy/record?format=json", &record)
	return record.Activities, err
}

// The kinds of work.
const (
	workSimulation = "simulation"
	workReport     = "report"
)

// simulate begins the simulation of the changes that the form has.
func (v *visit) simulate() error {
	p, err := v.rulesOf()
	if err != nil {
		return err
	}
	changes, err := v.changesOf(p)
	if err != nil {
		return err
	}
	id, err := v.startWork(
		workSimulation, http.MethodPost, "/v1/policy/simulation", map[string]any{"changes": changes})
	if err != nil {
		return err
	}
	return v.redirect("/console/rules/simulations/" + id)
}

// changesOf are the choices and periods of the form that differ from the policy.
func (v *visit) changesOf(p *rulesPage) ([]string, error) {
	changes := []string{}
	for _, c := range p.Settings.Choices {
		is := v.r.PostFormValue("choice:" + c.ID)
		if err := v.checkOption(is, c.values()...); err != nil {
			return nil, err
		}
		if is != "" && is != c.Value {
			changes = append(changes, c.ID+"="+is)
		}
	}
	for _, t := range p.Settings.Terms {
		is := strings.TrimSpace(v.r.PostFormValue("until:" + t.Rule))
		if is != "" && is != strings.Join(t.Until, "; ") {
			changes = append(changes, t.Rule+".until="+is)
		}
	}
	if len(changes) == 0 && p.Policy.Waiting == nil {
		return nil, &refusal{Status: http.StatusUnprocessableEntity, Detail: v.say("no_change")}
	}
	return changes, nil
}

// simulationResult is the difference between two policies.
type simulationResult struct {
	Revision string   `json:"revision"`
	Current  string   `json:"current"`
	Changes  []string `json:"changes"`
	simulation.Result
	Warnings   []risk `json:"warnings"`
	Incomplete string `json:"incomplete"`
}

// simulationPage is a simulation, while it runs or with its result.
type simulationPage struct {
	Work   workState
	Result *simulationResult
}

func (v *visit) simulation() error {
	w, err := v.workOf(workSimulation)
	if err != nil {
		return err
	}
	p := simulationPage{Work: v.stateOfWork(w)}
	var line struct {
		Result *simulationResult `json:"result"`
	}
	if _, err := v.works.read(v.r.Context(), w, &line); err != nil {
		return err
	}
	p.Result = line.Result
	v.page(http.StatusOK, "simulation", v.say("simulation"), p)
	return nil
}

// The wait for an order to be in force.
const (
	orderWait = 30 * time.Second
	orderLook = 200 * time.Millisecond
)

// orderPolicy puts a policy into force that was simulated, and waits until it is.
func (v *visit) orderPolicy() error {
	if err := v.r.ParseForm(); err != nil {
		return &refusal{Status: http.StatusBadRequest, Detail: v.say("broken")}
	}
	revision, reason := v.r.PostForm.Get("revision"), strings.TrimSpace(v.r.PostForm.Get("reason"))
	if reason == "" {
		return &refusal{Status: http.StatusUnprocessableEntity, Detail: v.say("reason_missing")}
	}
	changes := v.r.PostForm["change"]
	if changes == nil {
		changes = []string{}
	}
	err := v.api.post(v.r.Context(), "/v1/policy/order", map[string]any{
		"changes": changes, "revision": revision, "reason": reason,
	}, nil)
	if err != nil {
		return err
	}
	v.await(func() bool {
		var p struct {
			Revision string `json:"revision"`
		}
		err := v.api.get(v.r.Context(), "/v1/policy", &p)
		return err == nil && p.Revision == revision
	})
	return v.redirect("/console/rules?" + url.Values{"ordered": {"1"}}.Encode())
}

// await waits until an order is in force, for some seconds. The interface is away meanwhile.
func (v *visit) await(inForce func() bool) {
	look := time.NewTicker(orderLook)
	defer look.Stop()
	for range int(orderWait / orderLook) {
		if inForce() {
			return
		}
		select {
		case <-look.C:
		case <-v.r.Context().Done():
			return
		}
	}
}

// record downloads the record of processing activities.
func (v *visit) record() error {
	kinds := map[string][2]string{
		"csv": {
			"text/csv; charset=utf-8",
			"rejestr-czynnosci.csv",
		},
		"markdown": {"text/markdown; charset=utf-8", "rejestr-czynnosci.md"},
	}
	form := v.r.URL.Query().Get("format")
	kind, ok := kinds[form]
	if !ok {
		return errUnknown
	}
	return v.pass("/v1/policy/record?format="+form+"&lang="+string(v.lang), kind[0], kind[1])
}

// retention shows the retention table for a privacy notice, to print or to embed.
func (v *visit) retention() error {
	record, err := v.recordOf()
	if err != nil {
		return err
	}
	v.page(http.StatusOK, "retention", v.say("retention"), &rulesPage{Record: record})
	return nil
}
