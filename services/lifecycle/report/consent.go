package report

import (
	"cmp"
	"slices"
	"time"

	"github.com/rodopath/rodopath/services/lifecycle/fact"
	"github.com/rodopath/rodopath/services/lifecycle/rules"
)

// ConsentRecord is the record of one consent, in the fields of ISO/IEC TS 27560:2023: the notice,
// the consent and its history.
type ConsentRecord struct {
	Type          string `json:"@type"`
	SchemaVersion string `json:"schema_version"`
	RecordID      string `json:"record_id"`
	PrincipalID   string `json:"pii_principal_id"`
	// PrivacyNotice is the text shown to the person, Language its language; "und" for an unknown
	// language.
	PrivacyNotice Notice    `json:"privacy_notice"`
	Language      string    `json:"language"`
	Purposes      []Purpose `json:"purposes"`
	LawfulBasis   string    `json:"lawful_basis"`
	// Channel is the means of communication, such as "email".
	Channel string `json:"channel"`
	// Information lists the categories of data held on the consent.
	Information      []Category  `json:"pii_information"`
	Controllers      []Party     `json:"pii_controllers"`
	CollectionMethod Collection  `json:"collection_method"`
	StorageLocations []Location  `json:"storage_locations"`
	RetentionPeriod  Duration    `json:"retention_period"`
	Recipients       []Recipient `json:"recipient_third_parties"`
	WithdrawalMethod Text        `json:"withdrawal_method"`
	Jurisdiction     string      `json:"jurisdiction"`
	// State is the state at the instant of the report, StateTerm the same as a term of the
	// vocabulary.
	State     string         `json:"state"`
	StateTerm string         `json:"state_term"`
	Says      Text           `json:"says"`
	Events    []ConsentEvent `json:"events"`
}

// EverGiven reports whether the consent was ever in force, proven or not; false for a consent that was
// only asked for or refused.
func (c ConsentRecord) EverGiven() bool {
	return slices.ContainsFunc(
		c.Events,
		func(e ConsentEvent) bool {
			return e.EventState == stateTerm(rules.ConsentGiven) || e.EventState == stateTerm(rules.ConsentUnproven)
		},
	)
}

// Notice is the text of a consent. Text is empty when the text is unknown, which Says states for
// people.
type Notice struct {
	Wording string `json:"wording,omitempty"`
	Text    string `json:"text,omitempty"`
	Known   bool   `json:"known"`
	Says    *Text  `json:"says,omitempty"`
}

// Collection describes how a consent was collected.
type Collection struct {
	Source string `json:"source,omitempty"`
	Form   string `json:"form,omitempty"`
	// Confirmed is when the address was confirmed by a link (double opt-in).
	Confirmed *time.Time `json:"confirmed,omitempty"`
	Says      Text       `json:"says"`
}

// Location is a known or unknown place of storage.
type Location struct {
	ThirdCountry string `json:"third_country,omitempty"`
	Known        bool   `json:"known"`
	Says         Text   `json:"says"`
}

// Duration is a period of validity.
type Duration struct {
	Type string `json:"@type"`
	// Until is the first instant after the period; nil when unknown.
	Until *time.Time `json:"until,omitempty"`
	Says  Text       `json:"says"`
}

// ConsentEvent is one change of a consent.
type ConsentEvent struct {
	EventTime time.Time `json:"event_time"`
	// On is the civil date of the event.
	On               string   `json:"on"`
	ValidityDuration Duration `json:"validity_duration"`
	// EntityID is the author of the event: the id of the person, or of the controller.
	EntityID   string `json:"entity_id"`
	EventType  string `json:"event_type"`
	EventState string `json:"event_state"`
	Says       Text   `json:"says"`
	// Wording, Source and Form describe the act that gave the consent.
	Wording string `json:"wording,omitempty"`
	Source  string `json:"source,omitempty"`
	Form    string `json:"form,omitempty"`
}

// aspect is the purpose and channel of one consent.
type aspect struct{ purpose, channel string }

// view is the state of a consent at an instant, across all addresses of the person: given when one of
// several consents in force is.
type view struct {
	state        rules.ConsentState
	since, until *time.Time
	given        []rules.Grant
	// never reports whether the consent was not given before.
	never bool
}

// stands reports whether the consent is in force, proven or not.
func (v *view) stands() bool {
	return v.state == rules.ConsentGiven || v.state == rules.ConsentUnproven
}

// recordedState returns the state for the record: the withdrawal of a consent that was never given
// is a refusal.
func (v *view) recordedState() rules.ConsentState {
	if v.never && v.state == rules.ConsentWithdrawn {
		return rules.ConsentRefused
	}
	return v.state
}

func (r *reporter) consents() []ConsentRecord {
	out := []ConsentRecord{}
	aspects, views := r.views(r.at)
	events, given := r.events()
	for _, a := range aspects {
		if v := views[a]; len(events[a]) > 0 {
			v.given, v.never = given[a], len(given[a]) == 0
			out = append(out, r.record(a, v, events[a]))
		}
	}
	return out
}

// views returns the state of every consent at an instant.
func (r *reporter) views(at time.Time) ([]aspect, map[aspect]*view) {
	var order []aspect
	views := map[aspect]*view{}
	for _, c := range r.subject.Consents(r.policy, at) {
		a := aspect{c.Purpose, c.Channel}
		v := views[a]
		if v == nil {
			v = &view{state: c.State, since: c.Since, until: c.Until}
			views[a], order = v, append(order, a)
		}
		if c.State == rules.ConsentGiven {
			v.state = rules.ConsentGiven
		}
		v.given = append(v.given, c.Given...)
		if c.Until == nil {
			v.until = nil // one of several addresses has no end
		}
		slices.SortStableFunc(v.given, func(a, b rules.Grant) int { return a.At.Compare(b.At) })
	}
	return order, views
}

// events returns the changes of each consent in order, and all acts that gave a consent.
func (r *reporter) events() (map[aspect][]ConsentEvent, map[aspect][]rules.Grant) {
	out, given := map[aspect][]ConsentEvent{}, map[aspect][]rules.Grant{}
	last := map[aspect]view{}
	for _, at := range r.instants() {
		order, views := r.views(at)
		for _, a := range order {
			v, before := views[a], last[a]
			last[a] = *v
			switch {
			case v.state == rules.ConsentNone:
			case v.stands():
				for _, g := range v.given {
					if !slices.ContainsFunc(given[a], func(have rules.Grant) bool { return have.Fact == g.Fact }) {
						given[a] = append(given[a], g)
						out[a] = append(out[a], r.event(v, g.At, g))
					}
				}
			case v.state != before.state || !sameTime(v.since, before.since):
				v.never = len(given[a]) == 0
				out[a] = append(out[a], r.event(v, *v.since, rules.Grant{}))
			}
		}
	}
	return out, given
}

func sameTime(a, b *time.Time) bool { return a != nil && b != nil && a.Equal(*b) }

// instants returns the instants at which a consent may change: acts about consent, questions, and
// expiries.
func (r *reporter) instants() []time.Time {
	var out []time.Time
	add := func(t time.Time) {
		if n, found := slices.BinarySearchFunc(out, t, time.Time.Compare); !found && !t.After(r.at) {
			out = slices.Insert(out, n, t)
		}
	}
	for i := range r.e.Facts {
		if concernsConsent(r.e.Facts[i].Kind) {
			add(r.e.Facts[i].Occurred)
		}
	}
	for i := range r.subject.Questions {
		add(r.subject.Questions[i].At)
	}
	for _, at := range slices.Clone(out) {
		for _, c := range r.subject.Consents(r.policy, at) {
			if c.Until != nil {
				add(*c.Until)
			}
		}
	}
	return out
}

func concernsConsent(k fact.Kind) bool {
	switch k {
	case fact.KindSignup,
		fact.KindSignupPending,
		fact.KindRefusal,
		fact.KindUnsubscribe,
		fact.KindObjection,
		fact.KindErasure,
		fact.KindInvalidated,
		fact.KindConsentAsked,
		fact.KindBounce,
		fact.KindListed,
		fact.KindDeath,
		fact.KindInactivity,
		fact.KindAddressChanged,
		fact.KindRequestVerified:
		return true
	}
	return false
}

func (r *reporter) event(v *view, at time.Time, g rules.Grant) ConsentEvent {
	e := ConsentEvent{
		EventTime:        at.UTC(),
		On:               r.day(at),
		EntityID:         r.subject.ID,
		EventType:        expressed,
		EventState:       stateTerm(v.recordedState()),
		ValidityDuration: r.validity(v),
		Says:             both(func(l Language) string { return l.state(v.recordedState()) }),
		Wording:          g.Wording,
		Source:           g.Source,
		Form:             g.Form,
	}
	switch v.state {
	case rules.ConsentAsked, rules.ConsentExpired, rules.ConsentInvalidated:
		e.EntityID = r.controller().ID
	}
	return e
}

// validity returns how long a state lasts: a consent until withdrawal, a question until its expiry,
// a refusal until a new consent.
func (r *reporter) validity(v *view) Duration {
	switch v.state {
	case rules.ConsentGiven, rules.ConsentUnproven, rules.ConsentAsked, rules.ConsentPending:
		if v.until != nil {
			return Duration{untilTime, v.until, both(func(l Language) string { return l.until(r.policy.LastDay(v.until)) })}
		}
		return Duration{Type: untilEvent, Says: both(Language.untilWithdrawn)}
	}
	return Duration{Type: untilEvent, Says: both(Language.untilAgreed)}
}

func (r *reporter) record(a aspect, v *view, events []ConsentEvent) ConsentRecord {
	out := ConsentRecord{
		Type:             "dpv:ConsentRecord",
		SchemaVersion:    "ISO/IEC TS 27560:2023",
		RecordID:         r.subject.ID + "/" + a.purpose + "/" + a.channel,
		PrincipalID:      r.subject.ID,
		Purposes:         []Purpose{PurposeOf(r.policy, a.purpose)},
		Channel:          a.channel,
		Information:      []Category{},
		Recipients:       []Recipient{},
		Controllers:      []Party{r.controller()},
		LawfulBasis:      "eu-gdpr:A6-1-a",
		WithdrawalMethod: both(Language.withdrawal),
		Jurisdiction:     "EU",
		State: string(
			v.recordedState(),
		),
		StateTerm: stateTerm(v.recordedState()),
		Says:      both(func(l Language) string { return l.state(v.recordedState()) }),
		Events:    events,
	}
	out.PrivacyNotice, out.Language, out.CollectionMethod = r.notice(a, v)
	if v.stands() {
		out.RetentionPeriod = r.validity(v)
	} else {
		out.RetentionPeriod = Duration{Type: untilEvent, Says: both(Language.notHeldOnConsent)}
	}
	if rule := r.consentRule(a); rule != nil {
		for _, c := range rule.Keeps {
			out.Information = append(out.Information, CategoryOf(r.policy, c))
		}
		for _, id := range rule.Receives {
			out.Recipients = append(out.Recipients, RecipientOf(r.policy, id))
		}
	}
	out.StorageLocations = locations(out.Recipients)
	return out
}

// consentRule is the rule for consents to a purpose by a channel.
func (r *reporter) consentRule(a aspect) *rules.Rule {
	for i := range r.policy.Rules {
		rule := &r.policy.Rules[i]
		if rule.Consent && rule.Purpose == a.purpose &&
			(len(rule.Channels) == 0 || slices.Contains(rule.Channels, a.channel)) {
			return rule
		}
	}
	return nil
}

// notice returns the text of the latest act, or of the question, with the language and the manner
// of collection.
func (r *reporter) notice(a aspect, v *view) (Notice, string, Collection) {
	var n Notice
	var language string
	c := Collection{Says: both(Language.collectionUnknown)}
	if len(v.given) > 0 {
		g := v.given[len(v.given)-1]
		n, language = Notice{Wording: g.Wording, Text: g.Text}, g.Language
		c = Collection{
			Source:    g.Source,
			Form:      g.Form,
			Confirmed: g.DoubleOptIn,
			Says:      both(func(l Language) string { return r.collected(l, &g) }),
		}
	} else if v.state == rules.ConsentAsked {
		n, language = r.question(a, *v.since)
	}
	if n.Known = n.Text != ""; !n.Known {
		unknown := both(Language.noticeUnknown)
		n.Says = &unknown
	}
	return n, cmp.Or(language, "und"), c
}

// question returns the text put to the person, and its language.
func (r *reporter) question(a aspect, at time.Time) (Notice, string) {
	for _, ask := range r.policy.Asks {
		if w := wording(r.policy, ask.Wording, at); w != nil && ask.Purpose == a.purpose && ask.Channel == a.channel {
			return Notice{Wording: w.ID, Text: w.Text}, w.Language
		}
	}
	return Notice{}, ""
}

func (r *reporter) collected(l Language, g *rules.Grant) string {
	confirmed := ""
	if g.DoubleOptIn != nil {
		confirmed = l.date(r.day(*g.DoubleOptIn))
	}
	return l.collection(g.Form, g.Source, confirmed, g.IPKnown)
}

// locations returns the known places of storage: only transfers outside of the EEA are known.
func locations(recipients []Recipient) []Location {
	out := []Location{{Says: both(Language.locationUnknown)}}
	for _, r := range recipients {
		if r.ThirdCountry != "" {
			out = append(
				out,
				Location{
					ThirdCountry: r.ThirdCountry,
					Known:        true,
					Says:         both(func(l Language) string { return l.abroad(r.Name.In(l), r.ThirdCountry) }),
				},
			)
		}
	}
	return out
}
