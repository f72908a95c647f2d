//go:build !linux

package cluster

import (
	"context"
	"errors"
)

// errNotLinux means that there are no namespaces to run in. Missing says so before.
var errNotLinux = errors.New("a cluster runs on Linux alone")

func isolate(context.Context, Options) (int, error) { return 1, errNotLinux }

func cover() error { return errNotLinux }
