package service

import (
	"context"
	"os"
	"runtime/debug"
	"runtime/metrics"
	"time"

	"github.com/KimMachineGun/automemlimit/memlimit"
)

const (
	// collectorEvery is how often the work of the garbage collector is measured, and busyCycles from how many
	// collections in that time on the program is busy.
	collectorEvery = time.Second
	busyCycles     = 3
	// collectorRoom is the garbage that a busy program may hold, in bytes.
	collectorRoom = 64 << 20
	// memoryShare is the share of the memory limit of a container up to which the collector keeps the program: the
	// database has memory of its own.
	memoryShare = 0.8
	// calmPercent and busyPercent bound the growth of the heap between two collections, in percent.
	calmPercent, busyPercent = 100, 400
)

// BalanceCollector keeps the program below the memory limit of its container, and lets a busy program hold more garbage
// between two collections, until the context ends: an idle program stays small, and a busy one spends its processor
// time on its work. The variables GOGC and GOMEMLIMIT are decisions of the owner, and leave everything as it is.
func BalanceCollector(ctx context.Context) {
	if os.Getenv("GOGC") != "" || os.Getenv("GOMEMLIMIT") != "" {
		return
	}
	// Without a limit of the control group, or where it cannot be read, the memory has none.
	_, _ = memlimit.Set(memlimit.WithRatio(memoryShare), memlimit.WithProvider(memlimit.FromCgroup))
	tick := time.NewTicker(collectorEvery)
	defer tick.Stop()
	defer debug.SetGCPercent(calmPercent)
	sample := []metrics.Sample{{Name: "/gc/cycles/automatic:gc-cycles"}, {Name: "/gc/heap/live:bytes"}}
	metrics.Read(sample)
	cycles, percent := sample[0].Value.Uint64(), calmPercent
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		metrics.Read(sample)
		now := sample[0].Value.Uint64()
		if next := collectorPercent(percent, now-cycles, sample[1].Value.Uint64()); next != percent {
			percent = next
			debug.SetGCPercent(percent)
		}
		cycles = now
	}
}

// collectorPercent returns the growth of the heap until the next collection, from the present one, the number of
// collections since the last measure, and the live bytes.
func collectorPercent(percent int, cycles, live uint64) int {
	switch {
	case cycles == 0:
		return calmPercent
	case cycles < busyCycles && percent == calmPercent:
		return calmPercent
	}
	return int(min(busyPercent, max(calmPercent, collectorRoom*100/max(live, 1))))
}
