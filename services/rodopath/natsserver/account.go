package natsserver

import (
	"fmt"
	"maps"
	"slices"

	"github.com/nats-io/nats-server/v2/server"

	"github.com/rodopath/rodopath/api/stream"
)

// outsider is a user outside of this process with an account of its own: what is sent to the inboxes of one account
// reaches no other, and no reply subject leads into the streams.
type outsider struct {
	user, password string
	// consumers are the consumers of the decisions that the user may have: a name, or "*".
	consumers string
	// receipts are the subjects to which the user may publish.
	receipts []string
	// denied are consumers that the user may not touch.
	denied []string
	// reads reports whether the user may subscribe to decisions without a consumer.
	reads bool
}

// outsiders are the users outside: one for all consumers without an account of their own, and one for each recipient.
func (o *Options) outsiders() []outsider {
	var out []outsider
	if o.ConsumerPassword != "" {
		shared := outsider{
			user: ConsumerUser, password: o.ConsumerPassword, consumers: "*", reads: true,
			denied:   slices.Concat(o.Guarded, slices.Sorted(maps.Keys(o.Recipients))),
			receipts: []string{stream.ReceiptsOf("")},
		}
		for _, id := range o.Shared {
			shared.receipts = append(shared.receipts, stream.ReceiptsOf(id))
		}
		out = append(out, shared)
	}
	for id, password := range o.Recipients {
		out = append(out, outsider{
			user: recipientUser(id), password: password, consumers: id, receipts: []string{stream.ReceiptsOf(id)},
		})
	}
	return out
}

// recipientUser is the user of a recipient: no id is "rodopath".
func recipientUser(id string) string { return "recipient-" + id }

// Subjects of the interface of JetStream for the stream of decisions.
const (
	apiConsumer = "$JS.API.CONSUMER."
	ofDecisions = "." + stream.Decisions
	// internal is where requests arrive that this process answers for a user: see desk.
	internal = "rodopath.internal."
	// creates and receives precede the user and the rest of the subject of a request.
	creates  = internal + "create."
	receives = internal + "receive."
)

// services are the subjects that a user may ask, with the subjects of the own account that answer.
func (o *outsider) services() map[string]string {
	name, create := o.consumers, creates+o.user+"."
	out := map[string]string{
		"$JS.API.INFO":                                           "",
		"$JS.API.STREAM.INFO" + ofDecisions:                      "",
		apiConsumer + "INFO" + ofDecisions + "." + name:          "",
		apiConsumer + "MSG.NEXT" + ofDecisions + "." + name:      "",
		"$JS.ACK" + ofDecisions + "." + name + ".>":              "",
		apiConsumer + "CREATE" + ofDecisions + "." + name:        create + name,
		apiConsumer + "CREATE" + ofDecisions + "." + name + ".>": create + name + ".>",
	}
	for _, receipts := range o.receipts {
		out[receipts] = receives + o.user + "." + receipts
	}
	if name == "*" {
		for _, subject := range []string{
			"$JS.API.STREAM.NAMES", apiConsumer + "NAMES" + ofDecisions, apiConsumer + "LIST" + ofDecisions,
			apiConsumer + "DELETE" + ofDecisions + ".*",
		} {
			out[subject] = ""
		}
	}
	return out
}

// permissions permit what the services offer, and the inboxes of the own account.
func (o *outsider) permissions() *server.Permissions {
	p := &server.Permissions{
		Publish:   &server.SubjectPermission{},
		Subscribe: &server.SubjectPermission{Allow: []string{"_INBOX.>"}},
	}
	for subject := range o.services() {
		p.Publish.Allow = append(p.Publish.Allow, subject)
	}
	for _, name := range o.denied {
		p.Publish.Deny = append(
			p.Publish.Deny,
			apiConsumer+"*"+ofDecisions+"."+name,
			apiConsumer+"*"+ofDecisions+"."+name+".>",
			apiConsumer+"*.*"+ofDecisions+"."+name,
			"$JS.ACK"+ofDecisions+"."+name+".>",
		)
	}
	if o.reads {
		p.Subscribe.Allow = append(p.Subscribe.Allow, stream.AllDecisions)
	}
	return p
}

// addOutsiders adds the users and their accounts to the options of the server.
func addOutsiders(so *server.Options, outsiders []outsider) {
	for i := range outsiders {
		o := &outsiders[i]
		account := server.NewAccount(o.user)
		so.Accounts = append(so.Accounts, account)
		so.Users = append(so.Users, &server.User{
			Username: o.user, Password: o.password, Permissions: o.permissions(), Account: account,
		})
	}
}

// openAccounts offers the services of the own account to the accounts of the users outside, before the server starts:
// an account with a service of JetStream gets no JetStream of its own.
func openAccounts(ns *server.Server, outsiders []outsider) error {
	for i := range outsiders {
		if err := outsiders[i].open(ns, ns.GlobalAccount()); err != nil {
			return fmt.Errorf("open the account %s: %w", outsiders[i].user, err)
		}
	}
	return nil
}

// enableJetStream enables JetStream for the own account alone. A server with further accounts does not do so.
func enableJetStream(ns *server.Server) error {
	own := ns.GlobalAccount()
	if own.JetStreamEnabled() {
		return nil
	}
	if err := own.EnableJetStream(nil, nil); err != nil {
		return fmt.Errorf("enable JetStream: %w", err)
	}
	return nil
}

// open exports the services to the account of the user, and imports them there.
func (o *outsider) open(ns *server.Server, own *server.Account) error {
	account, err := ns.LookupAccount(o.user)
	if err != nil {
		return err
	}
	for subject, answers := range o.services() {
		if answers == "" {
			answers = subject
		}
		// A request for the next messages has many answers.
		if err := own.AddServiceExportWithResponse(answers, server.Streamed, nil); err != nil {
			return fmt.Errorf("export %s: %w", answers, err)
		}
		if err := account.AddServiceImport(own, subject, answers); err != nil {
			return fmt.Errorf("import %s: %w", subject, err)
		}
	}
	if !o.reads {
		return nil
	}
	if err := own.AddStreamExport(stream.AllDecisions, []*server.Account{account}); err != nil {
		return err
	}
	return account.AddStreamImport(own, stream.AllDecisions, "")
}
