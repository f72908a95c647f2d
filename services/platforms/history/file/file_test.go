package file_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rodopath/rodopath/services/platforms/history"
	"github.com/rodopath/rodopath/services/platforms/history/file"
)

// plain is a Wrap that keeps an object as it is.
func plain(o json.RawMessage) ([]history.Object, error) {
	if string(o) == "null" {
		return nil, history.ErrNoObject
	}
	return []history.Object{{Body: o}}, nil
}

// read reads a file of a content, and begins anew at the last cursor after every page.
func read(
	t *testing.T,
	name, content string,
	change func(*file.Options),
) (bodies []string, faults []history.Fault, note string, err error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	o := file.Options{Path: path, Platform: "standard", Wrap: plain}
	if change != nil {
		change(&o)
	}
	r, err := file.New(o)
	if err != nil {
		return nil, nil, "", err
	}
	var at history.Cursor
	for done := false; !done; {
		for page, err := range r.Pages(t.Context(), at) {
			if err != nil {
				return bodies, faults, note, err
			}
			for _, o := range page.Objects {
				bodies = append(bodies, strconv.Itoa(o.Row)+" "+string(o.Body))
			}
			faults = append(faults, page.Faults...)
			if page.Note != "" {
				note = page.Note
			}
			at, done = page.Next, page.Next == nil
			break
		}
	}
	return bodies, faults, note, nil
}

func TestReader_OwnTable(t *testing.T) {
	const table = "\uFEFFKunde;at;ref;access;Lifetime (days);channels;Colour\r\n" +
		"ala@example.com;2024-03-01 10:00:00;17;course;30;email, sms;red\r\n" +
		"ola@example.com;never;18;course;;;blue\r\n" +
		"\"Ula \"\"U\"\" Nowak\";2024-03-02;19;;x;;\r\n" +
		"ela@example.com;2024-03-03;20;;;;;;\r\n"
	bodies, faults, note, err := read(t, "sales.csv", table, func(o *file.Options) {
		o.Map = map[string]string{"Kunde": "email", "Lifetime (days)": "access_days"}
		o.Set = map[string]string{"kind": "sale"}
		o.Zone, _ = time.LoadLocation("Europe/Warsaw")
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		`2 {"access":"course","access_days":30,"at":"2024-03-01T09:00:00Z","channels":["email","sms"],"kind":"sale","person":{"email":"ala@example.com"},"ref":"17"}`,
	}
	if diff := cmp.Diff(want, bodies); diff != "" {
		t.Errorf("the objects differ (-want +got):\n%s", diff)
	}
	wantFaults := []history.Fault{
		{Row: 3, Reason: "at is not of its form"},
		{Row: 4, Reason: "access_days is not of its form"},
		{Row: 5, Reason: "the row has more cells than there are columns"},
	}
	if diff := cmp.Diff(wantFaults, faults); diff != "" {
		t.Errorf("the faults differ (-want +got):\n%s", diff)
	}
	if note != "Columns that are not read: Colour." {
		t.Errorf("got the note %q", note)
	}
}

// TestReader_OrdersOfPlugIns: the rows of one order are its items.
func TestReader_OrdersOfPlugIns(t *testing.T) {
	const table = "Order Number,Order Status,Order Date,Paid Date,Email (Billing),Order Total Amount,SKU\n" +
		"17,Completed,2024-03-01 10:00,2024-03-01 10:01,ala@example.com,49.00,course-1\n" +
		"17,Completed,2024-03-01 10:00,2024-03-01 10:01,ala@example.com,49.00,book-2\n" +
		"18,Processing,2024-03-02 10:00,,ola@example.com,9.00,book-2\n"
	bodies, faults, _, err := read(t, "orders.csv", table, func(o *file.Options) {
		o.Platform, o.Map = "woocommerce", map[string]string{"Email (Billing)": "billing email"}
	})
	want := []string{
		`2 {"billing":{"email":"ala@example.com"},"date_created":"2024-03-01 10:00","date_paid":"2024-03-01 10:01","id":"17","line_items":[{"sku":"course-1"},{"sku":"book-2"}],"status":"Completed","total":"49.00"}`,
		`4 {"billing":{"email":"ola@example.com"},"date_created":"2024-03-02 10:00","id":"18","line_items":[{"sku":"book-2"}],"status":"Processing","total":"9.00"}`,
	}
	if diff := cmp.Diff(want, bodies); diff != "" || err != nil || len(faults) > 0 {
		t.Errorf("%v, %v; the objects differ (-want +got):\n%s", err, faults, diff)
	}
}

func TestReader_JSON(t *testing.T) {
	for name, content := range map[string]string{
		"a list":               `[{"id": 1}, {"id": 2}]`,
		"an answer":            "\uFEFF" + `{"data": [{"id": 1}, {"id": 2}], "has_more": false}`,
		"one after another":    "{\"id\": 1}\n{\"id\": 2}\n",
		"one list after other": `[{"id": 1}] [{"id": 2}]`,
	} {
		bodies, faults, _, err := read(t, "export.json", content, nil)
		want := []string{`1 {"id":1}`, `2 {"id":2}`}
		for i := range bodies {
			bodies[i] = strings.ReplaceAll(bodies[i], `": `, `":`)
		}
		if diff := cmp.Diff(want, bodies); diff != "" || err != nil || len(faults) > 0 {
			t.Errorf("%s: %v, %v; the objects differ (-want +got):\n%s", name, err, faults, diff)
		}
	}
	bodies, faults, _, err := read(t, "export.json", `[{"id": 1}, null, {"id": 3}]`, nil)
	if err != nil || len(bodies) != 2 || len(faults) != 1 || faults[0].Row != 2 {
		t.Errorf("got %v, %v, %v", bodies, faults, err)
	}
	if _, _, _, err := read(
		t,
		"export.json",
		`[{"id": 1}, {"email": "ala@exam`,
		nil,
	); err == nil ||
		strings.Contains(err.Error(), "ala") {
		t.Errorf("a file that is cut short: %v", err)
	}
}

// TestReader_GoesOnAtItsCursor: a long file is read page by page, each row once.
func TestReader_GoesOnAtItsCursor(t *testing.T) {
	var table, list strings.Builder
	table.WriteString("email,at\n")
	list.WriteString("[")
	const rows = 1234
	for n := range rows {
		if n > 0 {
			list.WriteString(",")
		}
		table.WriteString("a" + strconv.Itoa(n) + "@example.com,2024-01-01\n")
		list.WriteString(`{"n": ` + strconv.Itoa(n) + `}`)
	}
	list.WriteString("]")
	for name, content := range map[string]string{"a.csv": table.String(), "a.json": list.String()} {
		bodies, _, _, err := read(t, name, content, nil)
		distinct := map[string]bool{}
		for _, b := range bodies {
			distinct[b] = true
		}
		if err != nil || len(bodies) != rows || len(distinct) != rows {
			t.Errorf("%s: got %d objects, %d of them distinct, %v; want %d", name, len(bodies), len(distinct), err, rows)
		}
	}
}

func TestNew_RefusesWhatCannotBe(t *testing.T) {
	for name, c := range map[string]struct {
		file, content string
		change        func(*file.Options)
		want          string
	}{
		"another kind of file": {"a.xlsx", "", nil, "must end with .csv or .json"},
		"an unknown field": {
			"a.csv", "Kunde\nala\n",
			func(o *file.Options) { o.Map = map[string]string{"Kunde": "mail"} }, `the field "mail" is not known: use one of`,
		},
		"an unknown column": {
			"a.csv", "Kunde\nala\n",
			func(o *file.Options) { o.Map = map[string]string{"Klient": "email"} }, `has no column "Klient"`,
		},
		"no known column": {"a.csv", "Kunde\nala\n", nil, "no column of the file is known"},
		"an empty file":   {"a.csv", "", nil, "no row with the names"},
		"a wrong value": {
			"a.csv", "email\nala\n",
			func(o *file.Options) { o.Set = map[string]string{"at": "soon"} }, "--set: the value of at is not of its form",
		},
		"columns of JSON": {
			"a.json", "[]",
			func(o *file.Options) { o.Set = map[string]string{"kind": "sale"} }, "for the columns of a CSV file",
		},
	} {
		if _, _, _, err := read(t, c.file, c.content, c.change); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %s", name, err, c.want)
		}
	}
	r, err := file.New(file.Options{Path: filepath.Join(t.TempDir(), "missing.csv"), Wrap: plain})
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range r.Pages(t.Context(), nil) {
		if !errors.Is(err, os.ErrNotExist) {
			t.Errorf("a missing file: %v", err)
		}
	}
}
