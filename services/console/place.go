package console

import (
	"context"
	"sync/atomic"
	"time"
)

// zoneKept is how long the zone of the policy is kept before the interface is asked again.
const zoneKept = time.Hour

// place knows the zone in which pages write times: that of the policy, in which its periods are counted.
type place struct {
	api *api
	now func() time.Time
	is  atomic.Pointer[knownZone]
}

type knownZone struct {
	*time.Location

	read time.Time
}

// refresh reads the zone, unless it was read a while ago. What cannot be read stays as it was.
func (p *place) refresh(ctx context.Context) {
	known := p.is.Load()
	if known != nil && p.now().Sub(known.read) < zoneKept {
		return
	}
	var policy struct {
		Zone string `json:"zone"`
	}
	if err := p.api.get(ctx, "/v1/policy", &policy); err != nil {
		return // the page that follows says what is wrong
	}
	if zone, err := time.LoadLocation(policy.Zone); err == nil {
		p.is.Store(&knownZone{zone, p.now()})
	}
}

// zone is the zone of the policy, or of the machine until the policy can be read.
func (p *place) zone() *time.Location {
	if known := p.is.Load(); known != nil {
		return known.Location
	}
	return time.Local //nolint:gosmopolitan // the calendar on the wall
}

// year is the present year.
func (p *place) year() int { return p.now().In(p.zone()).Year() }
