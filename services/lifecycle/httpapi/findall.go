package httpapi

import (
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/rodopath/rodopath/services/lifecycle/identity"
)

// findRequest is what a person typed to find somebody.
type findRequest struct {
	Text string `json:"text" validate:"required,max=400"`
}

const findExample = `{"text": "1701"}`

// findAll finds persons by an e-mail address, an order number, a telephone number or an id of a platform, as a person
// types it: a text without a platform is looked for at every configured source.
func (a *API) findAll(c echo.Context) error {
	var req findRequest
	if err := a.read(c, &req, findExample); err != nil {
		return err
	}
	ctx := c.Request().Context()
	out := struct {
		Persons []listedPerson `json:"persons"`
	}{[]listedPerson{}}
	seen := map[string]bool{}
	for _, name := range a.candidates(strings.TrimSpace(req.Text)) {
		s, err := a.lookUp(ctx, name)
		if err != nil {
			return err
		}
		if s == nil || s.ID == "" || seen[s.ID] {
			continue
		}
		seen[s.ID] = true
		p, err := a.listedPerson(s)
		if err != nil {
			return err
		}
		out.Persons = append(out.Persons, p)
	}
	return c.JSON(http.StatusOK, out)
}

// candidates are the names that a text may mean.
func (a *API) candidates(text string) []identity.Identity {
	var out []identity.Identity
	add := func(name string) {
		if n, err := identity.Parse(name); err == nil {
			out = append(out, n)
		}
	}
	add(text)
	if strings.ContainsAny(text, ":@ ") && !strings.HasPrefix(text, "#") && phoneDigits(text) == "" {
		return out
	}
	number := strings.TrimPrefix(text, "#")
	for _, s := range a.opts.Sources {
		switch s.Platform {
		case "woocommerce":
			add("woocommerce:order/" + number + "@" + s.ID)
			add("woocommerce:" + number + "@" + s.ID)
		case "stripe", "mailerlite":
			add(s.Platform + ":" + number)
		default:
			add(s.ID + ":" + number)
		}
	}
	if digits := phoneDigits(text); digits != "" {
		add("phone:" + digits)
		add("phone:+48" + strings.TrimPrefix(strings.TrimPrefix(digits, "+"), "48"))
	}
	add(kindRequest + ":" + text)
	return out
}

// phoneDigits returns a telephone number without spaces and dashes; empty for a text that is none.
func phoneDigits(text string) string {
	digits := strings.NewReplacer(" ", "", "-", "", "(", "", ")", "").Replace(text)
	rest := strings.TrimPrefix(digits, "+")
	if len(rest) < 7 || len(rest) > 15 || strings.Trim(rest, "0123456789") != "" {
		return ""
	}
	return digits
}
