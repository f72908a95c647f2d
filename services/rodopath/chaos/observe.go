package chaos

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/rodopath/rodopath/api/stream"
)

func streams() []string { return []string{stream.Facts, stream.Receipts, stream.Decisions} }

// unsettled describes a queue that is not empty; empty when all queues are.
func (s *stage) unsettled(ctx context.Context) string {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	if missing := s.notReady(ctx); missing != "" {
		return missing + " is not ready"
	}
	if n, err := s.gauge(ctx, "http://"+s.metrics+"/", "rodopath_intake_webhooks"); err != nil || n > 0 {
		return fmt.Sprintf("%v webhooks in the intake log (%v)", n, err)
	}
	for _, name := range []string{stream.Facts, stream.Receipts} {
		one, err := s.js.Stream(ctx, name)
		if err != nil || one.CachedInfo().State.Msgs > 0 {
			return fmt.Sprintf("messages in %s (%v)", name, err)
		}
	}
	for _, gauge := range []string{"rodopath_subjects_pending", "rodopath_subjects_due"} {
		if n, err := s.gauge(ctx, "http://"+s.lifecycles[0]+"/metrics", gauge); err != nil || n > 0 {
			return fmt.Sprintf("%s %v (%v)", gauge, n, err)
		}
	}
	consumer, err := s.js.Consumer(ctx, stream.Decisions, "dispatch-"+recipientID)
	if err != nil {
		return err.Error()
	}
	info := consumer.CachedInfo()
	if left := int(info.NumPending) + info.NumAckPending; left > 0 { //nolint:gosec // a few
		return fmt.Sprintf("%d decisions wait for the recipient", left)
	}
	if n := s.recipient.open.Load(); n > 0 {
		return fmt.Sprintf("%d receipts of the recipient are not taken", n)
	}
	return ""
}

// gauge reads a metric.
func (s *stage) gauge(ctx context.Context, url, name string) (float64, error) {
	data, err := s.get(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0, err
	}
	m := regexp.MustCompile(`(?m)^` + name + ` (\S+)$`).FindSubmatch(data)
	if m == nil {
		return 0, errors.New("there is no metric " + name)
	}
	return strconv.ParseFloat(string(m[1]), 64)
}

// errNotFound means that nothing is known.
var errNotFound = errors.New("it is not known")

// get asks a service and returns the body of a 200 or 204.
func (s *stage) get(ctx context.Context, method, url string, body any) ([]byte, error) {
	data, err := json.Marshal(body)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+s.token)
	res, err := s.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	data, err = io.ReadAll(res.Body)
	switch {
	case err != nil:
		return nil, err
	case res.StatusCode == http.StatusNotFound:
		return nil, errNotFound
	case res.StatusCode != http.StatusOK && res.StatusCode != http.StatusNoContent:
		return nil, fmt.Errorf("%s: %s", res.Status, bytes.TrimSpace(data))
	}
	return data, nil
}

// known asks lifecycle about a person.
func (s *stage) known(ctx context.Context, number int) (Known, error) {
	var k Known
	data, err := s.get(
		ctx,
		http.MethodPost,
		"http://"+s.lifecycles[number%len(s.lifecycles)]+"/v1/subjects",
		object{"person": email(number)},
	)
	if errors.Is(err, errNotFound) {
		return k, nil
	}
	if err == nil {
		err = json.Unmarshal(data, &k)
	}
	return k, err
}

// published visits the decisions of the stream. Confirmed decisions have left the stream; the
// recipient received them before.
func (s *stage) published(ctx context.Context, visit func(*stream.Event)) error {
	one, err := s.js.Stream(ctx, stream.Decisions)
	if err != nil {
		return err
	}
	for seq := uint64(1); ; seq++ {
		msg, err := one.GetMsg(ctx, seq, jetstream.WithGetMsgSubject(stream.AllDecisions))
		if errors.Is(err, jetstream.ErrMsgNotFound) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read decisions: %w", err)
		}
		seq = msg.Sequence
		event, err := stream.DecodeEvent(msg.Data)
		if err != nil {
			return err
		}
		visit(event)
	}
}

// note is the record of lifecycle about a decision.
type note struct {
	// outcome is the answer of the recipient, state the state of the decision.
	outcome, state string
	// retracted is the instant from which nothing of the decision holds; zero while something does.
	retracted time.Time
}

// withdrawn reports whether the recipient need not receive the decision any more.
func (n *note) withdrawn() bool {
	return slices.Contains([]string{"retracted", "answered", "lapsed"}, n.state)
}

// noted returns the record of each decision with the recipient.
func (s *stage) noted(ctx context.Context) (map[string]note, error) {
	data, err := s.get(ctx, http.MethodGet, "http://"+s.lifecycles[0]+"/v1/decisions?state=all", nil)
	if err != nil {
		return nil, err
	}
	var list struct {
		Decisions []struct {
			Decision, State string
			Recipients      []struct{ Recipient, Outcome string }
			Retracted       []struct {
				At    time.Time
				Whole bool
			}
		}
	}
	if err := json.Unmarshal(data, &list); err != nil {
		return nil, err
	}
	out := map[string]note{}
	for _, d := range list.Decisions {
		n := note{state: d.State}
		for _, r := range d.Retracted {
			if r.Whole {
				n.retracted = r.At
			}
		}
		for _, r := range d.Recipients {
			if r.Recipient == recipientID {
				n.outcome = r.Outcome
				out[d.Decision] = n
			}
		}
	}
	return out, nil
}

// journals verifies the journals and returns the number of faults.
func (s *stage) journals(ctx context.Context) (int, error) {
	data, err := s.get(ctx, http.MethodGet, "http://"+s.lifecycles[0]+"/v1/journal/verify", nil)
	if err != nil {
		return 0, err
	}
	var report struct{ Faults []json.RawMessage }
	return len(report.Faults), errors.Join(json.Unmarshal(data, &report), nil)
}

// undecodable is the log record about a message of poison.
const undecodable = "a message cannot be applied and is set aside in the quarantine"

// breakdowns finds log records of services that report a fault of the program. Messages of poison are set aside, one
// that is redelivered after a kill more than once.
func (s *stage) breakdowns() ([]string, error) {
	var out []string
	poisoned := 3 * int(s.poisoned.Load())
	for _, p := range s.services {
		f, err := os.Open(filepath.Join(s.logs, p.name+".log"))
		if err != nil {
			return nil, err
		}
		lines := bufio.NewScanner(f)
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			line := lines.Text()
			if poisoned > 0 && strings.Contains(line, undecodable) {
				poisoned--
				continue
			}
			if strings.Contains(line, "cannot be decoded") {
				continue // a person who was damaged on purpose
			}
			for _, word := range []string{"panic: ", "fatal error: ", "WARNING: DATA RACE", "set aside", "is skipped"} {
				if strings.Contains(line, word) {
					out = append(out, p.name+": "+line)
					break
				}
			}
		}
		if err := errors.Join(lines.Err(), f.Close()); err != nil {
			return nil, err
		}
	}
	return out, nil
}
