// Package fact knows the events in the life of a person: their kinds, their fields, and their order.
//
// A fact is a value. Its id derives from the event and never from the person, so that two reports of one
// event are one fact. Facts are ordered by instant, then by the protection of the person; Combine joins
// lists in this order whatever the order of arrival.
package fact
