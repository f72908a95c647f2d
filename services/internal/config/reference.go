package config

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
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
	var secret string
	if name, ok := strings.CutPrefix(reference, envPrefix); ok {
		secret = os.Getenv(name)
	} else if path, ok := strings.CutPrefix(reference, filePrefix); ok {
		if !filepath.IsAbs(path) {
			path = filepath.Join(c.dir, path)
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return "", fmt.Errorf("read secret %s: %w", reference, err)
		}
		secret = strings.TrimRight(string(data), "\r\n")
	} else {
		return "", errors.New("a secret must be a reference, env:NAME or file:PATH")
	}
	if strings.TrimSpace(secret) == "" {
		return "", fmt.Errorf("read secret %s: %w", reference, ErrEmptySecret)
	}
	return secret, nil
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
