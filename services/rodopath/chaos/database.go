package chaos

import (
	"context"
	"fmt"
	"net/url"
	"sync/atomic"

	"github.com/rodopath/rodopath/services/internal/loop"
	"github.com/rodopath/rodopath/services/lifecycle/mongostore/mongowire"
)

// StandIn has a run keep its subjects in a small MongoDB of the run itself, in place of a server.
const StandIn = "stand-in"

// database is the MongoDB of a run, behind a proxy that can interrupt the connections.
type database struct {
	link   *proxy
	server *mongowire.Server // nil for a server of its own
}

// startDatabase starts the proxy of a MongoDB, and the MongoDB itself for StandIn, and returns the URI of the database
// behind the proxy.
func startDatabase(ctx context.Context, uri string) (*database, string, error) {
	d := &database{}
	var err error
	if uri == StandIn {
		if d.server, err = mongowire.Listen(mongowire.Options{}); err != nil {
			return nil, "", fmt.Errorf("start the stand-in for MongoDB: %w", err)
		}
		uri = d.server.URI()
	}
	u, err := url.Parse(uri)
	if err != nil {
		return nil, "", fmt.Errorf("read the URI of MongoDB: %w", err)
	}
	if d.link, err = startProxy(ctx, u.Host); err != nil {
		return nil, "", fmt.Errorf("stand between the services and MongoDB: %w", err)
	}
	u.Host = d.link.address()
	q := u.Query()
	q.Set("directConnection", "true") // a member names its own address, which is past the proxy
	u.RawQuery = q.Encode()
	return d, u.String(), nil
}

func (d *database) close() {
	if d == nil {
		return
	}
	d.link.close()
	if d.server != nil {
		_ = d.server.Close() // at the end of the run
	}
}

// severDatabase cuts the services off from the database for a while, or stalls all its answers.
func (s *stage) severDatabase(ctx context.Context, f fault) {
	if s.database == nil {
		return
	}
	if f.name == cutDatabase {
		s.database.link.cut()
	} else {
		s.database.link.stall()
	}
	loop.Sleep(ctx, databaseTimes*f.lasts)
	s.database.link.heal()
}

// elect isolates the primary of the database for a while. Then another member is elected, and what no majority had is
// rolled back; or the primary comes back.
func (s *stage) elect(ctx context.Context, f fault) {
	if s.database == nil || s.database.server == nil {
		return
	}
	server := s.database.server
	server.Isolate()
	loop.Sleep(ctx, databaseTimes*f.lasts/2)
	if f.which%3 == 0 {
		server.Rejoin()
	} else {
		server.Elect()
	}
}

// refuse has the database refuse every third command for a while: as no primary any more, without a majority for a
// write, or without the cursor of a read.
func (s *stage) refuse(ctx context.Context, f fault) {
	if s.database == nil || s.database.server == nil {
		return
	}
	var n atomic.Int64
	s.database.server.Hook(func(c mongowire.Command) mongowire.Fault {
		if n.Add(1)%3 != 0 {
			return mongowire.FaultNone
		}
		switch c.Name {
		case "getMore":
			return mongowire.FaultCursorLost
		case "find":
			return mongowire.FaultNotPrimary
		case "insert", "update", "delete":
			return []mongowire.Fault{mongowire.FaultNotPrimary, mongowire.FaultNoMajority}[n.Load()/3%2]
		}
		return mongowire.FaultNone
	})
	loop.Sleep(ctx, databaseTimes*f.lasts)
	s.database.server.Hook(nil)
}

// databaseTimes is how much longer a fault of the database lasts than another one: some commands run into a timeout.
const databaseTimes = 8
