package endpoint_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rodopath/rodopath/services/platforms/endpoint"
)

const here = "https://rodo.example.com/webhooks/shop"

func hook(id, url string, active bool, topics ...string) endpoint.Webhook {
	return endpoint.Webhook{
		ID:     id,
		URL:    url,
		Active: active,
		Status: map[bool]string{true: "active", false: "disabled"}[active],
		Topics: topics,
	}
}

// TestJudgeAndPlan: what is wrong is named, and after the steps of a plan nothing is wrong any more, except what a
// person decides.
func TestJudgeAndPlan(t *testing.T) {
	for _, c := range []struct {
		name    string
		hooks   []endpoint.Webhook
		want    endpoint.Want
		enable  bool
		defects string
		steps   []endpoint.Step
	}{
		{"all is well", []endpoint.Webhook{hook("1", here+"/", true, "a"), hook("2", here, true, "b")}, endpoint.Want{Single: true}, false, "", nil},
		{"nothing is there, one topic each", nil, endpoint.Want{Single: true}, false, "no_webhook", []endpoint.Step{
			{Create: &endpoint.Webhook{URL: here, Topics: []string{"a"}, Secret: "s"}},
			{Create: &endpoint.Webhook{URL: here, Topics: []string{"b"}, Secret: "s"}},
		}},
		{
			"the webhooks of another source", []endpoint.Webhook{hook("1", "https://rodo.example.com/webhooks/workshop", true, "a", "b")},
			endpoint.Want{}, false, "no_webhook", []endpoint.Step{{Create: &endpoint.Webhook{URL: here, Topics: []string{"a", "b"}}}},
		},
		{
			"a topic is missing where one webhook has all", []endpoint.Webhook{hook("1", here, true, "a", "c")},
			endpoint.Want{}, false, "webhook_topics", []endpoint.Step{{Change: "1", Topics: []string{"a", "c", "b"}}},
		},
		{"every topic", []endpoint.Webhook{hook("1", here, true, "*")}, endpoint.Want{}, false, "", nil},
		{"switched off", []endpoint.Webhook{hook("1", here, false, "a", "b")}, endpoint.Want{}, false, "webhook_disabled", nil},
		{
			"switched on again", []endpoint.Webhook{hook("1", here, false, "a", "b")}, endpoint.Want{}, true, "webhook_disabled",
			[]endpoint.Step{{Change: "1", Topics: []string{"a", "b"}}},
		},
		{
			"switched off with a topic missing", []endpoint.Webhook{hook("1", here, false, "a")}, endpoint.Want{}, true,
			"webhook_disabled webhook_topics", []endpoint.Step{{Change: "1", Topics: []string{"a", "b"}}},
		},
		{
			"a former host", []endpoint.Webhook{hook("1", "https://old.example.com/webhooks/shop", true, "a", "b")},
			endpoint.Want{}, false, "webhook_elsewhere", []endpoint.Step{{Create: &endpoint.Webhook{URL: here, Topics: []string{"a", "b"}}}},
		},
		{
			"another secret", []endpoint.Webhook{{ID: "1", URL: here, Active: true, Topics: []string{"a", "b"}, Secret: "s3cret-of-another"}},
			endpoint.Want{}, false, "webhook_secret", nil,
		},
	} {
		c.want.Source, c.want.URL, c.want.Topics, c.want.Secrets = "shop", here, []string{"a", "b"}, []string{"s"}
		var kinds []string
		for _, d := range endpoint.Judge(&c.want, c.hooks) {
			kinds = append(kinds, d.Kind)
			if d.Text == "" || strings.Contains(d.Text, "s3cret") {
				t.Errorf("%s: the text is %q", c.name, d.Text)
			}
		}
		if got := strings.Join(kinds, " "); got != c.defects {
			t.Errorf("%s: got the defects %q, want %q", c.name, got, c.defects)
		}
		if diff := cmp.Diff(c.steps, endpoint.Plan(&c.want, c.hooks, c.enable)); diff != "" {
			t.Errorf("%s: the steps differ (-want +got):\n%s", c.name, diff)
		}
	}
}
