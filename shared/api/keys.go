package api

import (
	"context"
	"crypto/ecdsa"
	"net/http"
	"strconv"
	"time"

	"github.com/vouch-s3/vouch/shared/receipt"
)

// PublicKeyer has the public half of a key that signs receipts.
type PublicKeyer interface {
	PublicKey(ctx context.Context) (*ecdsa.PublicKey, error)
}

// KeysLife is how long anybody may keep the public keys. A new key is listed
// at least that long before the first receipt is signed with it.
const KeysLife = time.Hour

// GetKeys answers GET /.well-known/jwks.json: the public keys that receipts are
// verified with, all of them or none.
func GetKeys(keys ...PublicKeyer) Public {
	return func(ctx context.Context) (Response, error) {
		set := receipt.KeySet{Keys: make([]receipt.Key, len(keys))}
		for i, k := range keys {
			public, err := k.PublicKey(ctx)
			if err != nil {
				return Response{}, err
			}
			if set.Keys[i], err = receipt.NewKey(public); err != nil {
				return Response{}, err
			}
		}
		return Response{
			Status: http.StatusOK,
			Header: map[string]string{"Cache-Control": "public, max-age=" + strconv.Itoa(int(KeysLife.Seconds()))},
			Body:   set,
		}, nil
	}
}
