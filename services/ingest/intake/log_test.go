package intake_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	bolt "go.etcd.io/bbolt"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	factv1 "github.com/rodopath/rodopath/api/gen/rodopath/fact/v1"
	"github.com/rodopath/rodopath/services/ingest"
	"github.com/rodopath/rodopath/services/ingest/intake"
)

// broker is a broker that can be away, and that never accepts the delivery named bad.
type broker struct {
	mu   sync.Mutex
	away bool
	bad  string
	got  []string
	came chan struct{} // receives after every publication; nil means nobody waits
}

func (b *broker) PublishAll(_ context.Context, deliveries []*factv1.Delivery) []error {
	b.mu.Lock()
	defer b.mu.Unlock()
	errs := make([]error, len(deliveries))
	for i, d := range deliveries {
		switch {
		case b.away:
			errs[i] = fmt.Errorf("%w: no responders", ingest.ErrUnavailable)
		case b.bad != "" && d.GetId() == b.bad:
			errs[i] = errors.New("too large")
		default:
			b.got = append(b.got, d.GetId())
		}
	}
	if b.came != nil {
		b.came <- struct{}{}
	}
	return errs
}

func (b *broker) setAway(away bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.away = away
}

func (b *broker) ids() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.got)
}

func open(t *testing.T, o intake.Options) *intake.Log {
	t.Helper()
	l, err := intake.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closeLog(l) })
	return l
}

// closed are the logs that a test closed itself.
var closed sync.Map

func closeLog(l *intake.Log) {
	if _, done := closed.LoadOrStore(l, true); !done {
		_ = l.Close()
	}
}

var received = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// mark stands for an address in a delivery.
const mark = "intake-mark@example.com"

func delivery(id int) *factv1.Delivery {
	return &factv1.Delivery{
		Id: "shop:" + strconv.Itoa(id), Source: "shop", Received: timestamppb.New(received), Traceparent: mark,
	}
}

func publish(t *testing.T, l *intake.Log, ids ...int) {
	t.Helper()
	for _, id := range ids {
		if err := l.Publish(t.Context(), delivery(id)); err != nil {
			t.Fatal(err)
		}
	}
}

func forward(t *testing.T, l *intake.Log, want int) {
	t.Helper()
	if n, err := l.Forward(t.Context()); n != want || err != nil {
		t.Fatalf("Forward = %d, %v, want %d", n, err, want)
	}
}

func remove(t *testing.T, l *intake.Log) {
	t.Helper()
	if err := l.Remove(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func wantIDs(t *testing.T, b *broker, ids ...int) {
	t.Helper()
	var want []string
	for _, id := range ids {
		want = append(want, "shop:"+strconv.Itoa(id))
	}
	if got := b.ids(); !slices.Equal(got, want) {
		t.Errorf("the broker has %v, want %v", got, want)
	}
}

func TestPublish_EveryDeliveryIsInTheLogBeforeTheAnswer(t *testing.T) {
	b, dir := &broker{}, t.TempDir()
	l := open(t, intake.Options{Dir: dir, Broker: b})
	publish(t, l, 1, 2)
	wantIDs(t, b)
	closeLog(l)
	l = open(t, intake.Options{Dir: dir, Broker: b})
	if n := l.Waiting(); n != 2 {
		t.Errorf("%d deliveries wait after a restart, want 2", n)
	}
	forward(t, l, 2)
	wantIDs(t, b, 1, 2)
}

func TestPublish_BrokerFirstUsesTheLogWhileTheBrokerIsAway(t *testing.T) {
	b := &broker{}
	l := open(t, intake.Options{Dir: t.TempDir(), Broker: b, BrokerFirst: true})
	publish(t, l, 1)
	wantIDs(t, b, 1)
	b.setAway(true)
	publish(t, l, 2)
	b.setAway(false)
	publish(t, l, 3) // behind the waiting delivery, although the broker is back
	wantIDs(t, b, 1)
	forward(t, l, 2)
	publish(t, l, 4)
	wantIDs(t, b, 1, 2, 3, 4)
}

func TestForward_ContinuesWhereTheBrokerFailed(t *testing.T) {
	b := &broker{away: true}
	l := open(t, intake.Options{Dir: t.TempDir(), Broker: b})
	publish(t, l, 1, 2, 3)
	if n, err := l.Forward(t.Context()); n != 0 || !errors.Is(err, ingest.ErrUnavailable) {
		t.Fatalf("Forward = %d, %v, want 0 and %v", n, err, ingest.ErrUnavailable)
	}
	b.setAway(false)
	forward(t, l, 3)
	wantIDs(t, b, 1, 2, 3)
}

func TestForward_ADeliveryThatTheBrokerNeverAcceptsHoldsUpNothing(t *testing.T) {
	b := &broker{bad: "shop:2"}
	l := open(t, intake.Options{Dir: t.TempDir(), Broker: b})
	publish(t, l, 1, 2, 3)
	forward(t, l, 3)
	wantIDs(t, b, 1, 3)
}

func TestRemove_WaitsUntilTheBrokerHoldsTheDeliveriesDurably(t *testing.T) {
	b, dir := &broker{}, t.TempDir()
	full := errors.New("disk full")
	o := intake.Options{Dir: dir, Broker: b, Sync: func(context.Context) error { return full }}
	l := open(t, o)
	publish(t, l, 1, 2)
	forward(t, l, 2)
	if err := l.Remove(t.Context()); !errors.Is(err, full) {
		t.Fatalf("Remove = %v, want %v", err, full)
	}
	closeLog(l)
	l = open(t, o)
	forward(t, l, 2) // again, under the same ids
	wantIDs(t, b, 1, 2, 1, 2)
}

func TestRemove_DestroysTheKeysOfWhatItRemoves(t *testing.T) {
	b, dir := &broker{}, t.TempDir()
	l := open(t, intake.Options{Dir: dir, Broker: b})
	publish(t, l, 1, 2)
	before := keys(t, dir)
	forward(t, l, 2)
	remove(t, l)
	if after := keys(t, dir); len(before) != 1 || len(after) != 0 {
		t.Errorf("keys %v before and %v after the removal, want one and none", before, after)
	}
	if got := l.Bytes(); got != 0 {
		t.Errorf("%d bytes are left, want 0", got)
	}
	publish(t, l, 3)
	if after := keys(t, dir); len(after) != 1 || after[0] == before[0] {
		t.Errorf("keys %v, want a new one", after)
	}
	closeLog(l)
	l = open(t, intake.Options{Dir: dir, Broker: b})
	forward(t, l, 1)
	wantIDs(t, b, 1, 2, 3)
}

// keys lists the files of keys.
func keys(t *testing.T, dir string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "key-*"))
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func TestPublish_NothingIsInTheClear(t *testing.T) {
	dir := t.TempDir()
	l := open(t, intake.Options{Dir: dir, Broker: &broker{}})
	publish(t, l, 1)
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		data, err := os.ReadFile(path)
		if strings.Contains(string(data), mark) {
			t.Errorf("%s holds an address", path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestPublish_AFullLogRefusesAndTakesAgainOnceThereIsRoom(t *testing.T) {
	b := &broker{}
	one := open(t, intake.Options{Dir: t.TempDir(), Broker: b})
	publish(t, one, 1)
	l := open(t, intake.Options{Dir: t.TempDir(), Broker: b, MaxBytes: 4*one.Bytes() + 1})
	var err error
	taken := 0
	for ; err == nil; taken++ {
		err = l.Publish(t.Context(), delivery(taken))
	}
	if !errors.Is(err, intake.ErrFull) || !errors.Is(err, ingest.ErrUnavailable) || taken < 3 || !l.Full() {
		t.Fatalf("after %d: %v", taken, err)
	}
	forward(t, l, taken-1)
	remove(t, l)
	publish(t, l, 100)
}

func TestRun_ForwardsAndRemovesByItself(t *testing.T) {
	b := &broker{away: true, came: make(chan struct{}, 100)}
	synced := make(chan struct{}, 100)
	l := open(t, intake.Options{
		Dir: t.TempDir(), Broker: b, RetryEvery: time.Millisecond, RemoveEvery: time.Millisecond,
		Sync: func(context.Context) error { synced <- struct{}{}; return nil },
	})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); l.Run(ctx) }()
	publish(t, l, 1)
	<-b.came
	b.setAway(false)
	<-synced
	cancel()
	<-done
	wantIDs(t, b, 1)
}

func TestOpen_ADamagedRecordIsSetAside(t *testing.T) {
	b, dir := &broker{}, t.TempDir()
	l := open(t, intake.Options{Dir: dir, Broker: b})
	publish(t, l, 1)
	closeLog(l)
	for _, path := range keys(t, dir) {
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
	l = open(t, intake.Options{Dir: dir, Broker: b})
	publish(t, l, 2)
	forward(t, l, 2)
	if got := b.ids(); !slices.Equal(got, []string{"damaged-record-1", "shop:2"}) {
		t.Errorf("the broker has %v, want a notice about the damaged record for the quarantine, and the other one", got)
	}
	if _, err := os.Stat(filepath.Join(dir, "damaged", "record-1")); err != nil || l.Damaged() != 1 {
		t.Errorf("%d damaged records, %v; want 1 in a file", l.Damaged(), err)
	}
}

func TestOpen_OtherKeysAreRefusedWhileARecordNeedsThem(t *testing.T) {
	dir := t.TempDir()
	first, second := sealer(t, "one"), sealer(t, "two")
	l := open(t, intake.Options{Dir: dir, Broker: &broker{}, Sealer: first})
	publish(t, l, 1)
	closeLog(l)
	if _, err := intake.Open(intake.Options{Dir: dir, Broker: &broker{}, Sealer: second}); err == nil ||
		!strings.Contains(err.Error(), "are the keys those of this installation") {
		t.Errorf("Open with other keys = %v, want a refusal", err)
	}
	forward(t, open(t, intake.Options{Dir: dir, Broker: &broker{}, Sealer: first}), 1)
}

func sealer(t *testing.T, secret string) intake.Sealer {
	t.Helper()
	s, err := intake.NewSealer([]byte(secret))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestOpen_OneProcessHasTheDirectory(t *testing.T) {
	dir := t.TempDir()
	open(t, intake.Options{Dir: dir, Broker: &broker{}})
	if _, err := intake.Open(intake.Options{Dir: dir}); err == nil || !strings.Contains(err.Error(), "another process") {
		t.Errorf("the second Open = %v, want a refusal", err)
	}
}

// TestOpen_ATornLastWriteLosesNothingThatWasAnswered cuts the last write of the log at every tenth byte, as a power
// cut may.
func TestOpen_ATornLastWriteLosesNothingThatWasAnswered(t *testing.T) {
	dir := t.TempDir()
	l := open(t, intake.Options{Dir: dir, Broker: &broker{}})
	publish(t, l, 1, 2)
	before := segment(t, dir)
	publish(t, l, 3)
	closeLog(l)
	after := segment(t, dir)
	end := len(after)
	for end > 0 && after[end-1] == before[end-1] {
		end--
	}
	begin := 0
	for after[begin] == before[begin] {
		begin++
	}
	for cut := begin; cut < end; cut += 10 {
		torn := slices.Clone(before)
		copy(torn, after[:cut])
		if err := os.WriteFile(segmentPath(t, dir), torn, 0o600); err != nil {
			t.Fatal(err)
		}
		b := &broker{}
		l := open(t, intake.Options{Dir: dir, Broker: b})
		forward(t, l, 2)
		wantIDs(t, b, 1, 2)
		publish(t, l, 4)
		forward(t, l, 1)
		closeLog(l)
	}
}

func segmentPath(t *testing.T, dir string) string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "segments", "*.wal"))
	if err != nil || len(files) != 1 {
		t.Fatalf("%d segments, %v; want 1", len(files), err)
	}
	return files[0]
}

func segment(t *testing.T, dir string) []byte {
	t.Helper()
	data, err := os.ReadFile(segmentPath(t, dir))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestCopy_HoldsWhatIsNotRemoved(t *testing.T) {
	b, to := &broker{}, filepath.Join(t.TempDir(), "copy")
	key := sealer(t, "key")
	l := open(t, intake.Options{Dir: t.TempDir(), Broker: b, Sealer: key})
	publish(t, l, 1)
	forward(t, l, 1)
	remove(t, l)
	publish(t, l, 2, 3)
	if n, err := l.Copy(to); n != 2 || err != nil {
		t.Fatalf("Copy = %d, %v, want 2", n, err)
	}
	other := &broker{}
	forward(t, open(t, intake.Options{Dir: to, Broker: other, Sealer: key}), 2)
	wantIDs(t, other, 2, 3)
	forward(t, l, 2)
}

func TestAdopt_MovesTheSpoolOfAnEarlierVersion(t *testing.T) {
	b, path := &broker{}, filepath.Join(t.TempDir(), "spool.db")
	formerSpool(t, path)
	l := open(t, intake.Options{Dir: t.TempDir(), Broker: b, MaxBytes: 1})
	if n, err := l.Adopt(t.Context(), path); n != 3 || err != nil {
		t.Fatalf("Adopt = %d, %v, want 3", n, err)
	}
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the spool is still there: %v", err)
	}
	if n, err := l.Adopt(t.Context(), path); n != 0 || err != nil {
		t.Errorf("Adopt without a spool = %d, %v, want 0", n, err)
	}
	forward(t, l, 3)
	wantIDs(t, b, 9, 1, 2)
}

// formerSpool writes a spool of the earlier version, with one dead letter.
func formerSpool(t *testing.T, path string) {
	t.Helper()
	db, err := bolt.Open(path, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	err = db.Update(func(tx *bolt.Tx) error {
		for name, ids := range map[string][]int{"deliveries": {1, 2}, "aside": {9}} {
			bucket, err := tx.CreateBucket([]byte(name))
			if err != nil {
				return err
			}
			for i, id := range ids {
				data, err := proto.Marshal(delivery(id))
				if err == nil {
					err = bucket.Put([]byte{byte(i)}, data)
				}
				if err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err = errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
}

func TestCollector_ReportsWhatWaits(t *testing.T) {
	l := open(t, intake.Options{Dir: t.TempDir(), Broker: &broker{}})
	publish(t, l, 1, 2)
	text := fmt.Sprintf(`
# HELP rodopath_intake_bytes Size of the intake log in bytes.
# TYPE rodopath_intake_bytes gauge
rodopath_intake_bytes %d
# HELP rodopath_intake_damaged Records of the intake log that cannot be read, since the start.
# TYPE rodopath_intake_damaged gauge
rodopath_intake_damaged 0
# HELP rodopath_intake_full 1 while the intake log or its disk takes no more webhooks, and the pod is not ready.
# TYPE rodopath_intake_full gauge
rodopath_intake_full 0
# HELP rodopath_intake_oldest_seconds Age of the oldest webhook that is not at the broker yet.
# TYPE rodopath_intake_oldest_seconds gauge
rodopath_intake_oldest_seconds 90
# HELP rodopath_intake_webhooks Webhooks in the intake log that are not at the broker yet.
# TYPE rodopath_intake_webhooks gauge
rodopath_intake_webhooks 2
`, l.Bytes())
	now := func() time.Time { return received.Add(90 * time.Second) }
	if err := testutil.CollectAndCompare(l.Collector(now), strings.NewReader(text)); err != nil {
		t.Error(err)
	}
}

// TestPublish_ManySendersLoseNothing: concurrent senders share writes, and every answered delivery is forwarded
// once, while the log is cut.
func TestPublish_ManySendersLoseNothing(t *testing.T) {
	b := &broker{}
	l := open(t, intake.Options{Dir: t.TempDir(), Broker: b, RemoveEvery: time.Millisecond})
	ctx, cancel := context.WithCancel(t.Context())
	var running, senders sync.WaitGroup
	running.Go(func() { l.Run(ctx) })
	const each = 50
	for n := range 8 {
		senders.Go(func() {
			for i := range each {
				if err := l.Publish(ctx, delivery(n*each+i)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	senders.Wait()
	cancel()
	running.Wait()
	if _, err := l.Forward(t.Context()); err != nil {
		t.Fatal(err)
	}
	got := b.ids()
	slices.Sort(got)
	if n := len(slices.Compact(got)); n != 8*each || len(got) != n {
		t.Errorf("%d deliveries are forwarded, %d different ones, want %d", len(got), n, 8*each)
	}
}
