package console

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/rodopath/rodopath/services/lifecycle/decision"
	"github.com/rodopath/rodopath/services/lifecycle/live"
	"github.com/rodopath/rodopath/services/lifecycle/source"
)

// request is an open request of a data subject.
type request struct {
	Subject  string     `json:"subject"`
	Person   []string   `json:"person"`
	Ref      string     `json:"ref"`
	Right    string     `json:"right"`
	Way      string     `json:"way"`
	State    string     `json:"state"`
	Received time.Time  `json:"received"`
	Decided  *time.Time `json:"decided"`
	Answered *time.Time `json:"answered"`
	// Mistaken is when the request was closed as recorded by mistake.
	Mistaken *time.Time `json:"mistaken"`
	Outcome  string     `json:"outcome"`
	LastDay  string     `json:"last_day"`
	Overdue  bool       `json:"overdue"`
}

// decided is a decision with its recipients.
type decided struct {
	Decision   string         `json:"decision"`
	Kind       string         `json:"kind"`
	Subject    string         `json:"subject"`
	Person     []string       `json:"person"`
	At         time.Time      `json:"at"`
	State      string         `json:"state"`
	Missing    []string       `json:"missing"`
	Due        *time.Time     `json:"due"`
	Categories []string       `json:"categories"`
	Purpose    string         `json:"purpose"`
	Channel    string         `json:"channel"`
	Closed     *time.Time     `json:"closed"`
	Held       *decision.Held `json:"held"`
	Recipients []struct {
		Recipient string     `json:"recipient"`
		Sent      *time.Time `json:"sent"`
		Outcome   string     `json:"outcome"`
		Reason    string     `json:"reason"`
	} `json:"recipients"`
}

// brake is whether deletions wait for an approval.
type brake struct {
	Reason string `json:"reason"`
	Impact *struct {
		Persons int            `json:"persons"`
		Items   map[string]int `json:"items"`
	} `json:"impact"`
	News *struct {
		Persons int            `json:"persons"`
		Items   map[string]int `json:"items"`
	} `json:"news"`
}

// counts are the numbers of all persons.
type counts struct {
	Complete bool `json:"complete"`
	Persons  int  `json:"persons"`
	Holding  int  `json:"holding"`
	Stages   []struct {
		Stage string `json:"stage"`
		Label string `json:"label"`
		Count int    `json:"count"`
	} `json:"stages"`
	Moves []struct {
		Month string `json:"month"`
		From  string `json:"from"`
		To    string `json:"to"`
		Label string `json:"label"`
		Count int    `json:"count"`
	} `json:"moves"`
	Months []lapsing      `json:"months"`
	Labels map[string]int `json:"labels"`
}

// lapsing are the persons of whom data lapse in a month.
type lapsing struct {
	Month string `json:"month"`
	Label string `json:"label"`
	Count int    `json:"count"`
}

// alarm is a finding that the controller must examine.
type alarm struct {
	Subject string    `json:"subject"`
	Person  []string  `json:"person"`
	At      time.Time `json:"at"`
	Key     string    `json:"key"`
	Text    string    `json:"text"`
}

// sourceFault is a source that is set up wrongly or silent.
type sourceFault struct{ Source, Fault string }

// todayPage is what needs the owner.
type todayPage struct {
	Requests []request
	// More is the number of requests that are not shown; of a person with several the first counts.
	More   int
	Late   []decided
	Brake  brake
	Live   live.Overview
	Alarms []alarm
	// AlarmPersons is the number of persons with alarms.
	AlarmPersons int
	Faults       []sourceFault
	Counts       counts
	// Unproven, Unlisted, Waiting, Refused and SetAside are numbers of persons and of webhooks.
	Unproven, Unlisted, Waiting, Refused, SetAside int
	// Lapsing are the persons of whom data lapse in this month and in the next one.
	Lapsing []lapsing
	// Calm reports whether nothing needs the owner.
	Calm bool
}

// maxShown bounds the lists of the first page; the other pages show the rest.
const maxShown = 8

func (v *visit) today() error {
	var p todayPage
	var list struct {
		Requests []request `json:"requests"`
	}
	var late struct {
		Decisions []decided `json:"decisions"`
	}
	var alarms struct {
		Alarms  []alarm `json:"alarms"`
		Persons int     `json:"persons"`
	}
	ctx := v.r.Context()
	err := together(
		func() error { return v.api.get(ctx, "/v1/requests?limit=8", &list) },
		func() error { return v.api.get(ctx, "/v1/decisions?state=overdue", &late) },
		func() error { return v.api.get(ctx, "/v1/live", &p.Live) },
		func() error { return v.api.get(ctx, "/v1/brake", &p.Brake) },
		func() error { return v.api.get(ctx, "/v1/counts", &p.Counts) },
		func() error { return v.api.get(ctx, "/v1/alarms?limit=8", &alarms) },
		func() error { p.Faults = v.api.faults(ctx); return nil },
		func() error { p.SetAside = v.api.setAside(ctx); return nil },
	)
	if err != nil {
		return err
	}
	p.Requests, p.Late, p.Alarms = first(list.Requests), first(late.Decisions), first(alarms.Alarms)
	p.AlarmPersons = alarms.Persons
	labels := p.Counts.Labels
	p.More = max(len(list.Requests), labels["request"]) - len(p.Requests)
	p.Unproven, p.Unlisted = labels["unproven"], labels["unlisted"]
	p.Waiting, p.Refused = labels["decision:delete:held"], labels["decision:delete:refused"]
	p.Lapsing = slices.DeleteFunc(slices.Clone(p.Counts.Months[:min(2, len(p.Counts.Months))]), func(l lapsing) bool {
		return l.Count == 0
	})
	p.Calm = len(p.Requests) == 0 && len(p.Late) == 0 && len(p.Alarms) == 0 && len(p.Faults) == 0 &&
		p.Brake.Reason == "" &&
		p.Unproven+p.Unlisted+p.Waiting+p.Refused+p.SetAside == 0
	shown := []string{}
	for _, r := range p.Requests {
		shown = append(shown, r.Subject)
	}
	for _, a := range p.Alarms {
		shown = append(shown, a.Subject)
	}
	for _, d := range p.Late {
		shown = append(shown, d.Subject)
	}
	if err := v.read("today", shown...); err != nil {
		return err
	}
	v.page(http.StatusOK, "today", v.say("today"), p)
	return nil
}

func first[T any](list []T) []T { return list[:min(len(list), maxShown)] }

// faults are which sources are set up wrongly or silent.
func (a *api) faults(ctx context.Context) []sourceFault {
	list, err := a.connections(ctx)
	if err != nil {
		return nil
	}
	var out []sourceFault
	for i := range list {
		for _, f := range list[i].Faults {
			out = append(out, sourceFault{list[i].Source, f.Kind})
		}
	}
	return out
}

// connections are the sources with what arrived and what is wrong.
func (a *api) connections(ctx context.Context) ([]source.Source, error) {
	var list source.Overview
	err := a.get(ctx, "/v1/sources", &list)
	return list.Sources, err
}
