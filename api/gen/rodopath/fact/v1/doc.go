// Package factv1 is the generated form of rodopath.fact.v1: the facts of one webhook, which ingest
// publishes on the stream FACTS and lifecycle applies.
//
// A Delivery is one message, so that its facts are durable together. Fields and kinds are added and
// never renumbered or removed: a service of one release reads the deliveries of an earlier release,
// and an unknown field is ignored. The definition with the meaning of each field is
// proto/rodopath/fact/v1/fact.proto.
package factv1
