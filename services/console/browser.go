package console

import (
	"strings"
	"time"
)

// browserName names a browser and its system by what the browser says of itself, for people; the text itself where
// neither is known.
func browserName(agent string) string {
	name := firstOf(agent, [][2]string{
		{"Edg/", "Edge"}, {"OPR/", "Opera"}, {"Firefox/", "Firefox"}, {"FxiOS/", "Firefox"}, {"CriOS/", "Chrome"},
		{"Chrome/", "Chrome"}, {"Safari/", "Safari"},
	})
	system := firstOf(agent, [][2]string{
		{"iPhone", "iPhone"}, {"iPad", "iPad"}, {"Android", "Android"}, {"Windows", "Windows"}, {"Mac OS X", "macOS"},
		{"Linux", "Linux"},
	})
	switch {
	case name == "" && system == "":
		return agent
	case name == "" || system == "":
		return name + system
	}
	return name + ", " + system
}

// firstOf returns the name of the first part that a text contains; empty for none.
func firstOf(text string, parts [][2]string) string {
	for _, p := range parts {
		if strings.Contains(text, p[0]) {
			return p[1]
		}
	}
	return ""
}

// delayText is a delay such as 168h0m0s in days, or as it is where it is no number of days.
func delayText(w words, delay string) string {
	const day = 24 * time.Hour
	d, err := time.ParseDuration(delay)
	if err != nil || d < day || d%day != 0 {
		return strings.NewReplacer("h0m0s", "h", "m0s", "m").Replace(delay)
	}
	return w.say("delay_days", int(d/day))
}
