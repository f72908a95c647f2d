package policy

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/rodopath/rodopath/services/lifecycle/calendar"
	"github.com/rodopath/rodopath/services/lifecycle/rules"
)

// confirmation is the use of a text that asks to confirm an address. An offer in such a text would
// be marketing without consent.
const confirmation = "confirmation"

// stems are beginnings of words that express a required content, by language.
type stems map[string][]string

func offersStems() stems {
	return stems{
		"pl": {"ofert", "handlow", "promoc", "marketing", "rabat"},
		"en": {"offer", "promotion", "marketing", "discount"},
	}
}

func withdrawalStems() stems {
	return stems{
		"pl": {"wycofa", "cofn", "odwoła", "zrezygn", "wypis"},
		"en": {"withdraw", "unsubscribe", "revoke", "opt out"},
	}
}

// channelStems returns the stems that name a channel.
func channelStems(channel string) (stems, bool) {
	s, ok := map[string]stems{
		"email": {"pl": {"mail"}, "en": {"mail"}},
		"sms":   {"pl": {"sms"}, "en": {"sms", "text message"}},
		"phone": {"pl": {"telefon"}, "en": {"phone", "call"}},
	}[channel]
	return s, ok
}

// trackingStems are the beginnings of words that name what a newsletter service records of a reader.
func trackingStems() stems {
	return stems{
		"pl": {"otwar", "otwier", "klik", "etykiet", "zainteresowa"},
		"en": {"open", "click", "tag", "interest"},
	}
}

// in reports whether a text says what the stems stand for: a stem occurs and is not negated. True for an
// unsupported language, which cannot be checked.
func (s stems) in(text, language string) bool {
	words, known := s[language]
	return !known || slices.ContainsFunc(clauses(text), func(clause []string) bool {
		denied := -1 // the place of the last word that is denied
		for n, word := range clause {
			switch {
			case !slices.ContainsFunc(words, func(w string) bool { return strings.Contains(word, w) }):
			case isNegated(clause[:n]), denied >= 0 && n == denied+2 && isAnd(clause[n-1]):
				denied = n
			default:
				return true
			}
		}
		return s.phrases(clause, language)
	})
}

// phrases reports whether a clause contains a stem of several words, such as "opt out".
func (s stems) phrases(clause []string, language string) bool {
	text := strings.Join(clause, " ")
	return slices.ContainsFunc(s[language], func(w string) bool {
		before, _, found := strings.Cut(text, w)
		return strings.Contains(w, " ") && found && !isNegated(strings.Fields(before))
	})
}

// clauses returns the words of each clause of a text, in lower case.
func clauses(text string) [][]string {
	var out [][]string
	for clause := range strings.FieldsFuncSeq(strings.ToLower(text), func(r rune) bool {
		return strings.ContainsRune(".,;:!?()\n", r)
	}) {
		out = append(out, strings.Fields(clause))
	}
	return out
}

// The longest distance of a negation from the word that is negated.
const (
	nearNegation = 2 // "bez żadnych ofert", "without any offers"
	farNegation  = 4 // "nie wyrażam zgody na oferty", "do not want to get offers"
)

// isAnd reports whether a word continues a list: "bez ofert i promocji".
func isAnd(word string) bool {
	return slices.Contains([]string{"i", "oraz", "lub", "ani", "czy", "and", "or", "nor"}, word)
}

// isNegated reports whether the words before a word negate it. "Not only" negates nothing.
func isNegated(before []string) bool {
	for n, word := range slices.Backward(before) {
		distance := len(before) - n
		next := ""
		if n+1 < len(before) {
			next = before[n+1]
		}
		switch word {
		case "bez", "żadnych", "żadnej", "oprócz", "without", "no", "except":
			if distance <= nearNegation {
				return true
			}
		case "nie", "not", "never", "nigdy", "don't", "won't":
			if distance <= farNegation && next != "tylko" && next != "only" {
				return true
			}
		}
	}
	return false
}

func (c *compiler) wordings(p *rules.Policy, controller string) {
	if controller == "" {
		controller = "[nazwa firmy]"
	}
	for i := range c.doc.Wordings {
		w := &c.doc.Wordings[i]
		from, to := c.validity(w)
		c.twice(i, from, to)
		if w.ID == "" || w.Text == "" || w.Language == "" {
			c.fault(w.at(), "a wording needs id, language and text")
		}
		if w.Use == confirmation {
			c.confirmation(w)
			continue
		}
		if w.Use != "" && w.Use != "consent" {
			c.fault(w.at("use"), "wording %q: use must be consent or confirmation", w.ID)
		}
		if len(w.Covers) == 0 || len(w.Channels) == 0 {
			c.fault(w.at(), "wording %q needs purposes (covers) and channels", w.ID)
		}
		c.covered(w.at(), fmt.Sprintf("wording %q", w.ID), w.Covers, w.Channels)
		named := func(text string) string { return strings.ReplaceAll(text, "{controller}", controller) }
		c.consentText(w, w.Text, w.Language, "text")
		out := rules.Wording{
			ID: w.ID, Language: w.Language, Text: named(w.Text), From: from, To: to,
			Coverage: rules.Coverage{Purposes: w.Covers, Channels: w.Channels},
		}
		for _, language := range sortedKeys(w.Translations) {
			c.consentText(w, w.Translations[language], language, "translations", language)
			if out.Translations == nil {
				out.Translations = map[string]string{}
			}
			out.Translations[language] = named(w.Translations[language])
		}
		p.Wordings = append(p.Wordings, out)
	}
}

func (w *wording) at(keys ...any) path { return w.place.at("wordings", keys...) }

// validity returns the period of use of a text.
func (c *compiler) validity(w *wording) (from, to time.Time) {
	zone := c.zone()
	day := func(key, text string) (calendar.Date, bool) {
		if text == "" {
			return calendar.Date{}, false
		}
		d, err := calendar.Parse(text)
		if err != nil {
			c.fault(w.at(key), "wording %q: %s %v", w.ID, key, err)
		}
		return d, err == nil
	}
	if d, ok := day("from", w.From); ok {
		from = d.Start(zone)
	}
	if d, ok := day("to", w.To); ok {
		to = d.End(zone)
	}
	if !to.IsZero() && !to.After(from) {
		c.fault(w.at("to"), "wording %q ends before it begins", w.ID)
	}
	return from, to
}

func (c *compiler) zone() *time.Location {
	zone, err := time.LoadLocation(c.doc.Zone)
	if err != nil {
		return time.UTC
	}
	return zone
}

// twice reports another text with the same id in use at the same time, which would make the
// accepted text ambiguous.
func (c *compiler) twice(i int, from, to time.Time) {
	w := &c.doc.Wordings[i]
	for j := range c.doc.Wordings[:i] {
		other := &c.doc.Wordings[j]
		if other.ID != w.ID {
			continue
		}
		if other.From+other.To+w.From+w.To == "" {
			c.fault(w.at(), "wording %q is defined twice; give every text its own id", w.ID)
			continue
		}
		quiet := compiler{doc: c.doc, at: c.at}
		begin, end := quiet.validity(other)
		if (end.IsZero() || end.After(from)) && (to.IsZero() || to.After(begin)) {
			c.fault(
				w.at(),
				"wordings %q overlap: two texts with one id were in use at the same time; end one (to) before the next begins (from)",
				w.ID,
			)
		}
	}
}

func (c *compiler) confirmation(w *wording) {
	if len(w.Covers)+len(w.Channels) > 0 {
		c.fault(w.at(), "wording %q is a confirmation and covers nothing; leave out covers and channels", w.ID)
	}
	if _, known := offersStems()[w.Language]; known && offersStems().in(w.Text, w.Language) {
		c.fault(w.at("text"), "wording %q: a confirmation may contain no offer: the person has not given consent yet", w.ID)
	}
}

// consentText checks the required content of a text of consent: controller, purpose, channel and
// the right of withdrawal (Art. 7; Prawo komunikacji elektronicznej art. 398), in the language of the text.
func (c *compiler) consentText(w *wording, text, language string, at ...any) {
	tracks := slices.ContainsFunc(w.Covers, func(p string) bool { return c.doc.Purposes[p].Tracking })
	if tracks && !trackingStems().in(text, language) {
		c.fault(w.at(at...), "wording %q covers profiling and does not name opens, clicks or tags", w.ID)
	}
	if !slices.ContainsFunc(w.Covers, func(p string) bool { return c.doc.Purposes[p].Offers }) {
		return
	}
	if !strings.Contains(text, "{controller}") {
		c.fault(
			w.at(at...),
			"wording %q covers offers and does not name the controller: write {controller} where your business is named",
			w.ID,
		)
	}
	if !offersStems().in(text, language) {
		c.fault(w.at(at...), "wording %q covers offers and does not mention offers", w.ID)
	}
	if !withdrawalStems().in(text, language) {
		c.fault(w.at(at...), "wording %q covers offers and does not mention that the consent can be withdrawn", w.ID)
	}
	for _, channel := range w.Channels {
		if s, ok := channelStems(channel); ok && !s.in(text, language) {
			c.fault(w.at(at...), "wording %q covers offers by %s and does not name the channel", w.ID, channel)
		}
	}
}

// covered reports purposes and channels without a rule for consent.
func (c *compiler) covered(at path, what string, purposes, channels []string) {
	for _, purpose := range purposes {
		known := false
		for _, channel := range channels {
			found := false
			for i := range c.doc.Rules {
				r := &c.doc.Rules[i]
				if r.consent() && r.Purpose == purpose {
					known = true
					found = found || len(r.Channels) == 0 || slices.Contains(r.Channels, channel)
				}
			}
			if known && !found {
				c.fault(at, "%s covers %s by %s, and no rule with raised_by: consent has the channel", what, purpose, channel)
			}
		}
		if !known {
			c.fault(at, "%s: no rule with raised_by: consent has the purpose %q", what, purpose)
		}
	}
}
