package webhook_test

import (
	"testing"

	"github.com/rodopath/rodopath/services/ingest"
	"github.com/rodopath/rodopath/services/platforms/facttest"
	"github.com/rodopath/rodopath/services/platforms/mailerlite/webhook"
)

func TestRead_EveryWritingOfATimeIsRead(t *testing.T) {
	for _, written := range []string{
		"2025-10-09T08:45:00.000000Z", "2025-10-09T08:45:00Z", "2025-10-09 08:45:00", "2025-10-09T08:45:00", "2025-10-09T10:45:00+02:00",
	} {
		check(t, []reads{{
			written, flat("subscriber.unsubscribed", "unsubscribed", `,"unsubscribed_at":"`+written+`"`),
			"unsubscribe 2025-10-09T08:45:00Z " + ref + "channels=email traits=unattributed " + ann,
		}})
	}
}

func TestRead_UnconfirmedIsNoConsentWhateverTellsIt(t *testing.T) {
	for _, event := range []string{
		"subscriber.created", "subscriber.updated", "subscriber.active", "subscriber.added_to_group", "subscriber.added_through_form",
	} {
		check(
			t,
			[]reads{
				{event, flat(event, "unconfirmed", ""), "signup_pending 2025-10-09T08:00:00Z " + ref + "channels=email " + ann},
			},
		)
	}
}

func TestRead_ForgottenSubscribersOfABatchAreTheSellersAct(t *testing.T) {
	one := flat("subscriber.deleted", "active", "")
	check(t, []reads{{
		"two of them", `{"events":[` + one + `,` + one + `],"total":2}`, "silent deleted_by_shop\nsilent deleted_by_shop\n",
	}})
}

func TestRead_AnAddressInAListIsRead(t *testing.T) {
	body := facttest.Change(
		flat("subscriber.unsubscribed", "unsubscribed", unsubbed),
		`"Ann@Example.com"`,
		`["Ann@Example.com"]`,
	)
	check(
		t,
		[]reads{{"in a list", body, "unsubscribe 2025-10-09T08:45:00Z " + ref + "channels=email traits=unattributed " + ann}},
	)
}

func TestNew_NeedsASecret(t *testing.T) {
	for _, secrets := range [][]string{nil, {}, {""}, {" "}, {"good", ""}} {
		if _, err := webhook.New(ingest.Source{ID: "list", Secrets: secrets}); err == nil {
			t.Errorf("%q are taken", secrets)
		}
	}
}
