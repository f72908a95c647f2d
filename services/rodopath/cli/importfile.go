package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	ingestapp "github.com/rodopath/rodopath/services/ingest/app"
	"github.com/rodopath/rodopath/services/internal/config"
	"github.com/rodopath/rodopath/services/platforms/history"
)

// fileReader makes the reader of a file, and names its content by its name, size and time.
func (f *importing) fileReader(src *config.Source) (reader history.Reader, name string, err error) {
	info, err := os.Stat(f.file)
	if err != nil {
		return nil, "", err
	}
	columns, err := pairs("--map", f.columns)
	if err != nil {
		return nil, "", err
	}
	values, err := pairs("--set", f.values)
	if err != nil {
		return nil, "", err
	}
	r, err := ingestapp.FileReader(src, f.file, columns, values, nil)
	if err != nil {
		return nil, "", fmt.Errorf("%w: %w", errUsage, err)
	}
	return r, fmt.Sprintf(
		"%s, %d bytes, %s",
		filepath.Base(f.file),
		info.Size(),
		info.ModTime().UTC().Format(time.RFC3339),
	), nil
}

// pairs reads the values of a flag, each with a sign of equality.
func pairs(flag string, values []string) (map[string]string, error) {
	out := map[string]string{}
	for _, text := range values {
		at := strings.LastIndex(text, "=")
		if flag == "--set" {
			at = strings.Index(text, "=")
		}
		if at <= 0 || at == len(text)-1 {
			return nil, fmt.Errorf("%w: %s has the form \"name=value\"", errUsage, flag)
		}
		out[text[:at]] = text[at+1:]
	}
	return out, nil
}
