package mongostore

import (
	"context"
	"errors"
	"fmt"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
)

// oldestWire is the wire version of MongoDB 6.0, the oldest supported version; see
// https://github.com/mongodb/specifications/blob/master/source/wireversion-featurelist/wireversion-featurelist.md.
const oldestWire = 17

// topology is the answer of a server to "hello".
type topology struct {
	MaxWireVersion int32    `bson:"maxWireVersion"`
	SetName        string   `bson:"setName"`
	Message        string   `bson:"msg"`
	Arbiters       []string `bson:"arbiters"`
}

// ErrTooOld means that the server has a version without support.
var ErrTooOld = errors.New("the server is older than MongoDB 6.0: upgrade the server")

// topologyOf asks the server which kind of deployment it is part of.
func topologyOf(ctx context.Context, db *mongo.Database) (topology, error) {
	var t topology
	if err := db.RunCommand(ctx, bson.D{{Key: "hello", Value: 1}}).Decode(&t); err != nil {
		return t, fmt.Errorf("ask the server for its topology: %w", err)
	}
	return t, nil
}

// isReplicaSet reports whether the server is a member of a replica set.
func (t topology) isReplicaSet() bool { return t.SetName != "" }

// isRouter reports whether the server routes to the shards of a cluster.
func (t topology) isRouter() bool { return t.Message == "isdbgrid" }

// check returns what the owner should know of a deployment.
func (t topology) check() (warnings []string, err error) {
	if t.MaxWireVersion < oldestWire {
		return nil, ErrTooOld
	}
	switch {
	case !t.isReplicaSet() && !t.isRouter():
		warnings = append(warnings, "the database is a single server: a write is lost with the disk of that server; "+
			"use a replica set of three members")
	case len(t.Arbiters) > 0:
		warnings = append(warnings, "the replica set has an arbiter, which holds no data: "+
			"writes stop while one of the other members is away; replace the arbiter by a member with data")
	}
	return warnings, nil
}
