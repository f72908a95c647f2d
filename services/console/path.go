package console

import (
	"net/http"
	"strings"
)

// bar is one bar of a chart.
type bar struct {
	Name, Label string
	Count       int
	// Width is the length of the bar in percent of the longest.
	Width int
}

// station is a stage on the picture of the path.
type station struct {
	Stage, Label string
	Count        int
	// X and Y are the place, Words the name in lines.
	X, Y  int
	Words []string
}

// flow is the number of persons who went from one stage of the picture to the next this month.
type flow struct {
	X, Y, Count int
}

// flows are the arrows of the picture, each with the place of its number.
func flows() map[[2]string][2]int {
	return map[[2]string][2]int{
		{"follower", "subscriber"}: {188, 52}, {"subscriber", "talking"}: {378, 52}, {"talking", "customer"}: {568, 52},
		{"customer", "past"}: {758, 52}, {"past", "claims"}: {872, 146}, {"claims", "gone"}: {762, 202},
	}
}

// pathPage is how many persons stand at each stage, how they move, and what lapses in the months to come.
type pathPage struct {
	Counts   counts
	Stations []station
	Flows    []flow
	Moves    []bar
	Months   []bar
}

// The places of the stages on the picture: the path, and below it what remains.
func places() map[string][2]int {
	return map[string][2]int{
		"follower": {10, 20}, "subscriber": {200, 20}, "talking": {390, 20}, "customer": {580, 20}, "past": {770, 20},
		"claims": {770, 170}, "gone": {580, 170}, "other": {10, 170},
	}
}

func (v *visit) path() error {
	var p pathPage
	if err := v.api.get(v.r.Context(), "/v1/counts", &p.Counts); err != nil {
		return err
	}
	where := places()
	for _, s := range p.Counts.Stages {
		at := where[s.Stage]
		p.Stations = append(p.Stations, station{
			Stage: s.Stage, Label: s.Label, Count: s.Count, X: at[0], Y: at[1], Words: lines(v.say("stage_"+s.Stage), 20),
		})
	}
	for _, m := range p.Counts.Moves {
		p.Moves = append(p.Moves, bar{
			Name: v.say("stage_"+m.From) + " → " + v.say("stage_"+m.To), Label: m.Label, Count: m.Count,
		})
	}
	for _, m := range p.Counts.Moves {
		if at, ok := flows()[[2]string{m.From, m.To}]; ok {
			p.Flows = append(p.Flows, flow{at[0], at[1], m.Count})
		}
	}
	for _, m := range p.Counts.Months {
		p.Months = append(p.Months, bar{Name: m.Month, Label: m.Label, Count: m.Count})
	}
	scale(p.Moves)
	v.page(http.StatusOK, "path", v.say("path"), p)
	return nil
}

// lines breaks a text into at most two lines of about a length.
func lines(text string, most int) []string {
	if len([]rune(text)) <= most {
		return []string{text}
	}
	words := strings.Fields(text)
	first := ""
	for i, w := range words {
		if first != "" && len([]rune(first))+1+len([]rune(w)) > most {
			return []string{first, strings.Join(words[i:], " ")}
		}
		first = strings.TrimSpace(first + " " + w)
	}
	return []string{first}
}

// scale sets the widths of bars.
func scale(bars []bar) {
	most := 0
	for i := range bars {
		most = max(most, bars[i].Count)
	}
	for i := range bars {
		if most > 0 {
			bars[i].Width = max(1, bars[i].Count*100/most)
		}
	}
}
