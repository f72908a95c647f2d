package console

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
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

// doors admit persons by password and by the account of a business.
type doors struct {
	now func() time.Time
	// users are the users by name; decoy is the hash that an unknown name is compared with, so that the time of the answer
	// does not show which names exist.
	users map[string]User
	decoy string
	// hashing bounds the passwords that are hashed at once.
	hashing chan struct{}
	team    *teamDoor

	mu    sync.Mutex
	wrong map[string][]time.Time
}

func newDoors(opts Options) *doors {
	d := &doors{
		now: opts.Now, users: map[string]User{}, wrong: map[string][]time.Time{}, hashing: make(chan struct{}, 2),
		team: newTeamDoor(opts),
	}
	for _, u := range opts.Users {
		d.users[u.Name] = u
		d.decoy = u.Hash
	}
	return d
}

// locked reports whether a name is locked, and forgets old attempts. d.mu is held.
func (d *doors) locked(name string) bool {
	if len(d.wrong) > maxNames {
		clear(d.wrong)
	}
	since := d.now().Add(-lockedFor)
	kept := d.wrong[name][:0]
	for _, t := range d.wrong[name] {
		if t.After(since) {
			kept = append(kept, t)
		}
	}
	d.wrong[name] = kept
	return len(kept) >= wrongBeforeLock
}

// The results of a password.
const (
	passwordRight  = ""
	passwordWrong  = "wrong_password"
	passwordLocked = "locked"
)

// password returns the user of a name and a password, or the key of what is wrong.
func (d *doors) password(name, password string) (u User, wrong string) {
	d.mu.Lock()
	locked := d.locked(name)
	if !locked { // counted before the hashing, so that attempts at once are no way around the lock
		d.wrong[name] = append(d.wrong[name], d.now())
	}
	d.mu.Unlock()
	if locked {
		return User{}, passwordLocked
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
		return User{}, passwordWrong
	}
	d.mu.Lock()
	delete(d.wrong, name)
	d.mu.Unlock()
	return u, passwordRight
}

// passwordSignIn admits a browser with a name and a password.
func (c *Console) passwordSignIn(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if len(c.opts.Users) == 0 {
		http.NotFound(w, r)
		return
	}
	u, wrong := c.doors.password(r.PostFormValue("name"), r.PostFormValue("password"))
	if wrong != "" {
		status := http.StatusForbidden
		if wrong == passwordLocked {
			status = http.StatusTooManyRequests
		}
		c.opts.Log.Warn("a sign-in to the console with a password failed", "reason", wrong)
		c.writeLogin(w, r, status, "", wrong)
		return
	}
	c.setCookie(w, r, c.sessions.admit(u.Name, u.Role, r.UserAgent()))
	http.Redirect(w, r, "/console/", http.StatusSeeOther)
}
