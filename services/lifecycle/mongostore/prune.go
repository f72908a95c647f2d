package mongostore

import (
	"context"
	"fmt"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// Prune removes at most limit entries older than before, to the millisecond, and returns the number
// removed. Entries are removed from the beginning of a chain only. The last entry of a stored
// subject or redirect is kept, so that the chain can continue. Each call reads all old entries that
// must be kept, so calls should be infrequent.
func (s *Store) Prune(ctx context.Context, before time.Time, limit int) (int, error) {
	if limit <= 0 {
		return 0, nil
	}
	before = before.Truncate(time.Millisecond) // as dates are stored
	opts := options.Find().SetSort(ascending("at")).SetProjection(named("subject")).SetBatchSize(chunk)
	cursor, err := s.journal.Find(ctx, bson.D{{Key: "at", Value: bson.D{{Key: "$lt", Value: before}}}}, opts)
	if err != nil {
		return 0, fmt.Errorf("look for journal entries before %s: %w", before, err)
	}
	defer cursor.Close(ctx) // usually before the end of the cursor
	removed := 0
	for removed < limit {
		subjects, err := nextSubjects(ctx, cursor)
		if err != nil {
			return removed, fmt.Errorf("look for journal entries before %s: %w", before, err)
		}
		if len(subjects) == 0 {
			break
		}
		n, err := s.pruneChains(ctx, subjects, before, limit-removed)
		removed += n
		if err != nil {
			return removed, fmt.Errorf("prune journals: %w", err)
		}
	}
	return removed, nil
}

// nextSubjects returns the subjects of the next entries, each once.
func nextSubjects(ctx context.Context, cursor *mongo.Cursor) ([]string, error) {
	var subjects []string
	seen := map[string]bool{}
	for read := 0; read < chunk && cursor.Next(ctx); read++ {
		var l line
		if err := cursor.Decode(&l); err != nil {
			return nil, err
		}
		if !seen[l.Subject] {
			seen[l.Subject], subjects = true, append(subjects, l.Subject)
		}
	}
	return subjects, cursor.Err()
}

// pruneChains removes the beginnings of chains in order, so that a crash leaves no gap.
func (s *Store) pruneChains(ctx context.Context, subjects []string, before time.Time, limit int) (int, error) {
	chains, err := s.chains(ctx, subjects)
	if err != nil {
		return 0, err
	}
	stored, err := s.headers(ctx, subjects)
	if err != nil {
		return 0, err
	}
	var models []mongo.WriteModel
	for _, subject := range subjects {
		chain := chains[subject]
		if _, ok := stored[subject]; ok && len(chain) > 0 {
			chain = chain[:len(chain)-1]
		}
		for _, l := range chain {
			if !l.At.Before(before) || len(models) == limit {
				break
			}
			models = append(
				models,
				mongo.NewDeleteOneModel().SetFilter(bson.D{
					{Key: "_id", Value: l.ID}, {Key: "subject", Value: l.Subject}, {Key: "hash", Value: l.Hash},
				}),
			)
		}
	}
	if len(models) == 0 {
		return 0, nil
	}
	if _, err := s.journal.BulkWrite(ctx, models, options.BulkWrite().SetOrdered(true)); err != nil {
		return 0, err
	}
	// All models are deleted. The count of the server omits entries deleted by the first of two
	// attempts.
	return len(models), nil
}

// chains reads the positions, times and hashes of entries, in order.
func (s *Store) chains(ctx context.Context, subjects []string) (map[string][]line, error) {
	filter := bson.D{{Key: "subject", Value: bson.D{{Key: "$in", Value: subjects}}}}
	opts := options.Find().
		SetSort(ascending("subject", "seq")).
		SetProjection(named("subject", "seq", "at", "hash")).
		SetBatchSize(chunk)
	list, err := find[line](ctx, s.journal, filter, opts)
	chains := make(map[string][]line, len(subjects))
	for _, l := range list {
		chains[l.Subject] = append(chains[l.Subject], l)
	}
	return chains, err
}
