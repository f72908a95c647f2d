package standalone

import (
	"errors"
	"net/http"
	"path/filepath"
	"strings"

	"github.com/rodopath/rodopath/services/internal/access"
	"github.com/rodopath/rodopath/services/internal/problem"
	"github.com/rodopath/rodopath/services/rodopath/backup"
)

// backups answers the owner with a copy of the installation, one at a time.
func (n *Server) backups() (http.Handler, error) {
	guard, err := access.New([]access.Token{{Secret: n.Control.Token}})
	if err != nil {
		return nil, err
	}
	free := make(chan struct{}, 1)
	free <- struct{}{}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := guard.Check(r, "backup"); err != nil {
			n.refuse(w, err)
			return
		}
		select {
		case <-free:
			defer func() { free <- struct{}{} }()
			n.backup(w, r)
		default:
			n.refuse(
				w,
				problem.New(http.StatusConflict, "backup", "Another backup is in progress; run the command again afterwards."),
			)
		}
	}), nil
}

func (n *Server) backup(w http.ResponseWriter, r *http.Request) {
	made, err := backup.Take(r.Context(), n.machine(), r.URL.Query().Get("keys") == "1", n.opts.Now())
	if errors.Is(err, backup.ErrKeysElsewhere) {
		n.refuse(w, problem.New(http.StatusConflict, "backup", err.Error()))
		return
	}
	if err != nil {
		n.opts.Log.Error("backup failed", "error", err)
		n.refuse(w, problem.New(http.StatusInternalServerError, "backup", err.Error()))
		return
	}
	defer func() {
		if err := made.Close(); err != nil {
			n.opts.Log.Error("temporary copy of the backup not removed", "error", err)
		}
	}()
	w.Header().Set("Content-Type", "application/gzip")
	if _, err := made.WriteTo(w); err != nil {
		n.opts.Log.Error("backup interrupted", "error", err)
		panic(http.ErrAbortHandler) // the client must not accept a partial copy
	}
}

// refuse answers with a problem.
func (n *Server) refuse(w http.ResponseWriter, err error) {
	p := problem.Blank(http.StatusInternalServerError)
	errors.As(err, &p)
	if err := p.Write(w); err != nil {
		n.opts.Log.Debug("answer not readable", "error", err)
	}
}

// machine is the installation to back up.
func (n *Server) machine() *backup.Machine {
	m := &backup.Machine{
		Dir: n.opts.Home.Path(), Intake: n.ingest.CopyIntake, Vault: n.vault,
		KeysElsewhere: n.Config.Keys != "",
	}
	if n.Config.MongoDB.URI == "" {
		m.Store = n.lifecycle.CopyStore
	}
	if n.server != nil {
		m.NATS = n.conn
	}
	for _, path := range append(n.Config.Files(), n.opts.ConfigPath) {
		if in, err := filepath.Rel(m.Dir, path); err != nil || in == ".." || strings.HasPrefix(in, "../") {
			m.Elsewhere = append(m.Elsewhere, path)
		}
	}
	return m
}
