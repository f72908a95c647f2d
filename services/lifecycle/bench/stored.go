package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rodopath/rodopath/services/internal/config"
	"github.com/rodopath/rodopath/services/lifecycle/app"
)

// asked is the number of explained persons, controller the controller of the policy.
const (
	asked      = 2000
	controller = "Sklep"
	token      = "a token of the bench"
)

// stored measures the service on a large store: the time to readiness, the time of an explanation,
// and the memory including NATS.
func (b *bench) stored(ctx context.Context) (err error) {
	many := b.size(1_000_000)
	dir := filepath.Join(b.dir, "stored")
	if err := os.Mkdir(dir, 0o700); err != nil {
		return err
	}
	path := filepath.Join(dir, "rodopath.db")
	if err := b.fillStore(ctx, path, many); err != nil {
		return fmt.Errorf("fill store: %w", err)
	}
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	keys, err := b.keys.JSON()
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "keys.json"), keys, 0o600)
	}
	if err != nil {
		return err
	}
	runtime.GC()
	s, err := startBroker(ctx, filepath.Join(b.dir, "stored-nats"), true)
	if err != nil {
		return err
	}
	defer s.close()
	before := time.Now()
	a, err := app.New(ctx, app.Options{
		Config: &config.Config{Controller: controller}, NATS: s.conn, Data: dir, Alone: true,
		Tokens: []string{token}, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		return err
	}
	ready := time.Since(before)
	defer func() { err = errors.Join(err, a.Close()) }()
	a.Start(ctx)
	p50, p99, err := b.explain(ctx, a.Handler())
	if err != nil {
		return err
	}
	held, err := resident()
	if err != nil {
		return err
	}
	of := fmt.Sprintf(", %d persons stored", many)
	b.row("start of the service"+of, fmt.Sprintf("%d ms", ready.Milliseconds()), "-", "-", "-", "-")
	b.row(
		"explain, p50 / p99"+of,
		fmt.Sprintf("%.1f / %.1f ms", p50.Seconds()*1000, p99.Seconds()*1000),
		"-",
		"-",
		"-",
		"-",
	)
	b.row("resident memory, bench and NATS included"+of, fmt.Sprintf("%d MB", held), "-", "-", "-", "-")
	b.row("bytes on the disk per person"+of, strconv.FormatInt(info.Size()/int64(many), 10), "-", "-", "-", "-")
	return nil
}

// explain requests explanations of persons across the store, one after the other.
func (b *bench) explain(ctx context.Context, h http.Handler) (p50, p99 time.Duration, err error) {
	if len(b.ids) == 0 {
		return 0, 0, errors.New("nobody is stored")
	}
	took := make([]time.Duration, asked)
	for i := range took {
		body := fmt.Sprintf(`{"person":"%s@example.com"}`, b.ids[i*len(b.ids)/asked])
		r := httptest.NewRequestWithContext(ctx, http.MethodPost, "/v1/explain", strings.NewReader(body))
		r.Header.Set("Authorization", "Bearer "+token)
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		begin := time.Now()
		h.ServeHTTP(w, r)
		if took[i] = time.Since(begin); w.Code != http.StatusOK || !bytes.Contains(w.Body.Bytes(), []byte("holds")) {
			return 0, 0, fmt.Errorf("explain: %d", w.Code)
		}
	}
	slices.Sort(took)
	return took[asked/2], took[asked*99/100], nil
}

// resident returns the resident memory of the process in MB, as reported by Linux.
func resident() (int, error) {
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0, fmt.Errorf("memory can be measured on Linux only: %w", err)
	}
	fields := strings.Fields(string(text))
	if len(fields) < 2 {
		return 0, errors.New("read /proc/self/statm: no resident size")
	}
	pages, err := strconv.Atoi(fields[1])
	return pages * os.Getpagesize() >> 20, err
}
