package report

import (
	"fmt"
	"strings"
	"time"

	"github.com/rodopath/rodopath/services/lifecycle/chain"
	"github.com/rodopath/rodopath/services/lifecycle/fact"
	"github.com/rodopath/rodopath/services/lifecycle/notice"
	"github.com/rodopath/rodopath/services/lifecycle/rights"
	"github.com/rodopath/rodopath/services/lifecycle/rules"
)

func (x *explanation) facts() {
	t := &Table{Widths: []int{4, 34, 16, 20, 30}}
	for i := range x.e.Facts {
		f := &x.e.Facts[i]
		source := "-"
		if f.Source != "" {
			source = x.words.from + f.Source
		}
		t.Row(fmt.Sprintf("[%d]", i+1), x.kind(f.Kind), clock(f.Occurred, x.policy.Place), source, x.detail(f))
	}
	x.section(x.words.factsHead, t)
}

// detail lists the further properties of a fact.
func (x *explanation) detail(f *fact.Fact) string {
	var out []string
	for _, s := range []string{
		f.Ref, f.Wording, f.Recipient, strings.Join(f.Purposes, " "), strings.Join(f.Channels, " "),
	} {
		if s != "" {
			out = append(out, s)
		}
	}
	out = append(out, f.Links...)
	if f.Access != "" {
		out = append(out, x.access(f.Access))
	}
	for _, t := range f.Traits {
		out = append(out, x.trait(t))
	}
	switch {
	case f.Outcome != "" && f.Kind == fact.KindReceipt:
		out = append(out, x.receipt(f.Outcome))
	case f.Outcome != "":
		out = append(out, x.outcome(f.Outcome))
	}
	if f.Reason != "" {
		out = append(out, x.quote(f.Reason))
	}
	if f.Doubt != "" {
		out = append(out, x.doubt(f.Doubt))
	}
	return strings.Join(out, ", ")
}

func (x *explanation) consents() {
	t := &Table{Widths: []int{26, 26, 0, 32}}
	for i := range x.e.Consents {
		c := &x.e.Consents[i]
		if c.State == rules.ConsentNone {
			continue
		}
		t.Row(x.by(x.purpose(c.Purpose), c.Channel), x.state(c.State), x.between(c.Since, c.Until), x.evidence(c))
	}
	x.section(x.words.consents, t)
}

// between returns the known start and end of a state.
func (x *explanation) between(since, until *time.Time) string {
	out := ""
	if since != nil {
		out = x.words.sinceDay + day(*since, x.policy.Place)
	}
	if until != nil && (since == nil || until.After(*since)) {
		out += x.words.to + x.policy.LastDay(until)
	}
	return out
}

// evidence returns the evidence of a consent in force, or the missing evidence.
func (x *explanation) evidence(c *rules.Consent) string {
	if !c.Stands() || len(c.Given) == 0 {
		return ""
	}
	g := bestProof(c.Given)
	var flaws []string
	for _, f := range g.Flaws {
		if f.Fails() {
			missing, _, _ := x.flaw(f)
			flaws = append(flaws, missing)
		}
	}
	if len(flaws) > 0 {
		return x.words.unproven + strings.Join(flaws, " ")
	}
	return strings.TrimSpace(x.words.proven + g.Wording)
}

func (x *explanation) bans() {
	t := &Table{Widths: []int{26, narrow - 50}}
	for _, b := range x.e.Bans {
		purpose := x.words.anyUse
		if b.Purpose != "" {
			purpose = x.purpose(b.Purpose)
		}
		t.Row(purpose, x.ban(b.Reason), x.words.sinceDay+day(b.Since, x.policy.Place))
	}
	x.section(x.words.bans, t)
}

func (x *explanation) requests() {
	t := &Table{Widths: []int{26, 0, 20, 35}}
	for i := range x.e.Requests {
		r := &x.e.Requests[i]
		t.Row(x.kind(r.Right)+" "+r.Ref, x.words.received+day(r.Received, x.policy.Place), x.progress(r.State), x.deadline(r))
	}
	x.section(x.words.requests, t)
}

// deadline returns the deadline and outcome of a request.
func (x *explanation) deadline(r *rights.Request) string {
	if r.Mistaken != nil {
		return x.quote(r.Reason)
	}
	out := []string{x.words.due + r.LastDay}
	if r.Overdue && r.Open() {
		out[0] = x.words.overdue + r.LastDay
	}
	if r.Extended != nil {
		out = append(out, x.words.extended+day(*r.Extended, x.policy.Place))
	}
	if r.Outcome != "" {
		out = append(out, x.outcome(r.Outcome))
	}
	if r.Reason != "" {
		out = append(out, x.quote(r.Reason))
	}
	if r.Answered != nil {
		answered := x.words.answered + day(*r.Answered, x.policy.Place)
		if r.Overdue {
			answered += x.words.late
		}
		out = append(out, answered)
	}
	return strings.Join(out, ", ")
}

func (x *explanation) questions() {
	t := &Table{Widths: []int{30, 0, 40}}
	for _, a := range x.e.Asked {
		state := x.words.closed
		if a.Stands {
			state = x.words.open
		}
		t.Row(x.by(x.purpose(a.Purpose), a.Channel), x.words.sinceDay+clock(a.At, x.policy.Place), state)
	}
	x.section(x.words.asked, t)
}

func (x *explanation) announced() {
	t := &Table{Widths: []int{26, 0, 38}}
	for _, d := range x.e.Deleted {
		t.Row(x.item(d.Item), x.words.lapsed+clock(d.Lapse, x.policy.Place), d.Decision+"; "+x.notified(d.Decision))
	}
	x.section(x.words.told, t)
}

// notified names the recipients that received a decision.
func (x *explanation) notified(decision string) string {
	ids := x.e.Notified[decision]
	if len(ids) == 0 {
		return x.words.nobodyNotified
	}
	names := make([]string, len(ids))
	for i, id := range ids {
		names[i] = RecipientOf(x.policy, id).Name.In(x.Language)
	}
	return x.words.notified + strings.Join(names, ", ")
}

func (x *explanation) receipts() {
	t := &Table{Widths: []int{26, 24}}
	for _, a := range x.e.Receipts {
		name := RecipientOf(x.policy, a.Recipient).Name.In(x.Language)
		answer := x.receipt(a.Outcome)
		if a.Reason != "" {
			answer += ", " + x.quote(a.Reason)
		}
		t.Row(name, answer, clock(a.At, x.policy.Place), a.Decision)
	}
	x.section(x.words.receipts, t)
}

// journal writes the past deletions and the alarms of the journal.
func (x *explanation) pastDeletions(journal []chain.Entry) {
	deleted := &Table{Widths: []int{0, 28, 28}}
	alarms := &Table{Widths: []int{0, narrow - 18}}
	for i := range journal {
		entry := &journal[i]
		if entry.At.After(x.e.At) {
			continue
		}
		at := clock(entry.At, x.policy.Place)
		switch entry.Kind {
		case chain.KindDelete, chain.KindReplay:
			if entry.SentAgain() {
				deleted.Row(at, x.resent(entry), "", entry.Decision)
				continue
			}
			data := x.items(entry.Items)
			if entry.Kind == chain.KindReplay {
				data = x.words.again + data
			}
			deleted.Row(at, data, x.reasons(entry), x.words.revision+entry.Revision)
		case chain.KindConfirmed:
			if entry.Text == string(notice.StateConfirmed) {
				deleted.Row(at, x.words.confirmed, "", entry.Decision)
			}
		case chain.KindRetracted:
			if len(entry.Items) > 0 { // a question deleted nothing
				deleted.Row(at, x.retracted()+x.items(entry.Items), x.basisOf(entry.Text), "")
			}
		case chain.KindWithdrawn:
			deleted.Row(at, x.words.withdrawn+x.items(entry.Items), x.quote(entry.Text), entry.Decision)
		case chain.KindClosed:
			deleted.Row(at, x.words.forgotten, "", "")
		case chain.KindMerged:
			deleted.Row(at, x.words.absorbed+entry.Text, "", "")
		case chain.KindParted:
			deleted.Row(at, x.words.parted+entry.Text, "", "")
		case chain.KindAlarm:
			alarms.Row(at, x.alarm(entry))
		}
	}
	x.section(x.words.gone, deleted)
	x.section(x.words.alarms, alarms)
}

// resent names the recipients to which a decision was sent again.
func (x *explanation) resent(entry *chain.Entry) string {
	to := strings.TrimPrefix(entry.Text, chain.SentAgainTo)
	if to == chain.AllNotified {
		return x.words.resentToAll
	}
	return x.words.resent + to
}

// items names the items of a journal entry. A record appears in a journal as a keyed hash,
// shortened here.
func (x *explanation) items(items []rules.Item) string {
	out := make([]string, len(items))
	for i, item := range items {
		out[i] = x.category(item.Category)
		if item.Ref != "" {
			out[i] += " #" + short(item.Ref)
		}
	}
	return strings.Join(out, ", ")
}

func short(hash string) string { return hash[:min(8, len(hash))] }

// reasons names the lapsed bases.
func (x *explanation) reasons(entry *chain.Entry) string {
	out := make([]string, len(entry.Rules))
	for i, r := range entry.Rules {
		out[i] = x.basisOf(r)
	}
	return x.words.because + strings.Join(out, x.choose("; ", ", "))
}

// basisOf describes a basis of the journal.
func (x *explanation) basisOf(text string) string {
	purpose, article := reason(text)
	return x.purpose(purpose) + x.brief(article)
}

// reason reads a reason of the journal, such as "tax_documents 6(1)(c)".
func reason(s string) (purpose, article string) {
	n := strings.LastIndex(s, " ")
	if n < 0 {
		return s, ""
	}
	return s[:n], s[n+1:]
}

func (x *explanation) tombstone() {
	t := x.e.Tombstone
	if t == nil {
		return
	}
	lines := &Table{Widths: []int{narrow}}
	lines.Row(x.tombstoneText(t.Marks, t.FactsLastDay, t.LastDay))
	if t.Deleted != nil {
		lines.Row(x.words.allGone + day(*t.Deleted, x.policy.Place))
	}
	x.section(x.words.tombstone, lines)
}

func (x *explanation) next() {
	if x.e.NextChange != nil {
		x.line("\n%s", x.nothingBefore(clock(*x.e.NextChange, x.policy.Place)))
	}
}
