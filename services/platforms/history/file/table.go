package file

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"
	"unicode/utf8"
)

// rows iterates over the objects of a CSV file, one of each row below the names of the columns. Consecutive rows of one
// order are the items of the order. The number of a row is that of a spreadsheet: the names stand in row 1.
func (r *Reader) rows(f io.Reader) iter.Seq2[row, error] {
	return func(yield func(row, error) bool) {
		in := bufio.NewReaderSize(skipMark(f), 1<<16)
		table := csv.NewReader(in)
		table.Comma, table.LazyQuotes, table.FieldsPerRecord = separator(in), true, -1
		names, err := table.Read()
		if err != nil {
			yield(row{}, errors.New("the file has no row with the names of the columns"))
			return
		}
		columns, note, err := r.columns(names)
		if err != nil {
			yield(row{}, err)
			return
		}
		if note != "" && !yield(row{note: note}, nil) {
			return
		}
		t := &tabled{Reader: r, columns: columns}
		for n := 2; ; n++ {
			cells, err := table.Read()
			if errors.Is(err, io.EOF) {
				t.flush(yield)
				return
			}
			if err != nil {
				cells = nil
			}
			if !t.next(n, cells, yield) {
				return
			}
		}
	}
}

// separator is the sign between the columns: the most frequent of three in the first row.
func separator(in *bufio.Reader) rune {
	head, _ := in.Peek(1 << 14) // a shorter file is whole
	line, _, _ := strings.Cut(string(head), "\n")
	best := ','
	for _, sign := range []rune{';', '\t'} {
		if strings.Count(line, string(sign)) > strings.Count(line, string(best)) {
			best = sign
		}
	}
	return best
}

// columns returns the fields of the columns; a column without a field is not read, and the note names such columns.
func (r *Reader) columns(names []string) (fields []*field, note string, err error) {
	mapped := map[string]string{}
	for column, name := range r.opts.Map {
		mapped[strings.TrimSpace(column)] = name
	}
	usual := known(r.opts.Platform)
	var left []string
	for _, name := range names {
		name = strings.TrimSpace(name)
		f, ok := usual[plain(name)]
		if to, given := mapped[name]; given {
			if f, err = fieldOf(r.opts.Platform, to); err != nil {
				return nil, "", err
			}
			ok = true
			delete(mapped, name)
		}
		if !ok {
			left = append(left, name)
			fields = append(fields, nil)
			continue
		}
		fields = append(fields, &f)
	}
	for column := range mapped {
		return nil, "", fmt.Errorf("--map: the file has no column %q", column)
	}
	if len(left) == len(names) {
		return nil, "", errors.New("no column of the file is known: name the fields with --map \"Column=field\"")
	}
	if len(left) > 0 {
		note = "Columns that are not read: " + strings.Join(left, ", ") + "."
	}
	return fields, note, nil
}

// tabled collects the rows of one object.
type tabled struct {
	*Reader
	columns []*field
	// object is the object of the rows from number on; nil without one.
	object map[string]any
	number int
}

// next adds a row; nil cells are a row that is no CSV.
func (t *tabled) next(n int, cells []string, yield func(row, error) bool) bool {
	object, fault := t.read(cells)
	if fault == "" && t.object != nil && t.opts.Platform == "woocommerce" && sameOrder(t.object, object) {
		items, _ := t.object["line_items"].([]any)
		more, _ := object["line_items"].([]any)
		t.object["line_items"] = append(items, more...)
		return true
	}
	if !t.flush(yield) {
		return false
	}
	if fault != "" {
		return yield(row{number: n, fault: fault}, nil)
	}
	t.object, t.number = object, n
	return true
}

func sameOrder(a, b map[string]any) bool { return a["id"] != nil && a["id"] == b["id"] }

// flush visits the collected object.
func (t *tabled) flush(yield func(row, error) bool) bool {
	if t.object == nil {
		return true
	}
	data, err := json.Marshal(t.object)
	t.object = nil
	if err != nil {
		return yield(row{number: t.number, fault: "the row cannot be written as JSON"}, nil)
	}
	return yield(row{number: t.number, object: data}, nil)
}

// read makes the object of a row, or says what is wrong with the row, without a value.
func (t *tabled) read(cells []string) (object map[string]any, fault string) {
	if cells == nil {
		return nil, "the row is not CSV"
	}
	object = map[string]any{}
	for f, value := range t.set {
		put(object, f.path, value)
	}
	for i, cell := range cells {
		if i >= len(t.columns) {
			return nil, "the row has more cells than there are columns"
		}
		f := t.columns[i]
		if f == nil || strings.TrimSpace(cell) == "" {
			continue
		}
		if !utf8.ValidString(cell) {
			return nil, "the row is not UTF-8: save the file as UTF-8"
		}
		value, err := f.value(cell, t.opts.Zone)
		if err != nil {
			return nil, fmt.Sprintf("%s is %s", f.path, err)
		}
		put(object, f.path, value)
	}
	return object, ""
}
