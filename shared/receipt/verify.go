package receipt

import (
	"encoding/json"
	"fmt"
)

// Type is the typ of a receipt's header. No other JWT that the same key may
// ever sign passes for a receipt (RFC 8725, 3.11).
const Type = "vouch-receipt+jwt"

// Verify returns what a receipt says if one of the keys has signed it. It takes
// exactly the form that Issue gives a receipt, and no other text that could be
// read as the same, such as one with padding or a further header parameter.
// Claims that it does not know are passed over (RFC 7519, 4).
//
// What the receipt says of the bytes still has to be held against them, with
// Claims.Matches.
func Verify(receipt string, keys Keys) (Claims, error) {
	c, err := verify(receipt, keys)
	if err != nil {
		return Claims{}, fmt.Errorf("verify a receipt: %w", err)
	}
	return c, nil
}

func verify(receipt string, keys Keys) (Claims, error) {
	payload, err := Open(receipt, Type, keys)
	if err != nil {
		return Claims{}, err
	}
	var c Claims
	if err := json.Unmarshal(payload, &c); err != nil {
		return Claims{}, fmt.Errorf("the payload: %w", err)
	}
	return c, c.check()
}
