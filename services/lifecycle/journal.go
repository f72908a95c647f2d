package lifecycle

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"
)

// What an Entry of the journal is about, besides the kinds of decisions.
const (
	// NotedReplay is a deletion that was said again, because data that had to go
	// came back.
	NotedReplay = "replay"
	// NotedAlarm is something that the seller must look at.
	NotedAlarm = "alarm"
	// NotedForgotten closes a journal: nothing is left of the subject.
	NotedForgotten = "forgotten"
)

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
	// What is a DecisionKind or one of the Noted constants.
	What string `json:"what"`
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

// Follow returns e as the entry after last, numbered and hashed. A zero last
// makes it the first of its journal.
func (e Entry) Follow(last Entry) (Entry, error) {
	e.Seq, e.Prev, e.PrevAt = last.Seq+1, last.Hash, nil
	if last.Seq > 0 {
		at := last.At
		e.PrevAt = &at
	}
	var err error
	e.Hash, err = e.sum()
	return e, err
}
