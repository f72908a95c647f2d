package stripe

import factv1 "github.com/rodopath/rodopath/api/gen/rodopath/fact/v1"

// disputeOpened holds the disputed record: its data is evidence.
func (r *reader) disputeOpened() {
	r.dispute(&factv1.Fact{Kind: factv1.Kind_KIND_HOLD, Occurred: r.when(r.object().Created)})
}

// disputeClosed releases it. The object has no time of closing.
func (r *reader) disputeClosed() {
	r.dispute(&factv1.Fact{Kind: factv1.Kind_KIND_RELEASE, Occurred: r.when()})
}

func (r *reader) dispute(f *factv1.Fact) {
	o := r.object()
	record, links := o.charged()
	f.Ref, f.Links = name(record), links
	r.tell(o.person(), names(o.Charge.ID, o.PaymentIntent.ID), f)
}
