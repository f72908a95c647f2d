package chaos

import (
	"fmt"
	"math/rand/v2"
	"time"
)

// Person is a person with a story known in advance, and with the due decisions.
type Person struct {
	Number int    `json:"number"`
	Story  string `json:"story"`
	// Round is the round of the story.
	Round int `json:"round"`
	// Dues are the deletions that must be decided, each once. No other may be.
	Dues []Due `json:"dues"`
	// Ask is the expected number of questions for consent.
	Ask Ask `json:"ask"`
	// Answer is the recipient's answer to the question.
	Answer string `json:"answer"`
	// Facts counts the facts of the webhooks of the story.
	Facts    int       `json:"facts"`
	Webhooks []Webhook `json:"webhooks"`
}

// Due is the deletion of a category of data, due at an instant within a window.
type Due struct {
	Category string `json:"category"`
	// Ref is the record of the data, for a person with many records; empty for any record.
	Ref  string    `json:"ref,omitempty"`
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
	// Maybe reports whether the deletion depends on the order of webhooks.
	Maybe bool `json:"maybe,omitempty"`
	// Held reports whether a hold may prevent the deletion.
	Held bool `json:"held,omitempty"`
}

// Ask is a number of questions for consent.
type Ask string

// The numbers of questions. AskMaybe applies where a refusal or a refund may precede the question.
const (
	AskNever Ask = "never"
	AskOnce  Ask = "once"
	AskMaybe Ask = "maybe"
)

// Webhook is one webhook of a story.
type Webhook struct {
	Platform string `json:"platform"`
	// Once reports whether the platform sends only once.
	Once bool `json:"once,omitempty"`
	// Taken reports whether one delivery was answered 2xx.
	Taken bool `json:"taken"`
	// LastAnswer is how the last sending ended that was not.
	LastAnswer string `json:"last_answer,omitempty"`
	body       []byte
	topic      string
}

// email is the address of a person, with the number of the person.
func email(number int) string { return fmt.Sprintf("p%06d@chaos.example", number) }

// builder builds the story of one person.
type builder struct {
	*Person
	rng  *rand.Rand
	base time.Time
	zone *time.Location
}

// story is a story by name.
type story struct {
	name string
	tell func(*builder)
}

// stories are drawn with equal probability.
func stories() []story {
	return []story{
		{"subscribed", (*builder).subscribed},
		{"unsubscribed", (*builder).unsubscribed},
		{"resubscribed", (*builder).resubscribed},
		{"pending", (*builder).pending},
		{"webinar", (*builder).webinar},
		{"bought", (*builder).bought},
		{"bought at the shop", (*builder).boughtAtShop},
		{"bought and granted", (*builder).boughtGranted},
		{"bought and refused", (*builder).boughtRefused},
		{"refunded", (*builder).refunded},
		{"held", (*builder).held},
		{"released", (*builder).released},
		{"erased subscriber", (*builder).erasedSubscriber},
		{"erased and answered", (*builder).erasedAnswered},
		{"erased buyer", (*builder).erasedBuyer},
		{"objected", (*builder).objected},
		{"refusing buyer", (*builder).refusingBuyer},
	}
}

// build builds the story of a person, beginning before now.
func build(rng *rand.Rand, of story, number, round int, now time.Time, zone *time.Location) *Person {
	p := &Person{Number: number, Round: round, Ask: AskNever, Answer: "no_answer"}
	// Two hours back, so that all events are in the past even after a backward step of the clock.
	t := &builder{Person: p, rng: rng, base: now.Add(-2 * time.Hour).UTC().Truncate(time.Second), zone: zone}
	p.Story = of.name
	of.tell(t)
	return p
}

// at is an instant of the story.
func (t *builder) at(minutes int) time.Time { return t.base.Add(time.Duration(minutes) * time.Minute) }

// due notes a deletion.
func (t *builder) due(from, to time.Time, categories ...string) {
	for _, c := range categories {
		t.Dues = append(t.Dues, Due{Category: c, From: from, To: to})
	}
}

// around is a window of a moment of the story.
func (t *builder) dueAt(at time.Time, categories ...string) {
	t.due(at.Add(-2*time.Second), at.Add(2*time.Second), categories...)
}

// dueAfter is a window of two days around the end of a period, as days are counted in
// civil time and the last counts whole.
func (t *builder) dueAfter(at time.Time, years, days int, categories ...string) {
	end := at.AddDate(years, 0, days)
	t.due(end.AddDate(0, 0, -1), end.AddDate(0, 0, 2), categories...)
}

// dueNewYear is the first instant of a year, so many years after the one of an act
// between two instants of the story.
func (t *builder) dueNewYear(years int, categories ...string) {
	first := time.Date(t.at(0).In(t.zone).Year()+years, 1, 1, 0, 0, 0, 0, t.zone)
	last := time.Date(t.at(119).In(t.zone).Year()+years, 1, 1, 0, 0, 0, 0, t.zone)
	t.due(first, last, categories...)
}

// dueContract is when a contract that was delivered at once ends: after 14 days, moved
// off days off.
func (t *builder) dueContract(categories ...string) {
	t.due(t.at(0).AddDate(0, 0, 13), t.at(119).AddDate(0, 0, 21), categories...)
}

func (t *builder) subscribed() { t.signUp() }

func (t *builder) unsubscribed() {
	t.signUp()
	t.unsubscribe(30)
	t.left(t.at(30))
}

// left adds the consequences of the end of the last consent.
func (t *builder) left(at time.Time) {
	t.dueAt(at, "contact", "newsletter", "marketing_profile")
	t.dueAfter(at, 1, 0, "consent_evidence")
	t.dueAfter(at, 3, 0, "suppression")
}

func (t *builder) resubscribed() {
	t.standard("signup", 0, nil)
	// The sign-up ends the do-not-contact entry of a no that the sign-up covers in full.
	t.standard("unsubscribe", 30, object{"purposes": []string{"newsletter"}, "channels": []string{"email"}})
	// A sign-up without evidence opens no consent after a no.
	t.standard("signup", 60, object{"evidence": object{"form": "footer"}})
	t.dueAt(t.at(60), "suppression")
	for _, c := range []string{"contact", "newsletter", "marketing_profile"} {
		// Decided only where the return is not known yet.
		t.Dues = append(
			t.Dues,
			Due{Category: c, From: t.at(30).Add(-time.Second), To: t.at(30).Add(time.Second), Maybe: true},
		)
	}
}

func (t *builder) pending() {
	t.standard("signup_pending", 0, nil)
	t.dueAfter(t.at(0), 0, 7, "contact")
}

func (t *builder) webinar() {
	const week = 7 * 24 * 60 // in minutes
	t.standard("webinar", 0, object{"ref": t.ref("webinar"), "event_at": t.at(week).Format(time.RFC3339)})
	t.dueAfter(t.at(week), 0, 30, "contact", "webinar")
}

func (t *builder) bought() {
	t.buy(0)
	t.keptForBooks()
	t.dueContract("contact", "phone")
	t.Ask = AskOnce
}

// keptForBooks adds the deletion of data retained for tax and claims.
func (t *builder) keptForBooks() {
	t.dueNewYear(7, "order", "access")
	t.dueNewYear(6, "invoice")
}

func (t *builder) boughtAtShop() {
	t.order(0)
	t.keptForBooks()
	t.dueContract("contact", "phone")
	t.Ask = AskOnce
}

func (t *builder) boughtGranted() {
	t.buy(0)
	t.keptForBooks()
	t.dueContract("phone")
	t.Ask, t.Answer = AskOnce, "granted"
}

func (t *builder) boughtRefused() {
	t.bought()
	t.Answer = "refused"
	// The answer is given within the days of the segment.
	t.due(t.base.AddDate(3, 0, -1), t.base.AddDate(3, 0, 20), "suppression")
}

func (t *builder) refunded() {
	t.buy(0)
	t.refund(60)
	t.dueNewYear(7, "order")
	t.dueNewYear(6, "invoice")
	t.dueContract("contact", "phone", "access")
	t.Ask = AskMaybe
}

func (t *builder) held() {
	t.sale(0)
	t.standard("hold", 30, object{"ref": t.ref("order"), "reason": "dispute"})
	t.dueContract("phone")
	for _, c := range []string{"order", "invoice", "access", "contact"} {
		t.Dues = append(t.Dues, Due{Category: c, Held: true})
	}
	t.Ask = AskOnce
}

func (t *builder) released() {
	t.sale(0)
	t.standard("hold", 30, object{"ref": t.ref("order"), "reason": "dispute"})
	t.standard("release", 60, object{"ref": t.ref("order")})
	t.keptForBooks()
	t.dueContract("contact", "phone")
	t.Ask = AskOnce
}

func (t *builder) erasedSubscriber() {
	t.signUp()
	t.standard("erasure", 30, object{"ref": t.ref("request")})
	t.left(t.at(30))
}

func (t *builder) erasedAnswered() {
	t.erasedSubscriber()
	t.standard("request_answered", 60, object{"ref": t.ref("request")})
	t.dueAt(t.at(60), "dsr_case")
	t.dueAfter(t.at(60), 3, 0, "dsr_log")
}

func (t *builder) erasedBuyer() {
	t.sale(0)
	t.standard("erasure", 30, object{"ref": t.ref("request")})
	t.dueNewYear(6, "order", "invoice")
	t.dueContract("contact", "phone", "access")
	t.dueAfter(t.at(30), 3, 0, "suppression")
	t.Ask = AskMaybe
}

func (t *builder) objected() {
	t.signUp()
	t.standard("objection", 30, object{"ref": t.ref("request"), "purposes": []string{"newsletter", "offers"}})
	t.left(t.at(30))
}

func (t *builder) refusingBuyer() {
	t.sale(0)
	t.standard("refusal", 30, object{"purposes": []string{"offers"}, "channels": []string{"email"}})
	t.keptForBooks()
	t.dueContract("contact", "phone")
	t.dueAfter(t.at(30), 3, 0, "suppression")
	t.Ask = AskMaybe
}
