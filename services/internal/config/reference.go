package config

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// References name secrets that are kept elsewhere.
const (
	envPrefix  = "env:"
	filePrefix = "file:"
)

func isReference(s string) bool {
	name, isEnv := strings.CutPrefix(s, envPrefix)
	path, isFile := strings.CutPrefix(s, filePrefix)
	return isEnv && name != "" || isFile && path != ""
}

// ErrEmptySecret means that a reference yields an empty secret, under which everybody could sign.
var ErrEmptySecret = errors.New("secret is empty")

// Secret resolves a reference. The path of a file is relative to the configuration; trailing line
// ends are removed.
func (c *Config) Secret(reference string) (string, error) {
	secret, err := c.referenced(reference)
	if err == nil && strings.TrimSpace(secret) == "" {
		err = ErrEmptySecret
	}
	if err != nil {
		return "", fmt.Errorf("read secret %s: %w", shown(reference), err)
	}
	return secret, nil
}

// shown is a reference for a message; a text that is no reference may be a secret and is not shown.
func shown(reference string) string {
	if isReference(reference) {
		return reference
	}
	return "…"
}

// referenced returns the text to which a reference leads.
func (c *Config) referenced(reference string) (string, error) {
	if name, ok := strings.CutPrefix(reference, envPrefix); ok {
		return os.Getenv(name), nil
	}
	path, ok := strings.CutPrefix(reference, filePrefix)
	if !ok {
		return "", errors.New("a secret must be a reference, env:NAME or file:PATH")
	}
	data, err := os.ReadFile(c.Path(path))
	if err != nil {
		return "", err
	}
	return secretText(data)
}

// secretText returns the secret in a file: the text without the line ends at its end. Editors of Windows
// begin a file with a byte order mark or write UTF-16, which is decoded.
func secretText(data []byte) (string, error) {
	text := string(bytes.TrimPrefix(data, []byte("\uFEFF")))
	if order := utf16Order(data); order != nil {
		units := make([]uint16, 0, len(data)/2)
		for rest := data[2:]; len(rest) >= 2; rest = rest[2:] {
			units = append(units, order.Uint16(rest))
		}
		text = string(utf16.Decode(units))
	}
	if !utf8.ValidString(text) {
		return "", errors.New("the file is not text in UTF-8: save the secret as UTF-8")
	}
	text = strings.TrimRight(text, "\r\n")
	if n := len(text); n >= 2 && text[0] == text[n-1] && (text[0] == '"' || text[0] == '\'') {
		return "", errors.New("the secret is within quotation marks: remove the quotation marks from the file")
	}
	return text, nil
}

// utf16Order is the byte order of a text in UTF-16 with a byte order mark; nil for any other text.
func utf16Order(data []byte) binary.ByteOrder {
	switch {
	case bytes.HasPrefix(data, []byte{0xFF, 0xFE}):
		return binary.LittleEndian
	case bytes.HasPrefix(data, []byte{0xFE, 0xFF}):
		return binary.BigEndian
	}
	return nil
}

// SecretFile returns the path of the file to which a reference leads; false for any other reference.
func (c *Config) SecretFile(reference string) (path string, ok bool) {
	path, ok = strings.CutPrefix(reference, filePrefix)
	return c.Path(path), ok
}

// Secrets follows several references.
func (c *Config) Secrets(references []string) ([]string, error) {
	out := make([]string, len(references))
	for i, r := range references {
		s, err := c.Secret(r)
		if err != nil {
			return nil, err
		}
		out[i] = s
	}
	return out, nil
}

// Path resolves a path relative to the directory of the configuration.
func (c *Config) Path(path string) string {
	if path == "" || filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(c.dir, path)
}

// Value returns a value that may be a reference.
func (c *Config) Value(v string) (string, error) {
	if isReference(v) {
		return c.Secret(v)
	}
	return v, nil
}

// ErrNotStored means that a reference leads to no file, in which a secret could be stored.
var ErrNotStored = errors.New("the reference leads to no file")

// StoreSecret writes a secret into the file of a reference. A secret that was there is kept in a file beside, former.
func (c *Config) StoreSecret(reference, secret string) (path, former string, err error) {
	path, ok := strings.CutPrefix(reference, filePrefix)
	if !ok {
		return "", "", ErrNotStored
	}
	path = c.Path(path)
	const owner = 0o600
	if was, err := os.ReadFile(path); err == nil && len(bytes.TrimSpace(was)) > 0 {
		former = path + ".former"
		if err := os.WriteFile(former, was, owner); err != nil { //nolint:gosec // a path that the owner configured
			return "", "", fmt.Errorf("keep the former secret: %w", err)
		}
	}
	next := path + ".new"
	if err := os.WriteFile(next, []byte(secret+"\n"), owner); err != nil {
		return "", "", fmt.Errorf("store a secret: %w", err)
	}
	if err := os.Rename(next, path); err != nil {
		return "", "", fmt.Errorf("store a secret: %w", err)
	}
	return path, former, nil
}
