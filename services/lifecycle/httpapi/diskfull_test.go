package httpapi_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"

	"github.com/rodopath/rodopath/services/internal/access"
	"github.com/rodopath/rodopath/services/lifecycle"
	"github.com/rodopath/rodopath/services/lifecycle/directory"
	"github.com/rodopath/rodopath/services/lifecycle/dryrun"
	"github.com/rodopath/rodopath/services/lifecycle/httpapi"
	"github.com/rodopath/rodopath/services/lifecycle/lifecycletest"
)

// fullDisk is where no dry run can be counted.
type fullDisk struct{}

func (fullDisk) Walk(context.Context, string, func(*lifecycle.Subject) error) error {
	return fmt.Errorf("%w: database or disk is full (13)", dryrun.ErrFull)
}

func (fullDisk) Drop(context.Context, string) error { return nil }

// TestAPI_AFullDiskIsNamed with what to do, and not answered as a fault of the program.
func TestAPI_AFullDiskIsNamed(t *testing.T) {
	st, vault := lifecycletest.Store(t), lifecycletest.Vault(t)
	api, err := httpapi.New(httpapi.Options{
		Directory: &directory.Directory{Store: st, Vault: vault}, Lists: st, Journal: st, Publisher: &ear{}, Vault: vault,
		Policy: lifecycletest.Policy(t), Tokens: []access.Token{{Secret: "all"}}, DryRuns: fullDisk{},
	})
	if err != nil {
		t.Fatal(err)
	}
	e := echo.New()
	api.Register(e)
	res := send(t, e, "GET", "/v1/preview?dry_run=x", "all", "")
	if res.Code != http.StatusInsufficientStorage || !strings.Contains(res.Body.String(), "problems/disk-full") ||
		!strings.Contains(res.Body.String(), "Free some space") {
		t.Errorf("got %d %s, want 507 with what to do", res.Code, res.Body)
	}
}
