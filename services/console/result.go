package console

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
)

// The size of a part of a result as it is stored, in characters, and the most parts: the records of all works leave
// room for the sessions.
const (
	partSize = 11_000
	maxParts = 24
)

// errLargeResult means that a result is larger than what is kept.
var errLargeResult = errors.New("the result is too large to be kept")

func partOf(id string, n int) string { return resultPrefix + id + "." + strconv.Itoa(n) }

// storeResult stores a result in parts, which all replicas read, and returns their number.
func (w *works) storeResult(ctx context.Context, id string, result []byte) (int, error) {
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, err := z.Write(result)
	if err := errors.Join(err, z.Close()); err != nil {
		return 0, fmt.Errorf("store a result: %w", err)
	}
	text := base64.StdEncoding.EncodeToString(packed.Bytes())
	n := 0
	for part := range slices.Chunk([]byte(text), partSize) {
		if n == maxParts {
			return n, errLargeResult
		}
		if _, err := storeRecord(ctx, w.api, partOf(id, n), string(part), 0); err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}

// read decodes the result of a work; false while there is none.
func (w *works) read(ctx context.Context, of *work, into any) (bool, error) {
	if !of.Ended || of.Interrupted || of.Parts == 0 {
		return false, nil
	}
	var text bytes.Buffer
	for i := range of.Parts {
		part, revision, err := readRecord[string](ctx, w.api, partOf(of.ID, i))
		if err != nil {
			return false, err
		}
		if revision == 0 { // removed meanwhile
			return false, nil
		}
		text.WriteString(part)
	}
	z, err := gzip.NewReader(base64.NewDecoder(base64.StdEncoding, &text))
	if err != nil {
		return false, fmt.Errorf("read a result: %w", err)
	}
	if err := json.NewDecoder(io.LimitReader(z, maxLine)).Decode(into); err != nil {
		return false, fmt.Errorf("read a result: %w", err)
	}
	return true, nil
}
