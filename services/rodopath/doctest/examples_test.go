package doctest_test

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"

	"github.com/rodopath/rodopath/services/internal/config"
)

// TestYAML_IsAConfigurationOrAPolicy puts each block of configuration into the
// configuration of the first start, and checks each policy.
func TestYAML_IsAConfigurationOrAPolicy(t *testing.T) {
	s := newSite(t)
	s.withDemo()
	first, err := os.ReadFile(filepath.Join(s.dir, "data", "rodopath.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	configurations, policies := 0, 0
	for _, page := range pages(t) {
		for _, b := range blocks(t, page) {
			if b.language != "yaml" {
				continue
			}
			values := map[string]any{}
			if err := yaml.Unmarshal([]byte(b.text), &values); err != nil {
				t.Errorf("%s:%d: %v", page, b.line, err)
				continue
			}
			if values["extends"] != nil {
				policies++
				s.write("policy.yaml", b.text)
				if out, errOut, exit := s.sh("bin/rodopath policy check policy.yaml"); exit != 0 {
					t.Errorf("%s:%d: %s%s", page, b.line, out, errOut)
				}
				continue
			}
			configurations++
			if err := load(s, first, values); err != nil {
				t.Errorf("%s:%d: %v", page, b.line, err)
			}
		}
	}
	if configurations == 0 || policies == 0 {
		t.Errorf("%d configurations and %d policies were found", configurations, policies)
	}
}

// load loads the configuration of the first start with other values. A list of sources or
// recipients adds to it, and replaces the entries of the same id.
func load(s *site, first []byte, values map[string]any) error {
	merged := map[string]any{}
	if err := yaml.Unmarshal(first, &merged); err != nil {
		return err
	}
	if sources, ok := values["sources"].([]any); ok {
		values = maps.Clone(values)
		values["sources"] = mergeSources(merged["sources"].([]any), sources)
	}
	maps.Copy(merged, values)
	text, err := yaml.Marshal(merged)
	if err != nil {
		return err
	}
	s.write("data/documented.yaml", string(text))
	_, err = config.Load(filepath.Join(s.dir, "data", "documented.yaml"), nil)
	return err
}

func mergeSources(first, others []any) []any {
	id := func(v any) any { return v.(map[string]any)["id"] }
	for _, other := range others {
		first = slices.DeleteFunc(first, func(v any) bool { return id(v) == id(other) })
	}
	return append(first, others...)
}

// TestJSON_IsAccepted sends each fact to a server, and checks each receipt against its
// schema.
func TestJSON_IsAccepted(t *testing.T) {
	s := newSite(t)
	s.withDemo()
	schema, err := jsonschema.NewCompiler().Compile(filepath.Join(root, "api", "schemas", "receipt.schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	facts, receipts := 0, 0
	for _, page := range pages(t) {
		for _, b := range blocks(t, page) {
			if b.language != "json" {
				continue
			}
			text := strings.ReplaceAll(b.text, "dec_…", "dec_abcdefghijklmnopqrstuvwx")
			if !strings.Contains(text, `"kind"`) {
				receipts++
				v, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
				if err == nil {
					err = schema.Validate(v)
				}
				if err != nil {
					t.Errorf("%s:%d: %v", page, b.line, err)
				}
				continue
			}
			facts++
			s.write("fact.json", text)
			if out, errOut, exit := s.sh("bin/rodopath send fact.json"); exit != 0 {
				t.Errorf("%s:%d: %s%s", page, b.line, out, errOut)
			}
		}
	}
	if facts == 0 || receipts == 0 {
		t.Errorf("%d facts and %d receipts were found", facts, receipts)
	}
}
