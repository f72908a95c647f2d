package cluster

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"testing"
)

// entries reads an archive: the content of each file, and its header.
func entries(t *testing.T, data []byte) (map[string][]byte, map[string]*tar.Header) {
	t.Helper()
	content, headers := map[string][]byte{}, map[string]*tar.Header{}
	for r := tar.NewReader(bytes.NewReader(data)); ; {
		h, err := r.Next()
		if err == io.EOF {
			return content, headers
		}
		if err != nil {
			t.Fatal(err)
		}
		if content[h.Name], err = io.ReadAll(r); err != nil {
			t.Fatal(err)
		}
		headers[h.Name] = h
	}
}

// An image has one layer with the program and /data of the user, as the Dockerfile makes it.
func TestWriteImage_HasTheProgramAndADirectoryOfTheUser(t *testing.T) {
	dir := t.TempDir()
	program, path := filepath.Join(dir, "ingest"), filepath.Join(dir, "ingest.tar")
	if err := os.WriteFile(program, []byte("\x7fELF"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := writeImage(path, "ingest", program); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	whole, _ := entries(t, data)
	var manifest []struct {
		Config           string
		RepoTags, Layers []string
	}
	if err := json.Unmarshal(whole["manifest.json"], &manifest); err != nil {
		t.Fatal(err)
	}
	if m := manifest[0]; m.RepoTags[0] != "cluster.test/rodopath/ingest:run" || whole[m.Config] == nil ||
		whole[m.Layers[0]] == nil {
		t.Errorf("got the manifest %+v of %d files", m, len(whole))
	}
	var config struct {
		Config struct {
			User       string
			Entrypoint []string
		} `json:"config"`
		RootFS struct {
			DiffIDs []string `json:"diff_ids"`
		} `json:"rootfs"`
	}
	if err := json.Unmarshal(whole["config.json"], &config); err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(whole["layer.tar"])
	if config.Config.User != "65532:65532" || config.RootFS.DiffIDs[0] != "sha256:"+hex.EncodeToString(sum[:]) {
		t.Errorf("got the configuration %+v", config)
	}
	files, headers := entries(t, whole["layer.tar"])
	if string(files["program"]) != "\x7fELF" || headers["program"].Mode != 0o755 {
		t.Errorf("got the program %+v", headers["program"])
	}
	if h := headers["data/"]; h == nil || h.Typeflag != tar.TypeDir || h.Uid != 65532 || h.Mode != 0o700 {
		t.Errorf("got /data %+v, want a directory of 65532", h)
	}
}
