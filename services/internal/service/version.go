package service

import (
	"cmp"
	"fmt"
	"runtime/debug"
)

// The linker sets these variables (see the Makefile): the nearest tag of the repository, such as "v1.2.3" or
// "v1.2.3-4-gbea46c4", the commit, and the date of the commit in RFC 3339.
var version, commit, date string //nolint:gochecknoglobals // only the linker sets a variable of a package

// Version describes the program: the version, the commit and its date, as far as the build recorded
// them, such as "v1.2.3 (commit bea46c4d, 2026-11-28T18:00:00Z)".
func Version() string {
	v := version
	if info, ok := debug.ReadBuildInfo(); ok {
		v = cmp.Or(v, info.Main.Version)
	}
	v = cmp.Or(v, "unknown")
	if commit == "" {
		return v
	}
	return fmt.Sprintf("%s (commit %s, %s)", v, commit, date)
}
