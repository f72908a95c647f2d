package ingest

// Reasons why a part of a webhook gave no fact, as they stand in Reading.Silent,
// in answers and in metric labels.
const (
	// SilentUnhandled is an event that means nothing to the life of a person's data.
	SilentUnhandled = "unhandled_event"
	// SilentThin is a Stripe event that carries ids and no content.
	SilentThin = "thin_event"
	// SilentTest is an event of the platform's test mode.
	SilentTest = "test_mode"
	// SilentNoPerson names nobody and nothing that leads to somebody.
	SilentNoPerson = "no_person"
	// SilentNothingNew repeats a state that another event tells.
	SilentNothingNew = "nothing_new"
	// SilentNotContract is a step of a payment that is no contract by itself.
	SilentNotContract = "not_a_contract"
	// SilentUnpaid is a checkout, an invoice or a subscription that waits for money,
	// or an order without a payment in a state that says nothing else.
	SilentUnpaid = "unpaid"
	// SilentPaymentFailed is a payment that did not come about.
	SilentPaymentFailed = "payment_failed"
	// SilentExpired is a checkout that nobody finished.
	SilentExpired = "expired"
	// SilentCancelled is a payment that was called off.
	SilentCancelled = "cancelled"
	// SilentSetup saves a card and sells nothing.
	SilentSetup = "setup"
	// SilentScheduled is an end that is announced and has not come.
	SilentScheduled = "scheduled"
	// SilentRefundNotDone is a refund that is pending, failed or called off.
	SilentRefundNotDone = "refund_not_done"
	// SilentDraft is an order that nobody has placed yet.
	SilentDraft = "draft"
	// SilentTrash is an order that the shop threw away.
	SilentTrash = "trash"
	// SilentDeleted is a record deleted by the shop: its act, not the person's.
	SilentDeleted = "deleted_by_shop"
	// SilentPlatformError is a signed error message in place of content.
	SilentPlatformError = "platform_error"
	// SilentIgnoredGroup is a group that the configuration says to ignore.
	SilentIgnoredGroup = "ignored_group"
	// SilentUnreadable is one event of a batch that is not what the platform sends.
	SilentUnreadable = "unreadable_event"
	// SilentPing is a test message that wants to be welcomed.
	SilentPing = "ping"
)
