package scenario

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/rodopath/rodopath/services/lifecycle"
	"github.com/rodopath/rodopath/services/lifecycle/decision"
	"github.com/rodopath/rodopath/services/lifecycle/rights"
	"github.com/rodopath/rodopath/services/lifecycle/rules"
)

func (r *runner) holds(p *person, at time.Time) []string {
	var out []string
	for _, h := range lifecycle.Explain(r.policy, p.subject, at).Holds {
		b := h.Because[0]
		out = append(out, fmt.Sprintf("%s %s for %s %s", item(h.Item), end(h.LastDay), b.Purpose, b.Article))
	}
	return out
}

func end(lastDay string) string {
	if lastDay == "" {
		return "while it lasts"
	}
	return "until " + lastDay
}

func render(d decision.Decision) string {
	if d.Ask != nil {
		return fmt.Sprintf("ask-consent %s by %s", d.Ask.Purpose, d.Ask.Channel)
	}
	text := "delete " + list(d.Items())
	if d.Repeated() {
		text = "delete again " + list(d.Items())
	}
	if d.WholePerson() {
		text += ", the whole person"
	}
	return text
}

func list(items []rules.Item) string {
	out := make([]string, len(items))
	for i, it := range items {
		out[i] = item(it)
	}
	return strings.Join(out, ", ")
}

func item(i rules.Item) string {
	if i.Ref == "" {
		return i.Category
	}
	return i.Category + "(" + i.Ref + ")"
}

func (r *runner) day(t time.Time) string { return t.In(r.policy.Place.Zone).Format("2006-01-02 15:04") }

func (r *runner) consents(p *person, at time.Time) []string {
	var out []string
	for _, c := range p.subject.Consents(r.policy, at) {
		if c.State == rules.ConsentNone {
			continue
		}
		line := []string{fmt.Sprintf("%s by %s %s since %s", c.Purpose, c.Channel, c.State, r.day(*c.Since))}
		if n := len(c.Given); n > 0 {
			for _, f := range c.Given[n-1].Flaws {
				if f.Fails() {
					line = append(line, "fails for "+string(f))
				}
			}
		}
		out = append(out, strings.Join(line, ", "))
	}
	return out
}

func (r *runner) requests(p *person, at time.Time) []string {
	var out []string
	for _, q := range rights.Requests(r.policy, p.subject.Facts, at) {
		line := fmt.Sprintf("%s %s %s, due before %s", q.Right, q.Ref, q.State, r.day(q.Due))
		if q.Outcome != "" {
			line += ", " + string(q.Outcome)
		}
		if q.Overdue {
			line += ", overdue"
		}
		out = append(out, line)
	}
	return out
}

func (r *runner) tombstone(p *person, at time.Time) []string {
	t := lifecycle.Explain(r.policy, p.subject, at).Tombstone
	if t == nil {
		return nil
	}
	return []string{"keyed hashes until " + t.LastDay}
}

// answer lists the items retained after a request, with the reasons.
func (r *runner) answer(p *person, at time.Time) []string {
	var out []string
	for _, k := range lifecycle.Remainders(r.policy, p.subject, at) {
		line := fmt.Sprintf("keeps %s %s for %s %s", item(k.Item), end(k.LastDay), k.Purpose, k.Article)
		if k.Exempt != "" {
			line += ", " + k.Exempt
		}
		out = append(out, line)
	}
	return out
}

// may reads "PURPOSE [by CHANNEL] [controller=NAME] [address=NAME]".
func (r *runner) may(p *person, words []string, at time.Time) ([]string, error) {
	words, controller := pick(words, "controller")
	words, address := pick(words, "address")
	use := rights.Use{Controller: controller, Address: address}
	switch {
	case len(words) == 1:
		use.Purpose = words[0]
	case len(words) == 3 && words[1] == "by":
		use.Purpose, use.Channel = words[0], words[2]
	default:
		return nil, errors.New("ask \"may PURPOSE by CHANNEL\"")
	}
	a := p.subject.May(r.policy, use, at)
	answer := "no: "
	if a.Allowed {
		answer = "yes: "
	}
	parts := []string{answer + string(a.Reason)}
	for _, f := range a.Flaws {
		parts = append(parts, "fails for "+string(f))
	}
	if a.Box {
		parts = append(parts, "an unticked box at the checkout may ask")
	}
	return []string{strings.Join(parts, ", ")}, nil
}
