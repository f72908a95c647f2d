package report_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rodopath/rodopath/services/lifecycle"
	"github.com/rodopath/rodopath/services/lifecycle/fact"
	"github.com/rodopath/rodopath/services/lifecycle/report"
	"github.com/rodopath/rodopath/services/lifecycle/rules"
)

func reported(t *testing.T, s *scene, when string) report.Person {
	t.Helper()
	return report.Of(s.policy, []string{"ala@example.com", "stripe:cus_1"}, s.subject, at(t, when), s.journal)
}

// object is a report as JSON has it.
func object(t *testing.T, v any) map[string]any {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]any{}
	if err := json.Unmarshal(data, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// keys are the sorted keys of an object.
func keys(o any) []string {
	var out []string
	for k := range o.(map[string]any) {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

func hasKeys(t *testing.T, what string, o any, want ...string) {
	t.Helper()
	slices.Sort(want)
	if diff := cmp.Diff(want, keys(o)); diff != "" {
		t.Errorf("%s has other keys (-want +got):\n%s", what, diff)
	}
}

func first(o map[string]any, key string) map[string]any { return o[key].([]any)[0].(map[string]any) }

func TestOf_HasTheShapeOfArticle15(t *testing.T) {
	o := object(t, reported(t, customer(t), "2026-07-20 12:00"))
	hasKeys(
		t,
		"the report",
		o,
		"@context",
		"@type",
		"schema_version",
		"controller",
		"subject",
		"names",
		"generated_at",
		"generated_on",
		"zone",
		"policy",
		"held",
		"consents",
		"limits",
		"requests",
		"deleted",
		"rights",
		"automated_decisions",
		"not_known",
	)
	hasKeys(t, "the controller", o["controller"], "party_id", "party_name", "party_role")
	held := first(o, "held")
	hasKeys(
		t,
		"an item",
		held,
		"category",
		"name",
		"category_term",
		"record",
		"other_names",
		"known",
		"pseudonymous",
		"given",
		"since",
		"storage",
		"ends",
		"because",
		"sources",
		"recipients",
	)
	hasKeys(t, "a name", held["name"], "pl", "en")
	hasKeys(
		t,
		"a basis",
		first(held, "because"),
		"rule",
		"for",
		"article",
		"justification",
		"cites",
		"period",
		"since",
		"ends",
	)
	hasKeys(t, "a purpose", first(held, "because")["for"], "purpose", "name", "purpose_term")
	hasKeys(
		t,
		"a request",
		first(o, "requests"),
		"ref",
		"kind",
		"right",
		"name",
		"state",
		"received_on",
		"last_day",
		"overdue",
	)
	spring := object(t, reported(t, customer(t), "2026-04-01 12:00")) // before the retraction of the deletion
	if len(o["deleted"].([]any)) > 0 {
		t.Errorf("a retracted deletion is reported: %v", o["deleted"])
	}
	hasKeys(t, "a deletion", first(spring, "deleted"), "at", "on", "again", "decision", "items", "because", "revision")
	hasKeys(t, "a right", first(o, "rights"), "right", "article", "says")
	hasKeys(t, "automated decisions", o["automated_decisions"], "used", "says")
}

func TestOf_HasTheFieldsOfAConsentRecord(t *testing.T) {
	o := object(t, reported(t, customer(t), "2026-07-20 12:00"))
	consent := first(o, "consents")
	hasKeys(
		t,
		"a consent",
		consent,
		"@type",
		"schema_version",
		"record_id",
		"pii_principal_id",
		"privacy_notice",
		"language",
		"purposes",
		"lawful_basis",
		"channel",
		"pii_information",
		"pii_controllers",
		"collection_method",
		"storage_locations",
		"retention_period",
		"recipient_third_parties",
		"withdrawal_method",
		"jurisdiction",
		"state",
		"state_term",
		"says",
		"events",
	)
	event := first(consent, "events")
	hasKeys(
		t,
		"an event",
		event,
		"event_time",
		"on",
		"validity_duration",
		"entity_id",
		"event_type",
		"event_state",
		"says",
		"wording",
		"source",
		"form",
	)
	hasKeys(t, "a duration", event["validity_duration"], "@type", "says")
	if event["event_time"] != "2026-03-01T09:00:00Z" || event["event_state"] != "dpv:ConsentGiven" ||
		event["entity_id"] != "p-7f3a" {
		t.Errorf("the first event is %v", event)
	}
	if first(consent, "storage_locations")["known"] != false {
		t.Error("a place of storage is invented")
	}
}

func TestOf_ConsentsTellTheirWholeStory(t *testing.T) {
	s := newScene(t)
	s.tell(t, "2026-03-01 10:00", fact.Fact{Kind: fact.KindSignupPending, Wording: "newsletter-editorial"})
	s.tell(
		t,
		"2026-03-01 10:05",
		fact.Fact{Kind: fact.KindSignup, Wording: "newsletter-editorial", Form: "footer", Proof: []byte("ip")},
	)
	s.tell(t, "2026-03-05 10:00", fact.Fact{Kind: fact.KindSale, Ref: "order-1"})
	s.tell(
		t,
		"2026-03-06 10:00",
		fact.Fact{Kind: fact.KindRefusal, Purposes: []string{"offers"}, Channels: []string{"email"}},
	)
	s.tell(t, "2026-04-01 10:00", fact.Fact{Kind: fact.KindUnsubscribe, Channels: []string{"email"}})
	s.tell(
		t,
		"2026-05-01 10:00",
		fact.Fact{Kind: fact.KindSignup, Wording: "newsletter-offers", Form: "checkout"},
	)
	s.tell(t, "2026-06-01 10:00", fact.Fact{Kind: fact.KindBounce})
	s.tell(
		t,
		"2026-08-01 10:00",
		fact.Fact{Kind: fact.KindSignup, Wording: "offers-phone", Traits: []string{fact.TraitPreticked}},
	)
	s.tell(t, "2026-08-02 10:00", fact.Fact{Kind: fact.KindObjection, Channels: []string{"email"}})
	got := map[string]string{}
	for _, c := range reported(t, s, "2026-09-01 10:00").Consents {
		var events []string
		for _, e := range c.Events {
			events = append(events, e.On+" "+strings.TrimPrefix(e.EventState, "dpv:Consent"))
		}
		got[c.Purposes[0].ID+"/"+c.Channel] = c.StateTerm + ": " + strings.Join(events, ", ")
	}
	want := map[string]string{
		"newsletter/email": "dpv:ConsentWithdrawn: 2026-03-01 Requested, 2026-03-01 Given, 2026-04-01 Withdrawn, 2026-05-01 Given, 2026-07-02 Expired, 2026-08-02 Withdrawn",
		"offers/email":     "dpv:ConsentWithdrawn: 2026-03-05 Requested, 2026-03-06 Refused, 2026-04-01 Refused, 2026-05-01 Given, 2026-07-02 Expired, 2026-08-02 Withdrawn",
		"offers/phone":     "dpv:ConsentInvalidated: 2026-08-01 Invalidated",
		"offers/sms":       "dpv:ConsentInvalidated: 2026-08-01 Invalidated",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestOf_AWithdrawnConsentStillShowsItsText(t *testing.T) {
	s := eraser(t)
	for _, c := range reported(t, s, "2028-06-02 12:00").Consents {
		given := c.Purposes[0].ID == "newsletter" || c.Channel == "email"
		if c.EverGiven() != given || c.PrivacyNotice.Known != given {
			t.Errorf("%s by %s was given: %v, known: %v", c.Purposes[0].ID, c.Channel, c.EverGiven(), c.PrivacyNotice.Known)
		}
		if given &&
			(c.Language != "pl" || !strings.Contains(c.PrivacyNotice.Text, "Sklep Ani") || c.CollectionMethod.Form != "footer") {
			t.Errorf("it shows %+v in %s, %+v", c.PrivacyNotice, c.Language, c.CollectionMethod)
		}
		if !given && (c.Language != "und" || c.PrivacyNotice.Says == nil || c.StateTerm != "dpv:ConsentRefused") {
			t.Errorf("what was never given shows %+v in %s, %s", c.PrivacyNotice, c.Language, c.StateTerm)
		}
	}
}

func TestOf_NamesBasesAndPeriodsInTheVocabulary(t *testing.T) {
	s := customer(t)
	s.tell(t, "2026-07-21 12:00", fact.Fact{Kind: fact.KindNegotiationOpened, Ref: "talk-1"})
	bases := map[string]string{}
	for _, h := range reported(t, s, "2026-07-21 13:00").Held {
		if (h.LastDay == "") != (h.Storage == "dpv:UntilEventDuration") || (h.Until == nil) != (h.LastDay == "") {
			t.Errorf("%s %s has the last day %q and is %s", h.ID, h.Record, h.LastDay, h.Storage)
		}
		if h.Term == "" || h.Ends.PL == "" || h.Ends.EN == "" {
			t.Errorf("%s %s says %+v", h.ID, h.Record, h)
		}
		for _, b := range h.Because {
			bases[b.Rule] = b.LawfulBasis + b.Justification
			if b.Period.PL == "" || b.Period.EN == "" || b.Purpose.Term == "" {
				t.Errorf("rule %s says %+v", b.Rule, b)
			}
		}
	}
	for rule, want := range map[string]string{
		"newsletter": "eu-gdpr:A6-1-a", "contract_course": "eu-gdpr:A6-1-b-contract-performance", "pre_contract": "eu-gdpr:A6-1-b-enter-into-contract",
		"tax": "eu-gdpr:A6-1-c", "claims": "eu-gdpr:A6-1-f", "hold": "eu-gdpr:JustificationA17LegalClaims",
	} {
		if bases[rule] != want {
			t.Errorf("rule %s is %q and not %q", rule, bases[rule], want)
		}
	}
}

func TestOf_NamesSourcesAndThoseWhoGetIt(t *testing.T) {
	for _, h := range reported(t, customer(t), "2026-07-20 12:00").Held {
		var recipients []string
		for _, r := range h.Recipients {
			name := strings.TrimSpace(r.ID + " " + r.ThirdCountry)
			if r.Connected {
				name += " connected"
			}
			recipients = append(recipients, name)
		}
		got := strings.Join(h.Sources, " ") + ": " + strings.Join(recipients, ", ")
		switch h.ID + " " + h.Record {
		case "contact ":
			if got != "card letters shop: letters connected, payments USA" {
				t.Errorf("contact: %s", got)
			}
		case "invoice order-2":
			if got != "shop: bookkeeper" {
				t.Errorf("invoice: %s", got)
			}
		case "order invoice-1":
			if !slices.Equal(h.OtherNames, []string{"order-1"}) {
				t.Errorf("the order's other names are %v", h.OtherNames)
			}
		}
	}
}

func TestOf_TellsWhatWasDeletedAndWhatStays(t *testing.T) {
	s := subscriber(t)
	s.tell(t, "2026-06-03 10:00", fact.Fact{Kind: fact.KindRequestAnswered, Ref: "req-9"})
	s.pass(t, "2026-08-01 10:00")
	r := reported(t, s, "2026-08-01 12:00")
	if len(r.Deleted) != 2 || r.Deleted[0].On != "2026-06-01" || r.Deleted[0].Items[0].ID != "contact" ||
		r.Deleted[0].Because[0].Article != "6(1)(a)" ||
		r.Deleted[0].Revision != s.policy.Revision || !strings.HasPrefix(r.Deleted[0].Decision, "dec_") {
		t.Errorf("deleted: %+v", r.Deleted)
	}
	if r.Deleted[1].Items[0].Records != 1 {
		t.Errorf("deleted of a record: %+v", r.Deleted[1])
	}
	if r.Tombstone == nil || r.Tombstone.DeletedOn != "2026-06-01" || r.Tombstone.LastDay != "2029-06-01" ||
		!strings.Contains(r.Tombstone.Says.EN, "Until 1 June 2029") {
		t.Errorf("the tombstone is %+v", r.Tombstone)
	}
	for _, h := range r.Held {
		if !h.Pseudonymous {
			t.Errorf("%s is held", h.ID)
		}
	}
	if before := reported(t, s, "2026-05-01 12:00"); len(before.Deleted) != 0 || before.Tombstone != nil {
		t.Errorf("before the deletion it is told: %+v", before.Deleted)
	}
	if r.Requests[0].State.EN != "answered" || r.Requests[0].AnsweredOn != "2026-06-03" ||
		r.Requests[0].Right != "eu-gdpr:A17" {
		t.Errorf("the request is %+v", r.Requests[0])
	}
}

// TestOf_ARequestRecordedByMistake is told with the day of its end and the reason, and without an answer.
func TestOf_ARequestRecordedByMistake(t *testing.T) {
	s := subscriber(t)
	s.tell(t, "2026-06-03 10:00", fact.Fact{
		Kind: fact.KindRequestAnswered, Ref: "req-9", Outcome: fact.OutcomeMistaken, Reason: "another person",
	})
	got := reported(t, s, "2026-08-01 12:00").Requests[0]
	if got.MistakenOn != "2026-06-03" || got.AnsweredOn != "" || got.Reason != "another person" || got.Overdue {
		t.Errorf("got %+v, want the day of the mistake and no answer", got)
	}
}

func TestOf_TellsLimitsRightsAndWhatItDoesNotKnow(t *testing.T) {
	s := newScene(t)
	s.tell(t, "2026-03-05 12:00", fact.Fact{Kind: fact.KindSale, Ref: "order-1"})
	s.tell(
		t,
		"2026-03-10 12:00",
		fact.Fact{Kind: fact.KindRestriction, Ref: "req-1", Traits: []string{fact.TraitForClaims}},
	)
	s.tell(
		t,
		"2026-03-11 12:00",
		fact.Fact{Kind: fact.KindObjection, Ref: "req-2", Purposes: []string{"claims"}},
	)
	r := reported(t, s, "2026-03-12 12:00")
	if len(r.Limits) != 2 || r.Limits[0].Purpose != nil || r.Limits[0].Since != "2026-03-10" ||
		r.Limits[1].Purpose.ID != "claims" {
		t.Errorf("the limits are %+v", r.Limits)
	}
	var rights []string
	for _, x := range r.Rights {
		rights = append(rights, strings.TrimPrefix(x.Right, "eu-gdpr:"))
	}
	if got := strings.Join(rights, " "); got != "A15 A16 A17 A18 A19 A20 A21 A7-3 A77" {
		t.Errorf("the rights are %s", got)
	}
	if last := r.Rights[len(r.Rights)-1]; !strings.Contains(last.Says.EN, "Prezes Urzędu Ochrony Danych Osobowych") {
		t.Errorf("the complaint is %+v", last)
	}
	if r.AutomatedDecisions.Used || len(r.NotKnown) == 0 {
		t.Errorf("automated: %+v, not known: %v", r.AutomatedDecisions, r.NotKnown)
	}
	for _, h := range r.Held {
		for _, b := range h.Because {
			if b.Rule == "restriction" && b.Right != "eu-gdpr:A18" {
				t.Errorf("a restriction is on %+v", b)
			}
		}
	}
}

func TestOf_HoldsNoNameThatWasNotPassedIn(t *testing.T) {
	s := customer(t)
	s.subject.Keys, s.subject.Sealed = []string{"key-of-ala"}, []byte("sealed-ala")
	for i := range s.subject.Facts {
		s.subject.Facts[i].Address, s.subject.Facts[i].Proof = "hash-of-address", []byte("proof")
	}
	data, err := json.Marshal(report.Of(s.policy, nil, s.subject, at(t, "2026-07-20 12:00"), s.journal))
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{"key-of-ala", "sealed-ala", "hash-of-address", "cHJvb2Y", "@example.com"} {
		if strings.Contains(string(data), secret) {
			t.Errorf("the report holds %s", secret)
		}
	}
}

func TestOf_NobodyIsAReportTooAndListsAreNeverNull(t *testing.T) {
	s := newScene(t)
	o := object(
		t,
		report.Of(s.policy, nil, lifecycle.Subject{ID: "p-0"}, time.Date(2026, 1, 1, 23, 30, 0, 0, time.UTC), nil),
	)
	for _, list := range []string{"names", "held", "consents", "limits", "requests", "deleted", "rights", "not_known"} {
		if _, ok := o[list].([]any); !ok {
			t.Errorf("%s is %v", list, o[list])
		}
	}
	if o["generated_on"] != "2026-01-02" || o["zone"] != "Europe/Warsaw" {
		t.Errorf("the day is %v in %v", o["generated_on"], o["zone"])
	}
}

// items are the categories of a report that are known to be held, or that may be held.
func items(p report.Person, known bool) []string {
	var out []string
	for _, h := range p.Held {
		if h.Known == known {
			out = append(out, strings.TrimSpace(h.ID+" "+h.Record))
		}
	}
	return out
}

func TestOf_DataThatNobodyReportedMayBeHeld(t *testing.T) {
	s := newScene(t)
	s.tell(
		t,
		"2026-03-01 10:00",
		fact.Fact{Kind: fact.KindSale, Source: "shop", Ref: "order-1", Access: fact.AccessCourse},
	)
	r := reported(t, s, "2026-03-02 10:00")
	if got, want := items(r, true), []string{"contact", "order order-1"}; !slices.Equal(got, want) {
		t.Errorf("known: got %v, want %v", got, want)
	}
	for _, want := range []string{"phone", "invoice order-1", "progress order-1"} {
		if got := items(r, false); !slices.Contains(got, want) {
			t.Errorf("may be held: got %v, want %s too", got, want)
		}
	}
	page := seen(paged(t, report.Polish, r))
	may := strings.Index(page, "Dane, które mogą być przechowywane")
	if phone := strings.Index(page, "numer telefonu"); may < 0 || phone < may {
		t.Errorf("the page says that a telephone number is held:\n%s", page)
	}
}

func TestOf_APersonWithoutATelephoneIsNotToldOfOne(t *testing.T) {
	for presence, known := range map[fact.Presence]bool{fact.PresenceNone: false, fact.PresenceGiven: true} {
		s := newScene(t)
		s.tell(t, "2026-03-01 10:00", fact.Fact{Kind: fact.KindSale, Source: "shop", Ref: "order-1", Phone: presence})
		r := reported(t, s, "2026-03-02 10:00")
		if got := slices.Contains(items(r, true), "phone"); got != known || slices.Contains(items(r, false), "phone") {
			t.Errorf("presence %d: a telephone number is held %v and may be held %v, want %v and false",
				presence, got, slices.Contains(items(r, false), "phone"), known)
		}
	}
}

func TestOf_NamesTheRecipientsThatWereNotified(t *testing.T) {
	s := customer(t)
	s.policy.Connected[0].Name, s.policy.Connected[1].Name = "Listonosz sp. z o.o.", "Sklep na WooCommerce"
	s.policy.Contact = rules.Contact{
		Address: "ul. Długa 1, Warszawa",
		Email:   "kontakt@example.com",
		DPO:     "Jan Nowak, iod@example.com",
	}
	page := seen(paged(t, report.Polish, reported(t, s, "2026-07-20 12:00")))
	says(t, page, "Listonosz sp. z o.o.", "ostatnie powiadomienie o decyzji:", "kategoria odbiorców według polityki",
		"Data Privacy Framework", "ul. Długa 1, Warszawa, kontakt@example.com", "Jan Nowak, iod@example.com")
	if strings.Contains(page, "Dane kontaktowe administratora nie są zapisane") {
		t.Error("the contact details are stated, and the page says that they are not")
	}
}

// TestOf_SaysWhatStaysAfterAFullErasure: for the intake period the facts without the address, and hashes afterwards.
func TestOf_SaysWhatStaysAfterAFullErasure(t *testing.T) {
	s := newScene(t)
	s.tell(t, "2026-03-01 10:00", fact.Fact{Kind: fact.KindNegotiationOpened, Source: "forms", Ref: "talk-1"})
	s.tell(t, "2026-03-05 10:00", fact.Fact{Kind: fact.KindErasure, Source: "forms", Ref: "req-1"})
	s.tell(t, "2026-03-06 10:00", fact.Fact{Kind: fact.KindRequestAnswered, Ref: "req-1"})
	for when, want := range map[string]string{
		"2026-03-10 10:00": "Do 5 kwietnia 2026 r. przechowywane są jeszcze zdarzenia bez adresu i nazwiska: rodzaj, dzień i numery",
		"2026-04-10 10:00": "1 skrót kryptograficzny do 5 kwietnia 2029 r.",
	} {
		later := *s
		later.pass(t, when)
		got := report.Of(s.policy, nil, later.subject, at(t, when), later.journal).Tombstone
		if got == nil || !strings.Contains(got.Says.PL, want) {
			t.Errorf("%s: got %+v, want %q", when, got, want)
		}
		if references := len(later.subject.Facts) > 0; when > "2026-04" && slices.ContainsFunc(later.subject.Facts,
			func(f fact.Fact) bool { return references && f.Ref == "talk-1" }) {
			t.Errorf("%s: the reference of the talk is still there: %+v", when, later.subject.Facts)
		}
	}
}
