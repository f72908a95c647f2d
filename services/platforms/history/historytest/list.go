package historytest

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// mailerTime is how MailerLite writes a time.
const mailerTime = "2006-01-02 15:04:05"

// Webinar is the group of the list that is a webinar.
const Webinar = "900"

// List is a stand-in of a MailerLite account.
type List struct {
	faults
	things      sync.Mutex
	subscribers []Thing
}

// NewList generates subscribers in every state, with the addresses of the buyers of a shop.
func NewList(seed uint64, subscribers int) *List {
	l := &List{}
	random := rand.New(rand.NewPCG(seed, 1))
	day := time.Date(2020, 2, 1, 8, 0, 0, 0, time.UTC)
	states := []string{"active", "active", "active", "unsubscribed", "bounced", "unconfirmed", "junk"}
	sources := []string{"webform", "api", "import", ""}
	for n := range subscribers {
		at := day.Add(time.Duration(random.IntN(5*365*24)) * time.Hour)
		later := at.Add(time.Duration(1+random.IntN(2000)) * time.Hour)
		s := Thing{
			"id": strconv.Itoa(
				5000 + n,
			),
			"email":         fmt.Sprintf("buyer%d@example.com", n),
			"status":        states[random.IntN(len(states))],
			"source":        sources[random.IntN(len(sources))],
			"subscribed_at": at.Format(mailerTime),
			"created_at":    at.Format(mailerTime),
			"updated_at": later.Format(
				mailerTime,
			),
			"unsubscribed_at": nil,
			"opted_in_at":     nil,
			"optin_ip":        nil,
			"ip_address":      "192.0.2.9",
			"groups":          []Thing{{"id": "800", "name": "Newsletter"}},
		}
		switch {
		case s["status"] == "unsubscribed":
			s["unsubscribed_at"] = later.Format(mailerTime)
		case s["status"] == "active" && random.IntN(2) == 0:
			s["opted_in_at"], s["optin_ip"] = at.Add(time.Hour).Format(mailerTime), "192.0.2.10"
		}
		switch random.IntN(5) {
		case 0:
			s["groups"] = []Thing{{"id": Webinar}}
		case 1:
			s["groups"] = []Thing{{"id": Webinar}, {"id": "800"}}
		}
		l.subscribers = append(l.subscribers, s)
	}
	return l
}

// Subscribe adds a subscriber of a form of now, and returns the subscriber.
func (l *List) Subscribe(id, email string) Thing {
	at := l.time().UTC().Format(mailerTime)
	s := Thing{
		"id": id, "email": email, "status": "active", "source": "webform", "subscribed_at": at, "created_at": at,
		"updated_at": at, "unsubscribed_at": nil, "opted_in_at": nil, "optin_ip": nil, "ip_address": "192.0.2.9",
		"groups": []Thing{{"id": "800"}},
	}
	l.things.Lock()
	defer l.things.Unlock()
	l.subscribers = append(l.subscribers, s)
	return maps.Clone(s)
}

// Unsubscribe ends a subscription now, and returns the subscriber.
func (l *List) Unsubscribe(id string) Thing {
	at := l.time().UTC().Format(mailerTime)
	l.things.Lock()
	defer l.things.Unlock()
	for _, s := range l.subscribers {
		if s["id"] == id {
			s["status"], s["unsubscribed_at"], s["updated_at"] = "unsubscribed", at, at
			return maps.Clone(s)
		}
	}
	return nil
}

// Each visits every subscriber.
func (l *List) Each(visit func(t Thing)) {
	for _, s := range l.subscribers {
		visit(s)
	}
}

// Handler is the interface of the account.
func (l *List) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /subscribers", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer "+Key {
			http.Error(w, `{"message":"Unauthenticated."}`, http.StatusUnauthorized)
			return
		}
		l.things.Lock()
		defer l.things.Unlock()
		found := []Thing{}
		for _, s := range l.subscribers {
			if s["status"] == r.URL.Query().Get("filter[status]") {
				found = append(found, s)
			}
		}
		first := min(number(r, "cursor"), len(found))
		last := min(first+number(r, "limit"), len(found))
		var next any
		if last < len(found) {
			next = strconv.Itoa(last)
		}
		_ = json.NewEncoder(w).Encode(Thing{"data": found[first:last], "meta": Thing{"next_cursor": next}}) // of a test
	})
	l.Hooks.mountList(mux)
	return l.wrap(mux.ServeHTTP)
}
