// Package problem writes errors as the services answer them: problem details in
// JSON (RFC 9457) that name the fault and give nothing away.
package problem

import (
	"encoding/json"
	"net/http"
)

// ContentType is the media type of a Problem.
const ContentType = "application/problem+json"

// Problem is an error as a client reads it.
type Problem struct {
	// Type names the kind of problem; it is a name, not a page to fetch.
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	// Detail says what is wrong and what to do. It never holds a secret or an
	// address.
	Detail string `json:"detail,omitempty"`
}

// base is in front of the name of a problem in its type.
const base = "https://rodopath.dev/problems/"

// New makes a problem; name is the last part of its type, such as "bad-signature".
func New(status int, name, detail string) *Problem {
	return &Problem{Type: base + name, Title: http.StatusText(status), Status: status, Detail: detail}
}

// Blank makes a problem that means its status and no more.
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
