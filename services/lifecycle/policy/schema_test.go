package policy

import (
	"encoding/json"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"

	"github.com/rodopath/rodopath/services/lifecycle/fact"
)

const schemaFile = "../../../api/policy.schema.json"

func schema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	s, err := jsonschema.NewCompiler().Compile(schemaFile)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// value reads YAML as what a schema is about: JSON.
func value(t *testing.T, text string) any {
	t.Helper()
	var v any
	if err := yaml.Unmarshal([]byte(text), &v); err != nil {
		t.Fatal(err)
	}
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	out, err := jsonschema.UnmarshalJSON(strings.NewReader(string(data)))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestSchema_TakesTheShippedPolicy(t *testing.T) {
	if err := schema(t).Validate(value(t, Text())); err != nil {
		t.Errorf("%v", err)
	}
}

// TestSchema_RefusesWhatItCanSee has the broken policies whose fault is one of shape.
func TestSchema_RefusesWhatItCanSee(t *testing.T) {
	all := broken(t)
	for _, name := range []string{
		"unknown-key", "no-name", "extends-unknown", "unknown-holidays", "intake-too-long", "journal-for-ever", "keeps-nothing",
		"category-per-what", "unknown-kind", "unknown-access", "unknown-trait", "unknown-article", "unknown-exemption",
		"duration-without-anchor", "unknown-unit", "half-a-date", "per-what", "wording-for-what", "ask-by-mail", "ask-nowhere", "no-deadline",
	} {
		file := "testdata/broken/" + name + ".yaml"
		c, ok := all[file]
		if !ok {
			t.Fatalf("there is no %s", file)
		}
		if schema(t).Validate(value(t, c[0])) == nil {
			t.Errorf("%s is taken", name)
		}
	}
}

// TestSchema_HasTheKeysOfTheLanguage compares the schema with what is really read.
func TestSchema_HasTheKeysOfTheLanguage(t *testing.T) {
	data, err := os.ReadFile(schemaFile)
	if err != nil {
		t.Fatal(err)
	}
	var s struct {
		Properties map[string]json.RawMessage `json:"properties"`
		Defs       map[string]struct {
			Properties map[string]json.RawMessage `json:"properties"`
			Enum       []string                   `json:"enum"`
		} `json:"$defs"`
	}
	if err := json.Unmarshal(data, &s); err != nil {
		t.Fatal(err)
	}
	same := func(what string, got, want []string) {
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("%s: the schema has\n%v\nand the language\n%v", what, got, want)
		}
	}
	same("policy", sortedKeys(s.Properties), keys(reflect.TypeFor[document]()))
	same("rule", sortedKeys(s.Defs["rule"].Properties), keys(reflect.TypeFor[rule]()))
	same("wording", sortedKeys(s.Defs["wording"].Properties), keys(reflect.TypeFor[wording]()))
	kinds := []string{string(fact.KindRequested)}
	for _, k := range fact.Kinds() {
		if !k.IsObservation() { // raises and ends nothing
			kinds = append(kinds, string(k))
		}
	}
	same("kinds", s.Defs["kind"].Enum, kinds)
	same("traits", s.Defs["trait"].Enum, fact.Traits())
}

// keys are the YAML keys of a struct.
func keys(t reflect.Type) []string {
	var out []string
	for field := range t.Fields() {
		if key := field.Tag.Get("yaml"); key != "" {
			out = append(out, key)
		}
	}
	return out
}
