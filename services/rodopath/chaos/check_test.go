package chaos

import (
	"encoding/json"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

// recorded reads the record of a run in which nothing was wrong.
func recorded(t *testing.T) *Record {
	t.Helper()
	data, err := os.ReadFile("testdata/record.json")
	if err != nil {
		t.Fatal(err)
	}
	r := &Record{}
	if err := json.Unmarshal(data, r); err != nil {
		t.Fatal(err)
	}
	return r
}

// decision finds a decision of the record, the first by its id of those that fit.
func (r *Record) decision(t *testing.T, fits func(*Decided, *Person) bool) *Decided {
	t.Helper()
	for _, id := range slices.Sorted(maps.Keys(r.Decisions)) {
		d := r.Decisions[id]
		p := r.Persons[d.Person-1]
		if p.sure() && fits(d, p) {
			return d
		}
	}
	t.Fatal("the record holds no such decision")
	return nil
}

func anyDeletion(d *Decided, p *Person) bool {
	return d.Kind == "delete" && p.Story == "unsubscribed" && slices.Contains(d.Items, "contact")
}

func anyQuestion(d *Decided, p *Person) bool { return d.Kind == "ask-consent" && p.Ask == AskOnce }

// story finds the first person of a story.
func (r *Record) story(t *testing.T, name string) *Person {
	t.Helper()
	for _, p := range r.Persons {
		if p.Story == name && p.sure() {
			return p
		}
	}
	t.Fatalf("nobody in the record has the story %q", name)
	return nil
}

func TestCheck_IsContentWithAGoodRun(t *testing.T) {
	if found := Check(recorded(t)); len(found) != 0 {
		t.Errorf("got %v", found)
	}
}

func TestCheck_ComplainsOfWhatIsLostOrUndue(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(t *testing.T, r *Record) (person int)
		want  string
	}{
		"a deletion is missing": {func(t *testing.T, r *Record) int {
			d := r.decision(t, anyDeletion)
			delete(r.Decisions, d.ID)
			return d.Person
		}, faultMissing},
		"one item of a deletion is missing": {func(t *testing.T, r *Record) int {
			d := r.decision(t, anyDeletion)
			d.Items = d.Items[1:]
			return d.Person
		}, faultMissing},
		"a question is missing": {func(t *testing.T, r *Record) int {
			d := r.decision(t, anyQuestion)
			delete(r.Decisions, d.ID)
			return d.Person
		}, faultMissing},
		"a deletion is doubled": {
			func(t *testing.T, r *Record) int { return r.double(r.decision(t, anyDeletion)) }, faultDoubled,
		},
		"a question is doubled": {
			func(t *testing.T, r *Record) int { return r.double(r.decision(t, anyQuestion)) }, faultDoubled,
		},
		"a deletion is undue": {func(t *testing.T, r *Record) int {
			return r.add(r.decision(t, anyDeletion), r.story(t, "subscribed"))
		}, faultUndue},
		"a question is undue": {func(t *testing.T, r *Record) int {
			return r.add(r.decision(t, anyQuestion), r.story(t, "subscribed"))
		}, faultUndue},
		"a deletion comes before it lapsed": {func(t *testing.T, r *Record) int {
			d := r.decision(t, anyDeletion)
			d.Effective = d.Effective.Add(-time.Minute)
			return d.Person
		}, faultEarly},
		"a deletion is decided ahead of time": {func(t *testing.T, r *Record) int {
			d := r.decision(t, anyDeletion)
			d.At = d.Effective.Add(-time.Minute)
			return d.Person
		}, faultEarly},
		"a deletion lapses too late": {func(t *testing.T, r *Record) int {
			d := r.decision(t, anyDeletion)
			d.Effective = d.Effective.Add(time.Minute)
			return d.Person
		}, faultUndue},
		"what is held is deleted": {func(t *testing.T, r *Record) int {
			p := r.story(t, "held")
			d := r.decision(t, func(d *Decided, of *Person) bool { return of == p && d.Kind == "delete" })
			d.Items = append(d.Items, "order")
			return d.Person
		}, faultHold},
		"a webhook is missing": {func(t *testing.T, r *Record) int {
			p := r.story(t, "unsubscribed")
			k := r.Known[p.Number]
			k.Facts--
			r.Known[p.Number] = k
			return p.Number
		}, faultWebhook},
		"a fact is counted twice": {func(t *testing.T, r *Record) int {
			p := r.story(t, "subscribed")
			k := r.Known[p.Number]
			k.Facts++
			r.Known[p.Number] = k
			return p.Number
		}, faultWebhook},
		"a person is missing": {func(t *testing.T, r *Record) int {
			p := r.story(t, "subscribed")
			delete(r.Known, p.Number)
			return p.Number
		}, faultWebhook},
		"a webhook is refused for good": {func(t *testing.T, r *Record) int {
			p := r.story(t, "subscribed")
			p.Webhooks[0].Taken = false
			return p.Number
		}, faultRefused},
		"the recipient is not told": {func(t *testing.T, r *Record) int {
			d := r.decision(t, anyDeletion)
			d.Told = false
			return d.Person
		}, faultUntold},
		"a receipt is lost": {func(t *testing.T, r *Record) int {
			d := r.decision(t, anyDeletion)
			d.Noted = ""
			return d.Person
		}, faultUnconfirmed},
		"a decision is about a stranger": {func(t *testing.T, r *Record) int {
			r.decision(t, anyDeletion).Person = 1 << 20
			return 0
		}, faultStranger},
	} {
		t.Run(name, func(t *testing.T) {
			r := recorded(t)
			person := c.spoil(t, r)
			found := Check(r)
			ok := slices.ContainsFunc(found, func(v Violation) bool { return v.What == c.want && v.Person == person })
			if !ok {
				t.Fatalf("want %q of person %d, got %v", c.want, person, found)
			}
			for _, v := range found {
				if v.Person != person && v.What != faultMissing || v.Seed != r.Seed {
					t.Errorf("it complains of somebody else: %v", v)
				}
			}
		})
	}
}

// double adds a decision once more under another id.
func (r *Record) double(d *Decided) int { return r.add(d, r.Persons[d.Person-1]) }

// add adds a decision like another about a person.
func (r *Record) add(d *Decided, p *Person) int {
	other := *d
	other.ID += "x"
	other.Person = p.Number
	r.Decisions[other.ID] = &other
	return p.Number
}

func TestCheck_BearsWhatWasSentOnceAndNotAnswered(t *testing.T) {
	r := recorded(t)
	p := r.story(t, "bought at the shop")
	p.Webhooks[0].Taken = false
	if found := Check(r); len(found) != 0 {
		t.Errorf("it was taken all the same: %v", found)
	}
	delete(r.Known, p.Number)
	maps.DeleteFunc(r.Decisions, func(_ string, d *Decided) bool { return d.Person == p.Number })
	if found := Check(r); len(found) != 0 {
		t.Errorf("it was lost, and nobody was told otherwise: %v", found)
	}
}

func TestTell_DrawsTheSameAgain(t *testing.T) {
	now := time.Date(2026, 12, 31, 23, 30, 0, 0, time.UTC)
	told := func(seed uint64) string {
		rng := rand.New(rand.NewPCG(seed, 1))
		var text strings.Builder
		for n := range 200 {
			all := stories()
			p := build(rng, all[rng.IntN(len(all))], n+1, 1, now, time.UTC)
			data, err := json.Marshal(p)
			if err != nil {
				t.Fatal(err)
			}
			text.Write(data)
			for _, w := range p.Webhooks {
				text.Write(w.body)
			}
		}
		return text.String()
	}
	first := told(1)
	if first != told(1) {
		t.Error("the same seed tells other stories")
	}
	if first == told(2) {
		t.Error("another seed tells the same stories")
	}
}
