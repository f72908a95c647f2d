package payload_test

import (
	"encoding/json"
	"reflect"
	"testing"

	"github.com/rodopath/rodopath/services/platforms/facttest"
	"github.com/rodopath/rodopath/services/platforms/payload"
)

// order has fields of every kind that the platforms read.
type order struct {
	ID      string          `json:"id"`
	Created int64           `json:"created"`
	Live    bool            `json:"livemode"`
	Share   float64         `json:"share"`
	Type    payload.Text    `json:"type"`
	Any     any             `json:"api_version"`
	Raw     json.RawMessage `json:"request"`
	Data    *struct {
		Object struct {
			ID       payload.Text                    `json:"id"`
			Amount   *int                            `json:"amount_total"`
			Consent  map[string]string               `json:"consent"`
			Customer struct{ Email, Name string }    `json:"customer_details"`
			Items    payload.List[map[string]string] `json:"custom_fields"`
			Lists    []string                        `json:"payment_method_types"`
		} `json:"object"`
	} `json:"data"`
}

// checkout is a body with values of every type.
const checkout = `{"id":"evt_1","created":1764327600,"livemode":true,"share":0.5,"type":"checkout.session.completed",
"api_version":null,"request":{"id":null,"key":[1,"a"]},"data":{"object":{"id":"cs_1","amount_total":4900,
"consent":{"promotions":"opt_in"},"customer_details":{"email":"ala@example.com","name":"Ala"},
"custom_fields":[{"key":"nip"}],"payment_method_types":["card","blik"],"unused":{"a":[{"b":1.5}],"c":""}}}}`

// TestDecode_IsThatOfEncodingJSON compares the reading of bodies, with a value of any other type at each place.
func TestDecode_IsThatOfEncodingJSON(t *testing.T) {
	bodies := []string{
		"",
		"{",
		"{}",
		"null",
		"[]",
		`{"id":"a","id":"b"}`,
		`{"ID":"a"}`,
		`{"id":1,"created":"x","type":2}`,
		`{"created":1e3}`,
		`{"created":1.5,"id":"a"}`,
		`{"share":1e999,"id":"a"}`,
		`{"id":"\ud800"}`,
		`{"id":"a"}}`,
		`{"id":"a",}`,
		`{"data":{"object":{"consent":{"a":1,"b":"c"},"custom_fields":{"0":{"a":"b"}},"payment_method_types":["a",1,"b"]}}}`,
	}
	for m := range facttest.Mutations(checkout) {
		bodies = append(bodies, string(m.Body))
	}
	for _, body := range bodies {
		var got, want order
		err := payload.Decode([]byte(body), &got)
		if payload.CheckObject([]byte(body)) != nil {
			continue
		}
		reference := json.Unmarshal([]byte(body), &want)
		if _, ok := reference.(*json.UnmarshalTypeError); ok {
			reference = nil
		}
		if (err == nil) != (reference == nil) {
			t.Errorf("%.200s: got %v, want %v", body, err, reference)
		} else if err == nil && !reflect.DeepEqual(got, want) {
			t.Errorf("%.300s:\ngot  %+v\nwant %+v", body, got, want)
		}
	}
}
