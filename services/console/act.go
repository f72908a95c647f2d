package console

import (
	"context"
	"net/http"
	"strings"
	"time"
)

// The acts that the console itself records: no other route of the interface sees them.
const (
	actSignIn         = "sign-in"
	actSignInFailed   = "sign-in-failed"
	actSignInLocked   = "sign-in-locked"
	actSignOut        = "sign-out"
	actSessionEnd     = "session-end"
	actPasskeyAdded   = "passkey-added"
	actPasskeyRemoved = "passkey-removed"
)

// nobody is the actor of a sign-in that failed: who acted is not known.
const nobody = "nobody"

// note records an act in the journal of the installation. about is no address: the interface refuses one.
func (c *Console) note(ctx context.Context, by, act, about string) {
	ctx = context.WithValue(context.WithoutCancel(ctx), actorKey{}, by)
	err := c.api.post(ctx, "/v1/console/acts", map[string]string{"act": act, "about": about}, nil)
	if err != nil {
		c.opts.Log.Error("an act in the console is missing in the journal", "act", act, "error", err)
	}
}

// signInFailed records a sign-in that failed. An attempt with the name of a user is recorded with the name: the lock
// bounds these. Of all other attempts a number within an hour is recorded, so that strangers cannot fill the journal.
func (c *Console) signInFailed(r *http.Request, by, name string) {
	_, known := c.doors.users[name]
	if !known || strings.Contains(name, "@") {
		name = ""
	}
	if known || c.doors.notesStranger() {
		c.note(r.Context(), nobody, actSignInFailed, strings.TrimSpace(by+" "+name))
	}
}

// signInLocked records once that a name is locked.
func (c *Console) signInLocked(r *http.Request, name string) {
	if _, known := c.doors.users[name]; known && c.doors.notesLock(name) && !strings.Contains(name, "@") {
		c.note(r.Context(), nobody, actSignInLocked, byPassword+" "+name)
	}
}

// The bounds of what is recorded of strangers.
const (
	strangersNoted  = 20
	strangersWithin = time.Hour
)

// notesStranger reports whether an attempt of a stranger is recorded.
func (d *doors) notesStranger() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	now := d.now()
	recent := d.strangers[:0]
	for _, t := range d.strangers {
		if now.Sub(t) < strangersWithin {
			recent = append(recent, t)
		}
	}
	if d.strangers = recent; len(recent) >= strangersNoted {
		return false
	}
	d.strangers = append(d.strangers, now)
	return true
}

// notesLock reports whether it is not recorded yet that a name is locked.
func (d *doors) notesLock(name string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if now := d.now(); now.Sub(d.locks[name]) >= lockedFor {
		d.locks[name] = now
		return true
	}
	return false
}
