package lifecycle

import (
	"slices"
	"time"
)

// Subject is all that is known of one person: facts, the bases they raise, and
// what has been said about them. It holds no address in the clear.
type Subject struct {
	// ID is random, or of a person who came back a keyed hash of the former id. It means
	// nothing.
	ID string `json:"id"`
	// Version counts the writes of the subject; 0 means never written. Stores
	// replace a subject only on the version that was read.
	Version int64 `json:"version"`
	// Keys are keyed hashes of the person's identities and locators.
	Keys []string `json:"keys,omitempty"`
	// Sealed holds the identities themselves, encrypted. It goes with the person.
	Sealed []byte `json:"sealed,omitempty"`
	// Facts are in order: by instant, then by what protects the person more.
	Facts []Fact `json:"facts,omitempty"`
	// Bases are what Facts raised when the subject was last decided. They are worked
	// out anew each time and are not stored.
	Bases []Basis `json:"-"`
	// Known tells that something personal may be held, more than keyed hashes.
	Known bool `json:"known,omitempty"`
	// Deleted and Asked remember what was said, so that it is said once.
	Deleted []Deletion `json:"deleted,omitempty"`
	Asked   []Asked    `json:"asked,omitempty"`
	// Forgot is the decision of the deletion that was forgotten last. It tells what is
	// said after it from what was said before.
	Forgot string `json:"forgot,omitempty"`
	// Buried and Horizon are the person's tombstone: keyed hashes and times of what
	// was deleted, with an end of their own.
	Buried  []Burial `json:"buried,omitempty"`
	Horizon *Horizon `json:"horizon,omitempty"`
	// Notices are decisions that were sent, and what recipients answered.
	Notices []Notice `json:"notices,omitempty"`
	// NoticeDue is by when the most urgent answer of a recipient is awaited; nil when
	// none is.
	NoticeDue *time.Time `json:"notice_due,omitempty"`
	// Outbox holds decisions that are made and not yet sent.
	Outbox []Decision `json:"outbox,omitempty"`
	// Notes are for the journal and not in it yet, besides the Outbox.
	Notes []Note `json:"notes,omitempty"`
	// Journal is where the subject's journal ends.
	Journal Head `json:"journal,omitzero"`
	// Revision is the policy under which Bases were worked out.
	Revision string `json:"revision,omitempty"`
	// Seen is when the person was last heard of, Decided when it was last worked out
	// what follows.
	Seen    time.Time `json:"seen"`
	Decided time.Time `json:"decided,omitzero"`
	// RequestDue is when the most urgent open request must be answered; nil when
	// none is open.
	RequestDue *time.Time `json:"request_due,omitempty"`
	// ReviewAt is when time alone will next change something; nil means never.
	ReviewAt *time.Time `json:"review_at,omitempty"`
	// MergedInto is the subject that took this one over, when two turned out to
	// be one person. Such a subject holds nothing else.
	MergedInto string `json:"merged_into,omitempty"`
	// Absorbed lists the subjects that this one took over.
	Absorbed []string `json:"absorbed,omitempty"`
	// Joined are the subjects that became this one, as they were, until Decide has
	// joined what they said. They are not stored.
	Joined []Part `json:"-"`
}

// Deletion remembers that an item was said to be deleted.
type Deletion struct {
	Item
	// Lapse is the instant at which its last basis ended.
	Lapse time.Time `json:"lapse"`
	// At is when the decision was made.
	At time.Time `json:"at"`
	// Decision is the decision's id.
	Decision string `json:"decision"`
	// Back tells that the item stood again since.
	Back bool `json:"back,omitempty"`
	// Covers is a later end that another policy gave the item afterwards: of that
	// nothing more need be said.
	Covers *time.Time `json:"covers,omitempty"`
}

// Part is what one of the subjects that became this one knew and had said.
type Part struct {
	Facts    []Fact
	Deleted  []Deletion
	Revision string
}

// Asked remembers that the person was to be asked for a consent.
type Asked struct {
	Purpose  string    `json:"purpose"`
	Channel  string    `json:"channel"`
	At       time.Time `json:"at"`
	Decision string    `json:"decision"`
}

// Note is something for the journal that is not a decision.
type Note struct {
	// Key tells it from other notes of the subject: what is noted twice stands in
	// the journal once.
	Key  string    `json:"key"`
	At   time.Time `json:"at"`
	What string    `json:"what"`
	// Text holds nothing personal; Items are what it is about.
	Text  string `json:"text,omitempty"`
	Items []Item `json:"items,omitempty"`
	// Decision, Names and Answers are of a deletion that was confirmed: of whom, in
	// hashes, and who said so. Generation is that of the key of the hashes.
	Decision   string            `json:"decision,omitempty"`
	Names      []string          `json:"names,omitempty"`
	Generation int               `json:"generation,omitempty"`
	Answers    []RecipientAnswer `json:"answers,omitempty"`
	// Made is a decision that went out and left the outbox before it was in the journal.
	Made *Decision `json:"made,omitempty"`
}

// Pending tells whether something is to be sent, to be put into the journal, or to be
// purged from the stream.
func (s *Subject) Pending() bool {
	return len(s.Outbox) > 0 || len(s.Notes) > 0 || slices.ContainsFunc(s.Notices, func(n Notice) bool { return n.unpurged() })
}

// Gone tells whether nothing is left of the subject, so that it can be removed.
func (s *Subject) Gone() bool {
	return s.MergedInto == "" && s.ReviewAt == nil && len(s.Facts) == 0 && !s.Pending() && !s.awaits()
}

// Knows tells whether deciding on the facts would change nothing: all of them
// are known, the policy is the same, and no time that matters has passed.
func (s *Subject) Knows(p *Policy, facts []Fact, at time.Time) bool {
	if s.Version == 0 || s.Revision != p.Revision || s.ReviewAt != nil && !s.ReviewAt.After(at) {
		return false
	}
	for i := range facts {
		f := facts[i].Settled()
		known := f.Kind.brings() && s.buried(f.mark()) != nil || slices.ContainsFunc(s.Facts, func(have Fact) bool {
			return have.ID == f.ID && !f.Received.Before(have.Received)
		})
		if !known || s.comesBack(p, &f) {
			return false
		}
	}
	return true
}

// Rekeyed returns the subject with the addresses in its facts as keys that are current.
func Rekeyed(s Subject, current func(key string) string) Subject {
	s.Facts = slices.Clone(s.Facts)
	for i := range s.Facts {
		s.Facts[i].Address = current(s.Facts[i].Address)
	}
	return s
}

// Absorb returns s with all that is known of other, which turned out to be the
// same person: no fact and no withdrawal is lost, and nothing said by either is
// said again. Both must be joined by Decide before they are written.
func Absorb(s, other Subject) Subject {
	s.Joined = append(s.parts(), other.parts()...)
	s.Facts = union(s.Facts, other.Facts)
	s.Keys = joinSorted(s.Keys, other.Keys)
	s.Absorbed = joinSorted(s.Absorbed, append(slices.Clone(other.Absorbed), other.ID))
	s.Deleted = slices.Clone(s.Deleted)
	for _, d := range other.Deleted {
		if !remembers(s.Deleted, d) {
			s.Deleted = append(s.Deleted, d)
		}
	}
	s.Asked = slices.Clone(s.Asked)
	for _, a := range other.Asked {
		s.noteAsked(a)
	}
	s.Notices = joinNotices(s.Notices, other.Notices)
	s.Outbox = slices.Clone(s.Outbox)
	for _, d := range other.Outbox {
		if !slices.ContainsFunc(s.Outbox, func(have Decision) bool { return have.ID == d.ID }) {
			s.Outbox = append(s.Outbox, d)
		}
	}
	for _, n := range other.Notes {
		s.note(n)
	}
	if other.Journal.Seq > 0 {
		// The other's journal ends without having been closed; this says why.
		s.note(Note{Key: NotedAbsorbed + ":" + other.ID, At: maxTime(s.Decided, other.Decided), What: NotedAbsorbed, Text: other.ID})
	}
	s.Buried = joinBurials(s.Buried, other.Buried)
	if h := other.Horizon; h != nil && (s.Horizon == nil || h.At.After(s.Horizon.At)) {
		s.Horizon = h
	}
	s.Seen = maxTime(s.Seen, other.Seen)
	s.Revision = "" // so that Decide works it out again
	return s
}

// Redirect returns what is left of a subject that another absorbed.
func Redirect(s Subject, into string) Subject {
	return Subject{ID: s.ID, Version: s.Version, MergedInto: into, Seen: s.Seen, Journal: s.Journal}
}

func joinSorted(a, b []string) []string {
	all := append(slices.Clone(a), b...)
	slices.Sort(all)
	return slices.Compact(all)
}

func (s *Subject) noteAsked(a Asked) {
	for i := range s.Asked {
		if s.Asked[i].Purpose == a.Purpose && s.Asked[i].Channel == a.Channel {
			if a.At.Before(s.Asked[i].At) {
				s.Asked[i] = a
			}
			return
		}
	}
	s.Asked = append(s.Asked, a)
}

func (s *Subject) asked(purpose, channel string) bool {
	return slices.ContainsFunc(s.Asked, func(a Asked) bool { return a.Purpose == purpose && a.Channel == channel })
}
