package natsserver

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
)

// metadata are the files without which the server can neither recover a consumer nor make one of its name.
func metadata() []string { return []string{"meta.inf", "meta.sum"} }

// repairConsumers removes the directories of consumers without their metadata, as kill -9 may leave them. A removed
// consumer is made again and begins with the oldest message of its stream: what was delivered before is delivered
// again under its id.
func repairConsumers(dir string, log *slog.Logger) error {
	consumers, err := filepath.Glob(filepath.Join(dir, "jetstream", "$G", "streams", "*", "obs", "*"))
	if err != nil {
		return err
	}
	for _, path := range consumers {
		whole, err := hasMetadata(path)
		if err != nil {
			return fmt.Errorf("check consumer %s: %w", path, err)
		}
		if whole {
			continue
		}
		if err := os.RemoveAll(path); err != nil {
			return fmt.Errorf("repair consumer %s: %w", path, err)
		}
		log.Warn("a consumer had lost its metadata and is made again; its messages are delivered again under their ids",
			"stream", filepath.Base(filepath.Dir(filepath.Dir(path))), "consumer", filepath.Base(path))
	}
	return nil
}

// hasMetadata reports whether the metadata of a consumer are there and not empty.
func hasMetadata(consumer string) (bool, error) {
	for _, name := range metadata() {
		info, err := os.Stat(filepath.Join(consumer, name))
		if errors.Is(err, fs.ErrNotExist) || err == nil && info.Size() == 0 {
			return false, nil
		}
		if err != nil {
			return false, err
		}
	}
	return true, nil
}
