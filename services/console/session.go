package console

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"slices"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// The lifetimes of a sign-in token, and of a session without a request.
const (
	tokenLife   = 10 * time.Minute
	sessionIdle = 12 * time.Hour
	sessionMost = 7 * 24 * time.Hour
)

// maxSessions and maxTokens bound what is remembered.
const (
	maxSessions = 100
	maxTokens   = 20
)

// cookieName is the name of the cookie of a session.
const cookieName = "rodopath_console"

// secret is the hash of a random text that a browser shows.
type secret [sha256.Size]byte

func hashOf(text string) secret { return sha256.Sum256([]byte(text)) }

// session is a browser that signed in.
type session struct {
	// number identifies the session to the owner; seal is shown in every form.
	number    int
	key, seal secret
	sealText  string
	began     time.Time
	last      time.Time
	agent     string
	// name and role are those of the person; the limit bounds the requests of the browser.
	name  string
	role  Role
	limit *rate.Limiter
}

// sessions are the browsers that signed in, and the tokens that admit further ones.
type sessions struct {
	now func() time.Time

	mu     sync.Mutex
	next   int
	open   []*session
	tokens map[secret]time.Time
	// failures are the times of recent attempts with a wrong token.
	failures []time.Time
}

func newSessions(now func() time.Time) *sessions {
	return &sessions{now: now, tokens: map[secret]time.Time{}}
}

// token returns a new token that admits one browser once.
func (s *sessions) token() string {
	text := rand.Text()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forget()
	if len(s.tokens) >= maxTokens {
		clear(s.tokens)
	}
	s.tokens[hashOf(text)] = s.now()
	return text
}

// forget drops expired tokens, sessions and failures. s.mu is held.
func (s *sessions) forget() {
	now := s.now()
	for t, made := range s.tokens {
		if now.Sub(made) > tokenLife {
			delete(s.tokens, t)
		}
	}
	s.open = slices.DeleteFunc(s.open, func(o *session) bool {
		return now.Sub(o.last) > sessionIdle || now.Sub(o.began) > sessionMost
	})
	s.failures = slices.DeleteFunc(s.failures, func(t time.Time) bool { return now.Sub(t) > time.Minute })
}

// maxFailures is the number of wrong tokens in a minute after which no token is tried.
const maxFailures = 10

// signIn admits a browser with a token. key is the content of its cookie; false for a wrong or used token.
func (s *sessions) signIn(token, agent string) (key string, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forget()
	if len(s.failures) >= maxFailures {
		return "", false
	}
	if _, known := s.tokens[hashOf(token)]; !known {
		s.failures = append(s.failures, s.now())
		return "", false
	}
	delete(s.tokens, hashOf(token))
	return s.begin("", RoleOwner, agent), true
}

// admit begins a session of a person who proved to be somebody, and returns the content of the cookie.
func (s *sessions) admit(name string, role Role, agent string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forget()
	return s.begin(name, role, agent)
}

// begin begins a session. s.mu is held.
func (s *sessions) begin(name string, role Role, agent string) (key string) {
	if len(s.open) >= maxSessions {
		s.open = s.open[1:]
	}
	s.next++
	key, seal := rand.Text(), rand.Text()
	s.open = append(s.open, &session{
		number: s.next, key: hashOf(key), seal: hashOf(seal), sealText: seal, began: s.now(), last: s.now(), agent: agent,
		name: name, role: role, limit: rate.NewLimiter(sessionRate, sessionBurst),
	})
	return key
}

// of returns the session of a request; nil without one.
func (s *sessions) of(r *http.Request) *session {
	cookie, err := r.Cookie(cookieName)
	if err != nil {
		return nil
	}
	key := hashOf(cookie.Value)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forget()
	for _, o := range s.open {
		if subtle.ConstantTimeCompare(o.key[:], key[:]) == 1 {
			o.last = s.now()
			copied := *o
			return &copied
		}
	}
	return nil
}

// end ends a session by its number; 0 ends all.
func (s *sessions) end(number int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open = slices.DeleteFunc(s.open, func(o *session) bool { return number == 0 || o.number == number })
}

// list returns the sessions, the latest first.
func (s *sessions) list() []session {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forget()
	var out []session
	for _, o := range slices.Backward(s.open) {
		out = append(out, *o)
	}
	return out
}

// isSealed reports whether a form was written for the session.
func (o *session) isSealed(r *http.Request) bool {
	seal := hashOf(r.PostFormValue("seal"))
	return subtle.ConstantTimeCompare(o.seal[:], seal[:]) == 1
}
