package console

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
)

// record is a record that the replicas of the console share and that outlives their restart. Lifecycle keeps it
// encrypted.
type record struct {
	Name     string `json:"name"`
	Value    string `json:"value"`
	Revision uint64 `json:"revision"`
}

// errConflict means that a record was changed meanwhile.
var errConflict = errors.New("the record was changed meanwhile")

func recordPath(name string) string { return "/v1/console/records/" + url.PathEscape(name) }

// readRecord decodes a record; revision 0 means that there is none.
func readRecord[T any](ctx context.Context, a *api, name string) (value T, revision uint64, err error) {
	var r record
	if err := a.get(ctx, recordPath(name), &r); err != nil {
		if problem, ok := errors.AsType[*refusal](err); ok && problem.Status == http.StatusNotFound {
			return value, 0, nil
		}
		return value, 0, err
	}
	if err := json.Unmarshal([]byte(r.Value), &value); err != nil {
		return value, 0, fmt.Errorf("decode the record %s: %w", name, err)
	}
	return value, r.Revision, nil
}

// writeRecord stores a record on the revision that was read. The error is errConflict after another change.
func writeRecord(ctx context.Context, a *api, name string, value any, revision uint64) error {
	_, err := storeRecord(ctx, a, name, value, revision)
	return err
}

// storeRecord is writeRecord that returns the next revision.
func storeRecord(ctx context.Context, a *api, name string, value any, revision uint64) (next uint64, err error) {
	data, err := json.Marshal(value)
	if err != nil {
		return 0, fmt.Errorf("encode the record %s: %w", name, err)
	}
	var stored record
	err = a.put(ctx, recordPath(name), record{Value: string(data), Revision: revision}.body(), &stored)
	return stored.Revision, err
}

// listRecords decodes the records whose names begin with a prefix; one that cannot be decoded is left out.
func listRecords[T any](ctx context.Context, a *api, prefix string) ([]T, error) {
	var all struct {
		Records []record `json:"records"`
	}
	if err := a.get(ctx, "/v1/console/records?prefix="+url.QueryEscape(prefix), &all); err != nil {
		return nil, err
	}
	var out []T
	for _, r := range all.Records {
		var value T
		if json.Unmarshal([]byte(r.Value), &value) == nil {
			out = append(out, value)
		}
	}
	return out, nil
}

// put stores a value in place of the one that was read. The error is errConflict after another change.
func (a *api) put(ctx context.Context, path string, value, into any) error {
	err := a.call(ctx, http.MethodPut, path, value, into)
	if problem, ok := errors.AsType[*refusal](err); ok && problem.Status == http.StatusConflict {
		return errConflict
	}
	return err
}

func (r record) body() map[string]any {
	return map[string]any{"value": r.Value, "revision": r.Revision}
}

// maxChanges bounds the attempts of a change while other replicas change the same record.
const maxChanges = 20

// untilKept makes a change again while others change the same, up to maxChanges times.
func untilKept(change func() error) error {
	for range maxChanges {
		if err := change(); !errors.Is(err, errConflict) {
			return err
		}
	}
	return errConflict
}

// changeRecord changes a record on the state that the change has seen, and returns the state.
func changeRecord[T any](ctx context.Context, a *api, name string, change func(*T)) (value T, err error) {
	err = untilKept(func() error {
		var revision uint64
		var err error
		if value, revision, err = readRecord[T](ctx, a, name); err != nil {
			return err
		}
		change(&value)
		return writeRecord(ctx, a, name, value, revision)
	})
	return value, err
}

// dropRecord removes a record.
func (a *api) dropRecord(ctx context.Context, name string) error {
	_, err := a.text(ctx, http.MethodDelete, recordPath(name), nil)
	return err
}
