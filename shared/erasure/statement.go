package erasure

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/vouch-s3/vouch/shared/file"
	"github.com/vouch-s3/vouch/shared/receipt"
)

// StatementType is the typ of the header of a statement. It is signed by the key of
// receipts, and neither passes for the other (RFC 8725, 3.11).
const StatementType = "vouch-erasure+jwt"

// Claims are what the statement of an erasure says: registered claims of RFC 7519,
// and one of its own. There is no exp, for what was gone at a time was gone then.
type Claims struct {
	Subject  string    `json:"sub"` // the erasure's id
	ID       string    `json:"jti"` // likewise: there is one statement of an erasure
	IssuedAt int64     `json:"iat"` // seconds since 1970 (NumericDate)
	Vouch    Statement `json:"vouch"`
}

// Statement says that at ProvenAt, by two looks in a row, no record and no event of a
// file named the owner, nothing was in the bucket under the prefix, and the owner's
// account used nothing.
// The owner is in it as a hash: whoever knows the name can tell that it is theirs.
type Statement struct {
	Bucket    string    `json:"bucket"`
	Prefix    string    `json:"prefix"`
	StartedAt time.Time `json:"startedAt"` // RFC 3339, UTC; the account was closed a moment after
	ProvenAt  time.Time `json:"provenAt"`
	Removed   Counts    `json:"removed"`
}

// Of reports whether the statement is of the owner, as file.File.Owner has it.
func (s Statement) Of(owner string) bool {
	return s.Prefix == Erasure{Pseudonym: file.Pseudonym(owner)}.Prefix()
}

// Signed issues statements about a bucket.
type Signed struct {
	Signer receipt.Signer
	Bucket string
}

// Issue implements Issuer.
func (i Signed) Issue(ctx context.Context, e Erasure, at time.Time) (string, error) {
	c := Claims{Subject: e.ID, ID: e.ID, IssuedAt: at.Unix(), Vouch: Statement{
		Bucket: i.Bucket, Prefix: e.Prefix(), StartedAt: e.StartedAt.UTC(), ProvenAt: at.UTC(), Removed: e.Counts,
	}}
	if err := c.check(); err != nil {
		return "", err
	}
	return receipt.Sign(ctx, i.Signer, StatementType, c)
}

// Verify returns what a statement says if one of the keys has signed it; with
// receipt.ErrUnknownKey none of them could have.
func Verify(statement string, keys receipt.Keys) (Claims, error) {
	payload, err := receipt.Open(statement, StatementType, keys)
	if err != nil {
		return Claims{}, fmt.Errorf("verify the statement of an erasure: %w", err)
	}
	var c Claims
	if err := json.Unmarshal(payload, &c); err != nil {
		return Claims{}, fmt.Errorf("verify the statement of an erasure: the payload: %w", err)
	}
	if err := c.check(); err != nil {
		return Claims{}, fmt.Errorf("verify the statement of an erasure: %w", err)
	}
	return c, nil
}

// check refuses claims that leave open what they speak of.
func (c Claims) check() error {
	switch s := c.Vouch; {
	case !file.ValidID(c.Subject) || c.ID != c.Subject:
		return fmt.Errorf("the subject %q is not the id of an erasure", c.Subject)
	case s.Bucket == "" || !isPrefix(s.Prefix):
		return errors.New("no prefix of an owner is named")
	case c.IssuedAt <= 0 || s.StartedAt.IsZero() || s.ProvenAt.Before(s.StartedAt):
		return errors.New("the times are missing, or are in no order")
	}
	return nil
}

// isPrefix reports whether s is the Prefix of some owner.
func isPrefix(s string) bool {
	hash, err := hex.DecodeString(strings.TrimSuffix(strings.TrimPrefix(s, file.KeyPrefix), "/"))
	pseudonym := hex.EncodeToString(hash)
	return err == nil && len(pseudonym) == len(file.Pseudonym("")) && s == Erasure{Pseudonym: pseudonym}.Prefix()
}
