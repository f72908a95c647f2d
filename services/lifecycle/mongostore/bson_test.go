package mongostore_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rodopath/rodopath/services/lifecycle"
	"github.com/rodopath/rodopath/services/lifecycle/mongostore/mongowire"
)

// TestStore_Load_EveryField fills every field of a subject, whatever fields there
// will be, and expects all of them back.
func TestStore_Load_EveryField(t *testing.T) {
	srv := listen(t, mongowire.Options{})
	st := open(t, newClock().opts(srv.URI()))
	var want lifecycle.Subject
	fill(t, reflect.ValueOf(&want).Elem(), "subject")
	want.Bases, want.MergedParts, want.FactsBefore = nil, nil, nil // worked out anew, and not stored
	for i := range want.Notices {
		want.Notices[i].PlainItems = nil // not stored
	}
	want.Labels = want.Labels[:1] // a label is had once
	want.ID, want.Version, want.MergedInto = "a", 0, ""
	mustSave(t, st, create(want))
	want.Version = 1
	if diff := cmp.Diff(want, mustLoad(t, st, "a")); diff != "" {
		t.Errorf("subject differs (-saved +loaded):\n%s", diff)
	}
	for _, s := range srv.Documents("rodopath", "subjects") {
		for _, e := range s {
			if e.Key != strings.ToLower(e.Key) {
				t.Errorf("field %s", e.Key)
			}
		}
	}
}

// fill sets a value to something that is not its zero.
func fill(t *testing.T, v reflect.Value, name string) {
	t.Helper()
	if v.Type() == reflect.TypeFor[time.Time]() {
		v.Set(reflect.ValueOf(noon().Add(time.Duration(len(name)) * time.Millisecond)))
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString("żółw " + name)
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(int64(len(name)))
	case reflect.Uint8:
		v.SetUint(200)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(t, v.Elem(), name)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range 2 {
			fill(t, v.Index(i), name+"+")
		}
	case reflect.Map:
		key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		fill(t, key, name)
		fill(t, value, name)
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(key, value)
	case reflect.Struct:
		for i := range v.NumField() {
			fill(t, v.Field(i), v.Type().Field(i).Name)
		}
	default:
		t.Fatalf("%s is a %s", name, v.Kind())
	}
}
