package app

import "github.com/rodopath/rodopath/services/internal/config"

// shared returns the recipients that read the stream and have no token, and therefore no name at
// the broker.
func shared(c *config.Config) []string {
	var out []string
	for i := range c.Recipients {
		if r := &c.Recipients[i]; r.By == "nats" && r.Token == "" {
			out = append(out, r.ID)
		}
	}
	return out
}
