package console

import (
	"crypto/rand"
	"slices"
	"time"
)

// tokenLife is how long an address to sign in admits a browser, and tokenMemory how long it is remembered, so that the
// page can say why the address admits nobody.
const (
	tokenLife   = 10 * time.Minute
	tokenMemory = 24 * time.Hour
)

// maxTokens bounds the tokens that are remembered.
const maxTokens = 50

// maxFailures is the number of wrong tokens in a minute after which no token is tried.
const maxFailures = 10

// token is an address to sign in.
type token struct {
	made time.Time
	used bool
}

// tokenState says whether an address to sign in admits a browser, and why not: the key of a sentence.
type tokenState string

// The states of an address to sign in.
const (
	tokenGood    tokenState = ""
	tokenUsed    tokenState = "token_used"
	tokenExpired tokenState = "token_expired"
	tokenUnknown tokenState = "token_unknown"
	tokenLocked  tokenState = "token_locked"
)

// newToken returns a new token that admits one browser once.
func (s *sessions) newToken() string {
	text := rand.Text()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forget()
	if len(s.tokens) >= maxTokens {
		clear(s.tokens)
	}
	s.tokens[hashOf(text)] = token{made: s.now()}
	return text
}

// forget drops tokens that nobody asks about any more, and old failures. s.mu is held.
func (s *sessions) forget() {
	now := s.now()
	for t, made := range s.tokens {
		if now.Sub(made.made) > tokenMemory {
			delete(s.tokens, t)
		}
	}
	s.failures = slices.DeleteFunc(s.failures, func(t time.Time) bool { return now.Sub(t) > time.Minute })
}

// lookUp returns the state of a token, and the minutes for which it goes on to admit a browser, at least one.
func (s *sessions) lookUp(text string) (state tokenState, minutes int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stateOf(hashOf(text))
}

// stateOf returns the state of a token. s.mu is held.
func (s *sessions) stateOf(key secret) (state tokenState, minutes int) {
	t, known := s.tokens[key]
	left := tokenLife - s.now().Sub(t.made)
	switch {
	case !known:
		return tokenUnknown, 0
	case t.used:
		return tokenUsed, 0
	case left < 0:
		return tokenExpired, 0
	}
	return tokenGood, max(1, int(left.Minutes()))
}

// take has a token admit a browser, once; any other state than tokenGood admits nobody.
func (s *sessions) take(text string) tokenState {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forget()
	if len(s.failures) >= maxFailures {
		return tokenLocked
	}
	key := hashOf(text)
	state, _ := s.stateOf(key)
	if state != tokenGood {
		s.failures = append(s.failures, s.now())
		return state
	}
	t := s.tokens[key]
	t.used = true
	s.tokens[key] = t
	return tokenGood
}
