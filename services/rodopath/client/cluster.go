package client

import (
	"errors"
	"net/url"
	"strings"

	"github.com/rodopath/rodopath/services/rodopath/datadir"
)

// Cluster is how the services of a cluster are reached.
type Cluster struct {
	// Lifecycle is the address of the owner's interface of lifecycle, Ingest that of ingest, where the metrics are.
	Lifecycle, Ingest string
	// Token is a token of the interface, of api.tokens.
	Token string
	// Config is the path of the configuration of the cluster.
	Config string
}

// OpenCluster makes a Client of the services of a cluster.
func OpenCluster(c Cluster) (*Client, error) {
	for _, address := range []string{c.Lifecycle, c.Ingest} {
		if u, err := url.Parse(address); err != nil || u.Host == "" || u.User != nil {
			return nil, errors.New("the services of a cluster are reached at two addresses: that of lifecycle, such as " +
				"http://127.0.0.1:8081, and that of the metrics of ingest, such as http://127.0.0.1:9090")
		}
	}
	return &Client{
		control: &datadir.Control{API: strings.TrimRight(c.Lifecycle, "/"), Token: c.Token, Config: c.Config},
		ingest:  strings.TrimRight(c.Ingest, "/"),
	}, nil
}

// history is the address of the interface that takes histories.
func (c *Client) history() string {
	if c.ingest != "" {
		return c.ingest
	}
	return c.control.API
}
