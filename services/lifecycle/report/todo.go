package report

import (
	_ "embed" // for the page
	"html/template"
	"io"
	"slices"
	"time"

	"github.com/rodopath/rodopath/services/lifecycle/rules"
)

//go:embed todo.html
var todoSource string

// WorkList is the work list of a recipient that erases by hand.
type WorkList struct {
	Controller string `json:"controller"`
	Recipient  string `json:"recipient"`
	Name       Text   `json:"name"`
	// Tasks are the deletions without a final answer of the recipient, the most urgent first.
	Tasks []Task `json:"tasks"`
	// Incomplete says which persons are missing in the list, and why; empty for none.
	Incomplete string `json:"incomplete,omitempty"`
}

// Task is a deletion that a recipient has still to carry out.
type Task struct {
	Decision string `json:"decision"`
	// Due is the deadline of the answer, LastDay the last civil day before.
	Due     time.Time `json:"due"`
	LastDay string    `json:"last_day"`
	Overdue bool      `json:"overdue"`
	// Person lists the names of the person; empty once the decision has left the stream.
	Person []string   `json:"person"`
	Items  []TaskItem `json:"items"`
	// Seal seals the form of the task on the page.
	Seal string `json:"-"`
}

// TaskItem is a category of data to delete.
type TaskItem struct {
	Category
	// Records are the records of the category as a person writes them, such as "17 (shop)"; empty for data about the
	// person.
	Records []string `json:"records,omitempty"`
}

// Add adds an item of a category, with the name of its record.
func (t *Task) Add(p *rules.Policy, category, ref string) {
	n := slices.IndexFunc(t.Items, func(i TaskItem) bool { return i.ID == category })
	if n < 0 {
		n, t.Items = len(t.Items), append(t.Items, TaskItem{Category: CategoryOf(p, category)})
	}
	if ref != "" {
		t.Items[n].Records = append(t.Items[n].Records, recordNames(ref, nil))
	}
}

// TodoPage writes a work list as a page to print, and to tick off.
func TodoPage(w io.Writer, lang Language, list WorkList) error {
	return writePage(w, todoSource, template.FuncMap{
		"text": func(t any) string { return textOf(t).In(lang) }, "date": lang.pageDate,
	}, struct {
		Style template.CSS
		Lang  Language
		W     todoWords
		L     WorkList
	}{template.CSS(pageStyle), lang, lang.todo(), list}) //nolint:gosec // our own style
}

// todoWords holds the texts of the page.
type todoWords struct {
	Title, Lead, Nothing, By, Overdue, Person, Nameless, Data, Done, Missing, Decision string
}

func (l Language) todo() todoWords {
	return todoWords{
		Title: l.choose("Dane do usunięcia", "Data to delete"),
		Lead: l.choose(
			"Usuń te dane w swoich dokumentach i systemach, a potem potwierdź usunięcie (art. 19 RODO).",
			"Delete these data in your documents and systems, and then confirm the deletion (Art. 19 GDPR).",
		),
		Nothing:  l.choose("Nie ma danych do usunięcia.", "There are no data to delete."),
		By:       l.choose("Termin potwierdzenia", "Confirm by"),
		Overdue:  l.choose("po terminie", "overdue"),
		Person:   l.choose("Osoba", "Person"),
		Nameless: l.choose("dane tej osoby usunięto już w systemie", "the names are deleted here already"),
		Data:     l.choose("Dane", "Data"),
		Done:     l.choose("Usunięto", "Deleted"),
		Missing:  l.choose("Nie było takich danych", "There were no such data"),
		Decision: l.choose("Decyzja", "Decision"),
	}
}
