package demo

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/rodopath/rodopath/services/internal/config"
	"github.com/rodopath/rodopath/services/platforms/sender"
)

// platforms sends webhooks as the platforms do, signed with the secrets of the
// configured sources.
type platforms struct {
	base    string
	at      time.Time         // the begin of the run
	sources map[string]source // by platform
}

type source struct{ id, secret string }

func newPlatforms(base string, at time.Time, c *config.Config) (*platforms, error) {
	p := &platforms{base: base, at: at, sources: map[string]source{}}
	for _, src := range c.Sources {
		if _, ok := p.sources[src.Platform]; ok {
			continue
		}
		secret, err := c.Secret(src.Secrets[0])
		if err != nil {
			return nil, err
		}
		p.sources[src.Platform] = source{src.ID, secret}
	}
	for _, platform := range []string{"stripe", "woocommerce", "mailerlite", "standard"} {
		if _, ok := p.sources[platform]; !ok {
			return nil, fmt.Errorf(
				"the demo needs a source of the platform %s; add one to the configuration, or run the demo on a data directory of its own with --data",
				platform,
			)
		}
	}
	return p, nil
}

// send sends a webhook and returns the name of the source and the answer.
func (p *platforms) send(ctx context.Context, n int, c *webhook) (string, error) {
	src := p.sources[c.platform]
	body, err := c.encode(p.at)
	if err != nil {
		return src.id, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, p.base+"/webhooks/"+src.id, bytes.NewReader(body))
	if err != nil {
		return src.id, err
	}
	if err := sign(req.Header, src.secret, n, c, body); err != nil {
		return src.id, err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return src.id, err
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(res.Body, 1<<16))
	if err != nil {
		return src.id, err
	}
	if res.StatusCode != http.StatusOK {
		return src.id, fmt.Errorf("webhook refused: %s %s", res.Status, bytes.TrimSpace(answer))
	}
	return src.id, nil
}

// sign signs a webhook as its platform does; n counts them.
func sign(h http.Header, secret string, n int, c *webhook, body []byte) error {
	w := sender.Webhook{Platform: c.platform, ID: strconv.Itoa(n), Topic: c.topic, At: time.Now(), Body: body}
	if c.platform == "standard" { // its ids are deduplicated for good, not only within one run
		w.ID = "demo-" + strconv.FormatInt(w.At.UnixNano(), 36)
	}
	return w.Sign(h, secret)
}
