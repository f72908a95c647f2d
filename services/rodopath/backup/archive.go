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
	"os"
	"path/filepath"
)

// WriteTo writes the copy as one file, tar in gzip: the data key, the files, the manifest, and the
// authentication code of the manifest.
func (c *Copy) WriteTo(w io.Writer) (int64, error) {
	out := &counted{w: w}
	packed, err := gzip.NewWriterLevel(out, c.level())
	if err != nil {
		return 0, fmt.Errorf("write backup: %w", err)
	}
	archive := tar.NewWriter(packed)
	err = errors.Join(c.write(archive), archive.Close(), packed.Close())
	if err != nil {
		err = fmt.Errorf("write backup: %w", err)
	}
	return out.n, err
}

// level is the compression of the whole file. Sealed files were compressed before.
func (c *Copy) level() int {
	if c.manifest.WithKeys {
		return gzip.DefaultCompression
	}
	return gzip.NoCompression
}

func (c *Copy) write(archive *tar.Writer) error {
	if !c.manifest.WithKeys {
		if err := c.startSealing(archive); err != nil {
			return err
		}
	}
	err := filepath.WalkDir(c.dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		name, err := filepath.Rel(c.dir, path)
		if err != nil {
			return err
		}
		return c.add(archive, path, filepath.ToSlash(name))
	})
	if err != nil {
		return err
	}
	return c.finish(archive)
}

// startSealing makes the data key of the backup and writes the sealed data key as the first entry.
func (c *Copy) startSealing(archive *tar.Writer) error {
	key, sealed, err := c.vault.NewDataKey()
	if err != nil {
		return err
	}
	c.key = key
	sum := sha256.Sum256(sealed)
	c.manifest.Files[dataKeyName] = hex.EncodeToString(sum[:])
	return c.put(archive, dataKeyName, sealed)
}

// add writes a file into an archive, sealed unless the archive holds the keys.
func (c *Copy) add(archive *tar.Writer, path, name string) (err error) {
	if c.key != nil {
		sealed := filepath.Join(c.dir, sealedName)
		defer func() { err = errors.Join(err, os.RemoveAll(sealed)) }()
		if err := sealFile(c.key, path, sealed, name); err != nil {
			return err
		}
		path = sealed
	}
	c.manifest.Files[name], err = c.copyInto(archive, path, name)
	return err
}

func (c *Copy) header(name string, size int64) *tar.Header {
	return &tar.Header{Name: name, Mode: 0o600, Size: size, ModTime: c.manifest.Created, Typeflag: tar.TypeReg}
}

// copyInto copies a file into an archive and returns the SHA-256 of the file.
func (c *Copy) copyInto(archive *tar.Writer, path, name string) (string, error) {
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

// finish writes the manifest and its authentication code.
func (c *Copy) finish(archive *tar.Writer) error {
	data, err := json.MarshalIndent(&c.manifest, "", "  ")
	if err != nil {
		return err
	}
	if err := c.put(archive, manifestName, data); err != nil {
		return err
	}
	return c.put(archive, codeName, c.vault.Authenticate(data))
}

func (c *Copy) put(archive *tar.Writer, name string, data []byte) error {
	if err := archive.WriteHeader(c.header(name, int64(len(data)))); err != nil {
		return err
	}
	_, err := archive.Write(data)
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
