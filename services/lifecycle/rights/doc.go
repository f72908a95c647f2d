// Package rights knows the rights of a person: the requests under GDPR Art. 15 to 21 with their deadlines
// (Art. 12(3), counted by Regulation (EEC) 1182/71), the bans on use, and whether a use of data is allowed.
//
// All functions are pure: facts and an instant are the input.
package rights
