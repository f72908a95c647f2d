// Package stream names the JetStream streams of Rodopath and defines their messages, for publishers
// and consumers.
//
// # Wire format
//
// A decision is an Event: a CloudEvent 1.0 in structured JSON with the media type ContentType, on
// the subject of DecisionFor and in the body of a webhook alike. The header traceparent beside the
// event carries the W3C trace context. An answer is a Receipt: JSON on the subject of ReceiptsOf, in
// the body of the 2xx to a webhook, or by POST /v1/receipts. A fact on the way from ingest to
// lifecycle is protobuf (rodopath.fact.v1) on the subject of FactsOf. JSON Schemas of events and
// receipts are in api/schemas, and the channels in api/asyncapi.yaml.
//
// # Guarantees
//
// A decision is delivered at least once and always under the same id, so a consumer that keeps the
// ids that it has processed carries out each decision once. A replay has the id of its decision and
// must be carried out again. No subject, header or error of a decoder contains an address; the
// names of a person are only in the data of an event.
//
// # Versions
//
// The type of an event ends in its version. A later release may add fields, which DecodeEvent
// ignores, and api/schemas describes the fields of one release; a change that a consumer must know
// of gets another type. The fields of a receipt are closed: DecodeReceipt rejects an unknown field.
// Names of streams and subjects stay the same within a major version of the module, but for the last
// token of the subject of a decision, which has no meaning.
package stream
