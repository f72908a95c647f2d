package console

import "slices"

// Role is what a person who signed in may do.
type Role string

// The roles.
const (
	// RoleOwner may do everything.
	RoleOwner Role = "owner"
	// RoleHelper answers requests and keeps the data in order, and takes no data out and changes no settings.
	RoleHelper Role = "helper"
	// RoleAuditor reads; each reading of the data of a person is recorded in the journal of the person.
	RoleAuditor Role = "auditor"
)

// Roles are all roles.
func Roles() []Role { return []Role{RoleOwner, RoleHelper, RoleAuditor} }

// need is what a page or an act needs.
type need string

const (
	// needSee: to read pages.
	needSee need = "see"
	// needAct: to record requests, holds, consents, and to retract and repeat decisions.
	needAct need = "act"
	// needExport: to take data out, as a document or a table.
	needExport need = "export"
	// needOwner: to change what the installation does.
	needOwner need = "own"
)

// may reports whether a role permits what is needed.
func (r Role) may(n need) bool {
	return slices.Contains(map[Role][]need{
		RoleOwner:   {needSee, needAct, needExport, needOwner},
		RoleHelper:  {needSee, needAct},
		RoleAuditor: {needSee, needExport},
	}[r], n)
}
