package standalone

import (
	"net/http"

	"github.com/rodopath/rodopath/services/console"
)

// mountConsole serves the console on the owner's address.
func (n *Server) mountConsole(inside *http.ServeMux) error {
	opts, err := console.Configured(
		n.Config,
		n.Control.API,
		n.Control.Token,
		n.opts.Now,
		n.opts.Log.With("part", "console"),
	)
	if err != nil {
		return err
	}
	c, err := console.New(opts)
	if err != nil {
		return err
	}
	n.console = c
	inside.Handle("/console/", c.Handler())
	inside.Handle("POST /v1/console/token", c.Handler())
	inside.Handle("GET /{$}", http.RedirectHandler("/console/", http.StatusSeeOther))
	return nil
}

// ConsoleURL is an address that signs a browser in to the console once.
func (n *Server) ConsoleURL() string { return n.Control.API + n.console.SignInPath() }
