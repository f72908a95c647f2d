// Package access authorises requests by bearer tokens with scopes.
package access

import (
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/rodopath/rodopath/services/internal/problem"
)

// Token opens an interface, for some scopes or, without any, for all.
type Token struct {
	Secret string
	Scopes []string
	// Holder is the id of the recipient with the token; empty for tokens of the owner.
	Holder string
}

// Guard checks the tokens of an interface against stored hashes.
type Guard struct{ tokens []hashed }

type hashed struct {
	sum    [sha256.Size]byte
	scopes []string
	holder string
}

// New returns a guard. An empty token is an error, because every request would match.
func New(tokens []Token) (*Guard, error) {
	g := &Guard{}
	for _, t := range tokens {
		if strings.TrimSpace(t.Secret) == "" {
			return nil, errors.New("a token of the interface is empty")
		}
		g.tokens = append(g.tokens, hashed{sha256.Sum256([]byte(t.Secret)), t.Scopes, t.Holder})
	}
	return g, nil
}

// Check reports whether a request carries a token with a scope, and returns the holder of the
// token. The error is a *problem.Problem, 401 or 403.
func (g *Guard) Check(r *http.Request, scope string) (holder string, err error) {
	t := g.find(r)
	switch {
	case t == nil && r.Header.Get("Authorization") != "":
		return "", problem.New(
			http.StatusUnauthorized,
			"no-token",
			"The token is unknown; send a token of this interface: Authorization: Bearer TOKEN.",
		)
	case t == nil:
		return "", problem.New(
			http.StatusUnauthorized,
			"no-token",
			"Send a token of this interface: Authorization: Bearer TOKEN.",
		)
	case len(t.scopes) > 0 && !slices.Contains(t.scopes, scope):
		return "", problem.New(
			http.StatusForbidden,
			"scope",
			fmt.Sprintf("The token lacks the scope %q; add the scope in the configuration, or use another token.", scope),
		)
	}
	return t.holder, nil
}

// find finds the token that a request shows, in the same time for any.
func (g *Guard) find(r *http.Request) *hashed {
	shown, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	sum := sha256.Sum256([]byte(shown))
	var found *hashed
	for i := range g.tokens {
		if subtle.ConstantTimeCompare(sum[:], g.tokens[i].sum[:]) == 1 && ok {
			found = &g.tokens[i]
		}
	}
	return found
}
