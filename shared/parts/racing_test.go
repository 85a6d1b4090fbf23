package parts_test

import (
	"context"

	"github.com/vouch-s3/vouch/shared/file"
	"github.com/vouch-s3/vouch/shared/parts"
)

// racingRecords lets somebody else in right before a promise is written.
type racingRecords struct {
	*world
	before func()
}

func (r racingRecords) Promise(ctx context.Context, id string, p file.Promise) (file.File, error) {
	r.before()
	return r.world.Promise(ctx, id, p)
}

// racingUploads lets somebody else in right before the parts are put together.
type racingUploads struct {
	*world
	before func()
}

func (r racingUploads) Assemble(ctx context.Context, a parts.Assembly) error {
	r.before()
	return r.world.Assemble(ctx, a)
}
