package fact

// Way is the way by which a request of a data subject came, as the controller recorded it.
type Way string

// The ways of requests.
const (
	WayLetter Way = "letter"
	WayEmail  Way = "email"
	// WayVoice is a request by word of mouth, also by telephone.
	WayVoice Way = "voice"
	WayForm  Way = "form"
)

// Ways lists every way.
func Ways() []Way { return []Way{WayLetter, WayEmail, WayVoice, WayForm} }

// Trait is the trait of a request that came by the way.
func (w Way) Trait() string { return "by_" + string(w) }

// Way is the way by which a request came; empty when the way was not recorded.
func (f *Fact) Way() Way {
	for _, w := range Ways() {
		if f.HasTrait(w.Trait()) {
			return w
		}
	}
	return ""
}
