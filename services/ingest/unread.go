package ingest

import (
	"bytes"
	"compress/gzip"

	factv1 "github.com/rodopath/rodopath/api/gen/rodopath/fact/v1"
)

// silentUnread stands in the answer to an unread webhook.
const silentUnread = "unread"

// maxUnread bounds the compressed body of an unread webhook, so that the delivery fits into one message
// of the stream.
const maxUnread = 512 << 10

// unreadOf returns the body of an unread webhook for the quarantine; nil for a webhook that was read.
// The body is compressed. A body that is too large even so is left out: the reason and the topic remain.
func unreadOf(r Reading, body []byte) *factv1.Unread {
	if r.Unread == "" {
		return nil
	}
	out := &factv1.Unread{Reason: r.Unread, Topic: r.Topic}
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	// A bytes.Buffer never fails.
	_, _ = w.Write(body)
	_ = w.Close()
	if b.Len() <= maxUnread {
		out.Body = b.Bytes()
	}
	return out
}
