package imports

import (
	"errors"
	"net"
	"net/http"

	"github.com/rodopath/rodopath/services/internal/connection"
	"github.com/rodopath/rodopath/services/internal/problem"
	"github.com/rodopath/rodopath/services/platforms/history"
)

// The kinds of faults and of causes for a wait.
const (
	// FaultKey: the platform refused the key, or the key may not read what is asked for.
	FaultKey = "key_refused"
	// FaultKeyMissing: the key cannot be read where the configuration says.
	FaultKeyMissing = "key_missing"
	// FaultNoAccess: the configuration has no access to the platform.
	FaultNoAccess = "no_access"
	// FaultRate: the platform asks for fewer calls.
	FaultRate = "rate_limited"
	// FaultPath: there is no such interface at the address.
	FaultPath = "no_interface"
	// FaultPlatform: the platform fails.
	FaultPlatform = "platform_fails"
	// FaultNetwork: the platform does not answer.
	FaultNetwork = "unreachable"
	// FaultFull: the installation cannot take more now.
	FaultFull = "full"
	// FaultFile: the uploaded file cannot be read.
	FaultFile = "file"
	// FaultOther is every other fault; its text says what is wrong.
	FaultOther = "other"
)

// ErrNoAccess means that the configuration has no access to the platform of a source, and ErrKey that its key cannot be
// read.
var (
	ErrNoAccess = errors.New("the source has no access to its platform: add read: {url: …, key: …} to the source")
	ErrKey      = errors.New("the key of the platform cannot be read")
)

// ErrFile means that an uploaded file, or what its columns are said to mean, cannot be read.
var ErrFile = errors.New("the file cannot be read")

// FaultOf returns the kind of an error of an import.
func FaultOf(err error) string {
	if answer, ok := errors.AsType[*history.StatusError](err); ok {
		switch status := answer.Status; {
		case status == http.StatusUnauthorized, status == http.StatusForbidden:
			return FaultKey
		case status == http.StatusTooManyRequests:
			return FaultRate
		case status == http.StatusNotFound:
			return FaultPath
		case status >= http.StatusInternalServerError:
			return FaultPlatform
		}
		return FaultOther
	}
	if p, ok := errors.AsType[*problem.Problem](err); ok && p.Status == http.StatusServiceUnavailable {
		return FaultFull
	}
	_, isNetwork := errors.AsType[net.Error](err)
	switch {
	case errors.Is(err, connection.ErrNoFile), errors.Is(err, ErrFile):
		return FaultFile
	case errors.Is(err, ErrNoAccess):
		return FaultNoAccess
	case errors.Is(err, ErrKey):
		return FaultKeyMissing
	case isNetwork:
		return FaultNetwork
	}
	return FaultOther
}
