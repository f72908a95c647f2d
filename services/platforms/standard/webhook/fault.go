package webhook

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/go-playground/validator/v10"

	factv1 "github.com/rodopath/rodopath/api/gen/rodopath/fact/v1"
	"github.com/rodopath/rodopath/services/ingest"
	"github.com/rodopath/rodopath/services/internal/address"
	"github.com/rodopath/rodopath/services/platforms/payload"
)

const (
	// clockTolerance is how far the sender's clock may be ahead of ours.
	clockTolerance = 5 * time.Minute
	// maxFaults bounds the list that one answer repeats.
	maxFaults = 20
	// maxIDs is how many ids of one person a fact may hold.
	maxIDs = 20
)

// newValidate returns a validator with the project's validations and with JSON names of fields.
func newValidate() (*validator.Validate, error) {
	v := validator.New(validator.WithRequiredStructEnabled())
	v.RegisterTagNameFunc(func(f reflect.StructField) string { return f.Tag.Get("json") })
	rules := map[string]func(string) bool{
		"kind":       func(s string) bool { _, ok := kind(s); return ok },
		"access":     func(s string) bool { _, ok := access(s); return ok },
		"address":    func(s string) bool { _, ok := ingest.Email(s); return ok },
		"instant":    func(s string) bool { return payload.Time(s, nil) != nil },
		"recordname": isRecordName,
		"word":       func(s string) bool { return isWord(s, 64) && !strings.Contains(address.Unescape(s), "@") },
		"trait":      ingest.IsTrait,
		"remark":     isRemark,
		"nobody":     func(s string) bool { return !address.Looks(s) },
	}
	for tag, holds := range rules {
		err := v.RegisterValidation(tag, func(f validator.FieldLevel) bool { return holds(f.Field().String()) })
		if err != nil {
			return nil, fmt.Errorf("register rule %s: %w", tag, err)
		}
	}
	return v, nil
}

// isWord reports whether s is visible ASCII without spaces, within a length.
func isWord(s string, limit int) bool {
	outside := func(r rune) bool { return r <= ' ' || r > '~' }
	return s != "" && len(s) <= limit && !strings.ContainsFunc(s, outside)
}

// isRemark reports whether s is visible text without an address. Remarks are kept in the clear,
// beside facts that may outlive the identities.
func isRemark(s string) bool {
	unfit := func(r rune) bool { return !unicode.IsPrint(r) || r == '@' || r == utf8.RuneError }
	return !strings.ContainsFunc(address.Unescape(s), unfit)
}

// isRecordName reports whether s can name a record. Names are stored and shown where addresses are
// forbidden: "17@shop" is a name, a text that seems to hold an address is none.
func isRecordName(s string) bool { return isWord(s, 200) && !address.Looks(s) }

// check returns an ingest.ErrImpossible that lists every field at fault.
func (p *Provider) check(facts []fact, unknown string, at time.Time) error {
	var faults []string
	if unknown != "" {
		faults = append(faults, unknown+" is not known")
	}
	for i := range facts {
		prefix := ""
		if len(facts) > 1 {
			prefix = fmt.Sprintf("facts[%d].", i)
		}
		for _, fault := range p.faults(&facts[i], at) {
			faults = append(faults, prefix+fault)
		}
	}
	if len(faults) == 0 {
		return nil
	}
	if more := len(faults) - maxFaults; more > 0 {
		faults = append(faults[:maxFaults], fmt.Sprintf("and %d more", more))
	}
	return fmt.Errorf("%w: %s", ingest.ErrImpossible, strings.Join(faults, "; "))
}

func (p *Provider) faults(f *fact, at time.Time) []string {
	var (
		faults  []string
		invalid validator.ValidationErrors
	)
	if errors.As(p.validate.Struct(f), &invalid) {
		for _, e := range invalid {
			_, field, _ := strings.Cut(e.Namespace(), ".")
			faults = append(faults, field+" "+saying(e.Tag()))
		}
	}
	k, _ := kind(f.Kind)
	led := isStep(k) && f.Ref != "" // the request leads to the person
	if f.Person.nobody() && !led {
		faults = append(faults, "person needs an email or an id")
	}
	faults = append(faults, f.Person.faults()...)
	faults = append(faults, f.missingFields(k)...)
	if k == factv1.Kind_KIND_RECEIPT && slices.Contains(p.source.SelfAnswering, f.Recipient) {
		faults = append(faults, "recipient has a token of its own: the recipient sends its receipts by itself")
	}
	if t := payload.Time(f.At, nil); t != nil && t.AsTime().After(at.Add(clockTolerance)) {
		faults = append(faults, "at is in the future")
	}
	return append(faults, f.shows()...)
}

func (p *person) nobody() bool { return p.Email == "" && len(p.IDs) == 0 }

func (p *person) faults() []string {
	var faults []string
	if len(p.IDs) > maxIDs {
		faults = append(faults, "person.ids is too long")
	}
	for system, id := range p.IDs {
		if system == "email" || payload.Name(system) == "" || !isWord(system, 32) || !isWord(id, 320) {
			return append(faults, "person.ids has an invalid name or value")
		}
	}
	return faults
}

// shows lists the fields with an address of the person outside of the names; such fields are kept
// in the clear.
func (f *fact) shows() []string {
	var known []string
	for _, name := range append(slices.Collect(maps.Values(f.Person.IDs)), f.Person.Email) {
		if a, ok := ingest.Email(name); ok {
			known = append(known, a)
		}
	}
	within := func(s string) bool {
		s = strings.ToLower(address.Unescape(s))
		return slices.ContainsFunc(known, func(a string) bool { return strings.Contains(s, a) })
	}
	var faults []string
	if slices.ContainsFunc(append([]string{f.ID, f.Ref, f.Contract}, f.Links...), within) {
		faults = append(faults, "a name of a record holds the person's address")
	}
	if within(f.Evidence.Text) {
		faults = append(faults, "evidence.text holds the person's address")
	}
	return faults
}

func saying(tag string) string {
	switch tag {
	case "required":
		return "is missing"
	case "kind":
		return "is not a kind of fact"
	case "access":
		return "is not a kind of access"
	case "instant":
		return "is not a time in RFC 3339"
	case "address":
		return "is not an e-mail address"
	case "ip":
		return "is not an IP address"
	case "trait":
		return "is not a known trait"
	case "nobody":
		return "holds an address"
	case "remark":
		return "is not visible text without an address"
	case "recordname":
		return "is not a name of a record: visible ASCII, no address"
	case "word":
		return "is not a word: visible ASCII, at most 64"
	}
	return "is too small or too large"
}
