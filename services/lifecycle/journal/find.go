package journal

import (
	"context"
	"strings"
	"time"

	"github.com/rodopath/rodopath/services/lifecycle/chain"
)

// ActKind is what an act is about.
type ActKind string

// The kinds of acts.
const (
	// ActSignIn: who signed in to the console and out of it, who failed, and the passkeys.
	ActSignIn ActKind = "sign-in"
	// ActExport: data and documents that were taken out.
	ActExport ActKind = "export"
	// ActRequest: the steps of requests of data subjects.
	ActRequest ActKind = "request"
	// ActPerson: holds, consents, alarms, and who is who.
	ActPerson ActKind = "person"
	// ActDeletion: deletions that were stopped, sent again, approved and confirmed.
	ActDeletion ActKind = "deletion"
	// ActHistory: imports, the quarantine, and invented persons.
	ActHistory ActKind = "history"
	// ActSettings: the policy, and who is notified.
	ActSettings ActKind = "settings"
)

// ActKinds are all kinds of acts.
func ActKinds() []ActKind {
	return []ActKind{ActSignIn, ActExport, ActRequest, ActPerson, ActDeletion, ActHistory, ActSettings}
}

// KindOfAct returns the kind of an act by its name.
func KindOfAct(name string) ActKind {
	first, _, _ := strings.Cut(name, "-")
	switch name {
	case "release-brake":
		return ActDeletion
	case "quarantine-read":
		return ActExport
	}
	switch first {
	case "sign", "session", "passkey":
		return ActSignIn
	case "export", "report":
		return ActExport
	case "request":
		return ActRequest
	case "hold", "release", "split", "join", "alarms", "consent":
		return ActPerson
	case "retract", "repeat", "receipt", "replay":
		return ActDeletion
	case "import", "quarantine", "invent", "invented", "coverage":
		return ActHistory
	}
	return ActSettings
}

// Filter selects acts. The zero value selects all.
type Filter struct {
	// Kind is the kind of the act, and By a part of the name of who acted, in any case; empty means any.
	Kind ActKind
	By   string
	// From and To bound the time of the act, half-open; zero means unbounded.
	From, To time.Time
}

// Selects reports whether a filter selects an act.
func (f *Filter) Selects(e *chain.Entry) bool {
	switch {
	case f.Kind != "" && KindOfAct(e.Text) != f.Kind:
		return false
	case f.By != "" && !strings.Contains(strings.ToLower(e.By), strings.ToLower(f.By)):
		return false
	case !f.From.IsZero() && e.At.Before(f.From), !f.To.IsZero() && !e.At.Before(f.To):
		return false
	}
	return true
}

const (
	// findPages bounds the pages that one question reads, each of findPage acts.
	findPages = 40
	findPage  = 250
	// findSkew is more than the difference between the clocks of replicas: later entries may be that much earlier.
	findSkew = time.Hour
)

// Find returns at most limit acts that a filter selects before a position, the newest first, and the position before
// which the list goes on; 0 at the end. Before 0 means the newest. A page may have fewer acts and go on: a question
// reads a bounded number of acts.
func (a *Acts) Find(
	ctx context.Context,
	f Filter,
	before int64,
	limit int,
) (found []chain.Entry, next int64, err error) {
	for range findPages {
		page, err := a.Store.LastEntries(ctx, chain.Installation, before, findPage)
		if err != nil {
			return nil, 0, err
		}
		for i := range page {
			e := &page[i]
			before = e.Seq
			switch {
			case !f.From.IsZero() && e.At.Before(f.From.Add(-findSkew)):
				return found, 0, nil
			case f.Selects(e):
				found = append(found, *e)
			}
			if len(found) == limit && e.Seq > 1 {
				return found, e.Seq, nil
			}
		}
		if len(page) < findPage || before <= 1 {
			return found, 0, nil
		}
	}
	return found, before, nil
}
