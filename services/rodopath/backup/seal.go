package backup

import (
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/tink-crypto/tink-go/v2/tink"
)

// sealFile writes a file compressed and encrypted to another path. The ciphertext is bound to the
// name of the file in the backup, so that two files cannot be exchanged.
func sealFile(key tink.StreamingAEAD, from, to, name string) (err error) {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	sealing, err := key.NewEncryptingWriter(out, []byte(name))
	if err != nil {
		return err
	}
	packed := gzip.NewWriter(sealing)
	_, err = io.Copy(packed, in)
	return errors.Join(err, packed.Close(), sealing.Close())
}

// openSealed passes the content of a sealed file to visit.
func openSealed(key tink.StreamingAEAD, name string, in io.Reader, visit func(io.Reader) error) error {
	opened, err := key.NewDecryptingReader(in, []byte(name))
	if err != nil {
		return fmt.Errorf("%w: %w", ErrBroken, err)
	}
	plain, err := gzip.NewReader(whole{opened})
	if err != nil {
		return fmt.Errorf("%w: %w", ErrBroken, err)
	}
	if err := visit(whole{plain}); err != nil {
		return err
	}
	if _, err := io.Copy(io.Discard, whole{opened}); err != nil {
		return err
	}
	return nil
}
