package webhook

import (
	"strings"

	factv1 "github.com/rodopath/rodopath/api/gen/rodopath/fact/v1"
)

// kind returns a kind of fact by its name in JSON: "access_started" for KIND_ACCESS_STARTED.
func kind(s string) (factv1.Kind, bool) {
	n, ok := factv1.Kind_value["KIND_"+upper(s)]
	return factv1.Kind(n), ok && n != 0
}

// access returns a kind of access by its name in JSON.
func access(s string) (factv1.Access, bool) {
	n, ok := factv1.Access_value["ACCESS_"+upper(s)]
	return factv1.Access(n), ok && n != 0
}

// upper returns the name in upper case, and "" for a name that is not in lower case.
func upper(s string) string {
	if s != strings.ToLower(s) {
		return ""
	}
	return strings.ToUpper(s)
}

// aboutRecord reports whether a kind of fact requires a record. A hold without a record covers
// everything.
func aboutRecord(k factv1.Kind) bool {
	switch k {
	case factv1.Kind_KIND_SALE, factv1.Kind_KIND_REFUND, factv1.Kind_KIND_PERFORMED,
		factv1.Kind_KIND_NEGOTIATION_OPENED, factv1.Kind_KIND_NEGOTIATION_CLOSED,
		factv1.Kind_KIND_ACCESS_STARTED, factv1.Kind_KIND_ACCESS_ENDED, factv1.Kind_KIND_WEBINAR,
		factv1.Kind_KIND_DOWNLOAD, factv1.Kind_KIND_ORDER_PLACED, factv1.Kind_KIND_ORDER_EXPIRED,
		factv1.Kind_KIND_COMPLAINT, factv1.Kind_KIND_COMPLAINT_SETTLED:
		return true
	}
	return false
}

// isRequest reports whether a kind of fact is a request for a right, or the end of one. Its ref is
// the name of the request.
func isRequest(k factv1.Kind) bool {
	switch k {
	case factv1.Kind_KIND_ERASURE, factv1.Kind_KIND_OBJECTION,
		factv1.Kind_KIND_RESTRICTION, factv1.Kind_KIND_RESTRICTION_LIFTED,
		factv1.Kind_KIND_ACCESS_REQUEST, factv1.Kind_KIND_PORTABILITY_REQUEST, factv1.Kind_KIND_RECTIFICATION_REQUEST:
		return true
	}
	return false
}

// isStep reports whether a kind of fact is a step of a request. The request identifies the person,
// so a step needs no person.
func isStep(k factv1.Kind) bool {
	switch k {
	case factv1.Kind_KIND_REQUEST_VERIFIED, factv1.Kind_KIND_REQUEST_EXTENDED,
		factv1.Kind_KIND_REQUEST_DECIDED, factv1.Kind_KIND_REQUEST_ANSWERED:
		return true
	}
	return false
}

// outcomes lists the outcomes of a kind of fact: of a decided request, of a recipient, or all
// outcomes for other kinds.
func outcomes(k factv1.Kind) []string {
	switch k {
	case factv1.Kind_KIND_REQUEST_DECIDED:
		return []string{"granted", "partly", "refused"}
	case factv1.Kind_KIND_RECEIPT:
		return []string{"done", "partial", "held", "not_found", "refused"}
	}
	return []string{"granted", "partly", "done", "partial", "held", "not_found", "refused"}
}
