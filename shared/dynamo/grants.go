package dynamo

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/vouch-s3/vouch/shared/audit"
	"github.com/vouch-s3/vouch/shared/file"
)

// Share applies sharing to the record f, as it was read, as file.Sharing says, and
// returns what it has become. Its errors are those of Change. What it makes of the
// grants that were is written as events in the same transaction.
func (s *Store) Share(ctx context.Context, f file.File, sharing file.Sharing) (file.File, error) {
	if !f.AllowsSharing(sharing) {
		return file.File{}, &file.ConflictError{Current: f}
	}
	events, err := audit.Shared(ctx, f, sharing)
	if err != nil {
		return file.File{}, err
	}
	u := newUpdate()
	u.set("grants", encodeGrants(sharing.Grants))
	return s.keep(ctx, f, f.Shared(sharing), u, events...)
}

// encodeGrants writes grants as a map by their grantee.
func encodeGrants(grants []file.Grant) types.AttributeValue {
	all := make(map[string]types.AttributeValue, len(grants))
	for _, g := range grants {
		m := map[string]types.AttributeValue{
			"level": text(string(g.Level)), "grantedBy": text(g.GrantedBy), "grantedAt": timestamp(g.GrantedAt),
		}
		if !g.ExpiresAt.IsZero() {
			m["expiresAt"] = timestamp(g.ExpiresAt)
		}
		all[g.Grantee.String()] = &types.AttributeValueMemberM{Value: m}
	}
	return &types.AttributeValueMemberM{Value: all}
}

// decodeGrants reads what encodeGrants has written, by the grantee; nil of a
// record that has never had any. What it cannot read is an error, and so nobody's
// grant.
func decodeGrants(v types.AttributeValue) ([]file.Grant, error) {
	if v == nil {
		return nil, nil
	}
	all, ok := v.(*types.AttributeValueMemberM)
	if !ok {
		return nil, fmt.Errorf("the grants are a %T", v)
	}
	var grants []file.Grant
	for key, v := range all.Value {
		g, err := decodeGrant(key, v)
		if err != nil {
			return nil, fmt.Errorf("the grant of %q: %w", key, err)
		}
		grants = append(grants, g)
	}
	slices.SortFunc(grants, func(a, b file.Grant) int { return cmp.Compare(a.Grantee.String(), b.Grantee.String()) })
	return grants, nil
}

func decodeGrant(key string, v types.AttributeValue) (file.Grant, error) {
	m, ok := v.(*types.AttributeValueMemberM)
	if !ok {
		return file.Grant{}, fmt.Errorf("it is a %T", v)
	}
	read := textsOf(m.Value)
	g := file.Grant{Level: file.Level(read("level")), GrantedBy: read("grantedBy")}
	if g.Grantee, ok = file.ParseGrantee(key); !ok || !g.Level.Valid() {
		return file.Grant{}, fmt.Errorf("level %q", g.Level)
	}
	var err error
	if g.GrantedAt, err = time.Parse(timeLayout, read("grantedAt")); err != nil {
		return file.Grant{}, err
	}
	// Whether it expires is not told by what the attribute holds: an expiry that
	// cannot be read is no grant for ever.
	if _, expires := m.Value["expiresAt"]; expires {
		if g.ExpiresAt, err = time.Parse(timeLayout, read("expiresAt")); err != nil {
			return file.Grant{}, err
		}
	}
	return g, nil
}
