package ingest

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"slices"
	"strconv"

	"google.golang.org/protobuf/types/known/timestamppb"

	factv1 "github.com/rodopath/rodopath/api/gen/rodopath/fact/v1"
)

// FactID returns an id made of parts: the first 32 hex characters of SHA-256 over the parts, each
// prefixed with its length, so that different lists of parts never collide by concatenation.
func FactID(parts ...string) string {
	size := 0
	for _, p := range parts {
		size += 8 + len(p)
	}
	buf := make([]byte, 0, size)
	for _, p := range parts {
		buf = binary.BigEndian.AppendUint64(buf, uint64(len(p)))
		buf = append(buf, p...)
	}
	sum := sha256.Sum256(buf)
	return hex.EncodeToString(sum[:16])
}

// AssignIDs gives every fact without an id one derived from the source and the content. Two
// webhooks with the same content give the same id; the person, other names of the record, evidence,
// the reason and the time of information have no influence.
func AssignIDs(source string, facts []*factv1.Fact) {
	for _, f := range facts {
		if f.GetId() == "" {
			AssignDistinctID(source, f)
		}
	}
}

// AssignDistinctID assigns the id of one fact with further names, which distinguish facts of the
// same content, such as the numbers of two refunds.
func AssignDistinctID(source string, f *factv1.Fact, apart ...string) {
	f.Id = FactID(meaning(source, unix(f.GetOccurred()), f, apart)...)
}

// AssignUndatedID is AssignDistinctID for a fact whose time is an approximation that changes from
// webhook to webhook: the time has no influence on the id.
func AssignUndatedID(source string, f *factv1.Fact, apart ...string) {
	f.Id = FactID(meaning(source, "undated", f, apart)...)
}

func meaning(source, occurred string, f *factv1.Fact, apart []string) []string {
	parts := make([]string, 0, 24+len(f.GetPurposes())+len(f.GetChannels())+len(f.GetTraits())+len(apart))
	parts = append(parts,
		source, f.GetKind().String(), f.GetRef(), occurred, f.GetContract(),
		f.GetAccess().String(), strconv.Itoa(int(f.GetAccessDays())), unix(f.GetPaidUntil()),
		strconv.FormatBool(f.GetPerformanceAwaited()), strconv.FormatBool(f.GetFull()), f.GetWording(),
	)
	for _, list := range [][]string{f.GetPurposes(), f.GetChannels(), apart} {
		parts = appendList(parts, list)
	}
	return append(parts, laterFields(f)...)
}

// laterFields are fields that were added after the first release of ids. Each is prefixed with its
// name and omitted when unset, so that the ids of facts without the fields are unchanged.
func laterFields(f *factv1.Fact) []string {
	var parts []string
	if f.GetOutcome() != "" {
		parts = append(parts, "outcome", f.GetOutcome())
	}
	if f.GetRecipient() != "" {
		parts = append(parts, "recipient", f.GetRecipient())
	}
	if f.GetKind() == factv1.Kind_KIND_STATE {
		parts = append(parts, "state_of", f.GetStateOf())
	}
	if f.GetMatter() != "" {
		parts = append(parts, "matter", f.GetMatter())
	}
	if f.GetEventAt() != nil {
		parts = append(parts, "event_at", unix(f.GetEventAt()))
	}
	if len(f.GetTraits()) > 0 {
		parts = appendList(append(parts, "traits"), f.GetTraits())
	}
	return parts
}

// appendList adds an unordered list, prefixed with its length.
func appendList(parts, list []string) []string {
	parts = append(parts, strconv.Itoa(len(list)))
	return append(parts, slices.Sorted(slices.Values(list))...)
}

func unix(t *timestamppb.Timestamp) string {
	if t == nil {
		return ""
	}
	return strconv.FormatInt(t.GetSeconds(), 10)
}
