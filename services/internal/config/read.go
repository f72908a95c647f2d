package config

import "github.com/rodopath/rodopath/services/internal/strictyaml"

// Read is the access to a platform's own interface. The zero value is no access. The key is apart from the keys of
// recipients, and a key that may only read is enough.
type Read struct {
	// URL is the address of a shop. Stripe and MailerLite have an address of their own; another one is for a stand-in.
	URL string `validate:"omitempty,http_url,max=500" yaml:"url"`
	// Key is a reference to the key; for WooCommerce the consumer key, a colon and the consumer secret.
	Key string `validate:"omitempty,reference" yaml:"key"`
	// AllowPrivate permits an address of a private network, or of this machine.
	AllowPrivate bool `yaml:"allow_private"`
	// PerSecond is the rate limit in calls per second; 0 means that of the platform, and 4 for WooCommerce.
	PerSecond int `validate:"min=0,max=1000" yaml:"per_second"`
}

// checkReads reports missing settings of the access to a platform.
func (c *Config) checkReads() []strictyaml.Fault {
	var faults []strictyaml.Fault
	for i := range c.Sources {
		s := &c.Sources[i]
		at := []any{"sources", i, "read"}
		switch {
		case s.Read == Read{}:
		case s.Platform == "standard":
			faults = append(faults, c.doc.Faultf(at,
				"sources[%d].read: the platform standard has no interface to read; remove the key", i))
		case s.Read.Key == "":
			faults = append(faults, c.doc.Faultf(at,
				"sources[%d].read.key is missing: the key of the platform's interface, such as \"file:secrets/%s-read\"", i, s.ID))
		case s.Platform == "woocommerce" && s.Read.URL == "":
			faults = append(faults, c.doc.Faultf(at,
				"sources[%d].read.url is missing: the address of the shop, such as https://shop.example.com", i))
		}
	}
	return faults
}
