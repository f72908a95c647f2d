// Package requestform knows the form by which data subjects send requests (Art. 12(2), 15 to 22): a mailbox proves who
// asks. Nothing is stored before the code that was mailed comes back: what the form said travels with the browser,
// sealed.
package requestform

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"strings"
	"time"
)

// Ticket is what a data subject wrote into the form.
type Ticket struct {
	Email string `json:"e"`
	// Right is access, erasure, objection, rectification or portability.
	Right string `json:"r"`
	// Words are the person's own words for the controller. They are mailed and never stored.
	Words string    `json:"w,omitempty"`
	Lang  string    `json:"l"`
	At    time.Time `json:"t"`
	// Code is the keyed hash of the code that was mailed.
	Code []byte `json:"c"`
}

// Life is how long a code is valid.
const Life = 30 * time.Minute

// ErrExpired means that a ticket is too old, or not of this installation.
var ErrExpired = errors.New("the code has expired")

// ErrCode means that the code is not the one that was mailed.
var ErrCode = errors.New("the code is wrong")

// Sealer seals texts with the keys of the installation.
type Sealer interface {
	SealText(text string) ([]byte, error)
	OpenText(sealed []byte) (string, error)
}

// The codes: long enough that a guess within Life is hopeless, without letters that look like digits.
const (
	codeLetters = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
	codeLength  = 8
)

// NewCode returns a code such as "7KQ2M9XB".
func NewCode() string {
	code := make([]byte, 0, codeLength)
	var b [1]byte
	for len(code) < codeLength {
		_, _ = rand.Read(b[:]) // never fails
		if n := int(b[0]); n < 256/len(codeLetters)*len(codeLetters) {
			code = append(code, codeLetters[n%len(codeLetters)])
		}
	}
	return string(code)
}

// Issue seals a ticket with a code, and returns the text that travels with the browser.
func Issue(s Sealer, t Ticket, code string) (string, error) {
	t.Code = hashCode(t, code)
	data, err := json.Marshal(t)
	if err != nil {
		return "", err
	}
	sealed, err := s.SealText(string(data))
	return base64.RawURLEncoding.EncodeToString(sealed), err
}

// Open returns a sealed ticket.
func Open(s Sealer, text string, now time.Time) (Ticket, error) {
	sealed, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return Ticket{}, ErrExpired
	}
	data, err := s.OpenText(sealed)
	if err != nil {
		return Ticket{}, ErrExpired
	}
	var t Ticket
	if json.Unmarshal([]byte(data), &t) != nil || t.Email == "" || now.Sub(t.At) > Life || t.At.After(now) {
		return Ticket{}, ErrExpired
	}
	return t, nil
}

// Check compares a code as a person writes it, in any case and with spaces or dashes.
func (t Ticket) Check(code string) error {
	code = strings.ToUpper(strings.NewReplacer(" ", "", "-", "").Replace(code))
	if !hmac.Equal(t.Code, hashCode(t, code)) {
		return ErrCode
	}
	return nil
}

// Ref is the name of the request of the ticket: the same ticket sent twice is one request.
func (t Ticket) Ref() string {
	sum := sha256.Sum256(append([]byte("request form "+t.Right+" "), t.Code...))
	return "form-" + hex.EncodeToString(sum[:8])
}

// hashCode binds a code to the address and the time of its ticket.
func hashCode(t Ticket, code string) []byte {
	m := hmac.New(sha256.New, []byte(code))
	m.Write([]byte(t.Email + "\x00" + t.Right + "\x00" + t.At.UTC().Format(time.RFC3339Nano)))
	return m.Sum(nil)
}
