package ingest

// Reasons why a part of a webhook gives no fact, in Reading.Silent, in answers and in metric
// labels.
const (
	// SilentUnhandled is an event that means nothing to the life of a person's data.
	SilentUnhandled = "unhandled_event"
	// SilentThin is a Stripe event that carries ids and no content.
	SilentThin = "thin_event"
	// SilentTest is an event of the platform's test mode.
	SilentTest = "test_mode"
	// SilentNoPerson has neither a name of a person nor a locator.
	SilentNoPerson = "no_person"
	// SilentNothingNew repeats a state that another event reports.
	SilentNothingNew = "nothing_new"
	// SilentNotContract is a step of a payment that is no contract by itself.
	SilentNotContract = "not_a_contract"
	// SilentUnpaid is an unpaid checkout, invoice or subscription, or an unpaid order in a state
	// without a meaning of its own.
	SilentUnpaid = "unpaid"
	// SilentPaymentFailed is a failed payment.
	SilentPaymentFailed = "payment_failed"
	// SilentExpired is an expired checkout.
	SilentExpired = "expired"
	// SilentCancelled is a payment that was called off.
	SilentCancelled = "cancelled"
	// SilentSetup saves a card and sells nothing.
	SilentSetup = "setup"
	// SilentScheduled is an announced end in the future.
	SilentScheduled = "scheduled"
	// SilentRefundNotDone is a refund that is pending, failed or called off.
	SilentRefundNotDone = "refund_not_done"
	// SilentDraft is an order that is not placed yet.
	SilentDraft = "draft"
	// SilentTrash is an order that the shop threw away.
	SilentTrash = "trash"
	// SilentDeleted is a record deleted by the shop, not at the request of the person.
	SilentDeleted = "deleted_by_shop"
	// SilentAnonymized is a record whose personal data the platform itself erased.
	SilentAnonymized = "anonymized_by_shop"
	// SilentPlatformError is a signed error message in place of content.
	SilentPlatformError = "platform_error"
	// SilentGone is the message of a platform that the record was deleted before the webhook was sent.
	SilentGone = "record_gone"
	// SilentStaff is an account of a member of the shop's staff.
	SilentStaff = "staff_account"
	// SilentIgnoredGroup is a group that the configuration ignores.
	SilentIgnoredGroup = "ignored_group"
	// SilentPing is a test message that wants to be welcomed.
	SilentPing = "ping"
)

// Reasons why a part of a webhook with a valid signature could not be read, in Reading.Unread, in
// metric labels and in the quarantine.
const (
	// UnreadNotJSON is a body that is no JSON object.
	UnreadNotJSON = "not_json"
	// UnreadVersion is a body of a version of the platform's interface that is not supported.
	UnreadVersion = "unsupported_version"
	// UnreadNoRecord is a record without its id.
	UnreadNoRecord = "no_record"
	// UnreadNoPerson is a record of a person without an id and without an address.
	UnreadNoPerson = "no_person"
	// UnreadEvent is an event of a batch that is no JSON object.
	UnreadEvent = "unreadable_event"
	// UnreadTooLarge is a fact that is larger than a message of the broker.
	UnreadTooLarge = "too_large"
	// UnreadDamagedRecord is a record of the intake log that cannot be decrypted: its file is the topic.
	UnreadDamagedRecord = "damaged_record"
)
