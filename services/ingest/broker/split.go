package broker

import (
	"strconv"

	"google.golang.org/protobuf/proto"

	factv1 "github.com/rodopath/rodopath/api/gen/rodopath/fact/v1"
	"github.com/rodopath/rodopath/services/ingest"
)

const (
	// suffix bounds what the id of a part adds to the id of its delivery, framing what the encoding adds
	// to a fact.
	suffix  = 64
	framing = 16
)

// partSize is the maximum size of a delivery on a connection with a maximum payload. The rest is room
// for the headers.
func partSize(maxPayload int64) int { return int(maxPayload / 4 * 3) }

// split returns the delivery as parts of at most limit bytes, and the number of facts that are larger
// than a part. A delivery that fits is its own single part. The facts keep their order and their ids.
//
// The id of a part names its facts by their places, as "<id>:1-250": the limit may differ at the next
// attempt, and JetStream drops a message with a known id, so an id must never stand for other facts.
func split(d *factv1.Delivery, limit int) (parts []*factv1.Delivery, tooLarge int) {
	d = withoutLargeBody(d, limit)
	if proto.Size(d) <= limit {
		return []*factv1.Delivery{d}, 0
	}
	envelope := proto.Size(part(d, "")) + suffix
	first, size := 0, envelope
	flush := func(end int) {
		if end > first {
			parts = append(parts, part(d, strconv.Itoa(first+1)+"-"+strconv.Itoa(end), d.GetFacts()[first:end]...))
		}
		first, size = end, envelope
	}
	for i, f := range d.GetFacts() {
		n := proto.Size(f) + framing
		if size+n > limit {
			flush(i)
		}
		if envelope+n > limit {
			first = i + 1
			tooLarge++
			continue
		}
		size += n
	}
	flush(len(d.GetFacts()))
	return append(parts, unreadPart(d, tooLarge)...), tooLarge
}

// part returns a delivery with the envelope of d and some facts.
func part(d *factv1.Delivery, name string, facts ...*factv1.Fact) *factv1.Delivery {
	return &factv1.Delivery{
		Id: d.GetId() + ":" + name, Source: d.GetSource(), Received: d.GetReceived(),
		Traceparent: d.GetTraceparent(), Facts: facts, Found: d.GetFound(),
	}
}

// unreadPart returns the part for the quarantine: the unread body of the delivery, or a notice about
// facts that are too large.
func unreadPart(d *factv1.Delivery, tooLarge int) []*factv1.Delivery {
	u := d.GetUnread()
	if u == nil && tooLarge > 0 {
		u = &factv1.Unread{Reason: ingest.UnreadTooLarge}
	}
	if u == nil {
		return nil
	}
	out := part(d, "unread")
	out.Unread = u
	return []*factv1.Delivery{out}
}

// withoutLargeBody leaves out an unread body that would exceed the limit in the quarantine, where the
// body is a third longer; the reason and the topic remain.
func withoutLargeBody(d *factv1.Delivery, limit int) *factv1.Delivery {
	u := d.GetUnread()
	if len(u.GetBody()) <= limit/3*2 {
		return d
	}
	out := part(d, "", d.GetFacts()...)
	out.Id = d.GetId()
	out.Unread = &factv1.Unread{Reason: u.GetReason(), Topic: u.GetTopic()}
	return out
}
