package webhook

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"reflect"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/rodopath/rodopath/services/ingest"
	"github.com/rodopath/rodopath/services/platforms/payload"
)

// maxFacts is how many facts one message may hold.
const maxFacts = 100

// message is the body: one fact, or {"facts": […]}.
type message struct {
	fact
	Facts []fact `json:"facts"`
}

// fact is one fact in the sender's JSON. Times are RFC 3339.
type fact struct {
	ID     string `json:"id"     validate:"omitempty,recordname"`
	Kind   string `json:"kind"   validate:"required,kind"`
	At     string `json:"at"     validate:"required,instant"`
	Person person `json:"person"`

	Ref      string   `json:"ref"      validate:"omitempty,recordname"`
	Links    []string `json:"links"    validate:"max=20,dive,recordname"`
	Contract string   `json:"contract" validate:"omitempty,recordname"`
	Matter   string   `json:"matter"   validate:"omitempty,recordname"`

	Product            string `json:"product"             validate:"max=200"`
	Access             string `json:"access"              validate:"omitempty,access"`
	AccessDays         int32  `json:"access_days"         validate:"min=0,max=36500"`
	PaidUntil          string `json:"paid_until"          validate:"omitempty,instant"`
	EventAt            string `json:"event_at"            validate:"omitempty,instant"`
	PerformanceAwaited bool   `json:"performance_awaited"`
	Full               bool   `json:"full"`

	Wording  string   `json:"wording"  validate:"omitempty,word"`
	Purposes []string `json:"purposes" validate:"max=50,dive,word"`
	Channels []string `json:"channels" validate:"max=20,dive,word"`
	Evidence evidence `json:"evidence"`

	Traits    []string `json:"traits"    validate:"max=20,dive,trait"`
	Outcome   string   `json:"outcome"`
	Reason    string   `json:"reason"    validate:"max=300,remark"`
	Told      string   `json:"told"      validate:"omitempty,instant"`
	Recipient string   `json:"recipient" validate:"omitempty,word"`
}

// person names the person of the fact: by address, by the ids of other systems, or both.
type person struct {
	Email string            `json:"email" validate:"omitempty,address"`
	IDs   map[string]string `json:"ids"`
	// HasPhone reports whether the sender has a telephone number of the person; nil when the sender does not say.
	HasPhone *bool `json:"has_phone"`
}

type evidence struct {
	Form        string `json:"form"          validate:"max=200,nobody"`
	IP          string `json:"ip"            validate:"omitempty,ip"`
	DoubleOptIn string `json:"double_opt_in" validate:"omitempty,instant"`
	// Text is the text shown to the person.
	Text string `json:"text" validate:"max=2000"`
}

// decode reads the facts of the body. An unknown field is a mistake of the sender, such as a
// misspelt name, whose content would be lost: unknown is the name of the field, and the rest is
// read all the same.
func decode(body []byte) (facts []fact, unknown string, err error) {
	body = bytes.TrimPrefix(body, []byte("\uFEFF"))
	if !utf8.Valid(body) {
		return nil, "", fmt.Errorf("%w: not UTF-8", ingest.ErrUnreadable)
	}
	if err := payload.CheckObject(body); err != nil {
		return nil, "", err
	}
	var m message
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(&m); err != nil {
		if unknown = unknownField(err); unknown == "" {
			return nil, "", payload.Fault(err)
		}
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, "", fmt.Errorf("%w: more than one JSON value", ingest.ErrUnreadable)
	}
	single := !reflect.ValueOf(m.fact).IsZero()
	switch {
	case m.Facts == nil:
		return []fact{m.fact}, unknown, nil
	case single:
		return nil, "", fmt.Errorf("%w: facts cannot be combined with the fields of a single fact", ingest.ErrImpossible)
	case len(m.Facts) == 0 || len(m.Facts) > maxFacts:
		return nil, "", fmt.Errorf("%w: facts must hold 1 to %d facts", ingest.ErrImpossible, maxFacts)
	}
	return m.Facts, unknown, nil
}

// unknownField extracts the name of an unknown field from the text of an encoding/json error, which
// is the only source of the name. A name with unusual characters is not repeated.
func unknownField(err error) string {
	quoted, ok := strings.CutPrefix(err.Error(), "json: unknown field ")
	if !ok {
		return ""
	}
	name, _ := strconv.Unquote(quoted)
	if name = payload.Name(name); name == "" {
		return "a field"
	}
	return name
}
