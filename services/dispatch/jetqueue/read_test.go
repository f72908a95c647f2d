package jetqueue

import (
	"reflect"
	"testing"

	"github.com/rodopath/rodopath/api/stream"
)

func TestDecode_ReadsAsTheStreamDoes(t *testing.T) {
	const head = `{"specversion":"1.0","id":"dec_1","source":"rodopath","type":"dev.rodopath.delete.v1","subject":"ala",` +
		`"time":"2026-01-15T10:00:00.5Z","datacontenttype":"application/json","traceparent":"00-1-2-01","data":`
	for name, data := range map[string]string{
		"a deletion": head + `{"kind":"delete","effective":"2026-01-15T10:00:00Z","person":{"emails":["\u0105<&\u2028@example.com"],` +
			`"ids":["stripe:cus_1"]},"policy":"pl@1","recipients":["crm"],"because":[{"rule":"contract","purpose":"contract",` +
			`"article":"6(1)(b)","cites":"Art. 6","ref":"o1","since":"2025-01-01T00:00:00Z","until":"2026-01-01T00:00:00+01:00",` +
			`"facts":["f1","f2"]}],"delete":{"scope":"part","items":[{"category":"order","ref":"o1","names":["pi_1"]}],` +
			`"purposes":["contract"],"retained":[{"category":"invoice","ref":"i1","purpose":"accounting","article":"6(1)(c)",` +
			`"until":"2031-12-31T23:00:00Z","last_day":"2031-12-31"}]}}}`,
		"a question":         head + `{"kind":"ask-consent","ask":{"purpose":"offers","channel":"email"}}}`,
		"a retraction":       head + `{"kind":"retract","retract":{"decision":"dec_0","of":"delete","whole":true,"items":[]}}}`,
		"a replay":           head + `{"kind":"delete","replay":{"at":"2026-01-15T10:00:00Z","recipient":"crm"}}}`,
		"an unknown field":   head + `{"kind":"delete","later":{"x":[1,2.5e3,null]}}}`,
		"null":               head + `null}`,
		"another version":    `{"specversion":"2.0"}`,
		"a wrong type":       head + `{"kind":5}}`,
		"a wrong time":       head + `{"kind":"delete","effective":"yesterday"}}`,
		"a torn end":         head,
		"more than one":      head + `{"kind":"delete"}}{}`,
		"no JSON at all":     `ala@example.com`,
		"nothing":            ``,
		"a list":             `[]`,
		"a name in capitals": `{"SpecVersion":"1.0","ID":"dec_1"}`,
	} {
		got, gotErr := decode([]byte(data))
		want, wantErr := stream.DecodeEvent([]byte(data))
		if !reflect.DeepEqual(got, want) || (gotErr == nil) != (wantErr == nil) ||
			gotErr != nil && gotErr.Error() != wantErr.Error() {
			t.Errorf("%s: got %+v, %v, want %+v, %v", name, got, gotErr, want, wantErr)
		}
	}
}
