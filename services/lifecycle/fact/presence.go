package fact

// Presence reports whether a source has a kind of personal data of the person. A later presence is the larger one:
// of several reports of one fact the largest counts.
type Presence uint8

// The presences of data.
const (
	// PresenceUnknown means that the source does not state data of the kind.
	PresenceUnknown Presence = iota
	// PresenceNone means that the source states that the person gave no data of the kind.
	PresenceNone
	// PresenceGiven means that the source has data of the kind.
	PresenceGiven
)

// PresenceOf returns the presence of data of which a source states whether they are given.
func PresenceOf(given bool) Presence {
	if given {
		return PresenceGiven
	}
	return PresenceNone
}
