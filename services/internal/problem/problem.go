// Package problem writes errors as problem details in JSON (RFC 9457), without secrets or personal
// data.
package problem

import (
	"encoding/json"
	"net/http"
)

// ContentType is the media type of a Problem.
const ContentType = "application/problem+json"

// Problem is an error for a client.
type Problem struct {
	// Type identifies the kind of problem; the URL is a name and not a page.
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	// Detail describes the fault and the remedy, without secrets or addresses.
	Detail string `json:"detail,omitempty"`
}

// base is the prefix of every type.
const base = "https://rodopath.dev/problems/"

// New returns a problem; name is the last part of its type, such as "bad-signature".
func New(status int, name, detail string) *Problem {
	return &Problem{Type: base + name, Title: http.StatusText(status), Status: status, Detail: detail}
}

// Blank returns a problem with a status alone.
func Blank(status int) *Problem {
	return &Problem{Type: "about:blank", Title: http.StatusText(status), Status: status}
}

// Error makes a Problem an error.
func (p *Problem) Error() string {
	if p.Detail == "" {
		return p.Title
	}
	return p.Title + ": " + p.Detail
}

// Write answers a request with the problem.
func (p *Problem) Write(w http.ResponseWriter) error {
	w.Header().Set("Content-Type", ContentType)
	w.WriteHeader(p.Status)
	return json.NewEncoder(w).Encode(p)
}
