package config

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// prefix begins the name of every environment variable.
const prefix = "RODOPATH"

// override replaces values by environment variables. The name of a variable is the path of keys in
// upper case, joined by "_": nats.url is RODOPATH_NATS_URL, and the zone of the source "shop" is
// RODOPATH_SOURCES_SHOP_ZONE. Lists and mappings are YAML in one line.
func override(v reflect.Value, name string, environ []string) error {
	for i := range v.NumField() {
		key := v.Type().Field(i).Tag.Get("yaml")
		if key == "" {
			continue
		}
		if err := overrideValue(v.Field(i), name+"_"+envName(key), environ); err != nil {
			return err
		}
	}
	return nil
}

func overrideValue(v reflect.Value, name string, environ []string) error {
	if text, ok := lookup(environ, name); ok {
		if v.Kind() == reflect.String {
			v.SetString(text)
			return nil
		}
		fresh := reflect.New(v.Type())
		if err := yaml.Unmarshal([]byte(text), fresh.Interface()); err != nil {
			return fmt.Errorf("environment %s: the value is not valid YAML for this setting", name)
		}
		v.Set(fresh.Elem())
	}
	switch {
	case v.Kind() == reflect.Struct:
		return override(v, name, environ)
	case v.Kind() == reflect.Slice && v.Type().Elem().Kind() == reflect.Struct:
		for i := range v.Len() {
			one := v.Index(i)
			id := one.FieldByName("ID")
			if !id.IsValid() {
				return nil
			}
			if err := override(one, name+"_"+envName(id.String()), environ); err != nil {
				return err
			}
		}
	}
	return nil
}

func envName(key string) string {
	return strings.ToUpper(strings.ReplaceAll(key, "-", "_"))
}

// lookup finds a variable; the last one of a name counts.
func lookup(environ []string, name string) (string, bool) {
	for _, e := range slices.Backward(environ) {
		if text, ok := strings.CutPrefix(e, name+"="); ok {
			return text, true
		}
	}
	return "", false
}
