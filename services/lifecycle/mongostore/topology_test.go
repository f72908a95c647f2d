package mongostore

import (
	"errors"
	"strings"
	"testing"
)

func TestTopology_Check(t *testing.T) {
	for name, c := range map[string]struct {
		of   topology
		want string // a part of the only warning; empty for none
		err  error
	}{
		"a replica set":                  {of: topology{MaxWireVersion: 21, SetName: "rs0"}},
		"a sharded cluster":              {of: topology{MaxWireVersion: 21, Message: "isdbgrid"}},
		"a single server":                {of: topology{MaxWireVersion: 21}, want: "a single server"},
		"a replica set with an arbiter":  {of: topology{MaxWireVersion: 21, SetName: "rs0", Arbiters: []string{"c:27017"}}, want: "arbiter"},
		"a server of a version too old":  {of: topology{MaxWireVersion: 13, SetName: "rs0"}, err: ErrTooOld},
		"a server of the oldest version": {of: topology{MaxWireVersion: 17, SetName: "rs0"}},
	} {
		warnings, err := c.of.check()
		if !errors.Is(err, c.err) {
			t.Errorf("%s: got %v, want %v", name, err, c.err)
		}
		if got := strings.Join(warnings, "; "); (got == "") != (c.want == "") || !strings.Contains(got, c.want) {
			t.Errorf("%s: got the warnings %q, want %q", name, got, c.want)
		}
	}
}
