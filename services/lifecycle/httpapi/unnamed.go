package httpapi

import (
	"context"
	"net/http"
	"strings"

	"github.com/rodopath/rodopath/services/internal/problem"
	"github.com/rodopath/rodopath/services/lifecycle"
	"github.com/rodopath/rodopath/services/lifecycle/identity"
	"github.com/rodopath/rodopath/services/lifecycle/rules"
	"github.com/rodopath/rodopath/services/lifecycle/store"
)

// unnamedPages bounds the pages of answered requests in which a request without a name is looked for.
const unnamedPages = 20

// unnamedRequest finds the person of a request to which nobody gave a name: a platform or a form of the business
// reported the request, and the id of its fact names it in lists. No key leads to such a request before its first step,
// so the requests are read: the open ones, and then those that were answered last. The result is nil for an unknown
// request.
func (a *API) unnamedRequest(ctx context.Context, ref string) (*lifecycle.Subject, error) {
	if !strings.HasPrefix(ref, rules.UnnamedRequest) || a.opts.Lists == nil || a.opts.Index == nil {
		return nil, nil
	}
	open, err := a.opts.Lists.Requested(ctx, maxListed)
	if _, err = store.SplitDamaged(err); err != nil {
		return nil, err
	}
	if s := a.withRequest(open, ref); s != nil {
		return s, nil
	}
	page := store.Page{Labels: []string{lifecycle.LabelAnswered}, Newest: true, Limit: maxListed}
	for range unnamedPages {
		list, next, err := a.labelled(ctx, page)
		if _, err = store.SplitDamaged(err); err != nil {
			return nil, err
		}
		if s := a.withRequest(list, ref); s != nil || next == "" {
			return s, nil
		}
		page.After = next
	}
	return nil, nil
}

// withRequest returns the subject with a request; nil for none.
func (a *API) withRequest(list []lifecycle.Subject, ref string) *lifecycle.Subject {
	for i := range list {
		if a.requestOf(&list[i], ref) != nil {
			return &list[i]
		}
	}
	return nil
}

// stepNames returns the names that lead a step to the person of a request; none where the name of the request does.
// With the names of the person the name of the request leads to the person from then on.
func (a *API) stepNames(ctx context.Context, s *lifecycle.Subject, ref string) ([]identity.Identity, error) {
	if named, err := a.opts.Directory.Name(
		ctx,
		identity.Identity{Kind: kindRequest, Value: ref},
	); named != nil ||
		err != nil {
		return nil, err
	}
	names, err := a.opts.Vault.Open(s.ID, s.Sealed)
	if err != nil {
		return nil, err
	}
	if len(names) == 0 {
		return nil, problem.New(http.StatusConflict, "address-deleted",
			"No address of this person is known here any more, so the request can be read and not answered here.")
	}
	return names, nil
}
