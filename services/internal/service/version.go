package service

import (
	"cmp"
	"fmt"
	"runtime/debug"
)

// version is set by the linker to the nearest tag of the repository, such as "v1.2.3" or
// "v1.2.3-4-gbea46c4" (see the Makefile).
var version string

// Version describes the program: the version, the commit and its date, as far as the build recorded
// them, such as "v1.2.3 (commit bea46c4d, 2026-11-28T18:00:00Z)".
func Version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return cmp.Or(version, "unknown")
	}
	var commit, date, modified string
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			commit = s.Value[:min(8, len(s.Value))]
		case "vcs.time":
			date = s.Value
		case "vcs.modified":
			if s.Value == "true" {
				modified = ", modified"
			}
		}
	}
	if commit == "" {
		return cmp.Or(version, info.Main.Version)
	}
	return fmt.Sprintf("%s (commit %s, %s%s)", cmp.Or(version, info.Main.Version), commit, date, modified)
}
