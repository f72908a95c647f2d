package config

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

const example = `policy: default
controller: Sklep Ani
sources:
  - {id: shop, platform: woocommerce, secrets: ["env:SHOP_SECRET"], products: {"17": course, "18": {access: course, days: 30}}}
  - {id: card, platform: stripe, secrets: ["file:stripe.secret"], test_mode: drop}
  - {id: letters, platform: mailerlite, secrets: ["env:ML_SECRET"], zone: UTC, wording: newsletter-offers, groups: {"98123": webinar}}
  - {id: forms, platform: standard, secrets: ["env:FORMS_SECRET"]}
`

func TestLoad_ReadsTheExample(t *testing.T) {
	c, err := Load(write(t, "c.yaml", example), nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Sources) != 4 || c.Sources[0].Products["17"].Access != "course" || c.Sources[0].Products["18"].Days != 30 {
		t.Errorf("got %+v", c)
	}
}

func TestLoad_RefusesWhatIsWrongAndSaysWhere(t *testing.T) {
	for text, want := range map[string]string{
		"sorces: []\n": `:1:1: unknown key "sorces"; did you mean "sources"?`,
		"sources:\n  - {id: shop, platform: shopify, secrets: [\"env:A\"]}\n":                                                                     `:2:26: sources[0].platform must be one of: stripe, woocommerce, mailerlite, standard`,
		"sources:\n  - {id: shop, platform: stripe, secrets: [\"whsec_open\"]}\n":                                                                 `secrets[0] must be a reference, env:NAME or file:PATH`,
		"sources:\n  - {id: shop, platform: stripe}\n":                                                                                            `sources[0].secrets is missing`,
		"sources:\n  - {id: \"Shop.1\", platform: stripe, secrets: [\"env:A\"]}\n":                                                                `may contain the letters a to z`,
		"sources:\n  - {id: a, platform: stripe, secrets: [\"env:A\"]}\n  - {id: a, platform: standard, secrets: [\"env:A\"]}\n":                  `the values must be unique`,
		"sources:\n  - {id: a, platform: stripe, secrets: [\"env:A\"], zone: Mars/Base}\n":                                                        `must be a time zone`,
		"api: {tokens: [{token: \"env:A\", scopes: [all]}]}\n":                                                                                    `scopes[0] must be one of: read, export, requests, holds, policy, journal, events, decisions`,
		"api: {tokens: [{token: \"env:A\", scopes: []}]}\n":                                                                                       `scopes is empty: remove the key, or list a value`,
		"recipients: [{id: crm, by: nats, holds: []}]\n":                                                                                          `:1:41: recipients[0].holds is empty: remove the key`,
		"recipients: [{id: crm, by: nats, kinds: []}]\n":                                                                                          `:1:41: recipients[0].kinds is empty: remove the key`,
		"sources:\n  - {id: shop, platform: woocommerce, secrets: [\"env:A\"], per_minute: 60}\n":                                                 `:2:71: sources[0].per_minute cannot be combined with platform woocommerce; remove the key`,
		"sources:\n  - {id: shop, platform: woocommerce, secrets: [\"env:A\"], placeholders: [\"*@*\"]}\n":                                        `:2:74: sources[0].placeholders[0] must be an address such as`,
		"sources:\n  - {id: shop, platform: woocommerce, secrets: [\"env:A\"], placeholders: [pos]}\n":                                            `sources[0].placeholders[0] must be an address such as`,
		"sources:\n  - {id: m, platform: mailerlite, secrets: [\"env:A\"]}\nrecipients: [{id: l, by: mailerlite, key: \"env:A\", erase: bury}]\n": `recipients[0].erase must be one of: forget, delete, unsubscribe`,
		"recipients: [{id: crm, by: nats, erase: forget}]\n":                                                                                      `:1:41: recipients[0].erase: only by: mailerlite has this setting`,
		"sources:\n  - {id: card, platform: stripe, secrets: [\"env:A\"], per_minute: -1}\n":                                                      `sources[0].per_minute is out of range`,
		"sources:\n  - {id: shop, platform: woocommerce, secrets: [\"env:A\"], read: {url: \"https://shop.example.com\"}}\n":                      `:2:65: sources[0].read.key is missing`,
		"sources:\n  - {id: shop, platform: woocommerce, secrets: [\"env:A\"], read: {key: \"env:K\"}}\n":                                         `:2:65: sources[0].read.url is missing`,
		"sources:\n  - {id: forms, platform: standard, secrets: [\"env:A\"], read: {key: \"env:K\"}}\n":                                           `has no interface to read`,
		"sources:\n  - {id: card, platform: stripe, secrets: [\"env:A\"], read: {key: hunter2}}\n":                                                `sources[0].read.key must be a reference`,
		"sources:\n  - {id: card, platform: stripe, secrets: [\"env:A\"], read: {keys: \"env:K\"}}\n":                                             `unknown key "keys"`,
		"sources:\n  - {id: card, platform: stripe, secrets: [\"env:A\"], read: {key: \"env:K\", per_second: -1}}\n":                              `sources[0].read.per_second is out of range`,
		"api: {tokens: [hunter2]}\n":                          `must be a reference`,
		"approve_above_percent: 200\n":                        `approve_above_percent is out of range`,
		"traces: {url: \"collector:4318\"}\n":                 `:1:15: traces.url must be an address such as https://example.com/path`,
		"traces: {url: \"https://u:hunter2@collector\"}\n":    `traces.url must not contain a name, a password`,
		"traces: {url: \"https://collector/?key=hunter2\"}\n": `traces.url must not contain a name, a password`,
		"traces: {share: 1.5}\n":                              `:1:17: traces.share is out of range (max 1)`,
		"traces: {shares: 0.1}\n":                             `unknown key "shares"`,
		"listen: nowhere\n":                                   `:1:9: listen must be an address such as 127.0.0.1:8080`,
		"mongodb: {uri: \"mongodb://u:hunter2@host\"}\n":      `mongodb.uri holds a password`,
		"sources:\n  - {id: a, platform: stripe, secrets: [\"env:A\"], products: {\"1\": lifetime}}\n": `must be one of: one_off, course, service, subscription`,
	} {
		_, err := Load(write(t, "c.yaml", text), nil)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s got %v\nwant %s", text, err, want)
		}
		if err != nil && (strings.Contains(err.Error(), "whsec_open") || strings.Contains(err.Error(), "hunter2")) {
			t.Errorf("the error shows a secret: %v", err)
		}
	}
}

func TestLoad_EnvironmentOverridesEveryValue(t *testing.T) {
	c, err := Load(write(t, "c.yaml", example), []string{
		"RODOPATH_POLICY=my.yaml",
		"RODOPATH_NATS_URL=nats://elsewhere:4222",
		"RODOPATH_NATS_REPLICAS=3",
		"RODOPATH_SOURCES_CARD_TEST_MODE=accept",
		"RODOPATH_SOURCES_SHOP_SECRETS=[\"env:NEW\", \"env:OLD\"]",
		"RODOPATH_SOURCES_LETTERS_GROUPS={\"1\": ignore}",
		"RODOPATH_API_TOKENS=[\"env:TOKEN\"]",
	})
	if err != nil {
		t.Fatal(err)
	}
	if c.Policy != "my.yaml" || c.NATS.URL != "nats://elsewhere:4222" || c.NATS.Replicas != 3 ||
		c.Sources[1].TestMode != "accept" ||
		len(c.Sources[0].Secrets) != 2 ||
		c.Sources[2].Groups["1"] != "ignore" ||
		c.API.Tokens[0].Token != "env:TOKEN" {
		t.Errorf("got %+v", c)
	}
	if _, err := Load(
		write(t, "c.yaml", example),
		[]string{"RODOPATH_NATS_REPLICAS=many"},
	); err == nil ||
		!strings.Contains(err.Error(), "RODOPATH_NATS_REPLICAS") {
		t.Errorf("a bad variable: %v", err)
	}
}

func TestSecret_FollowsReferencesAndRefusesEmptyOnes(t *testing.T) {
	path := write(t, "stripe.secret", "whsec_123\n")
	c := &Config{dir: filepath.Dir(path)}
	t.Setenv("RODOPATH_TEST_SECRET", "abc")
	t.Setenv("RODOPATH_TEST_EMPTY", "  ")
	for reference, want := range map[string]string{
		"file:stripe.secret": "whsec_123", "file:" + path: "whsec_123", "env:RODOPATH_TEST_SECRET": "abc",
	} {
		if got, err := c.Secret(reference); got != want || err != nil {
			t.Errorf("%s: got %q, %v", reference, got, err)
		}
	}
	for _, reference := range []string{"env:RODOPATH_TEST_EMPTY", "env:RODOPATH_TEST_UNSET"} {
		if _, err := c.Secret(reference); !errors.Is(err, ErrEmptySecret) {
			t.Errorf("%s: got %v", reference, err)
		}
	}
	if _, err := c.Secret("whsec_open"); err == nil || strings.Contains(err.Error(), "whsec_open") {
		t.Errorf("a secret in the open: %v", err)
	}
}

func TestAt_SaysWhereAValueStandsThatIsFoundWrongLater(t *testing.T) {
	path := write(t, "c.yaml", "sources:\n  - {id: card, platform: stripe, secrets: [\"env:RODOPATH_TEST_UNSET\"]}\n")
	c, err := Load(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.Secret("env:RODOPATH_TEST_UNSET")
	err = c.At(err, "sources", 0, "secrets")
	if !errors.Is(err, ErrEmptySecret) || !strings.HasPrefix(err.Error(), path+":2:43: read secret") {
		t.Errorf("got %v", err)
	}
	if err := c.At(nil, "sources"); err != nil {
		t.Errorf("nothing wrong: %v", err)
	}
	if alone, err := Load("", nil); err != nil || alone.At(ErrEmptySecret, "keys").Error() != ErrEmptySecret.Error() {
		t.Errorf("without a file: %v", err)
	}
}

func TestFiles_AreAllThatTheConfigurationNames(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "rodopath.yaml")
	text := "policy: rules/mine.yaml\nkeys: file:/run/keys\nsources:\n  - {id: card, platform: stripe, secrets: [file:card, env:CARD]}\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := Load(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"/run/keys", filepath.Join(dir, "card"), filepath.Join(dir, "rules/mine.yaml")}
	slices.Sort(want)
	if got := c.Files(); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestSecret_ReadsWhatEditorsWrite: an editor may save a secret with a byte order mark, in UTF-16 or with
// line ends of its own; a secret within quotation marks would sign nothing.
func TestSecret_ReadsWhatEditorsWrite(t *testing.T) {
	dir := t.TempDir()
	c := &Config{dir: dir}
	for name, file := range map[string]struct{ content, want, fault string }{
		"plain":              {"s3cret\n", "s3cret", ""},
		"line end of DOS":    {"s3cret\r\n", "s3cret", ""},
		"byte order mark":    {"\uFEFFs3cret\n", "s3cret", ""},
		"UTF-16, little end": {"\xff\xfes\x003\x00c\x00\r\x00\n\x00", "s3c", ""},
		"UTF-16, big end":    {"\xfe\xff\x00s\x003\x00c", "s3c", ""},
		"quoted":             {`"s3cret"`, "", "remove the quotation marks"},
		"quoted once":        {"'s3cret'\n", "", "remove the quotation marks"},
		"not text":           {"s3\xffcret", "", "save the secret as UTF-8"},
		"empty mark":         {"\uFEFF\n", "", "empty"},
	} {
		if err := os.WriteFile(filepath.Join(dir, "secret"), []byte(file.content), 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := c.Secret("file:secret")
		if got != file.want || (err == nil) != (file.fault == "") ||
			err != nil && !strings.Contains(err.Error(), file.fault) {
			t.Errorf("%s: got %q, %v, want %q, %q", name, got, err, file.want, file.fault)
		}
	}
}
