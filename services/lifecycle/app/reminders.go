package app

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rodopath/rodopath/api/signature"
	"github.com/rodopath/rodopath/api/stream"
	"github.com/rodopath/rodopath/services/internal/config"
	"github.com/rodopath/rodopath/services/internal/loop"
	"github.com/rodopath/rodopath/services/internal/mail"
	"github.com/rodopath/rodopath/services/lifecycle"
	"github.com/rodopath/rodopath/services/lifecycle/httpapi"
	"github.com/rodopath/rodopath/services/lifecycle/natsio"
	"github.com/rodopath/rodopath/services/lifecycle/reminder"
	"github.com/rodopath/rodopath/services/lifecycle/requestform"
	"github.com/rodopath/rodopath/services/lifecycle/rights"
	"github.com/rodopath/rodopath/services/lifecycle/source"
	"github.com/rodopath/rodopath/services/lifecycle/store"
)

// remindEvery is how often the situation is looked at.
const remindEvery = 5 * time.Minute

// reminders tell the owner of requests, alarms and the week, each thing once, whatever number of replicas runs.
type reminders struct {
	app    *App
	config *config.Config
	mail   httpapi.Mailer // nil without a server
	secret string
	client *http.Client
	log    *slog.Logger
	// unsent are the notifications that could not be sent yet.
	unsent []reminder.Notification
}

// newReminders returns the reminders of a configuration; nil when nobody is to be told.
func (a *App) newReminders(opts Options, mailer httpapi.Mailer) (*reminders, error) {
	n := &opts.Config.Notify
	if len(n.To) == 0 && n.Webhook == "" {
		return nil, nil
	}
	r := &reminders{
		app: a, config: opts.Config, mail: mailer, client: &http.Client{Timeout: reminderTime},
		log: opts.Log.With("loop", "reminders"),
	}
	if n.Webhook == "" {
		return r, nil
	}
	var err error
	if r.secret, err = opts.Config.Secret(n.Secret); err != nil {
		return nil, opts.Config.At(err, "notify", "secret")
	}
	return r, nil
}

// reminderTime bounds the call of the webhook of the owner.
const reminderTime = 15 * time.Second

// newMailer returns the server for mail; nil without one.
func newMailer(c *config.Config) (httpapi.Mailer, error) {
	s, err := mail.New(c)
	if s == nil || err != nil {
		return nil, err
	}
	return s, nil
}

// newForm makes the reminders, and returns the form for requests of data subjects; nil when the configuration has none.
func (a *App) newForm(opts Options) (*httpapi.Form, error) {
	mailer, err := newMailer(opts.Config)
	if err != nil {
		return nil, err
	}
	if a.reminders, err = a.newReminders(opts, mailer); err != nil {
		return nil, err
	}
	if !opts.Config.RequestForm || mailer == nil {
		return nil, nil
	}
	f := &httpapi.Form{Mail: mailer, Quota: requestform.NewQuota()}
	if a.reminders != nil {
		f.Arrived = a.reminders.arrived
	}
	return f, nil
}

func (r *reminders) Run(ctx context.Context) {
	w := loop.Worker{
		Failure: "the owner was not reminded", Every: remindEvery, Do: r.remind, Log: r.log,
	}
	w.Run(ctx)
}

func (r *reminders) language() reminder.Language { return reminder.Language(r.config.Notify.Lang) }

// remind sends what is new, and what could not be sent before.
func (r *reminders) remind(ctx context.Context) error {
	s, err := r.situation(ctx)
	if err != nil {
		return err
	}
	var news []reminder.Item
	for _, item := range reminder.Items(s, r.language()) {
		if claimed, err := r.claim(ctx, item.Key); err != nil {
			return err
		} else if claimed {
			news = append(news, item)
		}
	}
	all := slices.Concat(
		r.unsent, reminder.Compose(news, r.language(), r.config.Controller, r.config.Console.PublicURL))
	r.unsent = nil
	var failed []error
	for _, n := range all {
		if err := r.send(ctx, n); err != nil {
			r.unsent, failed = append(r.unsent, n), append(failed, err)
		}
	}
	return errors.Join(failed...)
}

// told is the claim on an item.
type told struct {
	Run string    `json:"run"`
	At  time.Time `json:"at"`
}

// claim reports whether nobody has told of an item yet.
func (r *reminders) claim(ctx context.Context, key string) (bool, error) {
	run := rand.Text()
	first, err := store.AddState(ctx, r.app.store, "told:"+key, told{Run: run, At: r.app.now().UTC()})
	return err == nil && first.Run == run, err
}

// arrived tells the owner at once of a request that came by the form, with the words of the person. Nothing stores the
// words.
func (r *reminders) arrived(ctx context.Context, request rights.Request, words string) {
	item, ok := r.language().Arrived(&request)
	if !ok {
		return
	}
	if claimed, err := r.claim(ctx, item.Key); err != nil || !claimed {
		r.log.Error("the owner was not told of a request; the reminders tell", "ref", request.Ref, "error", err)
		return
	}
	n := reminder.Compose([]reminder.Item{item}, r.language(), r.config.Controller, r.config.Console.PublicURL)[0]
	if words != "" {
		n.Text += "\n" + strings.TrimSpace(words) + "\n"
	}
	if err := r.send(ctx, n); err != nil {
		r.log.Error("the owner was not told of a request", "ref", request.Ref, "error", err)
	}
}

// send sends a notification by mail and to the webhook.
func (r *reminders) send(ctx context.Context, n reminder.Notification) error {
	var errs []error
	if len(r.config.Notify.To) > 0 && r.mail != nil {
		errs = append(errs, r.mail.Send(ctx, mail.Message{To: r.config.Notify.To, Subject: n.Subject, Text: n.Text}))
	}
	if r.config.Notify.Webhook != "" {
		errs = append(errs, r.post(ctx, n))
	}
	return errors.Join(errs...)
}

// posted is the JSON of a notification.
type posted struct {
	Type    string        `json:"type"`
	At      time.Time     `json:"at"`
	Kind    reminder.Kind `json:"kind"`
	Subject string        `json:"subject"`
	Text    string        `json:"text"`
	Items   []string      `json:"items"`
}

// notificationType is the type of a notification on the webhook of the owner.
const notificationType = "dev.rodopath.notification.v1"

// post posts a notification, signed as Standard Webhooks are.
func (r *reminders) post(ctx context.Context, n reminder.Notification) error {
	at := r.app.now().UTC()
	body, err := json.Marshal(posted{notificationType, at, n.Kind, n.Subject, n.Text, n.Keys})
	if err != nil {
		return fmt.Errorf("notify the webhook of the owner: %w", err)
	}
	id := "ntf_" + strings.ToLower(rand.Text())
	signed, err := signature.SignStandard(r.secret, id, at, body)
	if err != nil {
		return fmt.Errorf("notify the webhook of the owner: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, r.config.Notify.Webhook, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("notify the webhook of the owner: %w", err)
	}
	for key, value := range map[string]string{
		"Content-Type": "application/json", "Webhook-Id": id, "Webhook-Timestamp": strconv.FormatInt(at.Unix(), 10),
		"Webhook-Signature": signed,
	} {
		req.Header.Set(key, value)
	}
	res, err := r.client.Do(req)
	if err != nil {
		return fmt.Errorf("notify the webhook of the owner: %w", err)
	}
	defer func() { _ = res.Body.Close() }() // the status counts alone
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, 1<<16))
	if res.StatusCode >= http.StatusMultipleChoices {
		return fmt.Errorf("notify the webhook of the owner: answer %d", res.StatusCode)
	}
	return nil
}

// maxReminded bounds the requests of one look.
const maxReminded = 1000

// situation is what is there to tell.
func (r *reminders) situation(ctx context.Context) (*reminder.Situation, error) {
	a, now := r.app, r.app.now()
	s := &reminder.Situation{At: now, Zone: a.policy.Place.Zone, Persons: map[string]int64{}, Held: a.holdsDeletions()}
	subjects, err := a.store.Requested(ctx, maxReminded)
	if _, err := store.SplitDamaged(err); err != nil {
		return nil, err
	}
	for i := range subjects {
		for _, q := range rights.Requests(a.policy, subjects[i].Facts, now) {
			if q.Open() {
				s.Requests = append(s.Requests, q)
			}
		}
	}
	counts, err := a.store.Counts(ctx)
	if err != nil {
		return nil, err
	}
	s.Alarms = counts[lifecycle.LabelAlarm]
	s.Refused = counts[lifecycle.LabelOfDecision(stream.KindDelete, lifecycle.LabelRefused, "")]
	s.Waiting = counts[lifecycle.LabelOfDecision(stream.KindDelete, lifecycle.LabelHeld, "")]
	local := now.In(s.Zone)
	next := time.Date(local.Year(), local.Month()+1, 1, 0, 0, 0, 0, s.Zone)
	s.Lapses = counts[lifecycle.LabelOfLapse(next.Format("2006-01"))]
	for _, stage := range lifecycle.Stages() {
		s.Persons[string(stage)] = counts[lifecycle.LabelOfStage(stage)]
	}
	err = a.quarantine.List(ctx, func(natsio.Quarantined) error {
		s.Quarantined++
		return nil
	})
	if err != nil {
		return nil, err
	}
	sources, err := source.Read(ctx, a.sources, a.live.Coverage(), a.finds.notes, now)
	if err != nil {
		return nil, err
	}
	for i := range sources.Sources {
		if len(sources.Sources[i].Faults) > 0 {
			s.Silent = append(s.Silent, sources.Sources[i].Source)
		}
	}
	return s, nil
}
