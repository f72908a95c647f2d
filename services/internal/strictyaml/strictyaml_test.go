package strictyaml

import (
	"strings"
	"testing"
)

type shop struct {
	Name    string         `yaml:"name"`
	Open    bool           `yaml:"open"`
	Sources []source       `yaml:"sources"`
	Prices  map[string]int `yaml:"prices"`
}

type source struct {
	ID      string   `yaml:"id"`
	Secrets []string `yaml:"secrets"`
}

func TestDecode_NamesEveryFaultWithItsPlace(t *testing.T) {
	for name, c := range map[string]struct{ in, want string }{
		"unknown key":         {"name: a\nopne: true\n", `f.yaml:2:1: unknown key "opne"; did you mean "open"?`},
		"unknown nested key":  {"sources:\n  - id: x\n    bogus: 1\n", `f.yaml:3:5: unknown key "bogus"; known keys are id, secrets`},
		"wrong type":          {"name: a\nsources: 3\n", "f.yaml:2:1: cannot read the number `3`; expected a list"},
		"repeated key":        {"name: a\nname: b\n", `f.yaml:2:1: mapping key "name" already defined at line 1`},
		"not yaml":            {"name: [a\n", "f.yaml:1:1: did not find expected ',' or ']'"},
		"empty":               {"", "f.yaml:1:1: the file is empty"},
		"number for a map":    {"prices: {a: b}\n", "f.yaml:1:1: cannot read the text `b`; expected a whole number"},
		"two faults in order": {"zzz: 1\nopen: 12\nqqq: 2\n", "f.yaml:1:1: unknown key \"zzz\"; known keys are name, open, prices, sources\nf.yaml:2:1: cannot read the number `12`; expected true or false\nf.yaml:3:1: unknown key \"qqq\"; known keys are name, open, prices, sources"},
	} {
		var v shop
		_, err := Decode("f.yaml", []byte(c.in), &v)
		if err == nil || err.Error() != c.want {
			t.Errorf("%s:\n got %v\nwant %s", name, err, c.want)
		}
	}
}

func TestDecode_ReadsWhatIsRight(t *testing.T) {
	var v shop
	d, err := Decode("f.yaml", []byte("name: a\nsources: [{id: x, secrets: [s]}]\n"), &v)
	if err != nil || v.Name != "a" || v.Sources[0].Secrets[0] != "s" {
		t.Fatalf("got %+v, %v", v, err)
	}
	f := d.Faultf([]any{"sources", 0, "secrets", 0}, "is weak")
	if err := d.Fail(f); err.Error() != "f.yaml:2:29: is weak" {
		t.Errorf("got %v", err)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add("name: a\nsources: [{id: x}]")
	f.Add("&a [*a]")
	f.Fuzz(func(t *testing.T, in string) {
		var v shop
		if _, err := Decode("f.yaml", []byte(in), &v); err != nil && !strings.HasPrefix(err.Error(), "f.yaml:") {
			t.Errorf("error without a place: %v", err)
		}
	})
}
