package ingest_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	factv1 "github.com/rodopath/rodopath/api/gen/rodopath/fact/v1"
	"github.com/rodopath/rodopath/services/ingest"
	"github.com/rodopath/rodopath/services/platforms/facttest"
	"github.com/rodopath/rodopath/services/platforms/stripe"
	stripewebhook "github.com/rodopath/rodopath/services/platforms/stripe/webhook"
)

// sink is a broker that takes everything at once.
type sink struct{}

func (sink) Publish(context.Context, *factv1.Delivery) error { return nil }

// checkoutBody is a checkout session of the usual size, most of it of no
// interest to us.
func checkoutBody() []byte {
	var filler strings.Builder
	for i := filler.Len(); filler.Len() < 2600; i++ {
		fmt.Fprintf(&filler, `"unused_%d":{"amount":null,"enabled":false,"options":["card","link"]},`, i)
	}
	return []byte(facttest.Change(facttest.Payload("checkout"), `"object":{`, `"object":{`+filler.String()))
}

// BenchmarkWebhook compares the whole walk of a webhook, but for the broker,
// with an echo handler that only reads the body.
func BenchmarkWebhook(b *testing.B) {
	const secret = "whsec_test"
	body := checkoutBody()
	provider, err := stripewebhook.New(ingest.Source{ID: "shop", Secrets: []string{secret}})
	if err != nil {
		b.Fatal(err)
	}
	h, err := ingest.NewHandler(ingest.Options{
		Sources:   map[string]ingest.Provider{"shop": provider},
		Publisher: sink{},
		Log:       slog.New(slog.DiscardHandler),
	})
	if err != nil {
		b.Fatal(err)
	}
	e := echo.New()
	h.Register(e)
	e.POST("/bare", func(c echo.Context) error {
		if _, err := io.ReadAll(c.Request().Body); err != nil {
			return err
		}
		return c.JSON(http.StatusOK, map[string]int{"facts": 1})
	})
	server := httptest.NewServer(e)
	defer server.Close()
	signed := stripe.Sign(secret, time.Now(), body)
	for _, path := range []string{"/bare", "/webhooks/shop"} {
		b.Run(path[1:], func(b *testing.B) {
			b.SetBytes(int64(len(body)))
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					post(b, server.URL+path, signed, body)
				}
			})
		})
	}
}

func post(b *testing.B, url, signed string, body []byte) {
	req, err := http.NewRequest(http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		b.Error(err)
		return
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Stripe-Signature", signed)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		b.Error(err)
		return
	}
	defer res.Body.Close()
	if _, err := io.Copy(io.Discard, res.Body); err != nil || res.StatusCode != http.StatusOK {
		b.Errorf("status %d: %v", res.StatusCode, err)
	}
}

// BenchmarkReceive is the same without the network.
func BenchmarkReceive(b *testing.B) {
	const secret = "whsec_test"
	body := checkoutBody()
	provider, err := stripewebhook.New(ingest.Source{ID: "shop", Secrets: []string{secret}})
	if err != nil {
		b.Fatal(err)
	}
	now := time.Now()
	header := http.Header{"Stripe-Signature": {stripe.Sign(secret, now, body)}}
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		if err := provider.Verify(header, body, now); err != nil {
			b.Fatal(err)
		}
		if r, err := provider.Read(header, body, now); err != nil || len(r.Facts) != 1 {
			b.Fatal(r, err)
		}
	}
}
