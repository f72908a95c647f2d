package app

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/rodopath/rodopath/services/lifecycle/rules"

	"github.com/rodopath/rodopath/services/internal/config"
	"github.com/rodopath/rodopath/services/internal/strictyaml"
	"github.com/rodopath/rodopath/services/lifecycle/policy"
	"github.com/rodopath/rodopath/services/lifecycle/report"
	"github.com/rodopath/rodopath/services/lifecycle/rollout"
	"github.com/rodopath/rodopath/services/lifecycle/scenario"
)

// approveAbove is the share of persons, in percent, of which a new policy may delete data without
// approval.
const approveAbove = 1

// rollOutPolicy puts the configured policy into force, or keeps the former policy when the new one
// would delete too much.
func (a *App) rollOutPolicy(ctx context.Context, opts Options) error {
	name, text, err := policy.Read(policyPath(opts.Config))
	if err != nil {
		return err
	}
	limit := float64(approveAbove)
	if opts.Config.ApproveAbovePercent != nil {
		limit = *opts.Config.ApproveAbovePercent
	}
	out, err := rollout.Run(ctx, rollout.Options{
		Store: a.store, Parse: policy.Parse, File: name, Text: text, Controller: opts.Config.Controller,
		LimitPercent: limit, Approve: opts.Approve, Now: opts.Now(), Log: opts.Log.With("part", "policy"),
	})
	if err != nil {
		return err
	}
	a.policy, a.waiting = out.Policy, out.Waiting
	a.measures, err = policy.Measures(name, text)
	return err
}

func policyPath(c *config.Config) string {
	if c.Policy == "" || c.Policy == policy.DefaultName {
		return policy.DefaultName
	}
	return c.Path(c.Policy)
}

// PolicyText returns the shipped policy as YAML, to read and to copy.
func PolicyText() string { return policy.Text() }

// PolicyWarning is a remark on a valid policy.
type PolicyWarning = policy.Warning

// CheckedPolicy is a valid policy with its warnings.
type CheckedPolicy struct {
	ID       string            `json:"policy"`
	Revision string            `json:"revision"`
	Choices  map[string]string `json:"choices"`
	Warnings []PolicyWarning   `json:"warnings"`
}

// CheckPolicy reads a policy file, or the shipped policy when path is empty or
// "default". The error is an *strictyaml.Error when the file has faults.
func CheckPolicy(path, controller string) (*CheckedPolicy, error) {
	name, text, err := policy.Read(path)
	if err != nil {
		return nil, err
	}
	p, warnings, err := policy.Check(name, text, controller)
	if err != nil {
		return nil, err
	}
	if warnings == nil {
		warnings = []PolicyWarning{}
	}
	return &CheckedPolicy{ID: p.ID, Revision: p.Revision, Choices: p.Choices, Warnings: warnings}, nil
}

// ScenarioFailure is a line of a scenario with unexpected results.
type ScenarioFailure struct {
	File string   `json:"file"`
	Line int      `json:"line"`
	Case string   `json:"case"`
	Step string   `json:"step"`
	Want []string `json:"want"`
	Got  []string `json:"got"`
	// Text describes the failure for people.
	Text string `json:"text"`
}

// ScenarioReport is the result of the scenarios in a directory.
type ScenarioReport struct {
	Cases    int               `json:"cases"`
	Failures []ScenarioFailure `json:"failures"`
}

// ErrNoScenarios means that a directory contains no scenario.
var ErrNoScenarios = errors.New("no scenario was found")

// TestPolicy runs the scenarios of a directory (files NAME.case, at any depth) or of one file
// against a policy. An error means that a scenario is unreadable.
func TestPolicy(path, controller, cases string) (*ScenarioReport, error) {
	name, text, err := policy.Read(path)
	if err != nil {
		return nil, err
	}
	policies := func(changes []string) (*rules.Policy, error) {
		return policy.Change(name, text, controller, changes)
	}
	if _, err := policies(nil); err != nil {
		return nil, err
	}
	report := &ScenarioReport{Failures: []ScenarioFailure{}}
	err = filepath.WalkDir(cases, func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(file) != ".case" {
			return err
		}
		return report.run(policies, file)
	})
	switch {
	case err != nil:
		return nil, fmt.Errorf("test policy: %w", err)
	case report.Cases == 0:
		return nil, fmt.Errorf("test policy: %w in %s; a scenario is a file NAME.case", ErrNoScenarios, cases)
	}
	return report, nil
}

func (r *ScenarioReport) run(policies scenario.Policies, file string) error {
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	cases, err := scenario.Read(bytes.NewReader(data))
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	for _, c := range cases {
		r.Cases++
		for _, f := range scenario.Run(policies, c) {
			r.Failures = append(r.Failures, ScenarioFailure{
				File: file, Line: f.Step.Line, Case: c.Name, Step: f.Step.Text, Want: f.Step.Want, Got: f.Got, Text: f.String(),
			})
		}
	}
	return nil
}

// IsPolicyFault reports whether an error lists faults of a policy file.
func IsPolicyFault(err error) bool {
	var faults *strictyaml.Error
	return errors.As(err, &faults)
}

// ErrFormat means that the format or language is unsupported.
var ErrFormat = policy.ErrFormat

// ShowPolicy writes the record of processing activities of a policy (Art. 30), as
// text, markdown, json or csv, in Polish ("pl") or English ("en").
func ShowPolicy(out io.Writer, path, controller, format, lang string) error {
	name, text, err := policy.Read(path)
	if err != nil {
		return err
	}
	language, err := report.ParseLanguage(lang)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrFormat, err)
	}
	p, err := policy.Parse(name, text, controller)
	if err != nil {
		return err
	}
	measures, err := policy.Measures(name, text)
	if err != nil {
		return err
	}
	return policy.WriteRecord(out, policy.Format(format), language, p, measures)
}
