package intake

import (
	"testing"
	"testing/synctest"
	"time"
)

// submitEvery submits n records, with an interval between two.
func submitEvery(w *writer, n int, interval time.Duration) {
	for i := range n {
		if i > 0 && interval > 0 {
			time.Sleep(interval)
		}
		w.queue <- &submission{record: []byte("record")}
	}
}

func TestGather_ABusyLogWaitsForOthersAndAQuietOneForNone(t *testing.T) {
	for name, test := range map[string]struct {
		busy     bool
		interval time.Duration
		records  int
		took     time.Duration
		stays    bool
	}{
		"a quiet log writes at once":          {false, 90 * time.Microsecond, 1, 0, false},
		"a busy log waits for others":         {true, 90 * time.Microsecond, 12, linger, true},
		"until too few came":                  {true, 300 * time.Microsecond, 4, linger, false},
		"a quiet log becomes busy by a crowd": {false, 0, 100, 0, true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := &writer{queue: make(chan *submission, groupRecords), busy: test.busy}
				go submitEvery(w, 100, test.interval)
				synctest.Wait()
				first, began := <-w.queue, time.Now()
				group := w.gather(first)
				if got, took := len(group), time.Since(began); got != test.records || took != test.took {
					t.Errorf("got %d records after %v, want %d after %v", got, took, test.records, test.took)
				}
				if w.busy != test.stays {
					t.Errorf("got a busy log: %t, want %t", w.busy, test.stays)
				}
				for range 100 - len(group) {
					<-w.queue
				}
			})
		})
	}
}
