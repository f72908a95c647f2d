package policy

import (
	"errors"
	"fmt"
	"io"

	"github.com/rodopath/rodopath/services/internal/strictyaml"
	"github.com/rodopath/rodopath/services/lifecycle/report"
	"github.com/rodopath/rodopath/services/lifecycle/rules"
)

// Checked is a policy without faults, with the risks of its choices.
type Checked struct {
	ID       string            `json:"policy"`
	Revision string            `json:"revision"`
	Choices  map[string]string `json:"choices"`
	Warnings []Warning         `json:"warnings"`
}

// Business is the business that uses a policy.
type Business struct {
	// Controller is the name of the controller; empty when not configured.
	Controller string
	// Connect adds the contact details and the recipients of the configuration to a policy; nil adds nothing.
	Connect func(*rules.Policy) error
}

func (b *Business) connect(p *rules.Policy) error {
	if b.Connect == nil {
		return nil
	}
	return b.Connect(p)
}

// CheckFile reads and checks a policy file, or the shipped policy when path is empty or "default". The
// error is an *strictyaml.Error when the file has faults: see IsFault.
func CheckFile(path string, by Business) (*Checked, error) {
	name, text, err := Read(path)
	if err != nil {
		return nil, err
	}
	p, warnings, err := Check(name, text, by.Controller)
	if err != nil {
		return nil, err
	}
	if err := by.connect(p); err != nil {
		return nil, err
	}
	warnings = append(warnings, recipientWarnings(p)...)
	if warnings == nil {
		warnings = []Warning{}
	}
	return &Checked{ID: p.ID, Revision: p.Revision, Choices: p.Choices, Warnings: warnings}, nil
}

// IsFault reports whether an error lists the faults of a policy file.
func IsFault(err error) bool {
	var faults *strictyaml.Error
	return errors.As(err, &faults)
}

// WriteRecordOf writes the record of processing activities of a policy file (Art. 30), as text,
// markdown, json or csv, in Polish ("pl") or English ("en"). The error wraps ErrFormat for any other
// format or language.
func WriteRecordOf(out io.Writer, path string, by Business, format, lang string) error {
	name, text, err := Read(path)
	if err != nil {
		return err
	}
	language, err := report.ParseLanguage(lang)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrFormat, err)
	}
	p, err := Parse(name, text, by.Controller)
	if err != nil {
		return err
	}
	if err := by.connect(p); err != nil {
		return err
	}
	measures, err := Measures(name, text)
	if err != nil {
		return err
	}
	return WriteRecord(out, Format(format), language, p, measures)
}
