package report

import (
	"github.com/rodopath/rodopath/services/lifecycle/calendar"
	"github.com/rodopath/rodopath/services/lifecycle/rights"
	"github.com/rodopath/rodopath/services/lifecycle/rules"
)

// Permission is the answer to the question whether a use is allowed.
type Permission struct {
	rights.Permission
	// Says explains for people why an unproven consent permits no use; nil for other reasons.
	Says *Text `json:"says,omitempty"`
}

// PermissionOf adds the explanation to an answer.
func PermissionOf(p *rules.Policy, a rights.Permission) Permission {
	out := Permission{Permission: a}
	if a.Reason == rights.UseReason(rules.ConsentUnproven) && a.Since != nil {
		since := calendar.In(*a.Since, p.Place.Zone).String()
		says := both(func(l Language) string { return l.onList(since, a.Flaws) })
		out.Says = &says
	}
	return out
}
