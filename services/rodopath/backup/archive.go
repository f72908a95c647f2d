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
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// WriteTo writes the copy as one file, tar in gzip, with the manifest at its end.
func (c *Copy) WriteTo(w io.Writer) (int64, error) {
	out := &counted{w: w}
	packed := gzip.NewWriter(out)
	archive := tar.NewWriter(packed)
	err := filepath.WalkDir(c.dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		name, err := filepath.Rel(c.dir, path)
		if err != nil {
			return err
		}
		name = filepath.ToSlash(name)
		c.manifest.Files[name], err = c.add(archive, path, name)
		return err
	})
	if err == nil {
		err = c.seal(archive)
	}
	err = errors.Join(err, archive.Close(), packed.Close())
	if err != nil {
		err = fmt.Errorf("write backup: %w", err)
	}
	return out.n, err
}

func (c *Copy) header(name string, size int64) *tar.Header {
	return &tar.Header{Name: name, Mode: 0o600, Size: size, ModTime: c.manifest.Created, Typeflag: tar.TypeReg}
}

// add writes a file into an archive and returns its SHA-256.
func (c *Copy) add(archive *tar.Writer, path, name string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return "", err
	}
	if err := archive.WriteHeader(c.header(name, info.Size())); err != nil {
		return "", err
	}
	sum := sha256.New()
	_, err = io.Copy(io.MultiWriter(archive, sum), f)
	return hex.EncodeToString(sum.Sum(nil)), err
}

func (c *Copy) seal(archive *tar.Writer) error {
	data, err := json.MarshalIndent(&c.manifest, "", "  ")
	if err != nil {
		return err
	}
	if err := archive.WriteHeader(c.header(manifestName, int64(len(data)))); err != nil {
		return err
	}
	_, err = archive.Write(data)
	return err
}

// counted counts written bytes.
type counted struct {
	w io.Writer
	n int64
}

func (c *counted) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += int64(n)
	return n, err
}

// Verify reads a backup to its end and compares every file with the manifest.
func Verify(path string) (*Manifest, error) {
	return read(path, func(_ string, in io.Reader) error {
		_, err := io.Copy(io.Discard, in)
		return err
	})
}

// maxManifest bounds the size of a manifest, in bytes.
const maxManifest = 16 << 20

// maxPadding bounds the zeroes of tar behind the manifest, in bytes.
const maxPadding = 1 << 20

// read visits the files of a backup and then compares the files with the manifest.
func read(path string, visit func(name string, in io.Reader) error) (*Manifest, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read backup: %w", err)
	}
	defer f.Close()
	packed, err := gzip.NewReader(f)
	if err != nil {
		return nil, fmt.Errorf("read backup %s: %w: %w", path, ErrBroken, err)
	}
	archive := tar.NewReader(packed)
	sums := map[string]string{}
	for {
		h, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return nil, fmt.Errorf("read backup %s: %w: the file has no manifest", path, ErrBroken)
		}
		if err != nil {
			return nil, fmt.Errorf("read backup %s: %w: %w", path, ErrBroken, err)
		}
		if h.Name == manifestName {
			m, err := unseal(archive, sums)
			if err == nil {
				_, err = io.CopyN(io.Discard, packed, maxPadding) // the trailer holds the checksum
				if errors.Is(err, io.EOF) {
					err = nil
				}
			}
			if err != nil {
				return nil, fmt.Errorf("read backup %s: %w: %w", path, ErrBroken, err)
			}
			return m, nil
		}
		if err := safe(h); err != nil {
			return nil, fmt.Errorf("read backup %s: %w: %w", path, ErrBroken, err)
		}
		sum := sha256.New()
		if err := visit(h.Name, io.TeeReader(whole{archive}, sum)); err != nil {
			return nil, fmt.Errorf("read backup %s: %s: %w", path, h.Name, err)
		}
		sums[h.Name] = hex.EncodeToString(sum.Sum(nil))
	}
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

// safe rejects an entry outside of the places of a backup.
func safe(h *tar.Header) error {
	known := strings.HasPrefix(h.Name, dataPrefix) || strings.HasPrefix(h.Name, streamPrefix)
	if h.Typeflag != tar.TypeReg || !known || !filepath.IsLocal(h.Name) {
		return fmt.Errorf("unexpected entry %q", h.Name)
	}
	return nil
}

func unseal(in io.Reader, sums map[string]string) (*Manifest, error) {
	m := &Manifest{}
	if err := json.NewDecoder(io.LimitReader(in, maxManifest)).Decode(m); err != nil {
		return nil, fmt.Errorf("manifest: %w", err)
	}
	if m.Format != format {
		return nil, fmt.Errorf("the file has format %d, and this version reads format %d", m.Format, format)
	}
	if !maps.Equal(m.Files, sums) {
		for _, name := range slices.Sorted(maps.Keys(m.Files)) {
			if m.Files[name] != sums[name] {
				return nil, fmt.Errorf("%s is missing or was changed", name)
			}
		}
		return nil, errors.New("the file holds entries that its manifest does not list")
	}
	return m, nil
}
