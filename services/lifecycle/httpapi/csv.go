package httpapi

import (
	"encoding/csv"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/rodopath/rodopath/services/internal/display"
)

// csvWriter writes a table as CSV, row by row.
type csvWriter struct{ w *csv.Writer }

// newCSV begins an answer with the names of the columns.
func newCSV(c echo.Context, columns ...string) csvWriter {
	h := c.Response().Header()
	h.Set(echo.HeaderContentType, "text/csv; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	c.Response().WriteHeader(http.StatusOK)
	w := csvWriter{csv.NewWriter(c.Response())}
	_ = w.write(columns...) // an error comes again with the first row
	return w
}

// write writes a row. A cell that a spreadsheet would take for a formula is marked as text.
func (w csvWriter) write(cells ...string) error {
	for i, cell := range cells {
		cells[i] = display.Cell(cell)
	}
	if err := w.w.Write(cells); err != nil {
		return err
	}
	w.w.Flush()
	return w.w.Error()
}

// instantOf writes an instant; empty for none.
func instantOf(t *time.Time) string {
	if t == nil {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}
