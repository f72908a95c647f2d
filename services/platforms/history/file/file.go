// Package file reads the history of a source from a file: a table in CSV, or objects in JSON.
package file

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/rodopath/rodopath/services/platforms/history"
)

// Options configure a reader of a file.
type Options struct {
	// Path is the path of the file, or its name alone with Open.
	Path string
	// Open opens the file; nil means the file at Path.
	Open func(ctx context.Context) (io.ReadCloser, error)
	// Platform is the platform of the source; "standard" reads tables of one's own.
	Platform string
	// Map names the fields of columns with names of their own, Set the values of fields that no column has.
	Map, Set map[string]string
	// Zone is the zone of times without a zone; nil means UTC.
	Zone *time.Location
	// Wrap makes the webhooks of the objects.
	Wrap history.Wrap
}

// Reader reads one file.
type Reader struct {
	opts Options
	set  map[field]any
}

var _ history.Reader = (*Reader)(nil)

// perPage is the number of rows of a page.
const perPage = 200

// New makes a reader. The name of the file ends with .csv or .json.
func New(o Options) (*Reader, error) {
	if o.Zone == nil {
		o.Zone = time.UTC
	}
	if o.Open == nil {
		o.Open = func(context.Context) (io.ReadCloser, error) { return os.Open(o.Path) }
	}
	r := &Reader{opts: o, set: map[field]any{}}
	switch kind := strings.ToLower(filepath.Ext(o.Path)); {
	case kind != ".csv" && kind != ".json":
		return nil, errors.New("the name of the file must end with .csv or .json")
	case kind == ".json" && len(o.Map)+len(o.Set) > 0:
		return nil, errors.New("--map and --set are for the columns of a CSV file")
	}
	for name, cell := range o.Set {
		f, err := fieldOf(o.Platform, name)
		if err != nil {
			return nil, err
		}
		if r.set[f], err = f.value(cell, o.Zone); err != nil {
			return nil, fmt.Errorf("--set: the value of %s is %w", name, err)
		}
	}
	return r, nil
}

// place is a cursor: the number of rows that were read.
type place struct {
	Row int `json:"row"`
}

// Pages implements history.Reader.
func (r *Reader) Pages(ctx context.Context, from history.Cursor) iter.Seq2[history.Page, error] {
	return func(yield func(history.Page, error) bool) {
		var at place
		if len(from) > 0 && json.Unmarshal(from, &at) != nil {
			yield(history.Page{}, history.ErrCursor)
			return
		}
		f, err := r.opts.Open(ctx)
		if err != nil {
			yield(history.Page{}, err)
			return
		}
		defer f.Close()
		rows := r.rows
		if strings.EqualFold(filepath.Ext(r.opts.Path), ".json") {
			rows = r.values
		}
		r.pages(ctx, rows(f), at.Row, yield)
	}
}

// row is an object of a file, or the fault of its row. note is about the whole file.
type row struct {
	number int
	object json.RawMessage
	fault  string
	note   string
}

// pages collects rows into pages, and leaves out those that were read.
func (r *Reader) pages(
	ctx context.Context, rows iter.Seq2[row, error], read int, yield func(history.Page, error) bool,
) {
	page := history.Page{Part: "rows"}
	n := 0
	for one, err := range rows {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			yield(history.Page{}, err)
			return
		}
		if one.note != "" {
			page.Note = one.note
			continue
		}
		if n++; n <= read {
			continue
		}
		r.add(&page, &one)
		if n%perPage == 0 {
			page.Next, err = json.Marshal(place{n})
			if !yield(page, err) || err != nil {
				return
			}
			page = history.Page{Part: "rows"}
		}
	}
	yield(page, nil)
}

// add adds the webhooks of a row to a page, or its fault.
func (r *Reader) add(page *history.Page, one *row) {
	if one.fault == "" {
		objects, err := r.opts.Wrap(one.object)
		if err == nil {
			for _, o := range objects {
				o.Row = one.number
				page.Objects = append(page.Objects, o)
			}
			return
		}
		one.fault = err.Error()
	}
	page.Faults = append(page.Faults, history.Fault{Row: one.number, Reason: one.fault})
}

// values iterates over the objects of a JSON file: a list, the answer of a list of an interface ({"data": […]}), or
// objects one after another. The number of an object counts from 1.
func (*Reader) values(f io.Reader) iter.Seq2[row, error] {
	return func(yield func(row, error) bool) {
		d := json.NewDecoder(skipMark(f))
		n := 0
		for {
			var value json.RawMessage
			first, err := d.Token()
			switch {
			case errors.Is(err, io.EOF):
				return
			case err == nil && first == json.Delim('['):
				for d.More() && err == nil {
					value = nil
					if err = d.Decode(&value); err == nil {
						if n++; !yield(row{number: n, object: value}, nil) {
							return
						}
					}
				}
				if err == nil {
					_, err = d.Token() // the end of the list
				}
			case err == nil && first == json.Delim('{'):
				var more bool
				if more, err = object(d, &n, yield); err == nil && !more {
					return
				}
			case err == nil:
				err = errors.New("the value is neither a list nor an object")
			}
			if err != nil {
				yield(row{}, fmt.Errorf("read the file after object %d: not JSON of the documented form", n))
				return
			}
		}
	}
}

// object reads the rest of an object, and visits the object itself or the objects of its list "data". more is false at
// the end of the iteration.
func object(d *json.Decoder, n *int, yield func(row, error) bool) (more bool, err error) {
	fields := map[string]json.RawMessage{}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return true, err
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return true, err
		}
		fields[fmt.Sprint(name)] = value
	}
	if _, err := d.Token(); err != nil {
		return true, err
	}
	var all []json.RawMessage
	if json.Unmarshal(fields["data"], &all) != nil {
		whole, err := json.Marshal(fields)
		if err != nil {
			return true, err
		}
		all = []json.RawMessage{whole}
	}
	for _, value := range all {
		if *n++; !yield(row{number: *n, object: value}, nil) {
			return false, nil
		}
	}
	return true, nil
}

// skipMark leaves out a byte order mark.
func skipMark(f io.Reader) io.Reader {
	mark := make([]byte, len("\uFEFF"))
	n, _ := io.ReadFull(f, mark) // a shorter file has none
	return io.MultiReader(bytes.NewReader(bytes.TrimPrefix(mark[:n], []byte("\uFEFF"))), f)
}

// Own makes the webhook of a fact of the platform "standard". Its id follows from the content, so that a repeated
// fact is one delivery.
func Own(fact json.RawMessage) ([]history.Object, error) {
	sum := sha256.Sum256(fact)
	return []history.Object{{
		Header: map[string]string{"webhook-id": "import_" + hex.EncodeToString(sum[:16])}, Body: fact,
	}}, nil
}
