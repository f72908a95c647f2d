package chain

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/lifecycle/decision"
	"github.com/rodopath/rodopath/services/lifecycle/fact"
	"github.com/rodopath/rodopath/services/lifecycle/rules"
)

// Kind is the subject matter of a journal entry: a DecisionKind or one of the Entry constants.
type Kind string

// The kinds of entries.
const (
	// KindDelete and EntryAskConsent record a decision.
	KindDelete     = Kind(stream.KindDelete)
	KindAskConsent = Kind(stream.KindAskConsent)
	// KindReplay is a repeated deletion, because erased data returned, or a replay to a recipient.
	KindReplay Kind = "replay"
	// KindAlarm is something that the seller must look at.
	KindAlarm Kind = "alarm"
	// KindMerged records that another subject is the same person; Text is its id, and the journal
	// of that subject ends.
	KindMerged Kind = "absorbed"
	// KindParted records that an order of the controller parted the person from another; Text is the
	// id of the other subject.
	KindParted Kind = "parted"
	// KindConfirmed closes a published decision: every recipient confirmed, or the question
	// expired.
	KindConfirmed Kind = "confirmed"
	// KindRetract is a retraction that is published to recipients, KindRetracted the record of the
	// retraction with the retracted decision.
	KindRetract        = Kind(stream.KindRetract)
	KindRetracted Kind = "retracted"
	// KindWithdrawn records that the controller stopped a decision before its publication, and why.
	KindWithdrawn Kind = "withdrawn"
	// KindClosed closes a journal: nothing is left of the subject.
	KindClosed Kind = "forgotten"
	// KindRead records that an auditor read the data of the person: who, and which page.
	KindRead Kind = "read"
	// KindAct records an act of the controller, in the journal of the installation.
	KindAct Kind = "act"
)

// Installation names the journal of the acts of the controller. No subject has this id.
const Installation = "installation"

// Texts of the entry of a replay: SentAgainTo before the id of the recipient, or before
// AllNotified.
const (
	SentAgainTo = "sent once more to "
	AllNotified = "all that were told"
)

// SentAgain reports whether the entry is a replay to a recipient, and not a repeated deletion.
func (e *Entry) SentAgain() bool { return e.Kind == KindReplay && len(e.Items) == 0 }

// Entry is one entry of a subject's journal: the decision, its time and its policy. An entry is
// pseudonymous: records appear as keyed hashes. Each entry holds the hash of the entry before, so
// that a changed or missing entry is detected.
type Entry struct {
	// Subject is the id of the person, without a meaning of its own.
	Subject string `json:"subject"`
	// Seq counts a subject's entries from 1.
	Seq int64 `json:"seq"`
	// Key identifies the entry within the subject: one event noted twice has one key.
	Key string    `json:"key"`
	At  time.Time `json:"at"`
	// Kind is a DecisionKind or one of the Noted constants.
	Kind Kind `json:"what"`
	// Decision is the id of the decision, if the entry concerns one.
	Decision string `json:"decision,omitempty"`
	// Effective is the instant from which the decision is due.
	Effective *time.Time `json:"effective,omitempty"`
	Revision  string     `json:"revision,omitempty"`
	// Items are the deleted items; Ref is a keyed hash.
	Items []rules.Item `json:"items,omitempty"`
	// Rules are the reasons, as "tax_documents 6(1)(c)".
	Rules []string `json:"rules,omitempty"`
	// Text describes an alarm or names an act, without personal data.
	Text string `json:"text,omitempty"`
	// By is who acted, About the id of the subject, decision, request or source of the act.
	By    string `json:"by,omitempty"`
	About string `json:"about,omitempty"`
	// Names and Answers belong to a confirmed decision: the names of the person, hashed under the
	// decision's key of a Generation, and the answers of the recipients.
	Names      []string `json:"names,omitempty"`
	Generation int      `json:"generation,omitempty"`
	Answers    []Answer `json:"answers,omitempty"`
	// PrevAt and Prev are the time and the hash of the entry before; absent in the first entry.
	// PrevAt shows whether missing entries at the beginning were past their retention period.
	PrevAt *time.Time `json:"prev_at,omitempty"`
	Prev   string     `json:"prev,omitempty"`
	Hash   string     `json:"hash"`
}

// Answer is the answer of a recipient to a decision (Art. 19).
type Answer struct {
	Decision  string       `json:"decision"`
	Recipient string       `json:"recipient"`
	Outcome   fact.Outcome `json:"outcome"`
	// Categories holds the answers for single categories that differ from Outcome.
	Categories map[string]fact.Outcome `json:"categories,omitempty"`
	Reason     string                  `json:"reason,omitempty"`
	At         time.Time               `json:"at"`
}

// Head is where a journal ends.
type Head struct {
	Seq  int64  `json:"seq"`
	Hash string `json:"hash"`
}

// sum hashes the entry without its hash.
func (e Entry) sum() (string, error) {
	e.Hash = ""
	data, err := json.Marshal(e)
	if err != nil {
		return "", fmt.Errorf("hash journal entry %s/%d: %w", e.Subject, e.Seq, err)
	}
	h := sha256.Sum256(data)
	return hex.EncodeToString(h[:]), nil
}

// Chained returns e as the entry after last, numbered and hashed. A zero last begins a journal.
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
func NewDecisionEntry(d *decision.Decision, mark func(ref string) string) Entry {
	effective := d.Effective
	e := Entry{
		Key: d.ID, At: d.At, Kind: Kind(d.Kind), Decision: d.ID, Effective: &effective, Revision: d.Revision,
		Items: hashItems(d.Items(), mark),
	}
	if d.Repeated() {
		e.Kind = KindReplay
	}
	if d.Retract != nil {
		e.Items, e.Text = hashItems(d.RetractedItems(), mark), "of "+d.Retract.Decision
	}
	if d.Ask != nil {
		e.Text = d.Ask.Purpose + " by " + d.Ask.Channel
	}
	for i := range d.Because {
		reason := d.Because[i].Purpose + " " + d.Because[i].Article
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

func hashItems(items []rules.Item, mark func(ref string) string) []rules.Item {
	var out []rules.Item
	for _, i := range items {
		if i.Ref != "" {
			i.Ref = mark(i.Ref)
		}
		out = append(out, i)
	}
	return out
}

// Check finds the first fault in the sorted entries of one subject: a changed, missing or
// inserted entry. Entries older than kept may be missing at the beginning. The result is nil for an
// intact chain.
func Check(entries []Entry, kept time.Time) error {
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

// Note is a journal entry that is not a decision.
type Note struct {
	// Key identifies the note within the subject: notes of one key become one entry.
	Key  string    `json:"key"`
	At   time.Time `json:"at"`
	Kind Kind      `json:"what"`
	// Text holds nothing personal; Items are the subject matter of the note.
	Text  string       `json:"text,omitempty"`
	Items []rules.Item `json:"items,omitempty"`
	// Decision, Names and Answers describe a confirmed deletion: the hashed names of the person and
	// the answers of the recipients. Generation is the generation of the hash key.
	Decision   string   `json:"decision,omitempty"`
	Names      []string `json:"names,omitempty"`
	Generation int      `json:"generation,omitempty"`
	Answers    []Answer `json:"answers,omitempty"`
	// Published is a decision that was published and left the outbox before its journal entry.
	Published *decision.Decision `json:"made,omitempty"`
}
