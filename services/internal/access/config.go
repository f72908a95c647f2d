package access

import (
	"fmt"

	"github.com/rodopath/rodopath/services/internal/config"
)

// minToken is the shortest token that a configuration may name, in characters.
const minToken = 16

// Strong refuses a token that could be guessed.
func Strong(token string) error {
	if len(token) < minToken {
		return fmt.Errorf("the token has fewer than %d characters; create one with \"openssl rand -hex 20\"", minToken)
	}
	return nil
}

// Recipients returns the tokens by which configured recipients send receipts. Each recipient has a
// token of its own, so that no recipient can answer for another.
func Recipients(c *config.Config) ([]Token, error) {
	holders := map[string]string{}
	var out []Token
	for i := range c.Recipients {
		r := &c.Recipients[i]
		if r.Token == "" {
			continue
		}
		secret, err := c.Secret(r.Token)
		if err == nil {
			err = Strong(secret)
		}
		if err == nil && holders[secret] != "" {
			err = fmt.Errorf("the token is the same as that of %s; each recipient needs a token of its own", holders[secret])
		}
		if err != nil {
			return nil, c.At(fmt.Errorf("recipient %s: token: %w", r.ID, err), "recipients", i, "token")
		}
		holders[secret] = r.ID
		out = append(out, Token{Secret: secret, Holder: r.ID})
	}
	return out, nil
}

// Configured returns the tokens of a configuration with their scopes, and the tokens from the start
// of the service with every scope.
func Configured(c *config.Config, started []string) ([]Token, error) {
	var out []Token
	for i, t := range c.API.Tokens {
		secret, err := c.Secret(t.Token)
		if err == nil {
			err = Strong(secret)
		}
		if err != nil {
			return nil, c.At(fmt.Errorf("api.tokens: %w", err), "api", "tokens", i)
		}
		out = append(out, Token{Secret: secret, Scopes: t.Scopes})
	}
	for _, t := range started {
		out = append(out, Token{Secret: t})
	}
	return out, nil
}
