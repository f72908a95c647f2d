package chaos

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"time"

	_ "modernc.org/sqlite" // the driver

	"github.com/rodopath/rodopath/services/internal/loop"
)

// garbage takes the place of a stored person.
const garbage = "\x00damaged"

// damageTimes is how much longer a damage lasts than another fault: some of the deliveries go to the quarantine.
const damageTimes = 25

// damaged is the story of a person whose stored document is damaged after the sign-up: the no waits in the quarantine
// until the document is restored.
func (t *builder) damaged() {
	t.standard("signup", 0, nil)
	t.standard("unsubscribe", 30, nil)
	t.left(t.at(30))
}

// damage sends the sign-up of a person, damages the stored person, sends the no, repairs the person after a while, and
// tries what is in the quarantine again. Meanwhile nobody else may wait. Subjects in MongoDB are not damaged.
func (r *run) damage(ctx context.Context, f fault, p *Person) error {
	name := func(i int) string { return fmt.Sprintf("msg-%d-%d", p.Number, i) }
	r.traffic.deliver(ctx, &p.Webhooks[0], name(0))
	id := r.awaitKnown(ctx, p.Number)
	if id == "" || r.MongoDB != "" {
		r.traffic.deliver(ctx, &p.Webhooks[1], name(1))
		return ctx.Err()
	}
	repair, err := r.stage.overwrite(ctx, id)
	if err != nil {
		return err
	}
	r.traffic.deliver(ctx, &p.Webhooks[1], name(1))
	loop.Sleep(ctx, damageTimes*f.lasts)
	return repair(context.WithoutCancel(ctx))
}

// awaitKnown returns the id of a person as soon as lifecycle knows the person; empty when that takes too long.
func (r *run) awaitKnown(ctx context.Context, number int) string {
	for until := time.Now().Add(settleWithin / 2); time.Now().Before(until); {
		if k, err := r.stage.known(ctx, number); err == nil && k.Subject != "" {
			return k.Subject
		}
		if !loop.Sleep(ctx, 100*time.Millisecond) {
			break
		}
	}
	return ""
}

// overwrite puts garbage in the place of a stored person, and returns how to repair the person.
func (s *stage) overwrite(ctx context.Context, id string) (repair func(context.Context) error, err error) {
	path := filepath.Join(s.dir, partLifecycle, "rodopath.db")
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=busy_timeout(20000)")
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("damage person %s: %w", id, err), db.Close())
		}
	}()
	var doc []byte
	const update = "UPDATE subjects SET doc = ? WHERE id = ? AND doc = ?"
	if err := db.QueryRowContext(ctx, "SELECT doc FROM subjects WHERE id = ?", id).Scan(&doc); err != nil {
		return nil, err
	}
	if _, err := db.ExecContext(ctx, update, []byte(garbage), id, doc); err != nil {
		return nil, err
	}
	return func(ctx context.Context) error {
		_, err := db.ExecContext(ctx, update, doc, id, []byte(garbage))
		return errors.Join(err, db.Close())
	}, nil
}

// retryQuarantined tries the deliveries and persons in the quarantine again, until none is left.
func (s *stage) retryQuarantined(ctx context.Context) error {
	list, err := s.quarantined(ctx)
	for try := 0; err == nil && len(list) > 0 && try < tries; try++ {
		for _, number := range list {
			url := fmt.Sprintf("http://%s/v1/quarantine/%d/retry", s.lifecycles[0], number)
			if _, err := s.get(ctx, http.MethodPost, url, nil); err != nil && !errors.Is(err, errNotFound) {
				return fmt.Errorf("try entry %d of the quarantine again: %w", number, err)
			}
		}
		loop.Sleep(ctx, time.Second)
		list, err = s.quarantined(ctx)
	}
	return err
}

// quarantined returns the numbers of the deliveries and persons in the quarantine.
func (s *stage) quarantined(ctx context.Context) ([]uint64, error) {
	data, err := s.get(ctx, http.MethodGet, "http://"+s.lifecycles[0]+"/v1/quarantine", nil)
	if err != nil {
		return nil, err
	}
	var out []uint64
	for dec := json.NewDecoder(bytes.NewReader(data)); dec.More(); {
		var entry struct {
			Number uint64
			Kind   string
		}
		if err := dec.Decode(&entry); err != nil {
			return nil, err
		}
		if entry.Kind == "delivery" || entry.Kind == "subject" {
			out = append(out, entry.Number)
		}
	}
	return out, nil
}
