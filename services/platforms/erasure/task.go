package erasure

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/dispatch"
	"github.com/rodopath/rodopath/services/internal/address"
)

// Task is a deletion at a platform.
type Task struct {
	// ID identifies one publication of the decision: the id of a replay includes its time.
	ID string
	// Whole reports whether nothing of the person may be held any more.
	Whole bool
	// Hidden reports whether names are hashed.
	Hidden bool
	// Blind reports whether the retained items are unknown: names are hashed, and nobody checked the decision.
	Blind bool
	// Since is the earliest useful time of a list: for a replay, which may follow a restored
	// backup, the time of the replay.
	Since time.Time
	// Emails are the person's addresses in the form of address.Normal, and in further writings under
	// which a platform may hold an address.
	Emails []string
	// Items are the items without a basis.
	Items []stream.Item

	// Effective is the instant from which the decision is due.
	Effective time.Time

	ids    []string
	hashes []string
	key    string
	stays  []stream.RetainedItem
}

// Read reads an event. The retained items are those of the check of the delivery, and otherwise those of the
// event.
func Read(ctx context.Context, e *stream.Event) (*Task, error) {
	d := e.Data.Delete
	if d == nil {
		return nil, errors.New(
			"the decision is not a deletion, and a platform accepts nothing else; remove kinds from its configuration",
		)
	}
	p := &e.Data.Person
	t := &Task{
		ID:        e.ID,
		Whole:     d.Scope == "person",
		Items:     d.Items,
		Effective: e.Data.Effective,
		ids:       p.IDs,
		hashes:    p.Hashes,
		key:       p.Key,
		stays:     d.Retained,
		Hidden:    len(p.Hashes) > 0 && len(p.Emails) == 0 && len(p.IDs) == 0,
	}
	retained, known := dispatch.Retained(ctx)
	if known {
		t.stays = retained
	}
	t.Blind = t.Hidden && !known
	if e.Data.Replay != nil {
		t.Since = e.Data.Replay.At
		t.ID += ":" + strconv.FormatInt(e.Data.Replay.At.Unix(), 10)
	}
	for _, email := range p.Emails {
		email = address.Normal(email)
		for _, writing := range append([]string{email}, address.Former(email)...) {
			if writing != "" && !slices.Contains(t.Emails, writing) {
				t.Emails = append(t.Emails, writing)
			}
		}
	}
	return t, nil
}

// IDs lists the person's ids that begin and end so, without that.
func (t *Task) IDs(prefix, suffix string) []string {
	var out []string
	for _, id := range t.ids {
		if id, ok := cut(id, prefix, suffix); ok && !slices.Contains(out, id) {
			out = append(out, id)
		}
	}
	return out
}

// Records lists the records of an item with a prefix and a suffix, without both.
func Records(i *stream.Item, prefix, suffix string) []string {
	var out []string
	for _, name := range append([]string{i.Ref}, i.Names...) {
		if id, ok := cut(name, prefix, suffix); ok && !slices.Contains(out, id) {
			out = append(out, id)
		}
	}
	return out
}

func cut(name, prefix, suffix string) (string, bool) {
	rest, ok := strings.CutPrefix(name, prefix)
	if !ok {
		return "", false
	}
	rest, ok = strings.CutSuffix(rest, suffix)
	return rest, ok && rest != ""
}

// Person reports whether a name at the platform is the person's: an address, or an id such as
// "stripe:cus_1".
func (t *Task) Person(name string) bool {
	if kind, _, ok := strings.Cut(name, ":"); strings.Contains(name, "@") && (!ok || strings.Contains(kind, "@")) {
		name = address.Normal(name)
	}
	return name != "" && (slices.Contains(t.Emails, name) || slices.Contains(t.ids, name) || t.hidden(t.hashes, name))
}

// Names reports whether a record at the platform is the item's.
func (t *Task) Names(i *stream.Item, record string) bool {
	return i.Ref == record || slices.Contains(i.Names, record) || t.hidden(i.Hashes, record)
}

func (t *Task) hidden(hashes []string, name string) bool {
	return len(hashes) > 0 && t.key != "" && slices.Contains(hashes, stream.Hash(t.key, name))
}

// Gone reports whether nothing of a category may be held any more.
func (t *Task) Gone(category string) bool {
	return t.Whole || t.Lapsed(category) && !t.Stays(category)
}

// Lapsed reports whether a category is among the items.
func (t *Task) Lapsed(category string) bool {
	return slices.ContainsFunc(t.Items, func(i stream.Item) bool { return i.Category == category })
}

// Stays reports whether data of one of the categories may still be held, as far as known.
func (t *Task) Stays(categories ...string) bool {
	return slices.ContainsFunc(
		t.stays,
		func(s stream.RetainedItem) bool { return slices.Contains(categories, s.Category) },
	)
}

// contractArticle is the basis of a contract in the GDPR.
const contractArticle = "6(1)(b)"

// InUse reports whether data of a category may still be held for a contract, and not for claims alone.
func (t *Task) InUse(category string) bool {
	return slices.ContainsFunc(t.stays, func(s stream.RetainedItem) bool {
		return s.Category == category && s.Article == contractArticle
	})
}

// StaysRecord reports whether data of a record may still be held: of one of the categories, or of
// any category when none is given.
func (t *Task) StaysRecord(record string, categories ...string) bool {
	return slices.ContainsFunc(t.stays, func(s stream.RetainedItem) bool {
		return isRecord(s, record) && (len(categories) == 0 || slices.Contains(categories, s.Category))
	})
}

// isRecord reports whether an item is of a record. Of many retained records the decision lists the categories
// alone, and then each record may be meant.
func isRecord(s stream.RetainedItem, record string) bool {
	if s.Ref == "" {
		return perRecord(s.Category)
	}
	return s.Ref == record || slices.Contains(s.Names, record)
}

// perRecord reports whether a category is kept for each record.
func perRecord(category string) bool {
	return slices.Contains([]string{"order", "invoice", "structured_invoice", "access", "progress"}, category)
}

// Knows reports whether the decision knows a record: as deleted, or as retained.
func (t *Task) Knows(record string) bool {
	return slices.ContainsFunc(t.Items, func(i stream.Item) bool { return t.Names(&i, record) }) || t.StaysRecord(record)
}

// Unlisted reports whether the decision names too many retained records to list them.
func (t *Task) Unlisted() bool {
	return slices.ContainsFunc(t.stays, func(s stream.RetainedItem) bool { return s.Ref == "" && perRecord(s.Category) })
}

// Until returns the latest end of the retained items that match, nil where an end is not known, and the last day
// before.
func (t *Task) Until(match func(stream.RetainedItem) bool) (until *time.Time, lastDay string) {
	for i := range t.stays {
		s := &t.stays[i]
		switch {
		case !match(*s):
		case s.Until == nil:
			return nil, ""
		case until == nil || s.Until.After(*until):
			until, lastDay = s.Until, s.LastDay
		}
	}
	return until, lastDay
}

// UntilOf is Until of a category.
func (t *Task) UntilOf(category string) (until *time.Time, lastDay string) {
	return t.Until(func(s stream.RetainedItem) bool { return s.Category == category })
}

// UntilOfRecord is Until of a record.
func (t *Task) UntilOfRecord(record string) (until *time.Time, lastDay string) {
	return t.Until(func(s stream.RetainedItem) bool { return isRecord(s, record) })
}

// Categories lists the categories of the items, each once.
func (t *Task) Categories() []string {
	var out []string
	for i := range t.Items {
		if c := t.Items[i].Category; !slices.Contains(out, c) {
			out = append(out, c)
		}
	}
	return out
}

// Plain reports whether an id, which becomes part of a path, consists of letters and digits.
func Plain(id string) bool {
	return id != "" && len(id) <= 100 &&
		strings.Trim(id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") == ""
}
