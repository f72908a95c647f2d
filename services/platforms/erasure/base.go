package erasure

import (
	"errors"
	"net/url"
	"strings"
)

// Base returns the address of an interface without a trailing slash. The address must be https://, because calls
// carry the key; http:// is for a private network.
func Base(address string, allowPrivate bool) (string, error) {
	u, err := url.Parse(address)
	switch {
	case err != nil || u.Host == "":
		return "", errors.New("url is not an address such as https://shop.example.com")
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return "", errors.New("url must hold only an address")
	case u.Scheme != "https" && (u.Scheme != "http" || !allowPrivate):
		return "", errors.New(
			"url must begin with https://, because calls carry the key; http:// requires allow_private, for a private network",
		)
	}
	return strings.TrimRight(address, "/"), nil
}
