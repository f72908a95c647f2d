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
	// HoldsPersonal tells that something personal may be held, more than keyed hashes.
	HoldsPersonal bool `json:"known,omitempty"`
	// Announced and Asked remember what was said, so that it is said once.
	Announced []AnnouncedDeletion `json:"deleted,omitempty"`
	Questions []AnnouncedQuestion `json:"asked,omitempty"`
	// LastForgotten is the decision of the deletion that was forgotten last. It tells what is
	// said after it from what was said before.
	LastForgotten string `json:"forgot,omitempty"`
	// Tombstones and Horizon are the person's tombstone: keyed hashes and times of what
	// was deleted, with an end of their own.
	Tombstones  []Tombstone  `json:"buried,omitempty"`
	FullErasure *FullErasure `json:"horizon,omitempty"`
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
	// LastReceived is when the person was last heard of, Decided when it was last worked out
	// what follows.
	LastReceived time.Time `json:"seen"`
	LastDecided  time.Time `json:"decided,omitzero"`
	// RequestDue is when the most urgent open request must be answered; nil when
	// none is open.
	RequestDue *time.Time `json:"request_due,omitempty"`
	// ReviewAt is when time alone will next change something; nil means never.
	ReviewAt *time.Time `json:"review_at,omitempty"`
	// MergedInto is the subject that took this one over, when two turned out to
	// be one person. Such a subject holds nothing else.
	MergedInto string `json:"merged_into,omitempty"`
	// MergedFrom lists the subjects that this one took over.
	MergedFrom []string `json:"absorbed,omitempty"`
	// MergedParts are the subjects that became this one, as they were, until Decide has
	// joined what they said. They are not stored.
	MergedParts []MergedPart `json:"-"`
}

// AnnouncedDeletion remembers that an item was said to be deleted.
type AnnouncedDeletion struct {
	Item
	// Lapse is the instant at which its last basis ended.
	Lapse time.Time `json:"lapse"`
	// At is when the decision was made.
	At time.Time `json:"at"`
	// Decision is the decision's id.
	Decision string `json:"decision"`
	// Returned tells that the item stood again since.
	Returned bool `json:"back,omitempty"`
	// CoveredUntil is a later end that another policy gave the item afterwards: of that
	// nothing more need be said.
	CoveredUntil *time.Time `json:"covers,omitempty"`
}

// MergedPart is what one of the subjects that became this one knew and had said.
type MergedPart struct {
	Facts     []Fact
	Announced []AnnouncedDeletion
	Revision  string
}

// AnnouncedQuestion remembers that the person was to be asked for a consent.
type AnnouncedQuestion struct {
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
	Kind string    `json:"what"`
	// Text holds nothing personal; Items are what it is about.
	Text  string `json:"text,omitempty"`
	Items []Item `json:"items,omitempty"`
	// Decision, Names and Answers are of a deletion that was confirmed: of whom, in
	// hashes, and who said so. Generation is that of the key of the hashes.
	Decision   string            `json:"decision,omitempty"`
	Names      []string          `json:"names,omitempty"`
	Generation int               `json:"generation,omitempty"`
	Answers    []RecipientAnswer `json:"answers,omitempty"`
	// Published is a decision that went out and left the outbox before it was in the journal.
	Published *Decision `json:"made,omitempty"`
}

// Pending tells whether something is to be sent, to be put into the journal, or to be
// purged from the stream.
func (s *Subject) Pending() bool {
	return len(s.Outbox) > 0 || len(s.Notes) > 0 || slices.ContainsFunc(s.Notices, func(n Notice) bool { return n.needsPurge() })
}

// Removable tells whether nothing is left of the subject, so that it can be removed.
func (s *Subject) Removable() bool {
	return s.MergedInto == "" && s.ReviewAt == nil && len(s.Facts) == 0 && !s.Pending() && !s.awaitsAnswers()
}

// UnchangedBy tells whether deciding on the facts would change nothing: all of them
// are known, the policy is the same, and no time that matters has passed.
func (s *Subject) UnchangedBy(p *Policy, facts []Fact, at time.Time) bool {
	if s.Version == 0 || s.Revision != p.Revision || s.ReviewAt != nil && !s.ReviewAt.After(at) {
		return false
	}
	for i := range facts {
		f := facts[i].Normalized()
		known := f.Kind.addsData() && s.tombstoneOf(f.mark()) != nil || slices.ContainsFunc(s.Facts, func(have Fact) bool {
			return have.ID == f.ID && !f.Received.Before(have.Received)
		})
		if !known || s.isReturning(p, &f) {
			return false
		}
	}
	return true
}

// Rekey returns the subject with the addresses in its facts as keys that are current.
func Rekey(s Subject, current func(key string) string) Subject {
	s.Facts = slices.Clone(s.Facts)
	for i := range s.Facts {
		s.Facts[i].Address = current(s.Facts[i].Address)
	}
	return s
}

// Merge returns s with all that is known of other, which turned out to be the
// same person: no fact and no withdrawal is lost, and nothing said by either is
// said again. Both must be joined by Decide before they are written.
func Merge(s, other Subject) Subject {
	s.MergedParts = append(s.parts(), other.parts()...)
	s.Facts = mergeFacts(s.Facts, other.Facts)
	s.Keys = joinSorted(s.Keys, other.Keys)
	s.MergedFrom = joinSorted(s.MergedFrom, append(slices.Clone(other.MergedFrom), other.ID))
	s.Announced = slices.Clone(s.Announced)
	for _, d := range other.Announced {
		if !containsDeletion(s.Announced, d) {
			s.Announced = append(s.Announced, d)
		}
	}
	s.Questions = slices.Clone(s.Questions)
	for _, a := range other.Questions {
		s.announceQuestion(a)
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
		s.note(Note{Key: EntryMerged + ":" + other.ID, At: maxTime(s.LastDecided, other.LastDecided), Kind: EntryMerged, Text: other.ID})
	}
	s.Tombstones = joinTombstones(s.Tombstones, other.Tombstones)
	if h := other.FullErasure; h != nil && (s.FullErasure == nil || h.At.After(s.FullErasure.At)) {
		s.FullErasure = h
	}
	s.LastReceived = maxTime(s.LastReceived, other.LastReceived)
	s.Revision = "" // so that Decide works it out again
	return s
}

// Redirect returns what is left of a subject that another absorbed.
func Redirect(s Subject, into string) Subject {
	return Subject{ID: s.ID, Version: s.Version, MergedInto: into, LastReceived: s.LastReceived, Journal: s.Journal}
}

func joinSorted(a, b []string) []string {
	all := append(slices.Clone(a), b...)
	slices.Sort(all)
	return slices.Compact(all)
}

func (s *Subject) announceQuestion(a AnnouncedQuestion) {
	for i := range s.Questions {
		if s.Questions[i].Purpose == a.Purpose && s.Questions[i].Channel == a.Channel {
			if a.At.Before(s.Questions[i].At) {
				s.Questions[i] = a
			}
			return
		}
	}
	s.Questions = append(s.Questions, a)
}

func (s *Subject) hasAsked(purpose, channel string) bool {
	return slices.ContainsFunc(s.Questions, func(a AnnouncedQuestion) bool { return a.Purpose == purpose && a.Channel == channel })
}
