package httpapi

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/rodopath/rodopath/services/internal/problem"
	"github.com/rodopath/rodopath/services/lifecycle"
	"github.com/rodopath/rodopath/services/lifecycle/calendar"
	"github.com/rodopath/rodopath/services/lifecycle/chain"
	"github.com/rodopath/rodopath/services/lifecycle/fact"
	"github.com/rodopath/rodopath/services/lifecycle/rights"
	"github.com/rodopath/rodopath/services/lifecycle/rules"
	"github.com/rodopath/rodopath/services/lifecycle/store"
)

// counted are counts that are kept for a time.
type counted struct {
	mu     sync.Mutex
	at     time.Time
	labels map[string]int64
}

// labelCounts returns the number of persons of each label.
func (a *API) labelCounts(ctx context.Context) (map[string]int64, error) {
	if a.opts.CountsKept == 0 {
		return a.opts.Index.Counts(ctx)
	}
	a.counted.mu.Lock()
	defer a.counted.mu.Unlock()
	if now := a.opts.Now(); a.counted.labels == nil || now.Sub(a.counted.at) > a.opts.CountsKept {
		labels, err := a.opts.Index.Counts(ctx)
		if err != nil {
			return nil, err
		}
		a.counted.at, a.counted.labels = now, labels
	}
	return a.counted.labels, nil
}

// stageCount is the number of persons at a stage of the path.
type stageCount struct {
	Stage lifecycle.Stage `json:"stage"`
	Label string          `json:"label"`
	N     int64           `json:"count"`
}

// moveCount is the number of persons who went from one stage to another in a month.
type moveCount struct {
	Month string          `json:"month"`
	From  lifecycle.Stage `json:"from"`
	To    lifecycle.Stage `json:"to"`
	Label string          `json:"label"`
	N     int64           `json:"count"`
}

// monthCount is the number of persons of whom data lapse in a civil month.
type monthCount struct {
	Month string `json:"month"`
	Label string `json:"label"`
	N     int64  `json:"count"`
}

// countsAnswer is the path of all persons in numbers.
type countsAnswer struct {
	At time.Time `json:"at"`
	// Complete reports whether every person is counted: after an upgrade the persons of the former version are
	// counted one by one.
	Complete bool  `json:"complete"`
	Persons  int64 `json:"persons"`
	// Holding is the number of persons of whom personal data may be held.
	Holding int64        `json:"holding"`
	Stages  []stageCount `json:"stages"`
	Moves   []moveCount  `json:"moves"`
	Months  []monthCount `json:"months"`
	// Labels are the counts of all labels.
	Labels map[string]int64 `json:"labels"`
}

// monthsShown is the length of the calendar of what lapses.
const monthsShown = 24

// counts answers with the numbers of all persons by their labels.
func (a *API) counts(c echo.Context) error {
	labels, err := a.labelCounts(c.Request().Context())
	if err != nil {
		return err
	}
	now := a.opts.Now()
	out := countsAnswer{
		At: now.UTC(), Complete: a.complete(), Labels: labels, Moves: []moveCount{}, Months: []monthCount{},
	}
	for _, stage := range lifecycle.Stages() {
		label := lifecycle.LabelOfStage(stage)
		out.Stages = append(out.Stages, stageCount{stage, label, labels[label]})
		out.Persons += labels[label]
		if stage != lifecycle.StageGone {
			out.Holding += labels[label]
		}
	}
	first := calendar.In(now, a.opts.Policy.Place.Zone).String()[:len("2006-01")]
	at, err := time.Parse("2006-01", first)
	if err != nil {
		return err
	}
	for i := range monthsShown {
		name := at.AddDate(0, i, 0).Format("2006-01")
		label := lifecycle.LabelOfLapse(name)
		out.Months = append(out.Months, monthCount{name, label, labels[label]})
	}
	stages := append([]lifecycle.Stage{""}, lifecycle.Stages()...)
	for _, from := range stages {
		for _, to := range stages {
			if label := lifecycle.LabelOfMove(first, from, to); labels[label] > 0 {
				out.Moves = append(out.Moves, moveCount{first, from, to, label, labels[label]})
			}
		}
	}
	slices.SortStableFunc(out.Moves, func(x, y moveCount) int { return cmp.Compare(y.N, x.N) })
	return c.JSON(http.StatusOK, out)
}

// complete reports whether every subject has its labels.
func (a *API) complete() bool { return a.opts.Complete == nil || a.opts.Complete() }

// The bounds of a page of persons.
const (
	pageSize    = 50
	maxPageSize = 500
	maxLabels   = 4
)

// pageOf reads which page of persons is asked for.
func (a *API) pageOf(c echo.Context, labels ...string) (store.Page, error) {
	page := store.Page{
		Labels: append(
			labels,
			c.QueryParams()["label"]...),
		After:  c.QueryParam("after"),
		Newest: c.QueryParam("order") != "old",
		Limit:  pageSize,
	}
	if text := c.QueryParam("limit"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > maxPageSize {
			return page, problem.New(http.StatusUnprocessableEntity, "impossible", "limit must be from 1 to 500.")
		}
		page.Limit = n
	}
	if len(page.Labels) == 0 || len(page.Labels) > maxLabels {
		return page, problem.New(
			http.StatusUnprocessableEntity,
			"impossible",
			"Name one to four labels, such as label=stage:customer.",
		)
	}
	if order := c.QueryParam("order"); order != "" && order != "new" && order != "old" {
		return page, problem.New(http.StatusUnprocessableEntity, "impossible", "order must be new or old.")
	}
	counts, err := a.labelCounts(c.Request().Context())
	if err != nil {
		return page, err
	}
	slices.SortStableFunc(page.Labels, func(x, y string) int { return cmp.Compare(counts[x], counts[y]) })
	return page, a.sortOf(c, &page)
}

// sortStage is the order of a list by the stage of the path.
const sortStage store.Sort = "stage"

// sortOf reads the order of a page.
func (*API) sortOf(c echo.Context, page *store.Page) error {
	sorts := map[string]store.Sort{
		"": store.SortStored, "stored": store.SortStored, "review": store.SortReview, "request": store.SortRequest,
		"due": store.SortNotice, "stage": sortStage,
	}
	by, ok := sorts[c.QueryParam("sort")]
	if !ok {
		return problem.New(http.StatusUnprocessableEntity, "impossible",
			"sort must be stored, review, request, due or stage.")
	}
	if page.Sort = by; by != store.SortStored && by != sortStage {
		if _, err := page.Place(); err != nil {
			return problem.New(http.StatusUnprocessableEntity, "impossible", "after is no place of this list.")
		}
	}
	return nil
}

// labelled reads a page, and returns the place behind it; empty at the end. A page that lacks a damaged subject is not
// the end. A list by stage is that of each stage, one after the other.
func (a *API) labelled(ctx context.Context, page store.Page) (list []lifecycle.Subject, next string, err error) {
	if page.Sort == sortStage {
		return a.byStage(ctx, page)
	}
	list, err = a.opts.Index.Labelled(ctx, page)
	if n := len(list); n > 0 && (n == page.Limit || isDamaged(err)) {
		next = page.Next(&list[n-1])
	}
	return list, next, err
}

func isDamaged(err error) bool {
	_, is := errors.AsType[*store.DamagedError](err)
	return is
}

func (a *API) byStage(ctx context.Context, page store.Page) (list []lifecycle.Subject, next string, err error) {
	stages := lifecycle.Stages()
	if page.Newest {
		slices.Reverse(stages)
	}
	begin, after, _ := strings.Cut(page.After, ".")
	from := max(0, slices.Index(stages, lifecycle.Stage(begin)))
	for i, stage := range stages[from:] {
		one := page
		one.Sort, one.After, one.Limit = store.SortStored, "", page.Limit-len(list)
		one.Labels = append([]string{lifecycle.LabelOfStage(stage)}, page.Labels...)
		if i == 0 {
			one.After = after
		}
		more, err := a.opts.Index.Labelled(ctx, one)
		if list = append(list, more...); err != nil && !isDamaged(err) {
			return list, "", err
		}
		if n := len(list); n > 0 && (n == page.Limit || err != nil) {
			return list, string(stage) + "." + list[n-1].ID, err
		}
	}
	return list, "", nil
}

// listedPerson is a person of a list.
type listedPerson struct {
	Subject string `json:"subject"`
	// Person lists the known names; empty when the address is deleted.
	Person []string        `json:"person"`
	Stage  lifecycle.Stage `json:"stage"`
	Labels []string        `json:"labels"`
	// Since is the instant of the first fact about the person; absent without facts.
	Since      *time.Time `json:"since,omitempty"`
	ReviewAt   *time.Time `json:"review_at,omitempty"`
	RequestDue *time.Time `json:"request_due,omitempty"`
	// Deletion is the last deletion of data of a person without a shown name; absent for any other person, in CSV, and
	// once the journal has forgotten the deletion.
	Deletion *listedDeletion `json:"deletion,omitempty"`
	// Lapses are the categories of personal data that lapse in the month of the list, sorted; absent for a list of no
	// month and in CSV.
	Lapses []string `json:"lapses,omitempty"`
}

// lapsing are the categories of personal data of a person that lapse in the months of labels, sorted, evaluated now.
func (a *API) lapsing(s *lifecycle.Subject, labels []string) []string {
	if !slices.ContainsFunc(labels, func(l string) bool { return strings.HasPrefix(l, lifecycle.LabelOfLapse("")) }) {
		return nil
	}
	var out []string
	p := a.opts.Policy
	h := rules.Evaluate(p, s.Facts)
	for _, o := range h.Holdings(a.opts.Now()) {
		if !o.InForce || o.Until == nil || p.Categories[o.Category].Pseudonymous {
			continue
		}
		month := calendar.In(o.Until.Add(-time.Millisecond), p.Place.Zone).String()[:len("2006-01")]
		if slices.Contains(labels, lifecycle.LabelOfLapse(month)) {
			out = append(out, o.Category)
		}
	}
	h.Release()
	slices.Sort(out)
	return slices.Compact(out)
}

// listedDeletion is what may be known of a deletion: no name and no address.
type listedDeletion struct {
	At       time.Time `json:"at"`
	Decision string    `json:"decision"`
	// Categories are the categories of the deleted data.
	Categories []string `json:"categories"`
	// Because are the purposes whose bases had ended, each with its article, such as "contract 6(1)(b)".
	Because []string `json:"because"`
	// Request is the ref of the request for erasure that led to the deletion; absent for none.
	Request string `json:"request,omitempty"`
}

// lastDeletion is the last deletion of data of a person that stands, the correspondence about a request aside; nil for
// none.
func (a *API) lastDeletion(ctx context.Context, s *lifecycle.Subject) (*listedDeletion, error) {
	entries, err := a.entries(ctx, s)
	if err != nil {
		return nil, err
	}
	for i := range slices.Backward(entries) {
		e := &entries[i]
		if e.Kind != chain.KindDelete {
			continue
		}
		left := slices.DeleteFunc(chain.LeftOf(e, entries), func(item rules.Item) bool {
			return a.opts.Policy.Categories[item.Category].Correspondence
		})
		if len(left) == 0 {
			continue // the deletion was retracted, or is of correspondence alone
		}
		out := &listedDeletion{At: e.At, Decision: e.Decision, Categories: []string{}, Because: e.Rules}
		for _, item := range left {
			if !slices.Contains(out.Categories, item.Category) {
				out.Categories = append(out.Categories, item.Category)
			}
		}
		for _, r := range rights.Requests(a.opts.Policy, s.Facts, a.opts.Now()) {
			if r.Right == fact.KindErasure && r.Verified != nil && e.Effective != nil && e.Effective.Equal(*r.Verified) {
				out.Request = r.Ref
			}
		}
		return out, nil
	}
	return nil, nil
}

type personPage struct {
	Persons []listedPerson `json:"persons"`
	// Count is the number of persons of the whole list; absent for a list of several labels.
	Count *int64 `json:"count,omitempty"`
	// Next is the id to ask for the next page with; empty at the end.
	Next     string `json:"next,omitempty"`
	Complete bool   `json:"complete"`
	// Incomplete says which persons are missing in the list, and why; absent for none.
	Incomplete string `json:"incomplete,omitempty"`
}

// persons lists the persons with labels, page by page, as JSON or, with form=csv, all pages as CSV.
func (a *API) persons(c echo.Context) error {
	page, err := a.pageOf(c)
	if err != nil {
		return err
	}
	if c.QueryParam("form") == "csv" {
		return a.personsCSV(c, page)
	}
	ctx := c.Request().Context()
	out := personPage{Persons: []listedPerson{}, Complete: a.complete()}
	subjects, next, err := a.labelled(ctx, page)
	out.Next = next
	out.Incomplete, err = a.visitAll(subjects, err, func(s *lifecycle.Subject) error {
		p, err := a.listedPerson(s)
		if err == nil && len(p.Person) == 0 {
			p.Deletion, err = a.lastDeletion(ctx, s)
		}
		p.Lapses = a.lapsing(s, page.Labels)
		out.Persons = append(out.Persons, p)
		return err
	})
	if err != nil {
		return err
	}
	if len(page.Labels) == 1 {
		counts, err := a.labelCounts(ctx)
		if err != nil {
			return err
		}
		count := counts[page.Labels[0]]
		out.Count = &count
	}
	return c.JSON(http.StatusOK, out)
}

func (a *API) listedPerson(s *lifecycle.Subject) (listedPerson, error) {
	names, err := a.shownNames(s)
	out := listedPerson{
		Subject: s.ID, Person: names, Stage: s.Stage(), Labels: s.AllLabels(), ReviewAt: s.ReviewAt,
		RequestDue: s.RequestDue,
	}
	if len(s.Facts) > 0 {
		out.Since = &s.Facts[0].Occurred
	}
	return out, err
}

// personsCSV writes all pages of a list as CSV.
func (a *API) personsCSV(c echo.Context, page store.Page) error {
	if _, err := a.guard.Check(c.Request(), ScopeExport); err != nil {
		return err
	}
	concern(c, strings.Join(page.Labels, " "))
	w := newCSV(c, "subject", "person", "stage", "since", "review_at")
	return a.eachLabelled(c.Request().Context(), page, func(s *lifecycle.Subject) error {
		p, err := a.listedPerson(s)
		if err != nil {
			return err
		}
		return w.write(p.Subject, strings.Join(p.Person, " "), string(p.Stage), instantOf(p.Since), instantOf(p.ReviewAt))
	})
}

// eachLabelled visits all pages from a page on. A subject that cannot be decoded is logged and left out.
func (a *API) eachLabelled(ctx context.Context, page store.Page, visit func(*lifecycle.Subject) error) error {
	return a.eachOf(ctx, a.labelled, page, visit)
}

// pager reads a page of persons, and returns the place behind it; empty at the end.
type pager func(ctx context.Context, page store.Page) (list []lifecycle.Subject, next string, err error)

// eachOf visits all persons of a list, page by page.
func (a *API) eachOf(ctx context.Context, list pager, page store.Page, visit func(*lifecycle.Subject) error) error {
	page.Limit = maxPageSize
	for {
		subjects, next, err := list(ctx, page)
		if _, err = a.visitAll(subjects, err, visit); err != nil || next == "" {
			return err
		}
		page.After = next
	}
}

// listedAlarm is an alarm about a person.
type listedAlarm struct {
	Subject string    `json:"subject"`
	Person  []string  `json:"person"`
	At      time.Time `json:"at"`
	// Key names the alarm; the part before ":" is its kind.
	Key  string `json:"key"`
	Text string `json:"text"`
}

// alarmsOf bounds the alarms of one person in the list.
const alarmsOf = 5

// alarms lists the alarms of the persons whose alarms the controller has not seen.
func (a *API) alarms(c echo.Context) error {
	page, err := a.pageOf(c, lifecycle.LabelAlarm)
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	out := struct {
		Alarms []listedAlarm `json:"alarms"`
		// Persons is the number of persons with an alarm that was not seen.
		Persons    int64  `json:"persons"`
		Next       string `json:"next,omitempty"`
		Incomplete string `json:"incomplete,omitempty"`
	}{Alarms: []listedAlarm{}}
	subjects, next, err := a.labelled(ctx, page)
	out.Next = next
	out.Incomplete, err = a.visitAll(subjects, err, func(s *lifecycle.Subject) error {
		names, err := a.shownNames(s)
		if err != nil {
			return err
		}
		entries, err := a.entries(ctx, s)
		if err != nil {
			return err
		}
		found := 0
		for _, e := range slices.Backward(entries) {
			if e.Kind == chain.KindAlarm && found < alarmsOf {
				found++
				out.Alarms = append(out.Alarms, listedAlarm{s.ID, names, e.At, e.Key, e.Text})
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	counts, err := a.labelCounts(ctx)
	if err != nil {
		return err
	}
	out.Persons = counts[lifecycle.LabelAlarm]
	return c.JSON(http.StatusOK, out)
}

// seen records that the controller has seen the alarms about a person. The alarms stay in the journal.
func (a *API) seen(c echo.Context) error {
	var req personRequest
	if err := a.read(c, &req, personExample); err != nil {
		return err
	}
	person, err := a.find(c.Request().Context(), req)
	if err != nil {
		return err
	}
	concern(c, person.subject.ID)
	if err := a.opts.Edit(c.Request().Context(), person.subject.ID, lifecycle.MarkSeen); err != nil {
		return err
	}
	return c.JSON(http.StatusOK, map[string]string{"subject": person.subject.ID})
}

// readsRequest reports that a person read the data of others.
type readsRequest struct {
	// Subjects are the persons whose data were read.
	Subjects []string `json:"subjects" validate:"required,min=1,max=500,dive,required,max=80"`
	// By is who read, a name without an address, and Page the page of the console.
	By   string `json:"by"   validate:"required,max=80,plain"`
	Page string `json:"page" validate:"required,max=80,plain"`
}

const readsExample = `{"subjects": ["ID"], "by": "auditor anna", "page": "person"}`

// noteReads writes into the journals of persons that an auditor read their data.
func (a *API) noteReads(c echo.Context) error {
	var req readsRequest
	if err := a.read(c, &req, readsExample); err != nil {
		return err
	}
	at := a.opts.Now().UTC().Truncate(time.Millisecond)
	key := "read:" + strings.ToLower(newRef())
	for _, id := range req.Subjects {
		err := a.opts.Edit(c.Request().Context(), id, func(s lifecycle.Subject) lifecycle.Subject {
			return lifecycle.NoteRead(s, key, req.By, req.Page, at)
		})
		if err != nil {
			return err
		}
	}
	return c.JSON(http.StatusOK, map[string]int{"recorded": len(req.Subjects)})
}
