package chart

import (
	"cmp"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/promqltest"
	"sigs.k8s.io/yaml"
)

// healthy is what a system in order reports.
var healthy = []string{
	`rodopath_store_up 1`,
	`rodopath_stream_oldest_seconds{stream="FACTS"} 2`,
	`rodopath_stream_oldest_seconds{stream="RECEIPTS"} 0`,
	`rodopath_decisions_unconfirmed{kind="delete",state="overdue"} 0`,
	`rodopath_recipient_disabled{recipient="crm"} 0`,
	`rodopath_recipient_circuit_open{recipient="crm"} 0`,
	`rodopath_delivery_checks_total{state="unavailable"} 3`,
	`rodopath_source_fault{source="shop",fault="quiet"} 0`,
	`rodopath_reconcile_missed_total{source="shop"} 4`,
	`rodopath_reconcile_failed{source="shop"} 0`,
	`rodopath_unread_total{source="shop",reason="schema"} 1`,
	`rodopath_set_aside{kind="delivery"} 0`,
	`rodopath_brake{reason="clock_behind"} 0`,
	`rodopath_unmapped_products{source="shop"} 0`,
	`rodopath_intake_oldest_seconds 0`,
	`rodopath_intake_damaged 0`,
	`rodopath_intake_full 0`,
}

// faults are, for each alert, the series that replaces its healthy one; with "+" a value grows every minute.
var faults = map[string]string{
	"RodopathLifecycleAbsent":     ``,
	"RodopathStoreDown":           `rodopath_store_up 0`,
	"RodopathFactsWait":           `rodopath_stream_oldest_seconds{stream="FACTS"} 1000`,
	"RodopathDeletionOverdue":     `rodopath_decisions_unconfirmed{kind="delete",state="overdue"} 1`,
	"RodopathRecipientDisabled":   `rodopath_recipient_disabled{recipient="crm"} 1`,
	"RodopathCircuitOpen":         `rodopath_recipient_circuit_open{recipient="crm"} 1`,
	"RodopathDeliveriesUnchecked": `rodopath_delivery_checks_total{state="unavailable"} +`,
	"RodopathSourceFault":         `rodopath_source_fault{source="shop",fault="quiet"} 1`,
	"RodopathWebhooksMissed":      `rodopath_reconcile_missed_total{source="shop"} +`,
	"RodopathNotCompared":         `rodopath_reconcile_failed{source="shop"} 1`,
	"RodopathUnreadWebhook":       `rodopath_unread_total{source="shop",reason="schema"} +`,
	"RodopathSetAside":            `rodopath_set_aside{kind="delivery"} 1`,
	"RodopathBrake":               `rodopath_brake{reason="clock_behind"} 1`,
	"RodopathUnmappedProducts":    `rodopath_unmapped_products{source="shop"} 2`,
	"RodopathIntakeFills":         `rodopath_intake_oldest_seconds 301`,
	"RodopathIntakeDamaged":       `rodopath_intake_damaged 1`,
	"RodopathIntakeFull":          `rodopath_intake_full 1`,
	"RodopathIntakeLeftBehind":    `rodopath_intake_oldest_seconds{pod="rodopath-ingest-2"} 90 gone`,
}

// minutes is how long the system is watched: longer than any alert waits.
const minutes = 400

func series(line string) string { name, _, _ := strings.Cut(line, " "); return name }

// load writes the series for the storage of Prometheus, with one fault in place of the healthy series of the metric.
func load(alert string) string {
	fault, broken := faults[alert]
	var out strings.Builder
	out.WriteString("load 1m\n")
	for _, line := range healthy {
		if alert == "RodopathLifecycleAbsent" && strings.HasPrefix(line, "rodopath_st") {
			continue
		}
		if broken && series(line) == series(fault) {
			line = fault
		}
		out.WriteString(samples(line, 400))
	}
	if value, ok := strings.CutSuffix(fault, " gone"); ok { // a pod that is there no more
		out.WriteString(samples(value, 200))
	}
	return out.String()
}

// samples is a series for so many minutes.
func samples(line string, minutes int) string {
	name, value, _ := strings.Cut(line, " ")
	step := "+0x"
	if value == "+" {
		value, step = "0", "+1x"
	}
	return "  " + name + " " + value + step + strconv.Itoa(minutes) + "\n"
}

// alert is a rule of alerts.yaml.
type alert struct {
	name, expr, summary string
	hold                time.Duration
}

func alerts(t *testing.T) []alert {
	t.Helper()
	file := new(prometheusRule)
	if err := yaml.UnmarshalStrict([]byte(readAll(t, chartDir+"/alerts.yaml")), &file.Spec); err != nil {
		t.Fatal(err)
	}
	var out []alert
	for _, group := range file.Spec.Groups {
		for _, r := range group.Rules {
			hold, err := model.ParseDuration(cmp.Or(r.For, "0s"))
			if err != nil {
				t.Fatalf("%s: %v", r.Alert, err)
			}
			out = append(out, alert{r.Alert, r.Expr, r.Annotations["summary"], time.Duration(hold)})
		}
	}
	return out
}

// firing evaluates the rules every minute, as Prometheus does, and returns the alerts that fire at the end with the
// labels of what they fire for: those whose expression has held without a break for as long as they wait.
func firing(t *testing.T, series string) map[string]labels.Labels {
	t.Helper()
	storage := promqltest.LoadedStorage(t, series)
	defer storage.Close()
	engine := promqltest.NewTestEngine(t, false, 5*time.Minute, 100_000)
	end := time.Unix(0, 0).Add(minutes * time.Minute)
	out := map[string]labels.Labels{}
	for _, a := range alerts(t) {
		q, err := engine.NewRangeQuery(t.Context(), storage, nil, a.expr, end.Add(-a.hold), end, time.Minute)
		if err != nil {
			t.Fatalf("%s: %v", a.name, err)
		}
		matrix, err := q.Exec(t.Context()).Matrix()
		if err != nil {
			t.Fatalf("%s: %v", a.name, err)
		}
		for _, s := range matrix {
			if len(s.Floats) == int(a.hold/time.Minute)+1 {
				out[a.name] = s.Metric
			}
		}
		q.Close()
	}
	return out
}

func TestNoAlertFiresInOrder(t *testing.T) {
	if fire := firing(t, load("")); len(fire) > 0 {
		t.Errorf("firing are %v although nothing is wrong", fire)
	}
}

var labelInSummary = regexp.MustCompile(`\$labels\.(\w+)`)

// Each alert fires for its fault, alone, and its summary names labels that there are.
func TestEachAlertFires(t *testing.T) {
	known := alerts(t)
	if len(known) != len(faults) {
		t.Errorf("there are %d alerts, and faults for %d", len(known), len(faults))
	}
	for _, a := range known {
		t.Run(a.name, func(t *testing.T) {
			if _, ok := faults[a.name]; !ok {
				t.Fatal("there is no fault for this alert")
			}
			fire := firing(t, load(a.name))
			if have := slices.Collect(maps.Keys(fire)); !slices.Equal(have, []string{a.name}) {
				t.Errorf("firing are %v, want %s alone", have, a.name)
			}
			for _, m := range labelInSummary.FindAllStringSubmatch(a.summary, -1) {
				if fire[a.name].Get(m[1]) == "" {
					t.Errorf("the summary names the label %s, and the alert has %v", m[1], fire[a.name])
				}
			}
		})
	}
}

// The runbook answers each alert, and no alert that there is not.
func TestRunbookAnswersEachAlert(t *testing.T) {
	var have, want []string
	for _, a := range alerts(t) {
		want = append(want, a.name)
	}
	for _, m := range regexp.MustCompile(`(?m)^## (Rodopath\w+)$`).FindAllStringSubmatch(readAll(t, root+"/docs/runbook.md"), -1) {
		have = append(have, m[1])
	}
	slices.Sort(want)
	slices.Sort(have)
	if !slices.Equal(have, want) {
		t.Errorf("the runbook answers %v, want %v", have, want)
	}
}
