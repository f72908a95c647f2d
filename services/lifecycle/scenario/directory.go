package scenario

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Report is the result of the scenarios of a directory.
type Report struct {
	Cases    int            `json:"cases"`
	Failures []ReportedLine `json:"failures"`
}

// ReportedLine is a line of a scenario with an unexpected result.
type ReportedLine struct {
	File string   `json:"file"`
	Line int      `json:"line"`
	Case string   `json:"case"`
	Step string   `json:"step"`
	Want []string `json:"want"`
	Got  []string `json:"got"`
	// Text describes the failure for people.
	Text string `json:"text"`
}

// ErrNoScenarios means that a directory contains no scenario.
var ErrNoScenarios = errors.New("no scenario was found")

// RunFiles runs the scenarios of a directory (files NAME.case, at any depth) or of one file. An error
// means that a scenario or a policy is unreadable.
func RunFiles(policies Policies, path string) (*Report, error) {
	if _, err := policies(nil); err != nil {
		return nil, err
	}
	report := &Report{Failures: []ReportedLine{}}
	err := filepath.WalkDir(path, func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(file) != ".case" {
			return err
		}
		return report.run(policies, file)
	})
	switch {
	case err != nil:
		return nil, fmt.Errorf("test policy: %w", err)
	case report.Cases == 0:
		return nil, fmt.Errorf("test policy: %w in %s; a scenario is a file NAME.case", ErrNoScenarios, path)
	}
	return report, nil
}

func (r *Report) run(policies Policies, file string) error {
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	cases, err := Read(bytes.NewReader(data))
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	for _, c := range cases {
		r.Cases++
		for _, f := range Run(policies, c) {
			r.Failures = append(r.Failures, ReportedLine{
				File: file, Line: f.Step.Line, Case: c.Name, Step: f.Step.Text,
				Want: f.Step.Want, Got: f.Got, Text: f.String(),
			})
		}
	}
	return nil
}
