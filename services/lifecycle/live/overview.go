package live

import "slices"

// Overview is the answer of /v1/live: the recipients, and how far back each source is known.
type Overview struct {
	// Observing reports whether a recipient is not notified of decisions of a kind.
	Observing bool `json:"observing"`
	// Releasing reports whether the decisions that waited are still being released.
	Releasing  bool     `json:"releasing"`
	Recipients []Opened `json:"recipients"`
	// Sources are the platforms with the history that is known of each.
	Sources []Coverage `json:"sources"`
}

// Uncovered are the sources of which it is not known what happened before the installation.
func (o Overview) Uncovered() []string {
	var out []string
	for _, s := range o.Sources {
		if !s.Covered {
			out = append(out, s.Source)
		}
	}
	return out
}

// AnyLive reports whether a recipient is notified.
func (o Overview) AnyLive() bool {
	return slices.ContainsFunc(o.Recipients, func(r Opened) bool { return r.Live })
}
