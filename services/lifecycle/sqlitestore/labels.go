package sqlitestore

import (
	"context"
	"database/sql"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"sync"

	"github.com/rodopath/rodopath/services/lifecycle"
	"github.com/rodopath/rodopath/services/lifecycle/store"
)

// numbers are the numbers of the stored labels, or policies, read once. A number never changes.
type numbers struct {
	mu sync.Mutex
	of map[string]int64
	by map[int64]string
}

func (n *numbers) add(fresh map[string]int64) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.of == nil {
		n.of, n.by = map[string]int64{}, map[int64]string{}
	}
	for name, number := range fresh {
		n.of[name], n.by[number] = number, name
	}
}

func (n *numbers) number(name string) (int64, bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	number, ok := n.of[name]
	return number, ok
}

// names returns the labels of numbers; false when one is unknown.
func (n *numbers) names(list []int64) ([]string, bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	out := make([]string, len(list))
	for i, number := range list {
		name, ok := n.by[number]
		if !ok {
			return nil, false
		}
		out[i] = name
	}
	return out, true
}

// encodeNumbers returns the column of labels; nil for none.
func encodeNumbers(list []int64) []byte {
	var out []byte
	for _, number := range list {
		out = binary.AppendUvarint(out, uint64(number)) //nolint:gosec // a number of SQLite is above 0
	}
	return out
}

func decodeNumbers(data []byte) []int64 {
	var out []int64
	for len(data) > 0 {
		number, n := binary.Uvarint(data)
		if n <= 0 {
			return out // never written so
		}
		out, data = append(out, int64(number)), data[n:] //nolint:gosec // as encodeNumbers wrote
	}
	return out
}

// labelShare is the number of rows of labelled that are sorted in for a usual change of labels.
const labelShare = 8

// labelChanges are the labels of the subjects of a transaction.
type labelChanges struct {
	// was are the numbers of the stored labels of each subject.
	was map[string][]int64
	// fresh are the numbers of labels that are new, counts the changes of the counts.
	fresh  map[string]int64
	counts map[int64]int64
	// changed are the subjects whose labels changed, with the labels before.
	changed []relabelled
}

// relabelled is a subject, and the numbers of its labels before a change. Changes of labels are appended to
// recent_labels and sorted into labelled before the next list, or by the thousand: the subjects of a label share pages,
// and a label that comes and goes changes none.
type relabelled struct {
	subject int64 // subjects.number
	was     []int64
}

// MarshalJSON returns an array of both.
func (r relabelled) MarshalJSON() ([]byte, error) {
	if r.was == nil {
		r.was = []int64{}
	}
	return json.Marshal([]any{r.subject, r.was})
}

// readLabels reads the numbers of the subjects of changes, and their stored labels.
func (w *writer) readLabels(changes []store.Change) error {
	var ids []string
	for i := range changes {
		if s := &changes[i].Subject; s.Version > 0 {
			ids = append(ids, s.ID)
		}
		for j := range changes[i].Redirect {
			ids = append(ids, changes[i].Redirect[j].ID)
		}
	}
	w.was = make(map[string][]int64, len(ids))
	if len(ids) == 0 {
		return nil
	}
	arg, err := json.Marshal(ids)
	if err != nil {
		return err
	}
	labels := w.tx.StmtContext(w.ctx, w.stmts.labels) //nolint:sqlclosecheck // closed by the transaction
	rows, err := labels.QueryContext(w.ctx, string(arg))
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var id string
		var number int64
		var data []byte
		if err := rows.Scan(&id, &number, &data); err != nil {
			return err
		}
		w.rows[id], w.was[id] = number, decodeNumbers(data)
	}
	return rows.Err()
}

// numbersOf returns the sorted numbers of the labels to store.
func (w *writer) numbersOf(s *lifecycle.Subject) ([]int64, error) {
	var out []int64
	for _, name := range s.AllLabels() {
		number, err := w.numberOf(w.labels, w.fresh, w.stmts.number, w.stmts.name, name)
		if err != nil {
			return nil, err
		}
		out = append(out, number)
	}
	slices.Sort(out)
	return out, nil
}

// numberOf returns the number of a label or policy, and gives a new one a number. The statements read a number and
// add a name.
func (w *writer) numberOf(of *numbers, fresh map[string]int64, read, add *sql.Stmt, name string) (int64, error) {
	if number, ok := of.number(name); ok {
		return number, nil
	}
	if number, ok := fresh[name]; ok {
		return number, nil
	}
	var number int64
	s := w.tx.StmtContext(w.ctx, read) //nolint:sqlclosecheck // closed by the transaction
	err := s.QueryRowContext(w.ctx, name).Scan(&number)
	if errors.Is(err, sql.ErrNoRows) {
		var res sql.Result
		if res, err = w.exec(add, name); err == nil {
			number, err = res.LastInsertId()
		}
	}
	if err == nil {
		fresh[name] = number
	}
	return number, err
}

// relabel records that a subject has other labels now, by their sorted numbers.
func (w *writer) relabel(id string, is []int64) {
	was := w.was[id]
	if slices.Equal(was, is) {
		return
	}
	w.was[id], w.changed = is, append(w.changed, relabelled{w.rows[id], was})
	for _, number := range was {
		w.counts[number]--
	}
	for _, number := range is {
		w.counts[number]++
	}
}

// writeLabels writes the changes of labels and of their counts.
func (w *writer) writeLabels(gather int) error {
	if err := w.writeCounts(); err != nil || len(w.changed) == 0 {
		return err
	}
	arg, err := json.Marshal(w.changed)
	if err != nil {
		return err
	}
	res, err := w.exec(w.stmts.relabel, string(arg))
	if err != nil {
		return err
	}
	// The rows are numbered from 1, so the last number is their count.
	if last, err := res.LastInsertId(); err != nil || last < int64(gather) {
		return err
	}
	return sortLabels(w.ctx, w.tx)
}

// sortLabels carries the recent changes of labels over to labelled: a subject had the labels before its first change,
// and has those of its row.
func sortLabels(ctx context.Context, tx *sql.Tx) error {
	added, removed, err := recentLabels(ctx, tx)
	if err != nil {
		return err
	}
	if err := eachLabel(
		ctx, tx, removed, "DELETE FROM labelled WHERE label = ?1 AND subject IN (SELECT value FROM json_each(?2))",
	); err != nil {
		return err
	}
	if err := addLabelled(ctx, tx, added); err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, "DELETE FROM recent_labels")
	return err
}

// addLabelled adds subjects to labels, by their numbers.
func addLabelled(ctx context.Context, tx *sql.Tx, added map[int64][]int64) error {
	return eachLabel(ctx, tx, added,
		"INSERT INTO labelled (label, subject) SELECT ?1, value FROM json_each(?2) WHERE true ON CONFLICT DO NOTHING")
}

// eachLabel runs a statement with each label and its subjects, in order.
func eachLabel(ctx context.Context, tx *sql.Tx, subjects map[int64][]int64, statement string) error {
	for _, number := range slices.Sorted(maps.Keys(subjects)) {
		list := subjects[number]
		slices.Sort(list)
		arg, err := json.Marshal(list)
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, statement, number, string(arg)); err != nil {
			return err
		}
	}
	return nil
}

// recentLabels returns the subjects that have a label since the recent changes, and those that no longer have it.
func recentLabels(ctx context.Context, tx *sql.Tx) (added, removed map[int64][]int64, err error) {
	added, removed = map[int64][]int64{}, map[int64][]int64{}
	rows, err := tx.QueryContext(ctx, `
		SELECT recent.subject, was, labels FROM recent_labels AS recent LEFT JOIN subjects ON number = recent.subject
		ORDER BY seq`)
	if err != nil {
		return nil, nil, err
	}
	defer rows.Close()
	seen := map[int64]bool{}
	for rows.Next() {
		var subject int64
		var before, after []byte
		if err := rows.Scan(&subject, &before, &after); err != nil {
			return nil, nil, err
		}
		if seen[subject] {
			continue
		}
		seen[subject] = true
		var was []int64
		if err := json.Unmarshal(before, &was); err != nil {
			return nil, nil, err
		}
		is := decodeNumbers(after)
		addMissing(removed, subject, was, is)
		addMissing(added, subject, is, was)
	}
	return added, removed, rows.Err()
}

// addMissing adds a subject to the numbers of one sorted list that another does not have.
func addMissing(to map[int64][]int64, subject int64, list, other []int64) {
	for _, number := range list {
		if _, found := slices.BinarySearch(other, number); !found {
			to[number] = append(to[number], subject)
		}
	}
}

// sortLabelsIn sorts recent changes of labels in, if there are any.
func (s *Store) sortLabelsIn(ctx context.Context) error {
	var recent bool
	err := s.read.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM recent_labels)").Scan(&recent)
	if err != nil || !recent {
		return err
	}
	tx, err := s.write.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err = sortLabels(ctx, tx); err == nil {
		err = tx.Commit()
	}
	if err != nil {
		return errors.Join(err, rollback(tx))
	}
	return nil
}

// writeCounts changes the counts of the labels of the transaction.
func (w *writer) writeCounts() error {
	for number, change := range w.counts {
		if change == 0 {
			continue
		}
		if _, err := w.exec(w.stmts.counted, change, number); err != nil {
			return err
		}
	}
	return nil
}

// readLabels sets the labels of a subject that was read.
func (s *Store) readLabels(ctx context.Context, list []lifecycle.Subject, columns [][]byte) error {
	for i := range list {
		names, ok := s.labels.names(decodeNumbers(columns[i]))
		if !ok {
			if err := s.learnLabels(ctx); err != nil {
				return err
			}
			names, _ = s.labels.names(decodeNumbers(columns[i]))
		}
		list[i].RestoreLabels(names)
	}
	return nil
}

// learnLabels reads the numbers that another process or a former run gave.
func (s *Store) learnLabels(ctx context.Context) error {
	found := map[string]int64{}
	err := s.visit(ctx, func(rows *sql.Rows) error {
		var name string
		var number int64
		err := rows.Scan(&number, &name)
		found[name] = number
		return err
	}, "SELECT number, name FROM labels")
	if err != nil {
		return fmt.Errorf("read the labels: %w", err)
	}
	s.labels.add(found)
	return nil
}

// Counts returns the number of subjects of each label.
func (s *Store) Counts(ctx context.Context) (map[string]int64, error) {
	out := map[string]int64{}
	err := s.visit(ctx, func(rows *sql.Rows) error {
		var name string
		var n int64
		err := rows.Scan(&name, &n)
		out[name] = n
		return err
	}, "SELECT name, count FROM labels WHERE count > 0")
	if err != nil {
		return nil, fmt.Errorf("count the subjects of labels: %w", err)
	}
	return out, nil
}

// Labelled returns the next subjects that have every label of a page, in its order.
func (s *Store) Labelled(ctx context.Context, page store.Page) ([]lifecycle.Subject, error) {
	if len(page.Labels) == 0 {
		return nil, store.ErrNoLabel
	}
	if err := s.sortLabelsIn(ctx); err != nil {
		return nil, fmt.Errorf("sort labels in: %w", err)
	}
	var out []lifecycle.Subject
	var err error
	if page.Sort == store.SortStored {
		out, err = s.labelledStored(ctx, page)
	} else {
		out, err = s.labelledByTime(ctx, page)
	}
	if err != nil && !errors.Is(err, store.ErrPlace) {
		err = fmt.Errorf("list the subjects of labels: %w", err)
	}
	return out, err
}

// labelledFrom is the join of a subject with each of its labels, the first of which leads.
func labelledFrom(labels []string) (from, where string, args []any) {
	var f, w strings.Builder
	for i, label := range labels {
		if i == 0 {
			f.WriteString("labelled AS l0")
			w.WriteString("l0.label = (SELECT number FROM labels WHERE name = ?)")
		} else {
			fmt.Fprintf(&f, " CROSS JOIN labelled AS l%d", i)
			fmt.Fprintf(
				&w, " AND l%[1]d.label = (SELECT number FROM labels WHERE name = ?) AND l%[1]d.subject = l0.subject", i)
		}
		args = append(args, label)
	}
	return f.String(), w.String(), args
}

// labelledStored lists subjects in the order in which they were stored.
func (s *Store) labelledStored(ctx context.Context, page store.Page) ([]lifecycle.Subject, error) {
	from, where, args := labelledFrom(page.Labels)
	order, after := "ASC", " AND l0.subject > ?"
	if page.Newest {
		order, after = "DESC", " AND l0.subject < ?"
	}
	if page.After != "" {
		number, err := s.numberOf(ctx, page.After, page.Newest)
		if err != nil {
			return nil, err
		}
		where += after
		args = append(args, number)
	}
	return s.page(ctx, page.Limit,
		"SELECT subjects.id, version, subjects.labels, doc FROM (SELECT l0.subject AS number FROM "+from+" WHERE "+where+
			" ORDER BY l0.subject "+order+" LIMIT ?) AS found CROSS JOIN subjects USING (number) ORDER BY number "+order,
		args...)
}

// numberOf returns the number of a subject. Of a subject that is removed, the number of the one with the next id
// towards the beginning of a list stands for it: ids follow the time.
func (s *Store) numberOf(ctx context.Context, id string, newest bool) (int64, error) {
	query, none := "SELECT number FROM subjects WHERE id <= ? ORDER BY id DESC LIMIT 1", int64(0)
	if newest {
		query, none = "SELECT number FROM subjects WHERE id >= ? ORDER BY id LIMIT 1", math.MaxInt64
	}
	var number int64
	err := s.read.QueryRowContext(ctx, query, id).Scan(&number)
	if errors.Is(err, sql.ErrNoRows) {
		return none, nil
	}
	return number, err
}

// walkFrom is the usual Store.walkFrom: a list of fewer subjects is sorted.
const walkFrom = 20_000

// labelledByTime lists subjects by an instant, and then those without the instant in the order in which they were
// stored.
func (s *Store) labelledByTime(ctx context.Context, page store.Page) ([]lifecycle.Subject, error) {
	place, err := page.Place()
	if err != nil {
		return nil, err
	}
	walks, err := s.walks(ctx, page.Labels[0])
	if err != nil {
		return nil, err
	}
	number := int64(0)
	if !place.Begin {
		if number, err = s.numberOf(ctx, place.ID, page.Newest); err != nil {
			return nil, err
		}
	}
	var out []lifecycle.Subject
	if !place.Timeless {
		query, args := sortedQuery(&page, &place, number, walks)
		if out, err = s.page(ctx, page.Limit, query, args...); err != nil || len(out) == page.Limit {
			return out, err
		}
	}
	rest := page
	rest.Limit -= len(out)
	query, args := timelessQuery(&rest, &place, number)
	more, err := s.page(ctx, rest.Limit, query, args...)
	return append(out, more...), err
}

// walks reports whether a label has so many subjects that a list of them follows the index of the instants.
func (s *Store) walks(ctx context.Context, label string) (bool, error) {
	var n int64
	err := s.read.QueryRowContext(ctx, "SELECT count FROM labels WHERE name = ?", label).Scan(&n)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return n >= s.walkFrom, err
}

// columnOf is the column of an order, and the column that orders subjects of one instant: an index has both.
func columnOf(by store.Sort) (instant, tie string) {
	switch by {
	case store.SortRequest:
		return "request_due", "id"
	case store.SortNotice:
		return "notice_due", "id"
	case store.SortReview, store.SortStored:
	}
	return "review_at", "number"
}

// sortedQuery lists the subjects with the instant; number is that of the subject of the place.
func sortedQuery(page *store.Page, place *store.Place, number int64, walks bool) (query string, args []any) {
	column, tie := columnOf(page.Sort)
	order, after := "ASC", ">"
	if page.Newest {
		order, after = "DESC", "<"
	}
	ordered := " ORDER BY s." + column + " " + order + ", s." + tie + " " + order
	where := "s." + column + " IS NOT NULL"
	var rest []any
	if !place.Begin {
		where += " AND (s." + column + ", s." + tie + ") " + after + " (?, ?)"
		rest = []any{place.At.UnixMilli(), place.ID}
		if tie == "number" {
			rest[1] = number
		}
	}
	var found string
	if walks {
		const has = " AND EXISTS (SELECT 1 FROM labelled WHERE label = (SELECT number FROM labels WHERE name = ?) AND subject = s.number)"
		where += strings.Repeat(has, len(page.Labels))
		for _, label := range page.Labels {
			rest = append(rest, label)
		}
		index := strings.TrimSuffix(strings.TrimSuffix(column, "_due"), "_at")
		found, args = "subjects AS s INDEXED BY subjects_"+index+" WHERE "+where, rest
	} else {
		from, labelled, names := labelledFrom(page.Labels)
		found = from + " CROSS JOIN subjects AS s ON s.number = l0.subject WHERE " + labelled + " AND " + where
		args = slices.Concat(names, rest)
	}
	return "SELECT s.id, version, s.labels, doc FROM (SELECT s.number AS number FROM " + found + ordered +
		" LIMIT ?) AS found CROSS JOIN subjects AS s ON s.number = found.number" + ordered, args
}

// timelessQuery lists the subjects without the instant; number is that of the subject of the place.
func timelessQuery(page *store.Page, place *store.Place, number int64) (query string, args []any) {
	from, where, args := labelledFrom(page.Labels)
	order, after := "ASC", " AND l0.subject > ?"
	if page.Newest {
		order, after = "DESC", " AND l0.subject < ?"
	}
	if place.Timeless {
		where += after
		args = append(args, number)
	}
	column, _ := columnOf(page.Sort)
	return "SELECT s.id, version, s.labels, doc FROM " + from + " CROSS JOIN subjects AS s ON s.number = l0.subject WHERE " +
		where + " AND s." + column + " IS NULL ORDER BY l0.subject " + order + " LIMIT ?", args
}
