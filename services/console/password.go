package console

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/argon2"
)

// User signs in with a password.
type User struct {
	Name string
	Role Role
	// Hash is the hash of the password, as HashPassword returns it.
	Hash string
}

// The parameters of Argon2id (RFC 9106, the second recommended option).
const (
	argonTime    = 3
	argonMemory  = 64 << 10
	argonThreads = 4
	argonKey     = 32
	saltSize     = 16
)

// minPassword is the least number of characters of a password.
const minPassword = 12

// The errors of passwords.
var (
	ErrShortPassword = fmt.Errorf("a password needs at least %d characters", minPassword)
	errHash          = errors.New("the hash of the password is none that \"rodopath password\" printed")
)

// HashPassword returns the hash of a password with a salt of its own (Argon2id).
func HashPassword(password string) (string, error) {
	if len([]rune(password)) < minPassword {
		return "", ErrShortPassword
	}
	salt := make([]byte, saltSize)
	if _, err := rand.Read(salt); err != nil {
		return "", fmt.Errorf("hash the password: %w", err)
	}
	key := argon2.IDKey([]byte(password), salt, argonTime, argonMemory, argonThreads, argonKey)
	enc := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, argonMemory, argonTime, argonThreads,
		enc.EncodeToString(salt), enc.EncodeToString(key)), nil
}

// readHash returns the salt and the key of a hash of HashPassword.
func readHash(hash string) (salt, key []byte, err error) {
	begin := fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$", argon2.Version, argonMemory, argonTime, argonThreads)
	rest, ok := strings.CutPrefix(strings.TrimSpace(hash), begin)
	s, k, both := strings.Cut(rest, "$")
	if !ok || !both {
		return nil, nil, errHash
	}
	salt, err = base64.RawStdEncoding.DecodeString(s)
	if err == nil {
		key, err = base64.RawStdEncoding.DecodeString(k)
	}
	if err != nil || len(key) != argonKey || len(salt) != saltSize {
		return nil, nil, errHash
	}
	return salt, key, nil
}

func (u User) check() error {
	if _, _, err := readHash(u.Hash); err != nil {
		return fmt.Errorf("user %s of the console: %w", u.Name, err)
	}
	return nil
}

// matches reports whether a password belongs to a hash.
func matches(hash, password string) bool {
	salt, key, err := readHash(hash)
	if err != nil {
		return false
	}
	got := argon2.IDKey([]byte(password), salt, argonTime, argonMemory, argonThreads, argonKey)
	return subtle.ConstantTimeCompare(got, key) == 1
}

// The lock-out of a name after wrong passwords.
const (
	wrongBeforeLock = 5
	lockedFor       = 15 * time.Minute
	maxNames        = 1000
)

// doors admit persons by password, by passkey and by the account of a business.
type doors struct {
	now func() time.Time
	api *api
	// users are the users by name; decoy is the hash that an unknown name is compared with, so that the time of the answer
	// does not show which names exist.
	users map[string]User
	decoy string
	// hashing bounds the passwords that are hashed at once.
	hashing chan struct{}
	team    *teamDoor

	mu sync.Mutex
	// wrong are the attempts with names that nobody has.
	wrong map[string]attempts
	// strangers are the times of recorded attempts without the name of a user, locks when it was recorded that a name is
	// locked.
	strangers []time.Time
	locks     map[string]time.Time
}

func newDoors(opts Options, a *api) *doors {
	d := &doors{
		now: opts.Now, api: a, users: map[string]User{}, wrong: map[string]attempts{}, hashing: make(chan struct{}, 2),
		locks: map[string]time.Time{},
		team:  newTeamDoor(opts, a),
	}
	for _, u := range opts.Users {
		d.users[u.Name] = u
		d.decoy = u.Hash
	}
	return d
}

// mark is the fingerprint of the password with which a user is configured.
func (u User) mark() string {
	h := hashOf(u.Hash)
	const size = 8
	return hex.EncodeToString(h[:size])
}

// admits reports whether the person of a session may still be signed in as configured, and sets the present role.
func (d *doors) admits(o *session) bool {
	switch o.By {
	case byToken:
		return true
	case byTeam:
		return d.team.team != nil
	}
	u, ok := d.users[o.Name]
	if o.Role = u.Role; !ok {
		return false
	}
	return o.Mark == u.mark()
}

// attempts are the times of wrong passwords of one name.
type attempts []time.Time

// add forgets old attempts and adds one, unless the name is locked.
func (a *attempts) add(now time.Time) (locked bool) {
	*a = slices.DeleteFunc(*a, func(t time.Time) bool { return !t.After(now.Add(-lockedFor)) })
	if locked = len(*a) >= wrongBeforeLock; !locked {
		*a = append(*a, now.UTC())
	}
	return locked
}

// attempt counts an attempt with a name, before its password is hashed, so that attempts at once are no way around the
// lock. All replicas count the attempts with a known name together.
func (d *doors) attempt(ctx context.Context, name string) (locked bool, err error) {
	if _, known := d.users[name]; known {
		_, err = changeRecord(ctx, d.api, wrongOf(name), func(a *attempts) { locked = a.add(d.now()) })
		return locked, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.wrong) > maxNames {
		clear(d.wrong)
	}
	a := d.wrong[name]
	locked = a.add(d.now())
	d.wrong[name] = a
	return locked, nil
}

// wrongOf is the name of the record of the attempts with a name.
func wrongOf(name string) string { return "wrong." + idOf(name) }

// The results of a password.
const (
	passwordRight  = ""
	passwordWrong  = "wrong_password"
	passwordLocked = "locked"
)

// password returns the user of a name and a password, or the key of what is wrong.
func (d *doors) password(ctx context.Context, name, password string) (u User, wrong string, err error) {
	locked, err := d.attempt(ctx, name)
	if err != nil {
		return User{}, "", err
	}
	if locked {
		return User{}, passwordLocked, nil
	}
	u, known := d.users[name]
	hash := u.Hash
	if !known {
		hash = d.decoy
	}
	d.hashing <- struct{}{}
	right := matches(hash, password)
	<-d.hashing
	if !right || !known {
		return User{}, passwordWrong, nil
	}
	return u, passwordRight, d.api.dropRecord(ctx, wrongOf(name))
}

// passwordSignIn admits a browser with a name and a password.
func (c *Console) passwordSignIn(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if len(c.opts.Users) == 0 {
		http.NotFound(w, r)
		return
	}
	name := r.PostFormValue("name")
	u, wrong, err := c.doors.password(r.Context(), name, r.PostFormValue("password"))
	if err != nil {
		c.opts.Log.Error("the attempts to sign in cannot be counted", "error", err)
		c.refuse(w, r, http.StatusServiceUnavailable, "unavailable")
		return
	}
	if wrong != "" {
		status := http.StatusForbidden
		if wrong == passwordLocked {
			status = http.StatusTooManyRequests
			c.signInLocked(r, name)
		} else {
			c.signInFailed(r, byPassword, name)
		}
		c.opts.Log.Warn("a sign-in to the console with a password failed", "reason", wrong)
		c.writeLogin(w, r, status, loginData{Wrong: wrong})
		return
	}
	if c.admit(w, r, session{Name: u.Name, Role: u.Role, By: byPassword, Mark: u.mark()}) {
		http.Redirect(w, r, "/console/", http.StatusSeeOther)
	}
}
