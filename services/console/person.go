package console

import (
	"net/http"
	"net/url"
	"strings"
	"time"
)

// text is a text in both languages.
type text struct {
	PL string `json:"pl"`
	EN string `json:"en"`
}

// in returns the text in a language.
func (t text) in(l language) string {
	if l == polish {
		return t.PL
	}
	return t.EN
}

// report is the report of Art. 15, as far as the page shows it.
type report struct {
	Subject string   `json:"subject"`
	Names   []string `json:"names"`
	Held    []struct {
		Name    text   `json:"name"`
		Record  string `json:"record"`
		Known   bool   `json:"known"`
		Since   string `json:"since"`
		LastDay string `json:"last_day"`
		Ends    text   `json:"ends"`
		Because []struct {
			Purpose struct {
				Name text `json:"name"`
			} `json:"for"`
			Article string `json:"article"`
			Cites   string `json:"cites"`
			LastDay string `json:"last_day"`
		} `json:"because"`
		Recipients []struct {
			Name      text `json:"name"`
			Connected bool `json:"connected"`
		} `json:"recipients"`
		Sources []string `json:"sources"`
	} `json:"held"`
	Consents []struct {
		Purposes []struct {
			Name text `json:"name"`
		} `json:"purposes"`
		Channel string `json:"channel"`
		Says    text   `json:"says"`
	} `json:"consents"`
	Requests []struct {
		Ref     string `json:"ref"`
		Name    text   `json:"name"`
		State   text   `json:"state"`
		LastDay string `json:"last_day"`
		Overdue bool   `json:"overdue"`
	} `json:"requests"`
	Deleted []struct {
		On    string `json:"on"`
		Items []struct {
			Name text `json:"name"`
		} `json:"items"`
	} `json:"deleted"`
}

// basis is a legal basis, past or future.
type basis struct {
	Purpose string     `json:"purpose"`
	Article string     `json:"article"`
	Ref     string     `json:"ref"`
	Since   time.Time  `json:"since"`
	Until   *time.Time `json:"until"`
}

// personPage is what is known of one person.
type personPage struct {
	ID      string
	Report  report
	Picture picture
	// Offers reports whether offers may be sent by e-mail, and why.
	Offers struct {
		Allowed bool `json:"allowed"`
		Says    text `json:"says"`
	}
	// Next is the first day on which something lapses; empty for none.
	Next string
}

func (v *visit) people() error {
	v.page(http.StatusOK, "people", v.words().People, nil)
	return nil
}

// find finds a person. The name stands in the body of the form and never in an address.
func (v *visit) find() error {
	name := strings.TrimSpace(v.r.PostFormValue("name"))
	var found struct {
		Subject string `json:"subject"`
	}
	if err := v.api.post(v.r.Context(), "/v1/subjects", map[string]string{"person": name}, &found); err != nil {
		return err
	}
	return v.redirect("/console/people/" + url.PathEscape(found.Subject))
}

func (v *visit) person() error {
	p := personPage{ID: v.r.PathValue("id")}
	who, ctx := "subject:"+p.ID, v.r.Context()
	if err := v.api.post(ctx, "/v1/export", map[string]string{"person": who, "form": "report"}, &p.Report); err != nil {
		return err
	}
	var bases struct {
		Bases []basis `json:"bases"`
	}
	if err := v.api.post(ctx, "/v1/bases", map[string]string{"person": who}, &bases); err != nil {
		return err
	}
	may := map[string]string{"person": who, "purpose": "offers", "channel": "email"}
	if err := v.api.post(ctx, "/v1/may", may, &p.Offers); err != nil {
		return err
	}
	p.Picture = newPicture(bases.Bases, v.opts.Now(), v.lang)
	for i := range p.Report.Held {
		if day := p.Report.Held[i].LastDay; day != "" && (p.Next == "" || day < p.Next) {
			p.Next = day
		}
	}
	v.page(http.StatusOK, "person", v.words().Person, p)
	return nil
}

// hold sets a legal hold on all records of a person.
func (v *visit) hold() error {
	id := v.r.PathValue("id")
	reason := strings.TrimSpace(v.r.PostFormValue("reason"))
	if reason == "" {
		return &refusal{Status: http.StatusUnprocessableEntity, Detail: v.words().ReasonMissing}
	}
	err := v.api.post(v.r.Context(), "/v1/holds", map[string]string{"person": "subject:" + id, "reason": reason}, nil)
	if err != nil {
		return err
	}
	return v.redirect("/console/people/" + url.PathEscape(id))
}

// request opens a request for a right. The identity is verified later.
func (v *visit) request() error {
	id := v.r.PathValue("id")
	order := map[string]any{"person": "subject:" + id, "right": v.r.PostFormValue("right"), "unverified": true}
	if err := v.api.post(v.r.Context(), "/v1/requests", order, nil); err != nil {
		return err
	}
	return v.redirect("/console/people/" + url.PathEscape(id))
}
