// Package facttest formats facts as lines of text and reads recorded payloads, for tests that read
// as tables of webhooks and facts.
package facttest

import (
	"strconv"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	factv1 "github.com/rodopath/rodopath/api/gen/rodopath/fact/v1"
	"github.com/rodopath/rodopath/services/ingest"
)

// Reading writes a reading: a line for every fact, then one for every silence, then one for an unread
// part. States are left out: see States.
func Reading(r ingest.Reading) string {
	var b strings.Builder
	for _, f := range r.Facts {
		if f.GetKind() != factv1.Kind_KIND_STATE {
			b.WriteString(Fact(f) + "\n")
		}
	}
	for _, reason := range r.Silent {
		b.WriteString("silent " + reason + "\n")
	}
	if r.Unread != "" {
		b.WriteString("unread " + r.Unread + "\n")
	}
	return b.String()
}

// States writes a line for every state of a reading: the name of the thing and the time of the state, and
// the kinds of the facts of the state.
func States(r ingest.Reading) string {
	var b strings.Builder
	for _, state := range r.Facts {
		if state.GetKind() != factv1.Kind_KIND_STATE {
			continue
		}
		words := []string{state.GetStateOf(), instant(state.GetAsOf())}
		for _, f := range r.Facts {
			if f.GetStateOf() == state.GetStateOf() && f != state && f.GetAsOf().AsTime().Equal(state.GetAsOf().AsTime()) {
				words = append(words, strings.ToLower(strings.TrimPrefix(f.GetKind().String(), "KIND_")))
			}
		}
		b.WriteString(strings.Join(words, " ") + "\n")
	}
	return b.String()
}

// Fact formats a fact without its id: the kind, the time, the record, and the remaining fields.
func Fact(f *factv1.Fact) string {
	words := []string{
		strings.ToLower(strings.TrimPrefix(f.GetKind().String(), "KIND_")),
		instant(f.GetOccurred()),
	}
	add := func(name, value string) {
		if value != "" {
			words = append(words, name+"="+value)
		}
	}
	add("ref", f.GetRef())
	if !strings.HasPrefix(f.GetStateOf(), f.GetRef()) {
		add("of", f.GetStateOf())
	}
	add("links", strings.Join(f.GetLinks(), ","))
	add("contract", f.GetContract())
	add("matter", f.GetMatter())
	if f.GetAccess() != factv1.Access_ACCESS_UNSPECIFIED {
		add("access", strings.ToLower(strings.TrimPrefix(f.GetAccess().String(), "ACCESS_")))
	}
	if f.GetAccessDays() != 0 {
		add("days", strconv.Itoa(int(f.GetAccessDays())))
	}
	if f.GetPaidUntil() != nil {
		add("paid_until", instant(f.GetPaidUntil()))
	}
	if f.GetEventAt() != nil {
		add("event_at", instant(f.GetEventAt()))
	}
	if f.Phone != nil {
		add("phone", map[bool]string{true: "given", false: "none"}[f.GetPhone()])
	}
	words = append(words, flags(f)...)
	add("wording", f.GetWording())
	add("purposes", strings.Join(f.GetPurposes(), ","))
	add("channels", strings.Join(f.GetChannels(), ","))
	add("traits", strings.Join(f.GetTraits(), ","))
	add("outcome", f.GetOutcome())
	add("recipient", f.GetRecipient())
	add("reason", quoted(f.GetReason()))
	if f.GetTold() != nil {
		add("told", instant(f.GetTold()))
	}
	words = append(words, evidence(f.GetEvidence())...)
	add("who", who(f))
	add("locators", strings.Join(f.GetLocators(), ","))
	return strings.Join(words, " ")
}

func flags(f *factv1.Fact) []string {
	var words []string
	if f.GetPerformanceAwaited() {
		words = append(words, "awaited")
	}
	if f.GetFull() {
		words = append(words, "full")
	}
	return words
}

func evidence(e *factv1.Evidence) []string {
	var words []string
	if e.GetForm() != "" {
		words = append(words, "form="+e.GetForm())
	}
	if e.GetIp() != "" {
		words = append(words, "ip="+e.GetIp())
	}
	if t := e.GetDoubleOptIn(); t != nil {
		words = append(words, "double_opt_in="+instant(t))
	}
	if e.GetText() != "" {
		words = append(words, "text="+quoted(e.GetText()))
	}
	return words
}

// quoted quotes a text with spaces.
func quoted(s string) string {
	if s == "" {
		return ""
	}
	return strconv.Quote(s)
}

func who(f *factv1.Fact) string {
	var names []string
	for _, id := range f.GetIdentities() {
		names = append(names, id.GetKind()+":"+id.GetValue())
	}
	return strings.Join(names, ",")
}

func instant(t *timestamppb.Timestamp) string {
	if t == nil {
		return "-"
	}
	return t.AsTime().Format(time.RFC3339Nano)
}
