package config

import (
	"reflect"
	"slices"
	"strings"
)

// Files returns the paths of all files named in the configuration: referenced secrets, and a policy
// file. The paths are sorted and unique.
func (c *Config) Files() []string {
	var out []string
	for _, s := range texts(reflect.ValueOf(c).Elem()) {
		if path, ok := strings.CutPrefix(s, filePrefix); ok {
			out = append(out, c.Path(path))
		}
	}
	if c.Policy != "" && c.Policy != "default" {
		out = append(out, c.Path(c.Policy))
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// texts are all strings in a value.
func texts(v reflect.Value) []string {
	var out []string
	switch v.Kind() {
	case reflect.String:
		out = append(out, v.String())
	case reflect.Pointer:
		if !v.IsNil() {
			out = texts(v.Elem())
		}
	case reflect.Slice:
		for i := range v.Len() {
			out = append(out, texts(v.Index(i))...)
		}
	case reflect.Struct:
		for _, field := range v.Fields() {
			out = append(out, texts(field)...)
		}
	case reflect.Map:
		for _, k := range v.MapKeys() {
			out = append(out, texts(v.MapIndex(k))...)
		}
	default: // holds no text
	}
	return out
}
