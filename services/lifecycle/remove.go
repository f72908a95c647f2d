package lifecycle

import (
	"time"

	"github.com/rodopath/rodopath/services/lifecycle/chain"
)

// Remove returns the subject with a note that closes its journal and nothing to publish, and the subject of which
// nothing is left, which a store removes with all keys. Remove is for persons that never lived: the data of another
// person end with a decision.
func Remove(s Subject, at time.Time) (closed, gone Subject) {
	gone = Subject{ID: s.ID, Version: s.Version, Keys: s.Keys, MergedFrom: s.MergedFrom}
	s.Outbox = nil
	s.note(chain.Note{
		Key: string(chain.KindClosed) + ":" + at.Format(time.RFC3339Nano), At: at, Kind: chain.KindClosed,
	})
	return s, gone
}
