package lifecycle

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"
)

// What an Entry of the journal is about, besides the kinds of decisions.
const (
	// EntryReplay is a deletion that was said again, because data that had to go
	// came back.
	EntryReplay = "replay"
	// EntryAlarm is something that the seller must look at.
	EntryAlarm = "alarm"
	// EntryMerged says that another subject turned out to be the same person; Text
	// is its id, and its own journal goes no further.
	EntryMerged = "absorbed"
	// EntryConfirmed is the end of a decision that was sent: everybody who was told
	// has confirmed it, or the question fell.
	EntryConfirmed = "confirmed"
	// EntryClosed closes a journal: nothing is left of the subject.
	EntryClosed = "forgotten"
)

// What stands in the entry of a decision that somebody sent once more: the first before the
// id of the recipient, or before the second.
const (
	SentAgainTo = "sent once more to "
	AllNotified = "all that were told"
)

// SentAgain tells that a decision was sent once more because a recipient needs it, and not
// because data came back.
func (e *Entry) SentAgain() bool { return e.Kind == EntryReplay && len(e.Items) == 0 }

// Entry is one line of a subject's journal: what was decided, when, and under
// which policy. It is pseudonymous: records stand in it as keyed hashes. Each
// entry holds the hash of the one before, so that none can be changed or taken
// out unseen.
type Entry struct {
	// Subject is the id of the person, which means nothing by itself.
	Subject string `json:"subject"`
	// Seq counts a subject's entries from 1.
	Seq int64 `json:"seq"`
	// Key tells the entry from the others of its subject: the same thing noted
	// twice has the same key.
	Key string    `json:"key"`
	At  time.Time `json:"at"`
	// Kind is a DecisionKind or one of the Noted constants.
	Kind string `json:"what"`
	// Decision is the id of the decision that was made, if it is about one.
	Decision string `json:"decision,omitempty"`
	// Effective is the instant from which the decision is due.
	Effective *time.Time `json:"effective,omitempty"`
	Revision  string     `json:"revision,omitempty"`
	// Items are what was deleted; a Ref is a keyed hash.
	Items []Item `json:"items,omitempty"`
	// Rules are the reasons, as "tax_documents 6(1)(c)".
	Rules []string `json:"rules,omitempty"`
	// Text says what an alarm is about. It holds nothing personal.
	Text string `json:"text,omitempty"`
	// Names and Answers are of a decision that was confirmed: of whom, in hashes whose
	// key is the decision's own in a Generation, and what each recipient answered.
	Names      []string          `json:"names,omitempty"`
	Generation int               `json:"generation,omitempty"`
	Answers    []RecipientAnswer `json:"answers,omitempty"`
	// PrevAt and Prev are the time and the hash of the entry before; absent in the
	// first. PrevAt shows whether entries that are missing at the beginning were
	// old enough to have been let go.
	PrevAt *time.Time `json:"prev_at,omitempty"`
	Prev   string     `json:"prev,omitempty"`
	Hash   string     `json:"hash"`
}

// Head is where a journal ends.
type Head struct {
	Seq  int64  `json:"seq"`
	Hash string `json:"hash"`
}

// sum hashes everything the entry says but the hash itself.
func (e Entry) sum() (string, error) {
	e.Hash = ""
	data, err := json.Marshal(e)
	if err != nil {
		return "", fmt.Errorf("hash journal entry %s/%d: %w", e.Subject, e.Seq, err)
	}
	h := sha256.Sum256(data)
	return hex.EncodeToString(h[:]), nil
}

// Chained returns e as the entry after last, numbered and hashed. A zero last
// makes it the first of its journal.
func (e Entry) Chained(last Entry) (Entry, error) {
	e.Seq, e.Prev, e.PrevAt = last.Seq+1, last.Hash, nil
	if last.Seq > 0 {
		at := last.At
		e.PrevAt = &at
	}
	var err error
	e.Hash, err = e.sum()
	return e, err
}

// NewDecisionEntry is the entry for a decision, yet to follow others. mark makes a keyed hash
// of the name of a record.
func NewDecisionEntry(d *Decision, mark func(ref string) string) Entry {
	effective := d.Effective
	e := Entry{
		Key: d.ID, At: d.At, Kind: string(d.Kind), Decision: d.ID, Effective: &effective, Revision: d.Revision,
		Items: hashItems(d.Items, mark),
	}
	if d.Repeated {
		e.Kind = EntryReplay
	}
	if d.Question != nil {
		e.Text = d.Question.Purpose + " by " + d.Question.Channel
	}
	for i := range d.Bases {
		reason := d.Bases[i].Purpose + " " + d.Bases[i].Article
		if !slices.Contains(e.Rules, reason) {
			e.Rules = append(e.Rules, reason)
		}
	}
	return e
}

// NewNoteEntry is the entry for a note, yet to follow others.
func NewNoteEntry(n *Note, mark func(ref string) string) Entry {
	if n.Published != nil {
		return NewDecisionEntry(n.Published, mark)
	}
	return Entry{
		Key: n.Key, At: n.At, Kind: n.Kind, Text: n.Text, Items: hashItems(n.Items, mark),
		Decision: n.Decision, Names: n.Names, Generation: n.Generation, Answers: n.Answers,
	}
}

func hashItems(items []Item, mark func(ref string) string) []Item {
	var out []Item
	for _, i := range items {
		if i.Ref != "" {
			i.Ref = mark(i.Ref)
		}
		out = append(out, i)
	}
	return out
}

// CheckChain finds the first thing that is wrong with the entries of one subject, in
// their order: an entry that was changed, taken out or put in. Entries may be missing
// at the beginning when they were let go before kept. It returns nil when all is well.
func CheckChain(entries []Entry, kept time.Time) error {
	for i := range entries {
		e := &entries[i]
		sum, err := e.sum()
		switch {
		case err != nil:
			return err
		case sum != e.Hash:
			return fmt.Errorf("entry %d was changed: its hash does not fit", e.Seq)
		case i > 0 && (e.Seq != entries[i-1].Seq+1 || e.Prev != entries[i-1].Hash):
			return fmt.Errorf("entry %d does not follow entry %d: something was taken out or put in", e.Seq, entries[i-1].Seq)
		case i == 0 && e.Seq > 1 && (e.PrevAt == nil || !e.PrevAt.Before(kept)):
			return fmt.Errorf("entries before %d are missing and were not old enough to be let go", e.Seq)
		case i == 0 && e.Seq == 1 && (e.Prev != "" || e.PrevAt != nil):
			return errors.New("entry 1 follows something")
		}
	}
	return nil
}
