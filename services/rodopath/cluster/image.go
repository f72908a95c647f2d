package cluster

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
)

// The images of a run are never pulled: the registry does not exist.
const (
	registry = "cluster.test/rodopath"
	tag      = "run"
)

func image(name string) string { return registry + "/" + name + ":" + tag }

// user is the number of the user and group of the images.
const user = 65532

// file is a file of an image; a directory has no data.
type imageFile struct {
	name  string
	data  []byte
	mode  int64
	owner int
}

// writeImage writes an image with one program, as deploy/docker/Dockerfile makes it, in the format of "docker save".
func writeImage(path, name, program string) error {
	data, err := os.ReadFile(program)
	if err != nil {
		return err
	}
	layer, err := archive([]imageFile{
		{name: "data/", mode: 0o700, owner: user}, {name: "program", data: data, mode: 0o755},
	})
	if err != nil {
		return err
	}
	sum := sha256.Sum256(layer)
	config, err := json.Marshal(map[string]any{
		"architecture": runtime.GOARCH, "os": "linux",
		"config": map[string]any{"User": fmt.Sprintf("%d:%d", user, user), "Entrypoint": []string{"/program"}},
		"rootfs": map[string]any{"type": "layers", "diff_ids": []string{"sha256:" + hex.EncodeToString(sum[:])}},
	})
	if err != nil {
		return err
	}
	manifest, err := json.Marshal([]map[string]any{{
		"Config": "config.json", "RepoTags": []string{image(name)}, "Layers": []string{"layer.tar"},
	}})
	if err != nil {
		return err
	}
	whole, err := archive([]imageFile{
		{name: "manifest.json", data: manifest, mode: 0o644}, {name: "config.json", data: config, mode: 0o644},
		{name: "layer.tar", data: layer, mode: 0o644},
	})
	if err != nil {
		return err
	}
	return os.WriteFile(path, whole, fileMode)
}

func archive(files []imageFile) ([]byte, error) {
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for _, f := range files {
		h := &tar.Header{
			Typeflag: tar.TypeReg, Name: f.name, Mode: f.mode, Size: int64(len(f.data)), Uid: f.owner, Gid: f.owner,
		}
		if filepath.Base(f.name)+"/" == f.name {
			h.Typeflag = tar.TypeDir
		}
		if err := w.WriteHeader(h); err != nil {
			return nil, err
		}
		if _, err := w.Write(f.data); err != nil {
			return nil, err
		}
	}
	err := w.Close()
	return out.Bytes(), err
}
