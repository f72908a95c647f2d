package policy

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/rodopath/rodopath/services/internal/strictyaml"
)

// ErrChange means that a change does not fit the policy.
var ErrChange = errors.New("this is no change of the policy")

// base is the text to which the first change of the default policy is made.
const base = "policy: pl\nextends: pl\n"

// Draft returns the text of a policy with changes made to its text: "claims=strict" sets a choice, and
// "webinar.until=60 days after webinar" the retention period of a rule. Comments stay. The default policy becomes a
// policy that extends the shipped one. The error wraps ErrChange for a change that names nothing of the policy; the
// values are checked by Check.
func Draft(data []byte, changes []string) ([]byte, error) {
	if bytes.Equal(data, pl) {
		data = []byte(base)
	}
	var file yaml.Node
	if err := yaml.Unmarshal(data, &file); err != nil || len(file.Content) == 0 {
		return nil, fmt.Errorf("draft a policy: %w", errors.Join(ErrChange, err))
	}
	periods, err := setChoices(file.Content[0], changes)
	if err != nil {
		return nil, err
	}
	text, err := encode(&file)
	if err != nil || len(periods) == 0 {
		return text, err
	}
	chosen, err := chosenRules(text)
	if err != nil {
		return nil, err
	}
	for _, change := range periods {
		name, is, _ := strings.Cut(change, "=")
		if err := setUntil(file.Content[0], strings.TrimSuffix(name, ".until"), is, chosen); err != nil {
			return nil, err
		}
	}
	return encode(&file)
}

// setChoices sets the choices among changes, and returns the changes of periods.
func setChoices(doc *yaml.Node, changes []string) (periods []string, err error) {
	for _, change := range changes {
		name, is, ok := strings.Cut(change, "=")
		_, key, part := strings.Cut(name, ".")
		switch {
		case !ok || name == "" || is == "" || part && key != "until":
			return nil, fmt.Errorf(
				"%w: %q; write one like claims=strict, or webinar.until=60 days after webinar",
				ErrChange,
				change,
			)
		case part:
			periods = append(periods, change)
		default:
			set(member(doc, "choices", yaml.MappingNode), name, is)
		}
	}
	return periods, nil
}

// chosenRules reports which conditions of rules hold under the choices of a policy text.
func chosenRules(text []byte) (func(onlyIf []string) bool, error) {
	var doc document
	at, err := strictyaml.Decode("draft", text, &doc)
	if err != nil {
		return nil, err
	}
	c := compiler{file: "draft", at: at}
	if err := c.extend(doc); err != nil {
		return nil, err
	}
	return c.chosen, nil
}

func encode(file *yaml.Node) ([]byte, error) {
	var out bytes.Buffer
	enc := yaml.NewEncoder(&out)
	enc.SetIndent(2)
	if err := errors.Join(enc.Encode(file), enc.Close()); err != nil {
		return nil, fmt.Errorf("draft a policy: %w", err)
	}
	return out.Bytes(), nil
}

// setUntil sets the retention period of the rule that applies. A rule of the extended policy is repeated with the new
// period, together with those of the same id, between which a choice decides.
func setUntil(doc *yaml.Node, id, period string, chosen func([]string) bool) error {
	rules := member(doc, "rules", yaml.SequenceNode)
	found := withID(rules, id)
	if len(found) == 0 && valueOf(doc, "extends") != nil {
		var shipped yaml.Node
		if err := yaml.Unmarshal(pl, &shipped); err != nil {
			return fmt.Errorf("draft a policy: %w", err)
		}
		found = withID(member(shipped.Content[0], "rules", yaml.SequenceNode), id)
		rules.Content = append(rules.Content, found...)
	}
	if len(found) == 0 {
		return fmt.Errorf("%w: it has no rule %q", ErrChange, id)
	}
	for _, rule := range found {
		var onlyIf words
		if v := valueOf(rule, "only_if"); v != nil {
			if err := v.Decode(&onlyIf); err != nil {
				return fmt.Errorf("draft a policy: %w", err)
			}
		}
		if chosen(onlyIf) {
			set(rule, "until", period)
		}
	}
	return nil
}

// withID returns the entries of a list with an id; several rules share one where a choice decides between them.
func withID(list *yaml.Node, id string) []*yaml.Node {
	return slices.DeleteFunc(slices.Clone(list.Content), func(n *yaml.Node) bool {
		v := valueOf(n, "id")
		return v == nil || v.Value != id
	})
}

// valueOf returns the value of a key of a mapping; nil without one.
func valueOf(mapping *yaml.Node, key string) *yaml.Node {
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		if mapping.Content[i].Value == key {
			return mapping.Content[i+1]
		}
	}
	return nil
}

// member returns the value of a key of a mapping, which is added when missing.
func member(mapping *yaml.Node, key string, kind yaml.Kind) *yaml.Node {
	if v := valueOf(mapping, key); v != nil && v.Kind == kind {
		return v
	}
	v := &yaml.Node{Kind: kind}
	mapping.Content = append(mapping.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: key}, v)
	return v
}

// set sets a text of a mapping.
func set(mapping *yaml.Node, key, text string) {
	is := yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Style: yaml.DoubleQuotedStyle, Value: text}
	if v := valueOf(mapping, key); v != nil {
		is.LineComment = v.LineComment
		*v = is
		return
	}
	mapping.Content = append(mapping.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: key}, &is)
}
