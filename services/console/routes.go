package console

import "net/http"

// route is a page or an act.
type route struct {
	pattern string
	need    need
	serve   func(*visit) error
}

// pageRoutes are the pages. A page changes nothing.
func pageRoutes() []route {
	return []route{
		{"GET /console/{$}", needSee, (*visit).today},
		{"GET /console/path", needSee, (*visit).path},
		{"GET /console/people", needSee, (*visit).people},
		{"GET /console/people.csv", needExport, (*visit).peopleCSV},
		{"GET /console/people/{id}", needSee, (*visit).person},
		{"GET /console/people/{id}/export", needExport, (*visit).export},
		{"GET /console/audience", needSee, (*visit).audience},
		{"GET /console/audience.csv", needExport, (*visit).audienceCSV},
		{"GET /console/requests", needSee, (*visit).requests},
		{"GET /console/requests/{ref}", needSee, (*visit).request},
		{"GET /console/requests/{ref}/letter", needSee, (*visit).letter},
		{"GET /console/deletions", needSee, (*visit).deletions},
		{"GET /console/decisions/{id}", needSee, (*visit).decision},
		{"GET /console/deletions/{id}/certificate", needSee, (*visit).certificate},
		{"GET /console/setup", needSee, (*visit).setup},
		{"GET /console/setup/{source}", needSee, (*visit).source},
		{"GET /console/setup/{source}/import", needSee, (*visit).importHistory},
		{"GET /console/setup/{source}/import/events", needSee, (*visit).importEvents},
		{"GET /console/events", needSee, (*visit).events},
		{"GET /console/rules", needSee, (*visit).rules},
		{"GET /console/rules/simulations/{work}", needOwner, (*visit).simulation},
		{"GET /console/rules/record", needExport, (*visit).record},
		{"GET /console/rules/retention", needSee, (*visit).retention},
		{"GET /console/journal", needSee, (*visit).journal},
		{"GET /console/journal/reports/{work}", needExport, (*visit).annual},
		{"GET /console/sessions", needSee, (*visit).sessionList},
		{"GET /console/design", needSee, (*visit).design},
		{"GET /console/{missing...}", needSee, (*visit).missing},
	}
}

// actRoutes are the acts: forms that were written for the session.
func actRoutes() []route {
	return []route{
		{"POST /console/people/find", needSee, (*visit).find},
		{"POST /console/people/{id}/hold", needAct, (*visit).hold},
		{"POST /console/people/{id}/release", needAct, (*visit).release},
		{"POST /console/people/{id}/request", needAct, (*visit).openRequest},
		{"POST /console/people/{id}/consent", needAct, (*visit).consent},
		{"POST /console/people/{id}/split", needAct, (*visit).split},
		{"POST /console/people/{id}/join", needAct, (*visit).join},
		{"POST /console/people/{id}/seen", needAct, (*visit).seen},
		{"POST /console/requests/{ref}/{step}", needAct, (*visit).step},
		{"POST /console/requests/{ref}/mistake", needOwner, (*visit).mistake},
		{"POST /console/deletions/retract", needAct, (*visit).retract},
		{"POST /console/deletions/repeat", needOwner, (*visit).repeat},
		{"POST /console/deletions/receipt", needAct, (*visit).receipt},
		{"POST /console/setup/{source}/import/{act}", needOwner, (*visit).importAct},
		{"POST /console/setup/live", needOwner, (*visit).goLive},
		{"POST /console/setup/covered", needOwner, (*visit).cover},
		{"POST /console/setup/brake", needOwner, (*visit).releaseBrake},
		{"POST /console/setup/product", needOwner, (*visit).listProduct},
		{"POST /console/setup/quarantine", needOwner, (*visit).quarantine},
		{"POST /console/rules/simulate", needOwner, (*visit).simulate},
		{"POST /console/rules/order", needOwner, (*visit).orderPolicy},
		{"POST /console/journal/report", needExport, (*visit).beginReport},
		{"POST /console/sessions/end", needSee, (*visit).endSession},
		{"POST /console/passkeys/{act}", needSee, (*visit).passkeyAct},
		{"POST /console/logout", needSee, (*visit).logout},
	}
}

// Route is a path that the console serves.
type Route struct {
	// Pattern is that of the router, such as "GET /console/people/{id}".
	Pattern string
	// Signed reports whether a browser must have signed in.
	Signed bool
}

// Routes are all paths that the console serves.
func (c *Console) Routes() []Route { return c.served }

// routes registers every path. What is registered elsewhere is not served.
func (c *Console) routes() *http.ServeMux {
	mux := http.NewServeMux()
	serve := func(pattern string, signed bool, handle http.HandlerFunc) {
		mux.HandleFunc(pattern, handle)
		c.served = append(c.served, Route{pattern, signed})
	}
	for pattern, handle := range map[string]http.HandlerFunc{
		"GET /console/assets/{file}":   c.assets.serve,
		"GET /console/login":           c.loginPage,
		"POST /console/login":          c.signIn,
		"POST /console/password":       c.passwordSignIn,
		"POST /console/passkey/begin":  c.passkeyBegin,
		"POST /console/passkey/finish": c.passkeyFinish,
		"POST /console/team":           c.teamBegin,
		"GET /console/team/back":       c.teamBack,
		"POST /v1/console/token":       c.newToken,
	} {
		serve(pattern, false, handle)
	}
	for _, r := range pageRoutes() {
		serve(r.pattern, true, c.signedIn(r))
	}
	for _, r := range actRoutes() {
		act := r.serve
		r.serve = func(v *visit) error {
			if !v.session.isSealed(v.r) {
				return &refusal{Status: http.StatusForbidden, Detail: v.say("stale")}
			}
			return act(v)
		}
		serve(r.pattern, true, c.signedIn(r))
	}
	return mux
}
