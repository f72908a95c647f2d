package lifecycle

import (
	"slices"
	"time"

	"github.com/rodopath/rodopath/services/lifecycle/calendar"
	"github.com/rodopath/rodopath/services/lifecycle/chain"
	"github.com/rodopath/rodopath/services/lifecycle/decision"
	"github.com/rodopath/rodopath/services/lifecycle/fact"
	"github.com/rodopath/rodopath/services/lifecycle/notice"
	"github.com/rodopath/rodopath/services/lifecycle/rules"
)

// Subject is the stored state of one person: the facts, and the decisions that were announced. A
// subject holds no address in the clear.
type Subject struct {
	// ID is random, or, for a successor, a keyed hash of the former id. An id carries no meaning.
	ID string `json:"id"`
	// Version counts the writes of the subject; 0 means never written. A store replaces a subject
	// only on the version that was read.
	Version int64 `json:"version"`
	// Keys are keyed hashes of the person's identities and locators.
	Keys []string `json:"keys,omitempty"`
	// Sealed holds the encrypted identities. Sealed is removed when nothing personal may be held.
	Sealed []byte `json:"sealed,omitempty"`
	// Nameless reports whether no name of the person is known, only records: nobody can be asked.
	Nameless bool `json:"nameless,omitempty"`
	// Facts are ordered by instant, then by the protection of the person: see Kind.rank.
	Facts []fact.Fact `json:"facts,omitempty"`
	// Bases are the bases at the last evaluation of all facts. Bases are evaluated anew each time and not
	// stored; an evaluation of single records leaves none (see Separable).
	Bases []rules.Basis `json:"-"`
	// HoldsPersonal reports whether personal data may be held, beyond keyed hashes.
	HoldsPersonal bool `json:"known,omitempty"`
	// Announced and Questions record decisions that were made, so that each is made once.
	Announced []AnnouncedDeletion       `json:"deleted,omitempty"`
	Questions []rules.AnnouncedQuestion `json:"asked,omitempty"`
	// LastForgotten is the decision of the announced deletion that was dropped last. LastForgotten
	// distinguishes the ids of later deletions from the ids of earlier ones.
	LastForgotten string `json:"forgot,omitempty"`
	// Tombstones and FullErasure record erased facts as keyed hashes and times, for a limited time.
	Tombstones  []Tombstone  `json:"buried,omitempty"`
	FullErasure *FullErasure `json:"horizon,omitempty"`
	// Notices are published decisions and the answers of their recipients.
	Notices []notice.Notice `json:"notices,omitempty"`
	// NoticeDue is the deadline of the most urgent answer of a recipient; nil when no answer is
	// due.
	NoticeDue *time.Time `json:"notice_due,omitempty"`
	// Outbox holds decisions that are not published yet.
	Outbox []decision.Decision `json:"outbox,omitempty"`
	// Notes are entries for the journal that are not written yet, apart from those of the Outbox.
	Notes []chain.Note `json:"notes,omitempty"`
	// Journal is the head of the subject's journal.
	Journal chain.Head `json:"journal,omitzero"`
	// Revision is the policy of the last evaluation.
	Revision string `json:"revision,omitempty"`
	// LastReceived is the receipt of the latest fact, LastDecided the instant of the last
	// evaluation.
	LastReceived time.Time `json:"seen"`
	LastDecided  time.Time `json:"decided,omitzero"`
	// Separable reports whether the next evaluation may look at the records of new facts alone. Only Decide sets
	// Separable, on a subject with many facts; a change of facts in another way removes the mark.
	Separable bool `json:"separable,omitempty"`
	// RequestDue is the deadline of the most urgent open request; nil without an open request.
	RequestDue *time.Time `json:"request_due,omitempty"`
	// ReviewAt is the next instant at which time alone changes the evaluation; nil means never.
	ReviewAt *time.Time `json:"review_at,omitempty"`
	// MergedInto is the subject that absorbed this one when both turned out to be one person. Such
	// a subject is a redirect and holds nothing else.
	MergedInto string `json:"merged_into,omitempty"`
	// MergedFrom lists the subjects that were merged into this one.
	MergedFrom []string `json:"absorbed,omitempty"`
	// MergedParts are the merged subjects before the merge, until Decide reconciles their
	// announcements. MergedParts are not stored.
	MergedParts []MergedPart `json:"-"`
	// Apart are the keys of names of other persons, with whom an order of the controller forbids to
	// join this one; Conflicts are the subjects with which a conflict was announced.
	Apart     []string `json:"apart,omitempty"`
	Conflicts []string `json:"conflicts,omitempty"`
	// Labels are the words under which lists find and count the subject, as Decide left them; see AllLabels. A store
	// keeps them in an index and not in the document.
	Labels []string `json:"-"`
	// FactsBefore are the facts before some were given to another person, until Decide reconciles the
	// announcements. FactsBefore are not stored.
	FactsBefore []fact.Fact `json:"-"`
}

// AnnouncedDeletion records that an item was covered by a deletion.
type AnnouncedDeletion struct {
	rules.Item
	// Lapse is the end of the item's last basis.
	Lapse time.Time `json:"lapse"`
	// At is the instant of the decision.
	At time.Time `json:"at"`
	// Decision is the decision's id.
	Decision string `json:"decision"`
	// Returned reports whether the item was in force again after the announcement.
	Returned bool `json:"back,omitempty"`
	// CoveredUntil is a later end of the item under another policy; up to then no further deletion
	// is announced.
	CoveredUntil *time.Time `json:"covers,omitempty"`
	// Parted reports whether the item was held on facts that now belong to another person.
	Parted bool `json:"parted,omitempty"`
}

// MergedPart holds the facts and announcements of one of the subjects that were merged.
type MergedPart struct {
	Facts     []fact.Fact
	Announced []AnnouncedDeletion
	Revision  string
}

// Pending reports whether a decision must be published now, or published again for a recipient, a note written to the
// journal, or an event purged from the stream.
func (s *Subject) Pending() bool {
	return slices.ContainsFunc(s.Outbox, func(d decision.Decision) bool { return d.IsDue(s.LastDecided) }) ||
		len(s.Notes) > 0 ||
		slices.ContainsFunc(s.Notices, func(n notice.Notice) bool { return n.NeedsPurge() }) ||
		len(notice.Looks(s.Notices)) > 0
}

// Removable reports whether nothing is left of the subject, so that a store may remove it.
func (s *Subject) Removable() bool {
	return s.MergedInto == "" && s.ReviewAt == nil && len(s.Facts) == 0 && !s.Pending() && len(s.Outbox) == 0 &&
		!notice.AnyOpen(s.Notices)
}

// UnchangedBy reports whether a decision on the facts would change nothing: all facts are known,
// the policy is the same, and no review is due.
func (s *Subject) UnchangedBy(p *rules.Policy, facts []fact.Fact, at time.Time) bool {
	if s.Version == 0 || s.Revision != p.Revision || s.ReviewAt != nil && !s.ReviewAt.After(at) {
		return false
	}
	for i := range facts {
		f := facts[i].Normalized()
		known := f.Kind.AddsData() && s.tombstoneOf(f.TombstoneMark()) != nil || s.includes(&f) || s.isSuperseded(&f)
		if !known || s.isReturning(p, &f) {
			return false
		}
	}
	return true
}

// includes reports whether a report of a known fact adds nothing to the fact.
func (s *Subject) includes(f *fact.Fact) bool {
	for i := range s.Facts {
		have := &s.Facts[i]
		if have.ID == f.ID && !f.Received.Before(have.Received) && f.StateOf == have.StateOf &&
			have.IncludesState(f.AsOf) && (have.Full || !f.Full) && have.IncludesSignup(f) &&
			have.Phone >= f.Phone && have.IncludesUnlisted(f) &&
			(len(have.Links) > 0 || len(f.Links) == 0) {
			return true
		}
	}
	return false
}

// isSuperseded reports whether a later observation of the same source, address and day makes an observation
// of an active subscriber superfluous.
func (s *Subject) isSuperseded(f *fact.Fact) bool {
	return f.Kind == fact.KindListed && !f.Received.After(s.LastReceived) &&
		!slices.ContainsFunc(
			fact.Combine(s.Facts, []fact.Fact{*f}),
			func(kept fact.Fact) bool { return kept.ID == f.ID },
		)
}

// Rekey returns the subject with the names in its facts hashed under the current key.
func Rekey(s Subject, current func(key string) string) Subject {
	s.Facts = slices.Clone(s.Facts)
	for i := range s.Facts {
		s.Facts[i].Address = current(s.Facts[i].Address)
		s.Facts[i].By = rekeyed(s.Facts[i].By, current)
	}
	s.Apart = rekeyed(s.Apart, current)
	return s
}

func rekeyed(keys []string, current func(key string) string) []string {
	keys = slices.Clone(keys)
	for i := range keys {
		keys[i] = current(keys[i])
	}
	return keys
}

// Merge returns s with the state of other, a subject of the same person: facts and withdrawals of
// both are kept, and no announcement of either is repeated. Decide must reconcile the result before
// a store writes the merged subject.
func Merge(s, other Subject) Subject {
	s.MergedParts = append(s.parts(), other.parts()...)
	s.Facts = fact.Combine(s.Facts, other.Facts)
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
	s.Notices = notice.Combine(s.Notices, other.Notices)
	s.Outbox = slices.Clone(s.Outbox)
	for _, d := range other.Outbox {
		if !slices.ContainsFunc(s.Outbox, func(have decision.Decision) bool { return have.ID == d.ID }) {
			s.Outbox = append(s.Outbox, d)
		}
	}
	for _, n := range other.Notes {
		s.note(n)
	}
	if other.Journal.Seq > 0 {
		// The journal of the other subject ends without a closing entry; this note gives the
		// reason.
		s.note(
			chain.Note{
				Key:  string(chain.KindMerged) + ":" + other.ID,
				At:   calendar.Later(s.LastDecided, other.LastDecided),
				Kind: chain.KindMerged,
				Text: other.ID,
			},
		)
	}
	s.Apart = slices.DeleteFunc(
		joinSorted(s.Apart, other.Apart),
		func(k string) bool { return slices.Contains(s.Keys, k) },
	)
	s.Conflicts = slices.DeleteFunc(
		joinSorted(s.Conflicts, other.Conflicts),
		func(id string) bool { return id == s.ID || id == other.ID },
	)
	s.Tombstones = joinTombstones(s.Tombstones, other.Tombstones)
	if h := other.FullErasure; h != nil && (s.FullErasure == nil || h.At.After(s.FullErasure.At)) {
		s.FullErasure = h
	}
	if slices.Contains(other.Labels, LabelAlarm) {
		s.Labels = slices.Clip(s.Labels)
		s.addLabel(LabelAlarm)
	}
	s.LastReceived = calendar.Later(s.LastReceived, other.LastReceived)
	s.Revision = "" // forces a new evaluation
	return s
}

// Redirect returns the remainder of a subject that was merged into another.
func Redirect(s Subject, into string) Subject {
	return Subject{ID: s.ID, Version: s.Version, MergedInto: into, LastReceived: s.LastReceived, Journal: s.Journal}
}

func joinSorted(a, b []string) []string {
	all := append(slices.Clone(a), b...)
	slices.Sort(all)
	return slices.Compact(all)
}

func (s *Subject) announceQuestion(a rules.AnnouncedQuestion) {
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
	return slices.ContainsFunc(
		s.Questions,
		func(a rules.AnnouncedQuestion) bool { return a.Purpose == purpose && a.Channel == channel },
	)
}
