package backup

import (
	"archive/tar"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/tink-crypto/tink-go/v2/tink"

	"github.com/rodopath/rodopath/services/lifecycle/identity"
)

// Verify reads a backup to its end and compares every file with the manifest. With the keys of the
// installation (nil means without), Verify also opens every sealed file and authenticates the manifest.
func Verify(path string, keys *identity.Vault) (*Manifest, error) {
	r := &reader{keys: func() (*identity.Vault, error) { return keys, nil }}
	if err := r.read(path); err != nil {
		return nil, err
	}
	if keys != nil {
		if err := r.authenticate(keys); err != nil {
			return nil, fmt.Errorf("read backup %s: %w", path, err)
		}
	}
	return r.manifest, nil
}

// Bounds of the sizes of entries, in bytes.
const (
	maxManifest = 16 << 20
	maxDataKey  = 64 << 10
	maxCode     = 1 << 10
	// maxPadding bounds the zeroes of tar behind the last entry.
	maxPadding = 1 << 20
)

// reader reads a backup.
type reader struct {
	// keys returns the keys that open a sealed backup; nil when there are none.
	keys func() (*identity.Vault, error)
	// visit receives the files; nil to read the backup only.
	visit func(name string, in io.Reader) error

	sums     map[string]string
	sealed   bool
	key      tink.StreamingAEAD // nil in a sealed backup means without keys
	manifest *Manifest
	text     []byte // the manifest as written
	code     []byte // the authentication code of the manifest
}

// read visits the files of a backup and then compares the files with the manifest.
func (r *reader) read(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("read backup: %w", err)
	}
	defer f.Close()
	r.sums = map[string]string{}
	if err := r.unpack(f); err != nil {
		return fmt.Errorf("read backup %s: %w", path, err)
	}
	return nil
}

func (r *reader) unpack(in io.Reader) error {
	packed, err := gzip.NewReader(in)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrBroken, err)
	}
	archive := tar.NewReader(packed)
	for {
		h, err := archive.Next()
		switch {
		case errors.Is(err, io.EOF):
			return fmt.Errorf("%w: the file has no manifest", ErrBroken)
		case err != nil:
			return fmt.Errorf("%w: %w", ErrBroken, err)
		case h.Name == manifestName:
			return r.end(archive, packed)
		}
		if err := r.entry(h, archive); err != nil {
			return fmt.Errorf("%s: %w", h.Name, err)
		}
	}
}

// entry reads the data key or a file.
func (r *reader) entry(h *tar.Header, archive io.Reader) error {
	sum := sha256.New()
	in := io.TeeReader(whole{archive}, sum)
	_, twice := r.sums[h.Name]
	var err error
	switch {
	case twice, !safe(h), h.Name == dataKeyName && len(r.sums) > 0:
		return fmt.Errorf("%w: unexpected entry %q", ErrBroken, h.Name)
	case h.Name == dataKeyName:
		err = r.dataKey(in)
	default:
		err = r.file(h.Name, in)
	}
	if err == nil {
		_, err = io.Copy(io.Discard, in)
	}
	r.sums[h.Name] = hex.EncodeToString(sum.Sum(nil))
	return err
}

// safe reports whether an entry is in one of the places of a backup.
func safe(h *tar.Header) bool {
	known := strings.HasPrefix(h.Name, dataPrefix) || strings.HasPrefix(h.Name, streamPrefix) || h.Name == dataKeyName
	return h.Typeflag == tar.TypeReg && known && filepath.IsLocal(h.Name)
}

// dataKey opens the data key of a sealed backup.
func (r *reader) dataKey(in io.Reader) error {
	r.sealed = true
	keys, err := r.keys()
	if err != nil || keys == nil {
		return err
	}
	sealed, err := io.ReadAll(io.LimitReader(in, maxDataKey))
	if err != nil {
		return err
	}
	r.key, err = keys.OpenDataKey(sealed)
	return err
}

// file passes a file on. Without keys a sealed file is read only.
func (r *reader) file(name string, in io.Reader) error {
	visit := func(in io.Reader) error {
		if r.visit != nil {
			return r.visit(name, in)
		}
		_, err := io.Copy(io.Discard, in)
		return err
	}
	if r.key != nil {
		return openSealed(r.key, name, in, visit)
	}
	return visit(in)
}

// whole reads from an archive; a read error means a broken archive.
type whole struct{ in io.Reader }

func (w whole) Read(p []byte) (int, error) {
	n, err := w.in.Read(p)
	if err != nil && !errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = fmt.Errorf("%w: %w", ErrBroken, err)
	}
	return n, err
}

// end reads the manifest, its authentication code and the end of the file.
func (r *reader) end(archive *tar.Reader, packed io.Reader) error {
	var err error
	if r.text, err = io.ReadAll(io.LimitReader(archive, maxManifest)); err != nil {
		return fmt.Errorf("%w: %w", ErrBroken, err)
	}
	if err := r.compare(); err != nil {
		return fmt.Errorf("%w: %w", ErrBroken, err)
	}
	if r.manifest.Format > 1 {
		if err := r.readCode(archive); err != nil {
			return fmt.Errorf("%w: %w", ErrBroken, err)
		}
	}
	if _, err := archive.Next(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("%w: the file goes on after its manifest", ErrBroken)
	}
	_, err = io.CopyN(io.Discard, packed, maxPadding) // the trailer holds the checksum
	if err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("%w: %w", ErrBroken, err)
	}
	return nil
}

func (r *reader) readCode(archive *tar.Reader) error {
	h, err := archive.Next()
	if errors.Is(err, io.EOF) || err == nil && h.Name != codeName {
		return errors.New("the manifest has no authentication code")
	}
	if err == nil {
		r.code, err = io.ReadAll(io.LimitReader(archive, maxCode))
	}
	return err
}

// compare compares the manifest with what was read.
func (r *reader) compare() error {
	m := &Manifest{}
	if err := json.Unmarshal(r.text, m); err != nil {
		return fmt.Errorf("manifest: %w", err)
	}
	r.manifest = m
	if m.Format < oldestFormat || m.Format > format {
		return fmt.Errorf(
			"the file has format %d, and this version reads the formats %d to %d", m.Format, oldestFormat, format,
		)
	}
	if sealed := m.Format > 1 && !m.WithKeys; sealed != r.sealed {
		return errors.New("the manifest contradicts the file about its sealing")
	}
	if maps.Equal(m.Files, r.sums) {
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(m.Files)) {
		if m.Files[name] != r.sums[name] {
			return fmt.Errorf("%s is missing or was changed", name)
		}
	}
	return errors.New("the file holds entries that its manifest does not list")
}

// authenticate verifies that the manifest was written with the keys. Format 1 has no authentication.
func (r *reader) authenticate(keys *identity.Vault) error {
	if r.manifest.Format > 1 && !keys.Authentic(r.text, r.code) {
		return ErrForged
	}
	return nil
}
