package console

import "slices"

// termGroup are the retention periods of one purpose.
type termGroup struct {
	Purpose text
	Terms   []term
}

// TermGroups are the retention periods by purpose, in the order of the policy.
func (p *rulesPage) TermGroups() []termGroup {
	var out []termGroup
	for i := range p.Settings.Terms {
		t := p.Settings.Terms[i]
		n := slices.IndexFunc(out, func(g termGroup) bool { return g.Purpose == t.Purpose.Name })
		if n < 0 {
			n, out = len(out), append(out, termGroup{Purpose: t.Purpose.Name})
		}
		out[n].Terms = append(out[n].Terms, t)
	}
	return out
}

// activityGroup are the lines of the record of processing of one purpose.
type activityGroup struct {
	Purpose text
	Rows    []activityRow
}

// activityRow is a line that stands for all rules that say the same.
type activityRow struct {
	activity

	// Cited is the law of all these rules.
	Cited []string
}

// RecordGroups are the lines of the record by purpose. Rules with the same legal basis, data, persons, recipients and
// period are one line.
func (p *rulesPage) RecordGroups() []activityGroup {
	var out []activityGroup
	for i := range p.Record {
		a := p.Record[i]
		n := slices.IndexFunc(out, func(g activityGroup) bool { return g.Purpose == a.Purpose.Name })
		if n < 0 {
			n, out = len(out), append(out, activityGroup{Purpose: a.Purpose.Name})
		}
		out[n].add(&a)
	}
	return out
}

func (g *activityGroup) add(a *activity) {
	n := slices.IndexFunc(g.Rows, func(r activityRow) bool { return r.saysAs(a) })
	if n < 0 {
		n, g.Rows = len(g.Rows), append(g.Rows, activityRow{activity: *a})
	}
	if a.Cites != "" && !slices.Contains(g.Rows[n].Cited, a.Cites) {
		g.Rows[n].Cited = append(g.Rows[n].Cited, a.Cites)
	}
}

// saysAs reports whether two lines differ in their rule and law alone.
func (a *activity) saysAs(b *activity) bool {
	return a.Article == b.Article && a.Period == b.Period && a.Persons == b.Persons &&
		slices.Equal(a.Categories, b.Categories) && slices.Equal(a.Recipients, b.Recipients)
}
