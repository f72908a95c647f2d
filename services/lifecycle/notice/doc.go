// Package notice knows published decisions and the answers of their recipients (GDPR Art. 19).
//
// A notice is pseudonymous. ApplyReceipts and Update fold receipts into notices; the order of receipts has
// no effect, and a notice is never confirmed while an answer is missing. Findings for a person are returned
// as notes for the journal.
package notice
