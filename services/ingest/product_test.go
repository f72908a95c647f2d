package ingest_test

import (
	"fmt"
	"strings"
	"testing"

	factv1 "github.com/rodopath/rodopath/api/gen/rodopath/fact/v1"
	"github.com/rodopath/rodopath/services/ingest"
)

// text writes products as "17 sku; 18".
func text(products []*factv1.Product) string {
	out := make([]string, len(products))
	for i, p := range products {
		out[i] = strings.Join(p.GetKeys(), " ")
	}
	return strings.Join(out, "; ")
}

func TestUnlisted_NamesTheProductsThatNoKeyLists(t *testing.T) {
	course := ingest.Product{Access: factv1.Access_ACCESS_COURSE}
	listed := ingest.Source{Products: map[string]ingest.Product{"17": course, "": course}}
	everything := ingest.Source{Products: map[string]ingest.Product{ingest.Everything: course}}
	many := make([][]string, 40)
	for i := range many {
		many[i] = []string{fmt.Sprint("p", i)}
	}
	for _, c := range []struct {
		name   string
		source ingest.Source
		items  [][]string
		want   string
	}{
		{"one of two", listed, [][]string{{"", "17"}, {"18", "sku", "18"}}, "18 sku"},
		{"nothing is listed", ingest.Source{}, [][]string{{"17"}}, "17"},
		{"everything is listed", everything, [][]string{{"17"}, {}}, ""},
		{"no product is named", listed, [][]string{{"", ""}}, ""},
		{"the same twice", listed, [][]string{{"18"}, {"18"}}, "18"},
		{"an address is no key", listed, [][]string{{"ala@example.com", "18"}}, "18"},
		{"a long text is no key", listed, [][]string{{strings.Repeat("x", 65), "18"}}, "18"},
	} {
		if got := text(c.source.Unlisted(c.items...)); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
	if got := listed.Unlisted([]string{"", ""}); len(got) != 1 {
		t.Errorf("no product is named: got %d products, want one without keys", len(got))
	}
	if got := listed.Unlisted(many...); len(got) != 32 {
		t.Errorf("got %d of 40 products, want 32", len(got))
	}
	if got := everything.Product("18"); got != course {
		t.Errorf("got %v, want the product of everything", got)
	}
	if got := everything.Listed([][]string{{"18"}}); len(got) != 0 {
		t.Errorf("got %v: everything lists no subscription", got)
	}
}
