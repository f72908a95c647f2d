// Package policy reads policies from YAML. docs/policy.md describes the language.
package policy

import (
	"crypto/sha256"
	_ "embed" // for the shipped policy
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	_ "time/tzdata" // civil time must not depend on the machine

	"github.com/rodopath/rodopath/services/internal/strictyaml"
	"github.com/rodopath/rodopath/services/lifecycle/rules"
)

//go:embed pl.yaml
var pl []byte

const (
	// DefaultName is the name of the default policy in the configuration.
	DefaultName = "default"
	// shipped is the name of the shipped policy, for others to extend.
	shipped = "pl"
)

// Text returns the default policy as YAML.
func Text() string { return string(pl) }

// Read returns the policy file at path, or the default policy if path is DefaultName or empty.
func Read(path string) (name string, data []byte, err error) {
	if path == "" || path == DefaultName {
		return "default policy", pl, nil
	}
	if data, err = os.ReadFile(path); err != nil {
		return path, nil, fmt.Errorf("load policy: %w", err)
	}
	return path, data, nil
}

// Load reads the policy at path, or the default policy if path is DefaultName or empty. The
// controller is the business named in the wordings.
func Load(path, controller string) (*rules.Policy, error) {
	name, data, err := Read(path)
	if err != nil {
		return nil, err
	}
	return Parse(name, data, controller)
}

// Parse reads a policy. The error lists every fault with line and column.
func Parse(file string, data []byte, controller string) (*rules.Policy, error) {
	p, _, err := check(file, data, controller, nil)
	return p, err
}

// Measures returns the security measures described by a policy, by language.
func Measures(file string, data []byte) (map[string]string, error) {
	var doc document
	at, err := strictyaml.Decode(file, data, &doc)
	if err != nil {
		return nil, err
	}
	c := compiler{file: file, at: at}
	err = c.extend(doc)
	return c.doc.Measures, err
}

// Check reads a policy and returns warnings as well, such as data deleted too early or held too
// long.
func Check(file string, data []byte, controller string) (*rules.Policy, []Warning, error) {
	return check(file, data, controller, nil)
}

func check(file string, data []byte, controller string, changes []string) (*rules.Policy, []Warning, error) {
	var doc document
	at, err := strictyaml.Decode(file, data, &doc)
	if err != nil {
		return nil, nil, err
	}
	c := compiler{file: file, at: at}
	if err := c.extend(doc); err != nil {
		return nil, nil, err
	}
	if err := c.change(changes); err != nil {
		return nil, nil, err
	}
	p := c.compile(controller)
	if err := at.Fail(c.faults...); err != nil {
		return nil, nil, err
	}
	if p.Revision, err = revision(c.doc, controller); err != nil {
		return nil, nil, err
	}
	return p, c.warnings(p), nil
}

// revision names the meaning of a policy: comments and layout do not count.
func revision(doc document, controller string) (string, error) {
	canonical, err := json.Marshal([]any{doc, controller})
	if err != nil {
		return "", fmt.Errorf("name policy revision: %w", err)
	}
	sum := sha256.Sum256(canonical)
	return hex.EncodeToString(sum[:6]), nil
}
