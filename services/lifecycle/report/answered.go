package report

import (
	"io"
	"regexp"
	"slices"
	"time"

	"github.com/rodopath/rodopath/services/lifecycle"
	"github.com/rodopath/rodopath/services/lifecycle/calendar"
	"github.com/rodopath/rodopath/services/lifecycle/chain"
	"github.com/rodopath/rodopath/services/lifecycle/fact"
	"github.com/rodopath/rodopath/services/lifecycle/rights"
	"github.com/rodopath/rodopath/services/lifecycle/rules"
)

// Answered writes the letter of a request that was answered, as the letter stood when the answer was given: from what
// was known just before the answer was recorded, which ends the correspondence, dated that day, and no draft. Nothing
// is stored for the letter, so the first line says that data that were deleted since may be missing; the journal of the
// person contributes the deletions that the subject has forgotten. address is where the address stood then, made the
// instant of the writing.
func Answered(
	w io.Writer,
	lang Language,
	p *rules.Policy,
	s lifecycle.Subject,
	request rights.Request,
	address lifecycle.AddressState,
	journal []chain.Entry,
	made time.Time,
) error {
	at := BeforeAnswer(&request)
	s.Facts = slices.DeleteFunc(slices.Clone(s.Facts), func(f fact.Fact) bool {
		return f.Received.After(*request.Answered) && f.Ref != request.Ref
	})
	l := letter{
		reporter: reporter{policy: p, subject: s, at: at, e: lifecycle.Explain(p, s, at)},
		Language: lang, request: request, words: lang.letter(), made: made.UTC(),
		address: address, dated: request.Answered.UTC(),
	}
	if request.Verified != nil {
		l.remember(journal)
	}
	return l.writeTo(w)
}

// BeforeAnswer is the last instant before the answer to a request, and no earlier than its verification.
func BeforeAnswer(r *rights.Request) time.Time {
	at := r.Answered.UTC().Add(-time.Millisecond)
	if r.Verified != nil {
		at = calendar.Later(at, r.Verified.UTC())
	}
	return at
}

// remember adds what the journal knows of the deletions since the request, and of the answers of recipients: an entry
// names categories, and no records.
func (l *letter) remember(journal []chain.Entry) {
	for i := range journal {
		e := &journal[i]
		switch {
		case e.At.After(l.at):
		case e.Kind == chain.KindConfirmed:
			for _, a := range e.Answers {
				if !a.At.After(l.at) {
					l.e.Receipts = append(l.e.Receipts, a)
				}
			}
		case e.Kind == chain.KindDelete && e.Effective != nil && !e.Effective.Before(*l.request.Verified):
			l.addFormer(e, l.deletions())
		}
	}
}

// addFormer adds the categories of a deletion of the journal that are not known, each once. The correspondence about
// the request is none of the data that the letter is about.
func (l *letter) addFormer(e *chain.Entry, known []lifecycle.AnnouncedDeletion) {
	for _, item := range e.Items {
		c := l.policy.Categories[item.Category]
		same := func(d lifecycle.AnnouncedDeletion) bool { return d.Category == item.Category }
		if !c.Pseudonymous && !c.Correspondence && !slices.ContainsFunc(known, same) &&
			!slices.ContainsFunc(l.former, same) {
			l.former = append(l.former, lifecycle.AnnouncedDeletion{
				Item: rules.Item{Category: item.Category}, Decision: e.Decision, At: e.At, Lapse: *e.Effective,
			})
		}
	}
}

// remark is a remark of a draft for the controller.
var remark = regexp.MustCompile(`\s*\[[^\]]*\]`)

// settled returns a text without the remarks of a draft, for an answer that was given.
func (l *letter) settled(text string) string {
	if l.made.IsZero() {
		return text
	}
	return remark.ReplaceAllString(text, "")
}

// notNotified says that a recipient was not notified by Rodopath; in a draft with what to do.
func (l *letter) notNotified() string {
	if l.made.IsZero() {
		return l.words.unnotified
	}
	return l.words.unnotifiedThen
}
