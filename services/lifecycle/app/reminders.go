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
	claims := claims{}
	var news []reminder.Item
	for _, item := range reminder.Items(s, r.language()) {
		claim, err := r.claim(ctx, item.Key)
		if err != nil {
			return err
		}
		if claim != nil {
			claims[item.Key], news = *claim, append(news, item)
		}
	}
	var failed []error
	for _, n := range reminder.Compose(news, r.language(), r.config.Controller, r.config.Console.PublicURL) {
		failed = append(failed, r.tell(ctx, n, claims))
	}
	return errors.Join(failed...)
}

// told is the claim on an item. A claim that stays Pending is taken over: its sending failed, or its process ended.
type told struct {
	Run     string    `json:"run"`
	At      time.Time `json:"at"`
	Pending bool      `json:"pending,omitempty"`
}

// claims are the claims of this process on items, by the key of the item.
type claims map[string]told

// pendingFor is how long a claim may be pending: longer than any sending takes, and shorter than the time between two
// looks.
const pendingFor = remindEvery - time.Minute

// settleTime bounds the record that a notification was sent, also while the program stops.
const settleTime = 5 * time.Second

func stateOf(key string) string { return "told:" + key }

// claim returns the claim on an item of which nobody has told; nil for an item that was told, or is being told.
func (r *reminders) claim(ctx context.Context, key string) (*told, error) {
	mine := told{Run: rand.Text(), At: r.app.now().UTC(), Pending: true}
	stored, err := store.AddState(ctx, r.app.store, stateOf(key), mine)
	switch {
	case err != nil:
		return nil, err
	case stored.Run == mine.Run:
		return &mine, nil
	case !stored.Pending || mine.At.Sub(stored.At) < pendingFor:
		return nil, nil
	}
	_, err = store.ReplaceState(ctx, r.app.store, stateOf(key), stored, mine)
	if errors.Is(err, store.ErrConflict) { // another replica tells
		return nil, nil
	}
	return &mine, err
}

// tell sends a notification and settles the claims on its items. After a failure the claims stay pending, and a later
// look sends the items.
func (r *reminders) tell(ctx context.Context, n reminder.Notification, of claims) error {
	if err := r.send(ctx, n); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleTime) // what is sent is sent
	defer cancel()
	var errs []error
	for _, key := range n.Keys {
		sent := of[key]
		sent.Pending = false
		_, err := store.ReplaceState(ctx, r.app.store, stateOf(key), of[key], sent)
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// arrived tells the owner at once of a request that came by the form, with the words of the person. Nothing stores the
// words: where the sending fails, a later look tells of the request without them.
func (r *reminders) arrived(ctx context.Context, request rights.Request, words string) {
	item, ok := r.language().Arrived(&request)
	if !ok {
		return
	}
	claim, err := r.claim(ctx, item.Key)
	if err != nil || claim == nil {
		r.log.Error("the owner was not told of a request; the reminders tell", "ref", request.Ref, "error", err)
		return
	}
	n := reminder.Compose([]reminder.Item{item}, r.language(), r.config.Controller, r.config.Console.PublicURL)[0]
	if words != "" {
		n.Text += "\n" + strings.TrimSpace(words) + "\n"
	}
	if err := r.tell(ctx, n, claims{item.Key: *claim}); err != nil {
		r.log.Error("the owner was not told of a request; the next look tells", "ref", request.Ref, "error", err)
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
