package console

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"
)

// oneRecord is an interface that keeps one record; it may store a value and lose the answer.
type oneRecord struct {
	record

	loses bool
}

func (o *oneRecord) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodPut {
		var next record
		if err := json.NewDecoder(r.Body).Decode(&next); err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		if next.Revision != o.Revision {
			w.WriteHeader(http.StatusConflict)
			return
		}
		o.Value = next.Value
		o.Revision++
	}
	if o.loses {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(o.record) // the test reads the answer
}

// TestJob_IsStoredAfterALostAnswer: an answer that is lost leaves a work on a revision that it does not know; the next
// progress is stored all the same.
func TestJob_IsStoredAfterALostAnswer(t *testing.T) {
	stored := &oneRecord{}
	server := httptest.NewServer(stored)
	defer server.Close()
	a := newAPI(server.URL, "token")
	j := &job{work: work{ID: "one"}}
	if err := j.store(t.Context(), a); err != nil {
		t.Fatal(err)
	}
	stored.loses = true
	if err := j.store(t.Context(), a); err == nil {
		t.Fatal("the answer is not lost")
	}
	stored.loses = false
	j.Done = 7
	if err := j.store(t.Context(), a); err != nil {
		t.Fatalf("after a lost answer: %v", err)
	}
	var got work
	if err := json.Unmarshal([]byte(stored.Value), &got); err != nil || got.Done != 7 {
		t.Errorf("stored is %s, %v; want 7 done", stored.Value, err)
	}
}
