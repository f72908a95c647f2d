package sqlitestore

import (
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/rodopath/rodopath/services/lifecycle"
	"github.com/rodopath/rodopath/services/lifecycle/store"
)

// numbers are the numbers of the stored labels, read once. A number never changes.
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

// labelsOf returns the numbers of the stored labels of a subject and of the labels to store.
func (w *writer) labelsOf(s *lifecycle.Subject) (was, is []int64, err error) {
	if s.Version > 0 {
		if was, err = w.storedLabels(s.ID); err != nil {
			return nil, nil, err
		}
	}
	for _, name := range s.AllLabels() {
		number, err := w.labelNumber(name)
		if err != nil {
			return nil, nil, err
		}
		is = append(is, number)
	}
	slices.Sort(is)
	return was, is, nil
}

func (w *writer) storedLabels(id string) ([]int64, error) {
	var data []byte
	s := w.tx.StmtContext(w.ctx, w.stmts.labels) //nolint:sqlclosecheck // closed by the transaction
	err := s.QueryRowContext(w.ctx, id).Scan(&data)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return decodeNumbers(data), err
}

// labelNumber returns the number of a label, and gives a new label one.
func (w *writer) labelNumber(name string) (int64, error) {
	if number, ok := w.labels.number(name); ok {
		return number, nil
	}
	if number, ok := w.fresh[name]; ok {
		return number, nil
	}
	var number int64
	s := w.tx.StmtContext(w.ctx, w.stmts.number) //nolint:sqlclosecheck // closed by the transaction
	err := s.QueryRowContext(w.ctx, name).Scan(&number)
	if errors.Is(err, sql.ErrNoRows) {
		var res sql.Result
		if res, err = w.exec(w.stmts.name, name); err == nil {
			number, err = res.LastInsertId()
		}
	}
	if err == nil {
		w.fresh[name] = number
	}
	return number, err
}

// relabel changes the index of labels from the sorted numbers of one list to those of another.
func (w *writer) relabel(id string, was, is []int64) error {
	for _, number := range was {
		if _, kept := slices.BinarySearch(is, number); kept {
			continue
		}
		removed, err := affected(w.exec(w.stmts.unlabel, number, id))
		if err != nil {
			return err
		}
		if removed {
			w.counts[number]--
		}
	}
	for _, number := range is {
		if _, had := slices.BinarySearch(was, number); had {
			continue
		}
		added, err := affected(w.exec(w.stmts.label, number, id))
		if err != nil {
			return err
		}
		if added {
			w.counts[number]++
		}
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

// Labelled returns the next subjects that have every label of a page, by id.
func (s *Store) Labelled(ctx context.Context, page store.Page) ([]lifecycle.Subject, error) {
	if len(page.Labels) == 0 {
		return nil, store.ErrNoLabel
	}
	var from, where strings.Builder
	var args []any
	for i, label := range page.Labels {
		if i == 0 {
			from.WriteString("labelled AS l0")
			where.WriteString("l0.label = (SELECT number FROM labels WHERE name = ?)")
		} else {
			fmt.Fprintf(&from, " CROSS JOIN labelled AS l%d", i)
			fmt.Fprintf(
				&where,
				" AND l%[1]d.label = (SELECT number FROM labels WHERE name = ?) AND l%[1]d.subject = l0.subject",
				i,
			)
		}
		args = append(args, label)
	}
	order := "ASC"
	if page.Newest {
		order = "DESC"
	}
	if page.After != "" {
		if page.Newest {
			where.WriteString(" AND l0.subject < ?")
		} else {
			where.WriteString(" AND l0.subject > ?")
		}
		args = append(args, page.After)
	}
	out, err := s.page(
		ctx,
		page.Limit,
		"SELECT subjects.id, version, subjects.labels, doc FROM (SELECT l0.subject AS id FROM "+
			from.String()+" WHERE "+where.String()+" ORDER BY l0.subject "+order+" LIMIT ?) AS found JOIN subjects USING (id) ORDER BY id "+
			order,
		args...)
	if err != nil {
		return out, fmt.Errorf("list the subjects of labels: %w", err)
	}
	return out, nil
}
