package requestform

import (
	"crypto/sha256"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// The mails of the form: to one mailbox, for one sender, and in all, so that the form annoys nobody with mail that
// others asked for.
const (
	perMailbox = 3
	perSender  = 10
	perHour    = 200
	// remembered bounds the mailboxes and senders that are remembered.
	remembered = 8192
)

// Quota bounds the mails of the form. It remembers hashes of addresses alone, and nothing over a restart.
type Quota struct {
	mu    sync.Mutex
	all   *rate.Limiter
	paces map[[sha256.Size]byte]*rate.Limiter
}

// NewQuota returns a full quota.
func NewQuota() *Quota {
	return &Quota{all: hourly(perHour), paces: map[[sha256.Size]byte]*rate.Limiter{}}
}

func hourly(n int) *rate.Limiter { return rate.NewLimiter(rate.Every(time.Hour/time.Duration(n)), n) }

// Allow counts a mail to a mailbox for a sender, and reports whether the mail may be sent. An empty sender is unknown,
// and is not counted.
func (q *Quota) Allow(mailbox, sender string, now time.Time) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return (sender == "" || q.of("sender "+sender, perSender).AllowN(now, 1)) &&
		q.of("mailbox "+mailbox, perMailbox).AllowN(now, 1) &&
		q.all.AllowN(now, 1)
}

func (q *Quota) of(name string, most int) *rate.Limiter {
	key := sha256.Sum256([]byte(name))
	pace := q.paces[key]
	if pace == nil {
		if len(q.paces) >= remembered {
			clear(q.paces)
		}
		pace = hourly(most)
		q.paces[key] = pace
	}
	return pace
}
