package mongowire

import (
	"bytes"
	"cmp"
	"slices"
	"strings"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// get returns a field of a document, or nil. The path may have dots.
func get(doc bson.D, path string) any {
	name, rest, nested := strings.Cut(path, ".")
	for _, e := range doc {
		if e.Key != name {
			continue
		}
		if !nested {
			return e.Value
		}
		inner, _ := e.Value.(bson.D)
		return get(inner, rest)
	}
	return nil
}

// match reports whether a document matches a filter.
func match(doc, filter bson.D) (bool, error) {
	for _, e := range filter {
		if strings.HasPrefix(e.Key, "$") {
			return false, unknown("filter %s", e.Key)
		}
		value := get(doc, e.Key)
		operators, ok := e.Value.(bson.D)
		if !ok || len(operators) == 0 || !strings.HasPrefix(operators[0].Key, "$") {
			if !equal(value, e.Value) && !contains(value, e.Value) {
				return false, nil
			}
			continue
		}
		for _, o := range operators {
			ok, err := operate(o.Key, value, o.Value)
			if err != nil || !ok {
				return false, err
			}
		}
	}
	return true, nil
}

// operate compares as MongoDB does: values of other types are not in a range.
func operate(operator string, value, with any) (bool, error) {
	alike := value != nil && rank(value) == rank(with)
	switch operator {
	case "$lt":
		return alike && compare(value, with) < 0, nil
	case "$lte":
		return alike && compare(value, with) <= 0, nil
	case "$gt":
		return alike && compare(value, with) > 0, nil
	case "$gte":
		return alike && compare(value, with) >= 0, nil
	case "$exists":
		return (value != nil) == (with == true), nil
	case "$all":
		list, ok := with.(bson.A)
		if !ok {
			return false, wireError{code: 2, text: "$all needs an array"}
		}
		for _, e := range list {
			if !contains(value, e) {
				return false, nil
			}
		}
		return len(list) > 0, nil
	case "$in":
		list, ok := with.(bson.A)
		if !ok {
			return false, wireError{code: 2, text: "$in needs an array"}
		}
		for _, e := range list {
			if equal(value, e) {
				return true, nil
			}
		}
		return false, nil
	}
	return false, unknown("operator %s", operator)
}

// contains reports whether a value is an array with an element.
func contains(value, element any) bool {
	list, _ := value.(bson.A)
	return slices.ContainsFunc(list, func(e any) bool { return equal(e, element) })
}

// rank orders values of different types.
func rank(v any) int {
	switch v.(type) {
	case nil:
		return 0
	case int32, int64, float64:
		return 1
	case string:
		return 2
	case bson.D:
		return 3
	case bson.A:
		return 4
	case bson.Binary:
		return 5
	case bool:
		return 6
	case bson.DateTime:
		return 7
	}
	return 8
}

func number(v any) (float64, bool) {
	switch n := v.(type) {
	case int32:
		return float64(n), true
	case int64:
		return float64(n), true
	case float64:
		return n, true
	}
	return 0, false
}

// compare orders two values: by type first, then by value.
func compare(a, b any) int {
	if c := cmp.Compare(rank(a), rank(b)); c != 0 {
		return c
	}
	switch a := a.(type) {
	case string:
		return strings.Compare(a, b.(string))
	case bson.DateTime:
		return cmp.Compare(a, b.(bson.DateTime))
	case bool:
		return cmp.Compare(truth(a), truth(b.(bool)))
	case bson.Binary:
		return bytes.Compare(a.Data, b.(bson.Binary).Data)
	}
	x, isNumber := number(a)
	y, _ := number(b)
	if isNumber {
		return cmp.Compare(x, y)
	}
	return bytes.Compare(encoded(a), encoded(b))
}

func truth(b bool) int {
	if b {
		return 1
	}
	return 0
}

// encoded encodes a value for comparison by equality.
func encoded(v any) []byte {
	b, err := bson.Marshal(bson.D{{Key: "v", Value: v}})
	if err != nil {
		return nil
	}
	return b
}

func equal(a, b any) bool { return compare(a, b) == 0 }
