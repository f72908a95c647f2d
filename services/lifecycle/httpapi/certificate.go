package httpapi

import (
	"bytes"
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/rodopath/rodopath/api/certificate"
	"github.com/rodopath/rodopath/services/internal/problem"
	"github.com/rodopath/rodopath/services/lifecycle/chain"
	"github.com/rodopath/rodopath/services/lifecycle/decision"
	"github.com/rodopath/rodopath/services/lifecycle/fact"
	"github.com/rodopath/rodopath/services/lifecycle/notice"
	"github.com/rodopath/rodopath/services/lifecycle/report"
)

// issuedCertificate is a certificate with the key of its hashes, which is not part of the
// certificate.
type issuedCertificate struct {
	certificate.Signed
	// NamesKey verifies the hashed names of the person. Without NamesKey the certificate identifies
	// no person.
	NamesKey string `json:"names_key"`
}

// certificate issues the certificate of a confirmed deletion, as JSON or, with form=page, as a
// printable page.
func (a *API) certificate(c echo.Context) error {
	lang, err := language(c.QueryParam("lang"), report.Polish)
	if err != nil {
		return err
	}
	ctx, id := c.Request().Context(), c.Param("decision")
	cert, generation, err := a.certify(ctx, id)
	if err != nil {
		return err
	}
	key := a.opts.Vault.SigningKeys()[0]
	signed, err := certificate.Sign(cert, key)
	if err != nil {
		return err
	}
	if c.QueryParam("form") != "page" {
		return indented(c, issuedCertificate{*signed, a.opts.Vault.ProofKey(id, generation)})
	}
	var page bytes.Buffer
	if err := report.Certificate(&page, lang, a.opts.Policy, cert, signed, certificate.PublicKey(key)); err != nil {
		return err
	}
	return c.Blob(http.StatusOK, echo.MIMETextHTMLCharsetUTF8, page.Bytes())
}

// certificateKey returns the public key of certificates and the former keys.
func (a *API) certificateKey(c echo.Context) error {
	var keys []string
	for _, k := range a.opts.Vault.SigningKeys() {
		keys = append(keys, certificate.PublicKey(k))
	}
	return c.JSON(http.StatusOK, map[string]any{"algorithm": "Ed25519", "key": keys[0], "former": keys[1:]})
}

// certify builds the certificate of a deletion from the journal, which outlives the subject, and
// returns the generation of the key of the hashes.
func (a *API) certify(ctx context.Context, id string) (cert *certificate.Certificate, generation int, err error) {
	entries, err := a.opts.Journal.EntriesOf(ctx, id)
	if err != nil {
		return nil, 0, err
	}
	var made, confirmed *chain.Entry
	notified := false
	for i := range entries {
		switch e := &entries[i]; {
		case e.Key == id:
			made = e
		case e.Kind == chain.KindConfirmed || e.Kind == chain.KindReplay:
			notified = true
		}
		switch e := &entries[i]; {
		case e.Kind == chain.KindConfirmed && e.Text == string(notice.StateConfirmed):
			confirmed = e
		case e.Kind == chain.KindReplay:
			confirmed = nil // a replayed deletion must be confirmed anew
		}
	}
	switch {
	case made == nil:
		return nil, 0, errUnknownDecision()
	case made.Kind == chain.KindAskConsent:
		return nil, 0, problem.New(
			http.StatusConflict,
			"no-deletion",
			"This decision is a question for consent. Only a deletion has a certificate.",
		)
	}
	n, err := a.notice(ctx, id)
	switch {
	case err != nil:
		return nil, 0, err
	case n != nil && n.Retracted():
		return nil, 0, errRetracted()
	case n != nil && n.Closed == nil:
		return nil, 0, a.unconfirmed(n)
	case confirmed == nil && (notified || n != nil || a.waits(ctx, id)):
		return nil, 0, problem.New(http.StatusConflict, "unconfirmed",
			"The deletion is not confirmed: a recipient has not answered, or refused.")
	}
	if made.Items = chain.LeftOf(made, entries); len(made.Items) == 0 {
		return nil, 0, errRetracted()
	}
	if confirmed == nil { // no recipient for these data was set up, and the journal alone tells of the deletion
		confirmed = &chain.Entry{}
	}
	return a.certificateOf(made, confirmed), confirmed.Generation, nil
}

func errRetracted() error {
	return problem.New(http.StatusConflict, "retracted",
		"The deletion was retracted: a basis is in force again, so there is nothing to certify.")
}

// waits reports whether a decision is not published yet, or whether that is not known.
func (a *API) waits(ctx context.Context, id string) bool {
	s, err := a.opts.Directory.Decision(ctx, id)
	return err != nil || s != nil && slices.ContainsFunc(s.Outbox, func(d decision.Decision) bool { return d.ID == id })
}

// notice returns the notice of a decision; nil without recipients or without a subject.
func (a *API) notice(ctx context.Context, id string) (*notice.Notice, error) {
	s, err := a.opts.Directory.Decision(ctx, id)
	if s == nil || err != nil {
		return nil, err
	}
	for i := range s.Notices {
		if s.Notices[i].Decision == id {
			return &s.Notices[i], nil
		}
	}
	return nil, nil
}

// unconfirmed names the recipients without a confirmation.
func (a *API) unconfirmed(n *notice.Notice) error {
	p := n.Progress(a.opts.Now())
	detail := "The deletion is not confirmed yet (" + string(p.State) + ")"
	if pending := slices.Concat(p.Missing, p.Refused); len(pending) > 0 {
		detail += ": " + strings.Join(pending, ", ")
	}
	return problem.New(http.StatusConflict, "unconfirmed", detail+".")
}

func (a *API) certificateOf(made, confirmed *chain.Entry) *certificate.Certificate {
	out := &certificate.Certificate{
		Type: certificate.Type, Decision: made.Decision, Subject: made.Subject, Controller: a.opts.Controller,
		Decided: made.At, Confirmed: confirmed.At, Policy: made.Revision, Because: made.Rules, Person: confirmed.Names,
		Categories: []certificate.Category{}, Recipients: []certificate.Recipient{},
	}
	if made.Effective != nil {
		out.Effective = *made.Effective
	}
	index := map[string]int{}
	for _, i := range made.Items {
		n, ok := index[i.Category]
		if !ok {
			n = len(out.Categories)
			index[i.Category] = n
			out.Categories = append(out.Categories, certificate.Category{Category: i.Category})
		}
		if i.Ref != "" {
			out.Categories[n].Records++
		}
	}
	for _, r := range confirmed.Answers {
		out.Recipients = append(out.Recipients, certificate.Recipient{
			ID:         r.Recipient,
			Name:       report.RecipientOf(a.opts.Policy, r.Recipient).Name.PL,
			Outcome:    string(r.Outcome),
			Categories: fact.ConvertOutcomes[string](r.Categories),
			At:         r.At,
		})
	}
	return out
}
