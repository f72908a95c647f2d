package console

import (
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// The lifetimes of a session without a request, and of any.
const (
	sessionIdle = 12 * time.Hour
	sessionMost = 7 * 24 * time.Hour
)

// maxSessions bounds the sessions that are stored.
const maxSessions = 100

// cookieName is the name of the cookie of a session.
const cookieName = "rodopath_console"

// secret is the hash of a random text that a browser shows.
type secret [sha256.Size]byte

func hashOf(text string) secret { return sha256.Sum256([]byte(text)) }

// The ways to sign in.
const (
	byToken    = "token"
	byPassword = "password"
	byPasskey  = "passkey"
	byTeam     = "team"
)

// session is a browser that signed in, as it is stored: nothing in it signs anybody in.
type session struct {
	// ID is the hash of the cookie.
	ID    string    `json:"id"`
	Began time.Time `json:"began"`
	Last  time.Time `json:"last"`
	Agent string    `json:"agent"`
	// Name and Role are those of the person, By is how the person signed in.
	Name string `json:"name"`
	Role Role   `json:"role"`
	By   string `json:"by"`
	// Mark is the fingerprint of the password with which the user is configured: a session ends with the password.
	Mark string `json:"mark,omitempty"`

	// seal is shown in every form; the limit bounds the requests of the browser.
	seal  string
	limit *rate.Limiter
}

// sessionPrefix is that of the names of the records of sessions.
const sessionPrefix = "session."

// sessions are the browsers that signed in, which all replicas share, and the tokens that admit further ones.
type sessions struct {
	now func() time.Time
	api *api
	// admits reports whether a person may still be signed in, and changes the role as configured.
	admits func(*session) bool

	mu     sync.Mutex
	tokens map[secret]token
	// failures are the times of recent attempts with a wrong token.
	failures []time.Time
	// limits bound the requests of the sessions that this process has seen.
	limits map[string]*rate.Limiter
}

func newSessions(now func() time.Time, a *api, admits func(*session) bool) *sessions {
	return &sessions{
		now: now, api: a, admits: admits, tokens: map[secret]token{}, limits: map[string]*rate.Limiter{},
	}
}

// begin begins a session of a person who proved to be somebody, and returns the content of the cookie.
func (s *sessions) begin(ctx context.Context, o session) (key string, err error) {
	open, err := s.list(ctx)
	if err != nil {
		return "", err
	}
	for n := len(open); n >= maxSessions; n-- {
		if err := s.end(ctx, open[n-1].ID); err != nil {
			return "", err
		}
	}
	key = rand.Text()
	o.ID, o.Began, o.Last = idOf(key), s.now().UTC(), s.now().UTC()
	const most = 300
	o.Agent = o.Agent[:min(len(o.Agent), most)]
	return key, writeRecord(ctx, s.api, sessionPrefix+o.ID, o, 0)
}

// idOf names a session by its cookie.
func idOf(key string) string {
	h := hashOf(key)
	return hex.EncodeToString(h[:])
}

// isOver reports whether a session has expired.
func (s *sessions) isOver(o *session) bool {
	return s.now().Sub(o.Last) > sessionIdle || s.now().Sub(o.Began) > sessionMost
}

// cookieOf is the content of the cookie of a session; empty without one.
func cookieOf(r *http.Request) string {
	cookie, err := r.Cookie(cookieName)
	if err != nil {
		return ""
	}
	return cookie.Value
}

// seenEvery is how often it is noted that a session is used.
const seenEvery = time.Minute

// of returns the session of a request; nil without one.
func (s *sessions) of(r *http.Request) (*session, error) {
	cookie := cookieOf(r)
	if cookie == "" {
		return nil, nil
	}
	ctx, id := r.Context(), idOf(cookie)
	o, revision, err := readRecord[session](ctx, s.api, sessionPrefix+id)
	if err != nil || revision == 0 {
		return nil, err
	}
	if s.isOver(&o) || !s.admits(&o) {
		return nil, s.end(ctx, id)
	}
	if s.now().Sub(o.Last) > seenEvery {
		o.Last = s.now().UTC()
		_ = writeRecord(ctx, s.api, sessionPrefix+id, o, revision) // another request of the session noted the same
	}
	o.seal, o.limit = sealOf(cookie), s.limitOf(id)
	return &o, nil
}

// sealOf is what the forms of a session carry. It follows from the cookie, so that nothing of it is stored.
func sealOf(key string) string {
	m := hmac.New(sha256.New, []byte(key))
	m.Write([]byte("seal of the forms"))
	return base64.RawURLEncoding.EncodeToString(m.Sum(nil))
}

// limitOf is the limit of a session in this process.
func (s *sessions) limitOf(id string) *rate.Limiter {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.limits[id] == nil {
		if len(s.limits) > 2*maxSessions {
			clear(s.limits)
		}
		s.limits[id] = rate.NewLimiter(sessionRate, sessionBurst)
	}
	return s.limits[id]
}

// end ends a session.
func (s *sessions) end(ctx context.Context, id string) error {
	return s.api.dropRecord(ctx, sessionPrefix+id)
}

// list returns the sessions, the latest first.
func (s *sessions) list(ctx context.Context) ([]session, error) {
	var all struct {
		Records []record `json:"records"`
	}
	if err := s.api.get(ctx, "/v1/console/records?prefix="+sessionPrefix, &all); err != nil {
		return nil, err
	}
	var out []session
	for _, r := range all.Records {
		var o session
		if json.Unmarshal([]byte(r.Value), &o) == nil && strings.HasSuffix(r.Name, o.ID) && !s.isOver(&o) && s.admits(&o) {
			out = append(out, o)
		}
	}
	slices.SortFunc(out, func(a, b session) int { return cmp.Or(b.Began.Compare(a.Began), cmp.Compare(a.ID, b.ID)) })
	return out, nil
}

// isSealed reports whether a form was written for the session.
func (o *session) isSealed(r *http.Request) bool {
	return subtle.ConstantTimeCompare([]byte(o.seal), []byte(r.PostFormValue("seal"))) == 1
}
