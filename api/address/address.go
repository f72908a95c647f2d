// Package address knows how the address of a person looks, so that none gets to where
// addresses must not be: into names of records, reasons and logs.
package address

import "strings"

// Looks tells whether a text looks as if it held an address: something with a dot
// follows an @, as in the domain of an address. A record of a source, such as
// "woocommerce:order/17@shop", has none. It is a guess that errs on the side of care.
func Looks(text string) bool {
	for _, part := range strings.Split(text, "@")[1:] {
		domain, _, _ := strings.Cut(part, "/")
		if strings.Contains(domain, ".") {
			return true
		}
	}
	return false
}
