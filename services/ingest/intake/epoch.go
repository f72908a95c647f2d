package intake

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
)

// errDamaged means that a record cannot be read, now and later.
var errDamaged = errors.New("the record is damaged")

const (
	keySize   = 32
	nonceSize = 12
	tagSize   = 16
	// header is the number of the epoch in front of a record; overhead is what sealing adds to a record.
	header   = 8
	overhead = header + nonceSize + tagSize
	// epochRecords bounds the records of one epoch.
	epochRecords = 1 << 14
	keyPrefix    = "key-"
)

// epoch is a period of the log with a key of its own.
type epoch struct {
	number uint64
	aead   cipher.AEAD
	key    string
	// fault is why the key cannot be opened.
	fault error
	// The fields below are guarded by epochs.mu. open counts the records that are sealed and not written,
	// records the records of the epoch, and last is the index of the last written one.
	open, records int
	last          uint64
}

// seal encrypts a record.
func (e *epoch) seal(data []byte) ([]byte, error) {
	out := make([]byte, header+nonceSize, overhead+len(data))
	binary.BigEndian.PutUint64(out, e.number)
	if _, err := rand.Read(out[header:]); err != nil {
		return nil, fmt.Errorf("seal record: %w", err)
	}
	return e.aead.Seal(out, out[header:], data, out[:header]), nil
}

// epochs are the epochs with a key. The key of an epoch is a file of its own, sealed.
type epochs struct {
	dir    string
	sealer Sealer

	mu      sync.Mutex
	known   map[uint64]*epoch
	current *epoch // nil before the first record of a new epoch
	next    uint64
}

// openEpochs reads the keys of the epochs.
func openEpochs(dir string, sealer Sealer) (*epochs, error) {
	p := &epochs{dir: dir, sealer: sealer, known: map[uint64]*epoch{}, next: 1}
	files, err := filepath.Glob(filepath.Join(dir, keyPrefix+"*"))
	if err != nil {
		return nil, err
	}
	for _, path := range files {
		number, err := strconv.ParseUint(strings.TrimPrefix(filepath.Base(path), keyPrefix), 10, 64)
		if err != nil {
			continue // a file that was not completed
		}
		sealed, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		p.next = max(p.next, number+1)
		p.known[number] = &epoch{number: number}
		key, err := sealer.OpenText(sealed)
		if err == nil {
			err = p.add(number, []byte(key))
		}
		p.known[number].fault = err // of no importance if no record needs the key
	}
	return p, nil
}

// reseal seals the keys of the records under the newest key of the sealer, so that an older one can be
// pruned. The error names a key that cannot be opened.
func (p *epochs) reseal() error {
	for number, e := range p.known {
		if e.last == 0 {
			continue
		}
		if e.fault != nil {
			return fmt.Errorf(
				"the key in %s cannot be opened: are the keys those of this installation? %w",
				p.path(number),
				e.fault,
			)
		}
		if err := p.write(number, e.key); err != nil {
			return err
		}
	}
	return nil
}

func (p *epochs) add(number uint64, key []byte) error {
	block, err := aes.NewCipher(key)
	if err != nil {
		return err
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return err
	}
	p.known[number] = &epoch{number: number, aead: aead, key: string(key)}
	return nil
}

func (p *epochs) path(number uint64) string {
	return filepath.Join(p.dir, keyPrefix+strconv.FormatUint(number, 10))
}

// write writes the file of a key durably.
func (p *epochs) write(number uint64, key string) error {
	sealed, err := p.sealer.SealText(key)
	if err != nil {
		return fmt.Errorf("seal key: %w", err)
	}
	return writeFile(p.path(number), sealed)
}

// enter returns the current epoch for one record, which leave gives back.
func (p *epochs) enter() (*epoch, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.current == nil || p.current.records >= epochRecords {
		if err := p.begin(); err != nil {
			return nil, fmt.Errorf("begin epoch: %w", err)
		}
	}
	p.current.open++
	p.current.records++
	return p.current, nil
}

// begin begins an epoch. p.mu is held.
func (p *epochs) begin() error {
	key := make([]byte, keySize)
	if _, err := rand.Read(key); err != nil {
		return err
	}
	number := p.next
	if err := p.write(number, string(key)); err != nil {
		return err
	}
	if err := p.add(number, key); err != nil {
		return err
	}
	p.current, p.next = p.known[number], number+1
	return nil
}

// leave notes that a record of an epoch was written under an index; 0 means that the record was not written. A
// nil epoch is that of an empty record.
func (p *epochs) leave(e *epoch, index uint64) {
	if e == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	e.open--
	e.last = max(e.last, index)
}

// seen notes a record that was found on the disk.
func (p *epochs) seen(index uint64, record []byte) {
	if len(record) < header {
		return
	}
	if e := p.known[binary.BigEndian.Uint64(record)]; e != nil {
		e.last = max(e.last, index)
	}
}

// end ends the current epoch, so that its key can be destroyed; false while a record is sealed and not
// written.
func (p *epochs) end() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.current != nil && p.current.open > 0 {
		return false
	}
	p.current = nil
	return true
}

// open decrypts a record. The error wraps errDamaged where no attempt can succeed.
func (p *epochs) open(record []byte) ([]byte, error) {
	if len(record) < overhead {
		return nil, fmt.Errorf("%w: %d bytes", errDamaged, len(record))
	}
	p.mu.Lock()
	e := p.known[binary.BigEndian.Uint64(record)]
	p.mu.Unlock()
	if e == nil || e.fault != nil {
		return nil, fmt.Errorf("%w: its key is missing", errDamaged)
	}
	data, err := e.aead.Open(nil, record[header:header+nonceSize], record[header+nonceSize:], record[:header])
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errDamaged, err)
	}
	return data, nil
}

// destroy destroys the keys of the epochs whose records are all removed.
func (p *epochs) destroy(removed uint64) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	var errs []error
	for number, e := range p.known {
		if e == p.current || e.open > 0 || e.last > removed {
			continue
		}
		if err := shred(p.path(number)); err != nil {
			errs = append(errs, fmt.Errorf("destroy the key of an epoch: %w", err))
			continue
		}
		delete(p.known, number)
	}
	return errors.Join(errs...)
}

// shred overwrites a file and removes the file.
func shred(path string) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	info, err := f.Stat()
	if err == nil {
		_, err = f.Write(make([]byte, info.Size()))
	}
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Remove(path)
}
