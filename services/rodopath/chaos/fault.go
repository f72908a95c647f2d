package chaos

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/internal/loop"
)

// fault is something that is done to the stage in a round.
type fault struct {
	name string
	// after is the beginning within the round, lasts the duration.
	after, lasts time.Duration
	// which selects the victim.
	which int
	// step is how far the clock moves.
	step time.Duration
}

// The faults; the frequency of a fault is its number of entries.
const (
	killIngest    = "kill ingest"
	killLifecycle = "kill lifecycle"
	killDispatch  = "kill dispatch"
	killLeader    = "kill nats leader"
	killNode      = "kill nats node"
	cutAll        = "cut all from nats"
	cutOne        = "cut one from nats"
	stallAll      = "stall all"
	stallOne      = "stall one"
	busyDisk      = "busy disk"
	freezeNode    = "freeze nats node"
	freezeService = "freeze service"
	stepForwards  = "clock forwards"
	stepBackwards = "clock backwards"
	crmFails      = "recipient fails"
	crmHangs      = "recipient hangs"
	poison        = "poison message"
	damagedPerson = "damaged person"
	hotPerson     = "hot person"
	cutDatabase   = "cut database"
	stallDatabase = "stall database"
	electDatabase = "elect database"
	refuseWrites  = "database refuses"
)

func faultNames() []string {
	return []string{
		killIngest,
		killIngest,
		killIngest,
		killLifecycle,
		killLifecycle,
		killLifecycle,
		killDispatch,
		killDispatch,
		killDispatch,
		killLeader,
		killNode,
		cutAll,
		cutOne,
		cutOne,
		stallAll,
		stallOne,
		stallOne,
		busyDisk,
		freezeNode,
		freezeService,
		freezeService,
		stepForwards,
		stepForwards,
		stepForwards,
		stepBackwards,
		stepBackwards,
		crmFails,
		crmFails,
		crmHangs,
		crmHangs,
		poison,
		poison,
		damagedPerson,
		damagedPerson,
		hotPerson,
		cutDatabase,
		cutDatabase,
		stallDatabase,
		electDatabase,
		electDatabase,
		refuseWrites,
	}
}

// isOfDatabase reports whether a fault is one of the link to MongoDB, or of MongoDB itself.
func isOfDatabase(name string) bool {
	return name == cutDatabase || name == stallDatabase || isOfStandIn(name)
}

// isOfStandIn reports whether a fault is one of MongoDB itself, which only the stand-in has.
func isOfStandIn(name string) bool { return name == electDatabase || name == refuseWrites }

// Bounds of the faults. The steps of a segment stay below the shortest period of a story, and
// backward steps below the tolerance of signatures and receipts.
const (
	longestFault   = 1500 * time.Millisecond
	longestStep    = 4 * time.Hour
	longestSetback = 45 * time.Second
)

// drawFaults draws the faults of a round by their names: one fault, or two concurrent ones.
func drawFaults(rng *rand.Rand, round time.Duration, names []string) []fault {
	out := make([]fault, 1+rng.IntN(2))
	for i := range out {
		f := fault{
			name: names[rng.IntN(len(names))], after: time.Duration(rng.Int64N(int64(round / 2))),
			lasts: 200*time.Millisecond + time.Duration(rng.Int64N(int64(longestFault))), which: rng.IntN(1000),
		}
		switch f.name {
		case stepForwards:
			f.step = time.Minute + time.Duration(rng.Int64N(int64(longestStep)))
		case stepBackwards:
			f.step = -time.Second - time.Duration(rng.Int64N(int64(longestSetback)))
		}
		out[i] = f
	}
	return out
}

// kills names the process that a fault kills; empty for none.
func (f *fault) kills() string {
	return map[string]string{
		killIngest: partIngest, killLifecycle: partLifecycle, killDispatch: partDispatch,
		killLeader: partNATS, killNode: partNATS,
	}[f.name]
}

// poison publishes messages that no service can decode, to the streams of facts and of receipts. They are set aside,
// and hold up nobody. A broker that is away takes none.
func (s *stage) poison(ctx context.Context, f fault) error {
	ctx, cancel := context.WithTimeout(ctx, f.lasts)
	defer cancel()
	for _, subject := range []string{stream.FactsOf("shop"), stream.ReceiptsOf("crm")} {
		if _, err := s.js.Publish(ctx, subject, []byte{0xff, 0xff}); err != nil {
			return nil // another fault is at work
		}
		s.poisoned.Add(1)
	}
	return nil
}

// inflict injects a fault, waits for its duration, and ends the fault.
func (s *stage) inflict(ctx context.Context, f fault) error {
	service := s.services[f.which%len(s.services)]
	node := s.nodes[f.which%len(s.nodes)]
	switch f.name {
	case killIngest, killLifecycle, killDispatch:
		s.victim(f).kill(f.lasts)
	case killLeader:
		s.leader(ctx, f).kill(f.lasts)
	case killNode:
		node.kill(f.lasts)
	case cutAll, stallAll, cutOne, stallOne:
		s.sever(ctx, f, service.name)
	case cutDatabase, stallDatabase:
		s.severDatabase(ctx, f)
	case electDatabase:
		s.elect(ctx, f)
	case refuseWrites:
		s.refuse(ctx, f)
	case busyDisk:
		return s.busy(ctx, f)
	case freezeNode, freezeService:
		if f.name == freezeService {
			node = service
		}
		node.freeze()
		loop.Sleep(ctx, f.lasts)
		node.thaw()
	case stepForwards, stepBackwards:
		return s.clock.step(f.step)
	case poison:
		return s.poison(ctx, f)
	case crmFails, crmHangs:
		s.recipient.behave(map[string]int32{crmFails: recipientFails, crmHangs: recipientHangs}[f.name])
		loop.Sleep(ctx, f.lasts)
		s.recipient.behave(recipientWell)
	}
	return nil
}

// victim is the service that a fault kills; of several lifecycles, one.
func (s *stage) victim(f fault) *process {
	var of []*process
	for _, p := range s.services {
		if p.part.Kind == f.kills() {
			of = append(of, p)
		}
	}
	return of[f.which%len(of)]
}

// leader is the server with the leader of a stream, or any server without a leader.
func (s *stage) leader(ctx context.Context, f fault) *process {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	name := []string{stream.Facts, stream.Receipts, stream.Decisions}[f.which%3]
	if one, err := s.js.Stream(ctx, name); err == nil && one.CachedInfo().Cluster != nil {
		for _, p := range s.nodes {
			if p.name == one.CachedInfo().Cluster.Leader {
				return p
			}
		}
	}
	return s.nodes[f.which%len(s.nodes)]
}

// sever cuts services off from the servers for a while.
func (s *stage) sever(ctx context.Context, f fault, one string) {
	each := func(do func(*proxy)) {
		for name, list := range s.proxies {
			if name != one && (f.name == cutOne || f.name == stallOne) {
				continue
			}
			for _, p := range list {
				do(p)
			}
		}
	}
	if f.name == cutAll || f.name == cutOne {
		each((*proxy).cut)
	} else {
		each((*proxy).stall)
	}
	loop.Sleep(ctx, f.lasts)
	each((*proxy).heal)
}

// busy loads the disk from another process.
func (s *stage) busy(ctx context.Context, f fault) error {
	p, err := startProcess(ctx, "disk", part{Kind: partDisk, Dir: s.dir}, s.logs)
	if err != nil {
		return err
	}
	loop.Sleep(ctx, f.lasts)
	p.stop()
	return nil
}
