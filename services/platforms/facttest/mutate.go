package facttest

import (
	"encoding/json"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Mutation is a payload with one value replaced.
type Mutation struct {
	// Path names the replaced value, such as "line_items.0.sku".
	Path string
	// Value is the new value in JSON.
	Value string
	// Body is the whole payload.
	Body []byte
	// Same reports whether the new value says the same in another notation, as PHP writes it: a number
	// as a text, a list as an object, null as an empty list.
	Same bool
}

// String names the mutation in the messages of a test.
func (m Mutation) String() string { return m.Path + " = " + m.Value }

// Mutations iterates over the payloads with each value of payload replaced by each type of JSON, one
// value at a time.
func Mutations(payload string) iter.Seq[Mutation] {
	return func(yield func(Mutation) bool) {
		var root any
		if err := json.Unmarshal([]byte(payload), &root); err != nil {
			panic(err)
		}
		walk(nil, root, func(path []string, value any) bool {
			for _, next := range replacements(value) {
				body, err := json.Marshal(replaced(root, path, next.value))
				if err != nil {
					panic(err)
				}
				text, err := json.Marshal(next.value)
				if err != nil {
					panic(err)
				}
				if !yield(Mutation{Path: strings.Join(path, "."), Value: string(text), Body: body, Same: next.same}) {
					return false
				}
			}
			return true
		})
	}
}

// walk visits every value below v, parents first.
func walk(path []string, v any, visit func([]string, any) bool) bool {
	step := func(name string, child any) bool {
		below := append(slices.Clone(path), name)
		return visit(below, child) && walk(below, child, visit)
	}
	switch v := v.(type) {
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			if !step(name, v[name]) {
				return false
			}
		}
	case []any:
		for i, child := range v {
			if !step(strconv.Itoa(i), child) {
				return false
			}
		}
	}
	return true
}

type replacement struct {
	value any
	same  bool
}

// replacements are the values that replace v: one of each type, and v in the other notations of PHP.
func replacements(v any) []replacement {
	out := []replacement{
		{nil, empty(v)},
		{false, empty(v)},
		{"", empty(v)},
		{[]any{}, empty(v)},
		{map[string]any{}, empty(v)},
		{true, false},
		{"x", false},
		{json.RawMessage("-1.5"), false},
		{[]any{[]any{}}, false},
		{[]any{map[string]any{}, "x", nil}, false},
		{map[string]any{"x": map[string]any{"y": []any{1}}}, false},
	}
	switch v := v.(type) {
	case float64:
		if text := strconv.FormatFloat(v, 'f', -1, 64); !strings.Contains(text, ".") {
			out = append(out, replacement{text, true}, replacement{json.RawMessage(text + ".0"), true})
		}
	case []any:
		object := map[string]any{}
		for i, element := range v {
			object[fmt.Sprintf("%03d", i)] = element
		}
		out = append(out, replacement{object, true})
	case map[string]any:
		out = append(out, replacement{[]any{v}, true})
	}
	return out
}

func empty(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case bool:
		return !v
	case string:
		return v == ""
	case []any:
		return len(v) == 0
	case map[string]any:
		return len(v) == 0
	}
	return false
}

// replaced returns a copy of v with another value at a path.
func replaced(v any, path []string, value any) any {
	if len(path) == 0 {
		return value
	}
	switch v := v.(type) {
	case map[string]any:
		out := maps.Clone(v)
		out[path[0]] = replaced(v[path[0]], path[1:], value)
		return out
	case []any:
		out := slices.Clone(v)
		i, err := strconv.Atoi(path[0])
		if err != nil {
			panic(err)
		}
		out[i] = replaced(v[i], path[1:], value)
		return out
	}
	return v
}
