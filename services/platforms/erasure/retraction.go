package erasure

import (
	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/dispatch"
)

// Retraction answers the retraction of a deletion at a platform, and reports whether the event is one. A
// retraction reaches a connector only after an attempt that may have erased something, and no platform
// restores erased data, so the answer asks for a person.
func Retraction(e *stream.Event) (dispatch.Answer, bool) {
	if e.Data.Retract == nil {
		return dispatch.Answer{}, false
	}
	return dispatch.Answer{
		Outcome: stream.OutcomePartial,
		Reason: "data that an earlier attempt erased cannot be restored by the interface of the platform; " +
			"compare the account of the person there",
	}, true
}
