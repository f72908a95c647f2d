package policy

import (
	"fmt"
	"slices"

	"github.com/rodopath/rodopath/services/lifecycle/report"
	"github.com/rodopath/rodopath/services/lifecycle/rules"
)

// recipientWarnings returns the warnings on the recipients of a policy and of the configuration: recipients without a
// name, transfers outside of the EEA without a safeguard, and configured recipients that the policy does not know.
func recipientWarnings(p *rules.Policy) []Warning {
	var out []Warning
	for _, id := range recipientsOf(p) {
		r := report.RecipientOf(p, id)
		_, known := p.Recipients[id]
		if isNameless(p, id) {
			out = append(out, nameless(id))
		}
		if r.ThirdCountry != "" && r.Safeguard == nil {
			out = append(out, unsafeguarded(r))
		}
		if !known {
			out = append(out, unlisted(id))
		}
	}
	return out
}

// isNameless reports whether a data subject would not learn the identity of a recipient: a configured one needs a name
// of its own, for the name in the policy is that of a category of recipients.
func isNameless(p *rules.Policy, id string) bool {
	if connected := p.Recipient(id); connected != nil {
		return connected.Name == ""
	}
	return len(p.Recipients[id].Name) == 0
}

// recipientsOf returns the recipients of the rules and of the configuration, sorted.
func recipientsOf(p *rules.Policy) []string {
	var out []string
	for i := range p.Rules {
		out = append(out, p.Rules[i].Receives...)
	}
	for i := range p.Connected {
		out = append(out, p.Connected[i].ID)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func nameless(id string) Warning {
	return Warning{Risk: Disclosure, Cites: "RODO art. 15 ust. 1 lit. c; TSUE C-154/21", Says: map[string]string{
		"en": fmt.Sprintf(
			"The recipient %s has no name. A person who asks must be told the actual recipients of the data: set name at the recipient in the configuration.",
			id,
		),
		"pl": fmt.Sprintf(
			"Odbiorca %s nie ma nazwy. Osobie, która o to zapyta, trzeba podać konkretnych odbiorców jej danych: ustaw name przy odbiorcy w konfiguracji.",
			id,
		),
	}}
}

func unsafeguarded(r report.Recipient) Warning {
	return Warning{
		Risk:  Disclosure,
		Cites: "RODO art. 13 ust. 1 lit. f, art. 15 ust. 2, art. 30 ust. 1 lit. e, art. 44-49",
		Says: map[string]string{
			"en": fmt.Sprintf(
				"The recipient %s transfers data to %s, and no safeguard of the transfer is stated: set safeguard, such as an adequacy decision or standard contractual clauses.",
				r.ID,
				r.ThirdCountry,
			),
			"pl": fmt.Sprintf(
				"Odbiorca %s przekazuje dane do państwa trzeciego (%s), a nie wskazano zabezpieczenia przekazania: ustaw safeguard, na przykład decyzję stwierdzającą odpowiedni stopień ochrony albo standardowe klauzule umowne.",
				r.ID,
				r.ThirdCountry,
			),
		},
	}
}

func unlisted(id string) Warning {
	return Warning{Risk: Disclosure, Cites: "RODO art. 30 ust. 1 lit. d", Says: map[string]string{
		"en": fmt.Sprintf(
			"The recipient %s is configured, and the policy does not know the recipient: the record of processing activities lacks the recipient. Add %s under recipients of your policy, and to the rules under receives.",
			id,
			id,
		),
		"pl": fmt.Sprintf(
			"Odbiorca %s jest w konfiguracji, a nie ma go w polityce: brakuje go w rejestrze czynności przetwarzania. Dodaj %s w polityce w recipients oraz w receives przy regułach.",
			id,
			id,
		),
	}}
}
