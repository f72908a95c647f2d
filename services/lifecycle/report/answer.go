package report

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/rodopath/rodopath/services/lifecycle"
	"github.com/rodopath/rodopath/services/lifecycle/chain"
	"github.com/rodopath/rodopath/services/lifecycle/decision"
	"github.com/rodopath/rodopath/services/lifecycle/fact"
	"github.com/rodopath/rodopath/services/lifecycle/notice"
	"github.com/rodopath/rodopath/services/lifecycle/rights"
	"github.com/rodopath/rodopath/services/lifecycle/rules"
)

// Answer writes a draft of the letter that answers a request of a data subject (Art. 12(3), 12(4)): granted, granted in
// part or refused, with the reason, and where to complain. The letter for an erasure lists the deleted data,
// the retained
// data with basis and retention end, and the recipients with their answers (Art. 17, 19). The controller checks
// and sends
// the letter. address is where the address of the person stands; empty for a person without one.
func Answer(
	w io.Writer,
	lang Language,
	p *rules.Policy,
	s lifecycle.Subject,
	request rights.Request,
	address lifecycle.AddressState,
	at time.Time,
) error {
	l := letter{
		reporter: reporter{policy: p, subject: s, at: at.UTC(), e: lifecycle.Explain(p, s, at)},
		Language: lang, request: request, words: lang.letter(), address: address, dated: at.UTC(),
	}
	return l.writeTo(w)
}

// writeTo writes the whole letter.
func (l *letter) writeTo(w io.Writer) error {
	l.head()
	switch {
	case l.request.Verified == nil:
		l.paragraph(l.identity(l.request.Right))
	case l.request.Right == fact.KindErasure:
		l.body()
	default:
		l.rightBody()
	}
	l.paragraph(l.words.complaint)
	l.foot()
	return show(w, &l.out)
}

// letter is the state of an answer during writing.
type letter struct {
	reporter
	Language
	request rights.Request
	words   letterWords
	address lifecycle.AddressState
	// dated is the day of the letter. That of an answer that was given tells what was known just before.
	dated time.Time
	// made is when the letter of an answer that was given is written anew; zero for a draft. Former are the deletions
	// that only the journal still remembers.
	made   time.Time
	former []lifecycle.AnnouncedDeletion
	out    bytes.Buffer
}

// paragraph writes a paragraph as one line: the program that shows or sends the letter breaks lines at its own width.
func (l *letter) paragraph(text string) { l.out.WriteString(text + "\n\n") }

// item is a point of a list.
func (l *letter) item(text string) { l.out.WriteString("- " + text + "\n") }

func (l *letter) heading(text string) {
	l.out.WriteString(text + "\n")
}

func (l *letter) head() {
	if l.made.IsZero() {
		l.paragraph(l.words.draft)
	} else {
		undecided := l.request.Outcome == "" && l.request.Verified != nil
		l.paragraph(l.madeAnew(l.date(l.day(l.dated)), l.date(l.day(l.made)), undecided))
	}
	switch {
	case l.request.Verified == nil, !l.made.IsZero():
	case l.request.Right != fact.KindErasure:
		l.hints()
	default:
		l.hintReason()
		if !l.confirmed(l.deletions()) {
			l.paragraph(l.words.missing)
		}
	}
	fmt.Fprintf(&l.out, "%s\n%s\n\n", l.policy.Controller, l.date(l.day(l.dated)))
	l.paragraph(l.concerning(l.request.Right, l.request.Ref, l.date(l.day(l.request.Received))))
	l.paragraph(l.words.greeting)
}

func (l *letter) foot() {
	fmt.Fprintf(&l.out, "%s\n%s\n", l.words.regards, l.policy.Controller)
}

func (l *letter) body() {
	remains := l.remains()
	l.paragraph(l.verdict(remains))
	if l.request.Reason != "" {
		l.paragraph(l.words.reason + l.request.Reason)
	}
	gone := l.deletions()
	if len(gone) > 0 || l.request.Outcome != fact.OutcomeRefused {
		l.writeDeleted(gone)
	}
	l.writeRetained(remains)
	l.writeAddress()
	l.writeDoNotContact(remains)
	if t := l.e.Tombstone; t != nil {
		note := l.tombstoneNote(l.date(t.LastDay))
		if t.FactsLastDay != "" {
			note = l.minimised(l.date(t.FactsLastDay), l.date(t.LastDay))
		}
		l.paragraph(note)
	}
	l.writeRecipients(gone)
}

// remains returns the data that stay. What was deleted for a request that was refused afterwards does not come back,
// although its basis is in force again.
func (l *letter) remains() []lifecycle.Remainder {
	out := lifecycle.Remainders(l.policy, l.subject, l.at)
	if l.request.Outcome != fact.OutcomeRefused {
		return out
	}
	return slices.DeleteFunc(out, func(r lifecycle.Remainder) bool {
		return slices.ContainsFunc(l.deletions(), func(d lifecycle.AnnouncedDeletion) bool { return d.Item == r.Item })
	})
}

// writeDeleted lists the data that were or are being deleted.
func (l *letter) writeDeleted(gone []lifecycle.AnnouncedDeletion) {
	if l.confirmed(gone) {
		l.heading(l.words.deleted)
	} else {
		l.heading(l.words.deleting)
	}
	for _, d := range gone {
		l.item(l.itemName(d.Item) + l.ifAny(d.Category))
	}
	switch {
	case len(gone) > 0:
	case l.made.IsZero() && l.at.After(l.request.Verified.AddDate(0, 0, l.policy.IntakeDays)):
		l.item(l.words.deletedLongAgo) // deletions are remembered for the intake period
	default:
		l.item(l.words.nothingDeleted)
	}
	l.out.WriteByte('\n')
}

// writeAddress says that the deleted address is kept sealed, and until when.
func (l *letter) writeAddress() {
	last := ""
	for i := range l.e.Holds {
		h := &l.e.Holds[i]
		switch c := l.policy.Categories[h.Category]; {
		case c.Pseudonymous, c.Correspondence:
		case h.LastDay == "":
			last = unknownDay
		default:
			last = max(last, h.LastDay)
		}
	}
	if last == "" {
		return // the address goes with the last data
	}
	last = strings.TrimSuffix(last, unknownDay)
	switch l.address {
	case lifecycle.AddressSealed:
		l.paragraph(l.addressSealed(last))
	case lifecycle.AddressInCorrespondence:
		l.paragraph(l.addressAfterAnswer(last))
	}
}

// unknownDay is later than every day.
const unknownDay = "unknown"

// verdict summarizes the outcome of the request in one sentence.
func (l *letter) verdict(remains []lifecycle.Remainder) string {
	personal := slices.ContainsFunc(remains, func(r lifecycle.Remainder) bool {
		return !l.policy.Categories[r.Category].Pseudonymous && r.Ref != l.request.Ref
	})
	switch {
	case l.request.Outcome == fact.OutcomeRefused && l.deletedForRequest():
		return l.words.restRefused
	case l.request.Outcome == fact.OutcomeRefused:
		return l.words.refused
	case personal:
		return l.words.partly
	}
	return l.words.granted
}

// deletedForRequest reports whether data were deleted because of a request that was refused, as former versions
// permitted.
func (l *letter) deletedForRequest() bool {
	return slices.ContainsFunc(l.deletions(), func(d lifecycle.AnnouncedDeletion) bool {
		return d.Lapse.Equal(*l.request.Verified)
	})
}

// deletions returns the announced deletions since the request was verified, without pseudonymous data: those that
// lapsed, or were decided or published, since then.
func (l *letter) deletions() []lifecycle.AnnouncedDeletion {
	var out []lifecycle.AnnouncedDeletion
	for _, d := range l.e.Deleted {
		since := !d.Lapse.Before(*l.request.Verified) || !d.At.Before(*l.request.Verified) || l.waited(d.Decision)
		if since && d.Ref != l.request.Ref && !l.policy.Categories[d.Category].Pseudonymous {
			out = append(out, d)
		}
	}
	return append(out, l.former...)
}

// waited reports whether a decision was not published, or delivered to no recipient, before the request was verified.
func (l *letter) waited(decisionID string) bool {
	if slices.ContainsFunc(l.subject.Outbox, func(d decision.Decision) bool { return d.ID == decisionID }) {
		return true
	}
	n := notice.Find(l.subject.Notices, decisionID)
	return n != nil && len(n.Notifications) > 0 && !slices.ContainsFunc(n.Notifications, func(t notice.Notification) bool {
		return t.Outcome != "" || t.Sent != nil && t.Sent.Before(*l.request.Verified)
	})
}

// itemName names an item by its category and record.
func (l *letter) itemName(item rules.Item) string {
	name := CategoryOf(l.policy, item.Category).Name.In(l.Language)
	if item.Ref == "" {
		return name
	}
	others := otherNames(l.policy, l.e.Facts, item.Ref)
	names := recordNames(item.Ref, others)
	if item.Category != orderCategory && l.isOrder(append(others, item.Ref)) {
		return name + ", " + l.order() + names
	}
	return name + ", " + l.number() + names
}

// isOrder reports whether a record with these names is an order.
func (l *letter) isOrder(names []string) bool {
	return slices.ContainsFunc(l.e.Facts, func(f fact.Fact) bool {
		return f.Kind.IsOrder() && slices.Contains(names, f.Ref)
	})
}

// writeRetained lists the retained items with purpose, basis, exception and retention end.
func (l *letter) writeRetained(remains []lifecycle.Remainder) {
	if len(remains) == 0 {
		l.paragraph(l.words.nothingKept)
		return
	}
	l.heading(l.words.kept)
	for _, r := range remains {
		rule := l.ruleOf(&r)
		exception := l.words.notReached
		if r.Exempt != "" {
			exception = l.words.exempt + l.Article(r.Exempt)
		}
		l.item(sentences(
			l.itemName(r.Item)+l.unlessKnown(r.Item)+": "+l.keptUntil(&r, rule),
			l.words.purpose+PurposeOf(l.policy, r.Purpose).Name.In(l.Language),
			l.words.basis+l.BasisIn(r.Article), exception,
		))
	}
	l.out.WriteByte('\n')
}

// unlessKnown limits a statement about a held item of which no source reported data.
func (l *letter) unlessKnown(item rules.Item) string {
	if l.isKnown(&lifecycle.Held{Item: item}) {
		return ""
	}
	return l.words.ifAny
}

// ifAny limits a statement about deleted data of which it is not known that there were any.
func (l *letter) ifAny(category string) string {
	c := l.policy.Categories[category]
	if len(c.ReceivedBy) > 0 || c.Pseudonymous {
		return ""
	}
	return l.words.ifAny
}

// sentences ends each part with a full stop.
func sentences(parts ...string) string {
	for i := range parts {
		parts[i] = fullStop(parts[i])
	}
	return strings.Join(parts, " ")
}

// fullStop ends a text with one full stop, also where it ends with an abbreviation such as "2026 r.".
func fullStop(text string) string { return strings.TrimSuffix(text, ".") + "." }

func (l *letter) keptUntil(r *lifecycle.Remainder, rule *rules.Rule) string {
	switch {
	case r.LastDay != "":
		return l.until(r.LastDay)
	case rule != nil:
		return l.openEnd(rule)
	}
	return l.noEnd()
}

// ruleOf returns the rule that retains an item; nil when no rule of the policy does.
func (l *letter) ruleOf(r *lifecycle.Remainder) *rules.Rule {
	for i := range l.e.Holds {
		if l.e.Holds[i].Item == r.Item {
			return rule(l.policy, l.e.Holds[i].Because[0].Rule)
		}
	}
	return nil
}

// writeDoNotContact explains the do-not-contact entry, a pseudonymous category raised by an
// unsubscription, if such an entry is retained.
func (l *letter) writeDoNotContact(remains []lifecycle.Remainder) {
	for _, r := range remains {
		rule := l.ruleOf(&r)
		if rule == nil || !l.policy.Categories[r.Category].Pseudonymous ||
			!slices.Contains(rule.Raised, fact.KindUnsubscribe) {
			continue
		}
		l.heading(l.words.entry)
		l.paragraph(l.doNotContact(l.keptUntil(&r, rule)))
		return
	}
}

// writeRecipients lists the recipients of the deleted data with their answers (Art. 19). The letter
// never claims a deletion that the recipient has not confirmed.
func (l *letter) writeRecipients(gone []lifecycle.AnnouncedDeletion) {
	ids := l.recipientIDs(gone)
	if len(ids) == 0 {
		if len(gone) > 0 {
			l.paragraph(l.words.noRecipients)
		}
		return
	}
	l.heading(l.words.recipients)
	notified := l.notifiedRecipients(gone)
	for _, id := range ids {
		r := RecipientOf(l.policy, id)
		name := r.Name.In(l.Language)
		if r.ThirdCountry != "" {
			name += l.aside(r.ThirdCountry)
		}
		answer := l.words.unsent
		switch a := l.lastAnswer(id, gone); {
		case a != nil:
			answer = l.receipt(a.Outcome) + l.aside(l.date(l.day(a.At)))
		case l.unpublished(gone):
		case !slices.Contains(notified, id):
			answer = l.notNotified() // a recipient of the policy that is not configured
		case l.isSent(id, gone):
			answer = l.words.unanswered
		}
		l.item(name + ": " + answer)
	}
	l.out.WriteByte('\n')
}

// recipients returns the recipients to which the deleted data were disclosed under the rules, and
// the recipients notified of the deletions.
func (l *letter) recipientIDs(gone []lifecycle.AnnouncedDeletion) []string {
	out := l.notifiedRecipients(gone)
	for _, b := range rules.Bases(l.policy, l.e.Facts) {
		rule := rule(l.policy, b.Rule)
		if rule == nil || b.Since.After(l.at) {
			continue
		}
		for _, d := range gone {
			if !slices.Contains(b.Keeps, d.Item) {
				continue
			}
			for _, id := range rule.Receives {
				if slices.Contains(l.policy.Recipients[id].Holds, d.Category) {
					out = append(out, id)
				}
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// notifiedRecipients returns the recipients notified of the deletions.
func (l *letter) notifiedRecipients(gone []lifecycle.AnnouncedDeletion) []string {
	var out []string
	for i := range l.subject.Notices {
		n := &l.subject.Notices[i]
		if !slices.ContainsFunc(gone, func(d lifecycle.AnnouncedDeletion) bool { return d.Decision == n.Decision }) {
			continue
		}
		for j := range n.Notifications {
			out = append(out, n.Notifications[j].Recipient)
		}
	}
	return out
}

// isSent reports whether a recipient has received one of the deletions.
func (l *letter) isSent(recipient string, gone []lifecycle.AnnouncedDeletion) bool {
	return slices.ContainsFunc(l.subject.Notices, func(n notice.Notice) bool {
		return slices.ContainsFunc(gone, func(d lifecycle.AnnouncedDeletion) bool { return d.Decision == n.Decision }) &&
			slices.ContainsFunc(n.Notifications, func(t notice.Notification) bool {
				return t.Recipient == recipient && t.Sent != nil && !t.Sent.After(l.at)
			})
	})
}

// lastAnswer is the last answer of a recipient to the deletions; nil when there is none.
func (l *letter) lastAnswer(recipient string, gone []lifecycle.AnnouncedDeletion) *chain.Answer {
	var out *chain.Answer
	for i := range l.e.Receipts {
		a := &l.e.Receipts[i]
		if a.Recipient == recipient &&
			slices.ContainsFunc(gone, func(d lifecycle.AnnouncedDeletion) bool { return d.Decision == a.Decision }) {
			out = a
		}
	}
	return out
}

// confirmed reports whether every recipient has confirmed the deletion.
func (l *letter) confirmed(gone []lifecycle.AnnouncedDeletion) bool {
	return !slices.ContainsFunc(l.recipientIDs(gone), func(id string) bool {
		a := l.lastAnswer(id, gone)
		return a == nil || a.Outcome != fact.OutcomeDone && a.Outcome != fact.OutcomeNotFound
	})
}

// unpublished reports whether one of the deletions is decided and not published yet.
func (l *letter) unpublished(gone []lifecycle.AnnouncedDeletion) bool {
	return slices.ContainsFunc(l.subject.Outbox, func(d decision.Decision) bool {
		return slices.ContainsFunc(gone, func(g lifecycle.AnnouncedDeletion) bool { return g.Decision == d.ID })
	})
}
