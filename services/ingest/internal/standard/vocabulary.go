package standard

import (
	"strings"

	factv1 "github.com/rodopath/rodopath/api/gen/rodopath/fact/v1"
)

// kind returns a kind of fact by its name in JSON: "access_started" for
// KIND_ACCESS_STARTED.
func kind(s string) (factv1.Kind, bool) {
	n, ok := factv1.Kind_value["KIND_"+upper(s)]
	return factv1.Kind(n), ok && n != 0
}

// access returns a kind of access by its name in JSON.
func access(s string) (factv1.Access, bool) {
	n, ok := factv1.Access_value["ACCESS_"+upper(s)]
	return factv1.Access(n), ok && n != 0
}

// upper returns "" for what is not in lower case already: there is one way to
// write a name.
func upper(s string) string {
	if s != strings.ToLower(s) {
		return ""
	}
	return strings.ToUpper(s)
}

// aboutRecord tells whether a kind of fact says nothing without the record that
// it is about. A hold without one is on everything.
func aboutRecord(k factv1.Kind) bool {
	switch k {
	case factv1.Kind_KIND_SALE, factv1.Kind_KIND_REFUND, factv1.Kind_KIND_PERFORMED,
		factv1.Kind_KIND_NEGOTIATION_OPENED, factv1.Kind_KIND_NEGOTIATION_CLOSED,
		factv1.Kind_KIND_ACCESS_STARTED, factv1.Kind_KIND_ACCESS_ENDED, factv1.Kind_KIND_WEBINAR:
		return true
	}
	return false
}
