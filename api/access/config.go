package access

import "github.com/rodopath/rodopath/api/config"

// Configured are the tokens of a configuration, each for its scopes, and those of
// whoever started the service, for everything.
func Configured(c *config.Config, started []string) ([]Token, error) {
	var out []Token
	for _, t := range c.API.Tokens {
		secret, err := c.Secret(t.Token)
		if err != nil {
			return nil, err
		}
		out = append(out, Token{Secret: secret, Scopes: t.Scopes})
	}
	for _, t := range started {
		out = append(out, Token{Secret: t})
	}
	return out, nil
}
