// Package strictyaml reads configuration and policy files strictly: an unknown or repeated key, or
// a value of the wrong shape, is an error with its place and a remedy.
package strictyaml

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Fault is one thing wrong with a file.
type Fault struct {
	// Line and Column count from 1; 0 means that the place is not known.
	Line, Column int
	// Text describes the fault and the remedy.
	Text string
}

// Error holds all faults of a file, ordered by line.
type Error struct {
	File   string
	Faults []Fault
}

// Error lists the faults, one a line, as "file:line:column: text".
func (e *Error) Error() string {
	lines := make([]string, len(e.Faults))
	for i, f := range e.Faults {
		lines[i] = fmt.Sprintf("%s:%d:%d: %s", e.File, f.Line, f.Column, f.Text)
	}
	return strings.Join(lines, "\n")
}

// Document is a decoded file with the place of every value.
type Document struct {
	file string
	root *yaml.Node
}

// Decode reads one YAML document into v, a pointer to a struct with yaml tags. The error is an
// *Error.
func Decode(file string, data []byte, v any) (*Document, error) {
	root := &yaml.Node{}
	switch err := yaml.Unmarshal(data, root); {
	case err != nil:
		return nil, &Error{file, []Fault{fromMessage(err.Error())}}
	case root.Kind == 0:
		return nil, &Error{file, []Fault{{1, 1, "the file is empty"}}}
	}
	d := &Document{file: file, root: root.Content[0]}
	faults := unknownKeys(d.root, reflect.TypeOf(v).Elem())
	if err := d.root.Decode(v); err != nil {
		faults = append(faults, fromError(err)...)
	}
	return d, d.Fail(faults...)
}

// Fail returns an error with faults of the document, or nil without faults.
func (d *Document) Fail(faults ...Fault) error {
	if len(faults) == 0 {
		return nil
	}
	slices.SortStableFunc(faults, func(a, b Fault) int { return a.Line - b.Line })
	return &Error{d.file, faults}
}

// Faultf returns a fault at the value on a path of keys and indexes, or at the nearest existing
// value above.
func (d *Document) Faultf(path []any, format string, args ...any) Fault {
	n := d.root
	for _, step := range path {
		next := child(n, step)
		if next == nil {
			break
		}
		n = next
	}
	return Fault{n.Line, n.Column, fmt.Sprintf(format, args...)}
}

// At wraps an error with the place of the value on a path of keys and indexes. A document without a
// file has no place.
func (d *Document) At(err error, path ...any) error {
	if d.file == "" {
		return err
	}
	f := d.Faultf(path, "")
	return fmt.Errorf("%s:%d:%d: %w", d.file, f.Line, f.Column, err)
}

// Line is the line of the value on a path of keys and indexes, or of the nearest existing value
// above.
func (d *Document) Line(path ...any) int { return d.Faultf(path, "").Line }

func child(n *yaml.Node, step any) *yaml.Node {
	switch s := step.(type) {
	case int:
		if n.Kind == yaml.SequenceNode && s < len(n.Content) {
			return n.Content[s]
		}
	case string:
		for i := 0; n.Kind == yaml.MappingNode && i+1 < len(n.Content); i += 2 {
			if n.Content[i].Value == s {
				return n.Content[i+1]
			}
		}
	}
	return nil
}

// unknownKeys compares the keys of a mapping with the fields of a struct type.
func unknownKeys(n *yaml.Node, t reflect.Type) []Fault {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	var faults []Fault
	switch {
	case n.Kind == yaml.AliasNode:
		return unknownKeys(n.Alias, t)
	case n.Kind == yaml.SequenceNode && t.Kind() == reflect.Slice:
		for _, c := range n.Content {
			faults = append(faults, unknownKeys(c, t.Elem())...)
		}
	case n.Kind == yaml.MappingNode && t.Kind() == reflect.Map:
		for i := 1; i < len(n.Content); i += 2 {
			faults = append(faults, unknownKeys(n.Content[i], t.Elem())...)
		}
	case n.Kind == yaml.MappingNode && t.Kind() == reflect.Struct:
		fields := fieldsOf(t)
		for i := 0; i+1 < len(n.Content); i += 2 {
			key := n.Content[i]
			field, ok := fields[key.Value]
			if !ok {
				faults = append(
					faults,
					Fault{key.Line, key.Column, fmt.Sprintf("unknown key %q%s", key.Value, suggest(key.Value, fields))},
				)
				continue
			}
			faults = append(faults, unknownKeys(n.Content[i+1], field)...)
		}
	}
	return faults
}

func fieldsOf(t reflect.Type) map[string]reflect.Type {
	fields := map[string]reflect.Type{}
	for f := range t.Fields() {
		name, opts, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		switch {
		case opts == "inline":
			maps.Copy(fields, fieldsOf(f.Type))
		case name != "" && name != "-":
			fields[name] = f.Type
		}
	}
	return fields
}

// suggest names the known key nearest to a wrong key, or all keys.
func suggest(wrong string, fields map[string]reflect.Type) string {
	known := make([]string, 0, len(fields))
	for k := range fields {
		known = append(known, k)
		if distance(wrong, k) <= 2 {
			return fmt.Sprintf("; did you mean %q?", k)
		}
	}
	slices.Sort(known)
	return "; known keys are " + strings.Join(known, ", ")
}

// distance counts the letters to change, add or drop to make b of a.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		last := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := last
			if a[i] != b[j] {
				cost = min(last, row[j], row[j+1]) + 1
			}
			last, row[j+1] = row[j+1], cost
		}
	}
	return row[len(b)]
}

var (
	lineOf   = regexp.MustCompile(`^(?:yaml: )?(?:unmarshal errors:\s*)?line (\d+): `)
	goTypeOf = regexp.MustCompile(` into (\S+)$`)
)

func fromError(err error) []Fault {
	var te *yaml.TypeError
	if !errors.As(err, &te) {
		return []Fault{fromMessage(err.Error())}
	}
	var faults []Fault
	for _, m := range te.Errors {
		faults = append(faults, fromMessage(m))
	}
	return faults
}

// fromMessage extracts the line from the library's message and names the type in plain words.
func fromMessage(m string) Fault {
	f := Fault{Line: 1, Column: 1}
	if found := lineOf.FindStringSubmatch(m); found != nil {
		f.Line, _ = strconv.Atoi(found[1]) // the pattern admits digits only
		m = m[len(found[0]):]
	}
	m = goTypeOf.ReplaceAllStringFunc(m, func(s string) string {
		return "; expected " + kindWord(strings.TrimPrefix(s, " into "))
	})
	m = strings.NewReplacer("yaml: ", "", "cannot unmarshal ", "cannot read ", "!!str", "the text", "!!int", "the number", "!!seq", "a list", "!!map", "a mapping", "!!bool", "the yes/no").
		Replace(m)
	f.Text = strings.TrimSpace(m)
	return f
}

func kindWord(goType string) string {
	switch {
	case strings.HasPrefix(goType, "[]"):
		return "a list"
	case strings.HasPrefix(goType, "map["):
		return "a mapping"
	case goType == "int" || goType == "int32" || goType == "int64":
		return "a whole number"
	case goType == "bool":
		return "true or false"
	case goType == "string":
		return "a text"
	}
	return "keys and values"
}
