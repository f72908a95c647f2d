package bench

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"time"

	_ "modernc.org/sqlite" // the driver of the store
)

// openBare opens a database with the settings of the store.
func openBare(path string) (*sql.DB, error) {
	db, err := sql.Open("sqlite", "file:"+path+"?_txlock=immediate&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)"+
		"&_pragma=busy_timeout(10000)&_pragma=cache_size(-16000)&_pragma=secure_delete(ON)")
	if err == nil {
		db.SetMaxOpenConns(1)
	}
	return db, err
}

// meanDocument is the mean size of the documents in a store, in bytes.
func meanDocument(ctx context.Context, path string) (size int, err error) {
	db, err := openBare(path)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	err = db.QueryRowContext(ctx, "SELECT CAST(AVG(LENGTH(doc)) AS INTEGER) FROM subjects").Scan(&size)
	return size, err
}

// bareLoop reads a document and writes it back on its version, turn by turn, without evaluation.
// The result is the time of all turns.
func bareLoop(ctx context.Context, path string, documents, turns, size int) (took time.Duration, err error) {
	db, err := openBare(path)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if _, err := db.ExecContext(
		ctx,
		"CREATE TABLE docs (id TEXT PRIMARY KEY, version INTEGER NOT NULL, doc BLOB NOT NULL) STRICT",
	); err != nil {
		return 0, err
	}
	ids := make([]string, documents)
	for i := range ids {
		ids[i] = rand.Text()
	}
	err = inTransactions(
		ctx,
		db,
		"INSERT INTO docs (id, version, doc) VALUES (?, 1, zeroblob(?))",
		documents,
		func(insert, _ *sql.Stmt, i int) error {
			_, err := insert.ExecContext(ctx, ids[i], size)
			return err
		},
	)
	if err != nil {
		return 0, err
	}
	chance := mathrand.New(mathrand.NewPCG(2, 0))
	begin := time.Now()
	err = inTransactions(
		ctx,
		db,
		"UPDATE docs SET version = version + 1, doc = ? WHERE id = ? AND version = ?",
		turns,
		func(update, read *sql.Stmt, _ int) error {
			return turn(ctx, update, read, ids[chance.IntN(documents)])
		},
	)
	return time.Since(begin), err
}

// turn reads one document and writes it back.
func turn(ctx context.Context, update, read *sql.Stmt, id string) error {
	var (
		version int64
		doc     []byte
	)
	if err := read.QueryRowContext(ctx, id).Scan(&version, &doc); err != nil {
		return err
	}
	res, err := update.ExecContext(ctx, doc, id, version)
	if err != nil {
		return err
	}
	if n, err := res.RowsAffected(); n != 1 || err != nil {
		return errors.Join(err, fmt.Errorf("%d documents were written", n))
	}
	return nil
}

// inTransactions calls do n times, in transactions of the usual size.
func inTransactions(
	ctx context.Context,
	db *sql.DB,
	query string,
	n int,
	do func(write, read *sql.Stmt, i int) error,
) error {
	for from := 0; from < n; from += transaction {
		tx, err := db.BeginTx(ctx, nil)
		if err != nil {
			return err
		}
		write, err := tx.PrepareContext(ctx, query)
		if err != nil {
			return errors.Join(err, tx.Rollback())
		}
		read, err := tx.PrepareContext(ctx, "SELECT version, doc FROM docs WHERE id = ?")
		for i := from; i < min(from+transaction, n) && err == nil; i++ {
			err = do(write, read, i)
		}
		if err != nil {
			return errors.Join(err, tx.Rollback())
		}
		if err := tx.Commit(); err != nil {
			return err
		}
	}
	return nil
}
