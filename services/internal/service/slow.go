package service

import (
	"net/http"
	"time"
)

// writeTimeout bounds the time in which a client takes a part of an answer. A long answer may take longer as a whole.
const writeTimeout = 30 * time.Second

// cutSlowReaders cuts off clients that do not take their answers, and so hold memory and a connection.
func cutSlowReaders(next http.Handler, within time.Duration) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p := patient{ResponseWriter: w, within: within}
		defer p.extend() // the rest of the answer is written after the handler
		next.ServeHTTP(p, r)
	})
}

// patient extends the deadline of the connection with each part of an answer.
type patient struct {
	http.ResponseWriter
	within time.Duration
}

// extend gives the client time for the next part. Without support for deadlines the client has any time.
func (p patient) extend() {
	_ = http.NewResponseController(p.ResponseWriter).SetWriteDeadline(time.Now().Add(p.within))
}

// Write implements http.ResponseWriter.
func (p patient) Write(data []byte) (int, error) {
	p.extend()
	return p.ResponseWriter.Write(data)
}

// WriteHeader implements http.ResponseWriter.
func (p patient) WriteHeader(code int) {
	p.extend()
	p.ResponseWriter.WriteHeader(code)
}

// Flush implements http.Flusher.
func (p patient) Flush() {
	p.extend()
	_ = http.NewResponseController(p.ResponseWriter).Flush()
}

// Unwrap is for http.ResponseController.
func (p patient) Unwrap() http.ResponseWriter { return p.ResponseWriter }
