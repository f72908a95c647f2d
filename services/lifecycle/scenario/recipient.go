package scenario

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rodopath/rodopath/services/lifecycle"
	"github.com/rodopath/rodopath/services/lifecycle/rules"
)

// answerDays is the default answer period of recipients, in days.
const answerDays = 7

// recipient reads "ID [holds=CATEGORY,…] [answer=DAYS] [carried=yes] [source=SOURCE]": a recipient that
// is notified from now on, and erases at a source.
func (r *runner) recipient(words []string) error {
	words, holds := pick(words, "holds")
	words, answer := pick(words, "answer")
	words, carried := pick(words, "carried")
	words, source := pick(words, "source")
	if len(words) != 1 {
		return errors.New("say \"recipient ID [holds=CATEGORY,…] [answer=DAYS] [carried=yes] [source=SOURCE]\"")
	}
	a := rules.ConnectedRecipient{
		ID:         words[0],
		Deletions:  true,
		Questions:  true,
		AnswerDays: answerDays,
		Dispatched: carried == "yes",
		Source:     source,
	}
	if holds != "" {
		a.Holds = strings.Split(holds, ",")
	}
	if answer != "" {
		var err error
		if a.AnswerDays, err = strconv.Atoi(answer); err != nil {
			return fmt.Errorf("answer=%s is not a number of days", answer)
		}
	}
	p := *r.policy
	p.Connected = append(slices.Clone(p.Connected), a)
	r.policy = &p
	return nil
}

// notified reports the state of each decision at its recipients.
func (r *runner) notified(p *person, words []string, at time.Time) ([]string, error) {
	if len(words) > 0 {
		return nil, errors.New("ask \"told\"; the recipients are those of the case")
	}
	var out []string
	for i := range p.subject.Notices {
		n := &p.subject.Notices[i]
		got := n.Progress(at)
		line := fmt.Sprintf("dec-%d %s: %s", i+1, n.Kind, got.State)
		if len(got.Missing) > 0 {
			line += ", missing " + strings.Join(got.Missing, ", ")
		}
		if len(got.Refused) > 0 {
			line += ", refused " + strings.Join(got.Refused, ", ")
		}
		out = append(out, line)
	}
	return out, nil
}

// decisionNamed converts "dec-2" into the id of the second published decision.
func decisionNamed(s *lifecycle.Subject, name string) string {
	n, err := strconv.Atoi(strings.TrimPrefix(name, "dec-"))
	if err != nil || n < 1 || n > len(s.Notices) {
		return name
	}
	return s.Notices[n-1].Decision
}

// hashed imitates the hash of a name.
func hashed(name string) string { return "hash of " + name }
