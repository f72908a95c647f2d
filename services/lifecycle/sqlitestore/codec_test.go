package sqlitestore

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"reflect"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/rodopath/rodopath/services/lifecycle"
	"github.com/rodopath/rodopath/services/lifecycle/fact"
	"github.com/rodopath/rodopath/services/lifecycle/policy"
)

var rewrite = flag.Bool("rewrite", false, "write a new dictionary, for a new number of dictionary")

// samples are subjects with the facts of usual lives.
func samples(t *testing.T) []lifecycle.Subject {
	t.Helper()
	p, err := policy.Load(policy.DefaultName, "Sklep Ani")
	if err != nil {
		t.Fatal(err)
	}
	begin := time.Date(2024, 3, 5, 9, 30, 12, 0, time.UTC)
	var out []lifecycle.Subject
	for i, kinds := range [][]fact.Kind{
		{fact.KindOrderPlaced, fact.KindOrderExpired, fact.KindRestriction, fact.KindHold, fact.KindRelease},
		{fact.KindNegotiationOpened, fact.KindNegotiationClosed, fact.KindComplaint, fact.KindComplaintSettled},
		{fact.KindSale, fact.KindAccessStarted, fact.KindAccessEnded, fact.KindErasure},
		{fact.KindSignup, fact.KindUnsubscribe, fact.KindObjection, fact.KindBounce},
		{fact.KindSignup, fact.KindSale, fact.KindPerformed, fact.KindRefund, fact.KindUnsubscribe},
		{fact.KindSignup, fact.KindSale, fact.KindPerformed},
	} {
		s := lifecycle.Subject{
			ID:     fmt.Sprintf("sample%d", i),
			Keys:   []string{"person:" + fmt.Sprint(i)},
			Sealed: bytes.Repeat([]byte{byte(i)}, 60),
		}
		for n, kind := range kinds {
			at := begin.AddDate(0, n, i)
			f := fact.Fact{
				ID: fmt.Sprintf("fact%d%d", i, n), Kind: kind, Source: "shop", Occurred: at, Received: at.Add(time.Second),
				Ref: fmt.Sprintf("woocommerce:order/%d@shop", i), Links: []string{fmt.Sprintf("stripe:pi_%d", i)},
				Address: "person:" + fmt.Sprint(i), Mark: "mark", Wording: "newsletter-offers", Proof: []byte("proof"),
			}
			s, _ = lifecycle.Decide(p, s, []fact.Fact{f}, at.Add(time.Second))
			s.Version++
		}
		out = append(out, s)
	}
	return out
}

// TestDictionary_IsText writes the dictionary with -rewrite: the documents of the samples, the most usual ones last.
func TestDictionary_IsText(t *testing.T) {
	if *rewrite {
		var text []byte
		for _, s := range samples(t) {
			data, err := json.Marshal(s)
			if err != nil {
				t.Fatal(err)
			}
			text = append(text, data...)
		}
		const most = 24 << 10
		text = text[max(0, len(text)-most):]
		if err := os.WriteFile("document.dict", text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Contains(dictionary, []byte(`"occurred":`)) {
		t.Error("the dictionary holds no document")
	}
}

func TestCodec_ReadsWhatItWritesAndWhatEarlierVersionsWrote(t *testing.T) {
	c, err := newCodec()
	if err != nil {
		t.Fatal(err)
	}
	defer c.close()
	for _, want := range samples(t) {
		plain, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		stored, err := c.marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		if len(stored) > len(plain)/2 {
			t.Errorf("%s: %d bytes of %d", want.ID, len(stored), len(plain))
		}
		var reference lifecycle.Subject
		if err := json.Unmarshal(plain, &reference); err != nil {
			t.Fatal(err)
		}
		for form, doc := range map[string][]byte{"JSON": plain, "zstd": zstdDocument(t, plain), "S2": stored} {
			got, err := c.subject(doc)
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got, reference) {
				t.Errorf("%s: the document in %s differs", want.ID, form)
			}
		}
	}
	for _, doc := range [][]byte{nil, {3}, {formZstd}, {formZstd, 1, 2, 3}, {formS2}, {formS2, 200, 1, 2}} {
		if _, err := c.subject(doc); err == nil {
			t.Errorf("%v was read", doc)
		}
	}
}

// zstdDocument returns the form in which an earlier version stored JSON.
func zstdDocument(t *testing.T, plain []byte) []byte {
	t.Helper()
	e, err := zstd.NewWriter(nil, zstd.WithEncoderDictRaw(dictionaryID, dictionary), zstd.WithEncoderCRC(false),
		zstd.WithSingleSegment(true), zstd.WithWindowSize(1<<16))
	if err != nil {
		t.Fatal(err)
	}
	return e.EncodeAll(plain, []byte{formZstd})
}
