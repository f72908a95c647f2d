package mongostore_test

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/rodopath/rodopath/services/lifecycle/mongostore"
	"github.com/rodopath/rodopath/services/lifecycle/mongostore/mongowire"
)

// TestOpen_WaitsForAServerThatIsAway: the server breaks every connection off until the first attempt has failed.
func TestOpen_WaitsForAServerThatIsAway(t *testing.T) {
	srv := listen(t, mongowire.Options{NoSessions: true})
	var away atomic.Bool
	away.Store(true)
	srv.Hook(func(c mongowire.Command) mongowire.Fault {
		if c.Collection() == "layout" && away.Load() {
			return mongowire.FaultCutBefore
		}
		return mongowire.FaultNone
	})
	opts := mongostore.Options{URI: srv.URI() + "&timeoutMS=200"}
	if st, err := mongostore.Open(t.Context(), opts); err == nil {
		_ = st.Close()
		t.Fatal("got no error without patience")
	}
	back := time.AfterFunc(400*time.Millisecond, func() { away.Store(false) })
	defer back.Stop()
	opts.Patience = time.Minute
	open(t, opts)
}
