package erasure_test

import "context"

// opened does something when an account has been opened.
type opened struct {
	accounts
	then func()
}

func (o opened) Open(ctx context.Context, owner string) error {
	err := o.accounts.Open(ctx, owner)
	o.then()
	return err
}
