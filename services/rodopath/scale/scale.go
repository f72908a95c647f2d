// Package scale simulates replicas of lifecycle that share the stream of facts in partitions: how many writes end in a
// version conflict, how long a fact waits, and whether the replicas keep up. The costs are measured ones; what was not
// measured is an assumption and named so.
package scale

import (
	"cmp"
	"math/rand/v2"
	"slices"
)

// Costs are what one replica needs.
type Costs struct {
	// Batch is the time of the commands of a batch to the database, and Fact the time of the processor for each fact; both
	// in seconds.
	Batch, Fact float64
	// Linger is the least time between the beginnings of two small batches, in seconds, and Largest is the number of facts
	// in the largest batch.
	Linger  float64
	Largest int
}

// Load is what arrives.
type Load struct {
	Name string
	// Facts is the number of facts, and PerSecond how many arrive in a second; 0 means all at once.
	Facts     int
	PerSecond float64
	// Persons is the number of persons to whom facts belong at random when all arrive at once; otherwise each person has
	// PerPerson facts within Within seconds.
	Persons, PerPerson int
	Within             float64
	// Weak is the share of facts without the address of the person, and New the share of these about nobody known.
	Weak, New float64
}

// Plan is how many share the work.
type Plan struct {
	Replicas   int `json:"replicas"`
	Partitions int `json:"partitions"`
}

// Result is what the plan gives.
type Result struct {
	Load string `json:"load"`
	Plan
	// Conflicts is the share of writes that end in a version conflict.
	Conflicts float64 `json:"conflicts"`
	// PerSecond is the number of facts applied in a second.
	PerSecond float64 `json:"per_second"`
	// Busy is the share of the time in which the processor of the mean replica works.
	Busy float64 `json:"busy"`
	// Wait is the time in seconds from the arrival of a fact to its application that 99 of 100 facts do not exceed.
	Wait float64 `json:"wait_p99"`
	// Behind reports whether the replicas apply fewer facts than arrive.
	Behind bool `json:"behind"`
}

// slots is the number of slots of the stream of facts.
const slots = 64

// event is a fact in a queue.
type event struct {
	at, arrived float64
	person      int
	// weak reports whether the fact has no address, and known whether its person is stored.
	weak, known bool
}

// queue is the waiting facts of a partition, by time.
type queue struct {
	facts []event
	next  int
}

func (q *queue) add(e event) {
	i, _ := slices.BinarySearchFunc(q.facts[q.next:], e, func(a, b event) int { return cmp.Compare(a.at, b.at) })
	q.facts = slices.Insert(q.facts, q.next+i, e)
}

// consumer takes batches of a queue for a replica.
type consumer struct {
	queue, replica int
	// free is when the consumer can begin, begun when its last batch began.
	free, begun float64
}

// flight is a batch that is being applied to a person.
type flight struct {
	begun, done float64
	by          int
}

// simulation is a run.
type simulation struct {
	costs     Costs
	plan      Plan
	queues    []queue
	consumers []consumer
	// processors are when the processor of each replica is free.
	processors []float64
	// flights are the last batches of each person.
	flights           map[int][]flight
	writes, conflicts int
	// worked is the time of all processors.
	worked float64
	waits  []float64
	last   float64
}

// Run simulates a load on a plan. Equal seeds give equal results.
func Run(c Costs, l Load, p Plan, seed uint64) Result {
	s := &simulation{
		costs: c, plan: p, queues: make([]queue, p.Partitions), processors: make([]float64, p.Replicas),
		flights: map[int][]flight{},
	}
	facts := l.arrivals(rand.New(rand.NewPCG(seed, 0))) //nolint:gosec // a simulation
	for _, e := range facts {
		at := s.home(e.person)
		if e.weak {
			at = s.home(-e.person) // the partition of another name
		}
		s.queues[at].facts = append(s.queues[at].facts, e)
	}
	if p.Partitions == 1 {
		for r := range p.Replicas {
			s.consumers = append(s.consumers, consumer{replica: r, begun: -1})
		}
	} else {
		for q := range p.Partitions {
			s.consumers = append(s.consumers, consumer{queue: q, replica: q % p.Replicas, begun: -1})
		}
	}
	for s.step() {
	}
	return s.result(l, facts)
}

// arrivals are the facts of a load, by time.
func (l Load) arrivals(rng *rand.Rand) []event {
	out := make([]event, 0, l.Facts)
	for len(out) < l.Facts {
		if l.PerSecond == 0 {
			out = append(out, event{person: 1 + rng.IntN(l.Persons)})
			continue
		}
		person := 1 + len(out)/l.PerPerson
		begun := rng.Float64() * float64(l.Facts) / l.PerSecond
		for range min(l.PerPerson, l.Facts-len(out)) {
			out = append(out, event{at: begun + rng.Float64()*l.Within, person: person})
		}
	}
	for i := range out {
		out[i].arrived = out[i].at
		out[i].weak = rng.Float64() < l.Weak
		out[i].known = rng.Float64() >= l.New
	}
	slices.SortStableFunc(out, func(a, b event) int { return cmp.Compare(a.at, b.at) })
	return out
}

// home is the partition of a name.
func (s *simulation) home(name int) int {
	mixed := uint64(int64(name)) * 0x9e3779b97f4a7c15 //nolint:gosec // a hash
	return int(mixed>>58) * s.plan.Partitions / slots
}

// step applies the batch that begins first; false when nothing waits.
func (s *simulation) step() bool {
	best, begin := -1, 0.0
	for i, c := range s.consumers {
		q := &s.queues[c.queue]
		if q.next == len(q.facts) {
			continue
		}
		at := max(c.free, q.facts[q.next].at)
		if len(q.facts)-q.next < s.costs.Largest/16 {
			at = max(at, c.begun+s.costs.Linger)
		}
		if best < 0 || at < begin {
			best, begin = i, at
		}
	}
	if best >= 0 {
		s.apply(best, begin)
	}
	return best >= 0
}

// apply applies the batch of a consumer that begins at an instant.
func (s *simulation) apply(by int, begin float64) {
	c := &s.consumers[by]
	q := &s.queues[c.queue]
	persons := map[int]bool{}
	var batch []event
	for q.next < len(q.facts) && len(batch) < s.costs.Largest && q.facts[q.next].at <= begin {
		e := q.facts[q.next]
		q.next++
		if home := s.home(e.person); s.plan.Partitions > 1 && e.weak && e.known && home != c.queue {
			e.weak, e.at = false, begin+s.costs.Batch
			s.queues[home].add(e)
			continue
		}
		batch, persons[e.person] = append(batch, e), true
	}
	done := s.work(c.replica, begin, len(batch))
	lost := 0
	for person := range persons {
		s.writes++
		if s.collides(person, by, begin, done) {
			lost++
		}
	}
	if s.conflicts += lost; lost > 0 { // what lost is evaluated and written once more
		s.writes += lost
		done = s.work(c.replica, done, lost)
	}
	for person := range persons {
		s.flights[person] = append(s.flights[person], flight{begin, done, by})
	}
	for _, e := range batch {
		s.waits = append(s.waits, done-e.arrived)
	}
	c.begun, c.free, s.last = begin, done, max(s.last, done)
}

// work returns when a replica has applied a number of facts.
func (s *simulation) work(replica int, begin float64, facts int) float64 {
	done := max(begin, s.processors[replica]) + float64(facts)*s.costs.Fact
	s.processors[replica] = done
	s.worked += float64(facts) * s.costs.Fact
	return done + s.costs.Batch
}

// collides reports whether another consumer applies facts of a person meanwhile. Batches that are over are forgotten.
func (s *simulation) collides(person, by int, begin, done float64) bool {
	others := slices.DeleteFunc(s.flights[person], func(f flight) bool { return f.done < begin })
	s.flights[person] = others
	return slices.ContainsFunc(others, func(f flight) bool { return f.by != by && f.begun < done })
}

func (s *simulation) result(l Load, facts []event) Result {
	slices.Sort(s.waits)
	out := Result{
		Load: l.Name, Plan: s.plan, PerSecond: float64(len(facts)) / s.last, Wait: s.waits[len(s.waits)*99/100],
		Conflicts: float64(s.conflicts) / float64(s.writes), Busy: s.worked / s.last / float64(s.plan.Replicas),
	}
	arrived := facts[len(facts)-1].at
	out.Behind = arrived > 0 && s.last > arrived*1.1+1
	return out
}
