package client

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Access is what the caller may do with a file (docs/access.md).
type Access string

// The kinds of access.
const (
	AccessOwner  Access = "owner"
	AccessManage Access = "manage" // as LevelManage
	AccessRead   Access = "read"   // as LevelRead
)

// Level is how much a grant allows.
type Level string

// The levels.
const (
	LevelRead   Level = "read"   // to see and download the file
	LevelManage Level = "manage" // also to delete it, and to let others read or manage it
)

// GranteeType says what a grantee's name is the name of.
type GranteeType string

// The types of grantees.
const (
	TypeSubject GranteeType = "subject" // one person, by the owner claim of their token
	TypeGroup   GranteeType = "group"   // whoever has it in the groups claim
)

// Grantee is whom a grant is for. Subject and Group make one.
type Grantee struct {
	Name string      `json:"subject"`        // of the person or the group; 1 to 256 bytes
	Type GranteeType `json:"type,omitempty"` // empty: TypeSubject
}

// Subject is one person, by the name that their token has.
func Subject(name string) Grantee { return Grantee{Name: name, Type: TypeSubject} }

// Group is whoever has a group of this name in their token.
func Group(name string) Grantee { return Grantee{Name: name, Type: TypeGroup} }

// Grant lets somebody other than its owner do something with a file.
type Grant struct {
	Grantee
	Level     Level     `json:"level"`
	ExpiresAt time.Time `json:"expiresAt,omitzero"` // from then on it counts for nothing; zero for never
	GrantedBy string    `json:"grantedBy,omitempty"`
	GrantedAt time.Time `json:"grantedAt,omitzero"`
}

// PutGrant lets g.Grantee read or manage a file, in the place of the grant that they
// have. It takes the file's owner or a grant to manage it. GrantedBy and GrantedAt are
// the server's to say, as they are in the grant that is returned.
func (c *Client) PutGrant(ctx context.Context, id string, g Grant) (Grant, error) {
	doing := "share file " + id + " with " + strconv.Quote(g.Name)
	path, err := grantPath(id, g.Grantee)
	if err != nil {
		return Grant{}, fmt.Errorf("%s: %w", doing, err)
	}
	body := struct {
		Level     Level     `json:"level"`
		ExpiresAt time.Time `json:"expiresAt,omitzero"`
	}{g.Level, g.ExpiresAt}
	var granted Grant
	_, err = c.do(ctx, call{doing: doing, method: http.MethodPut, path: path, body: body}, &granted)
	return granted, err
}

// DeleteGrant takes a grant away. From then on no URL is given to them; one that was
// given before serves until it ends. Taking away what is not there is no error.
func (c *Client) DeleteGrant(ctx context.Context, id string, from Grantee) error {
	doing := "take file " + id + " from " + strconv.Quote(from.Name)
	path, err := grantPath(id, from)
	if err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	_, err = c.do(ctx, call{doing: doing, method: http.MethodDelete, path: path}, nil)
	return err
}

// Grants lists the grants of a file that count, at most 100, by type and name. It
// takes the file's owner or a grant to manage it.
func (c *Client) Grants(ctx context.Context, id string) ([]Grant, error) {
	doing := "list the grants of file " + id
	path, err := pathOf(id, "/grants")
	if err != nil {
		return nil, fmt.Errorf("%s: %w", doing, err)
	}
	var listed struct {
		Grants []Grant `json:"grants"`
	}
	_, err = c.do(ctx, call{doing: doing, method: http.MethodGet, path: path}, &listed)
	return listed.Grants, err
}

// unreserved are the characters that mean themselves in every part of a URL (RFC
// 3986, 2.3).
const unreserved = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"

// grantPath returns the path of a grant. API Gateway decodes a path before it looks
// for a route, so that escaping is not enough for a name: whatever could be read in
// two ways goes in base64url, or a grant for "bob?" would be one for "bob".
func grantPath(id string, to Grantee) (string, error) {
	if to.Name == "" {
		return "", errors.New("nobody is named")
	}
	name, query := to.Name, url.Values{}
	if strings.Trim(name, unreserved) != "" || strings.Trim(name, ".") == "" {
		name = base64.RawURLEncoding.EncodeToString([]byte(name))
		query.Set("encoding", "base64url")
	}
	if to.Type != "" && to.Type != TypeSubject {
		query.Set("type", string(to.Type))
	}
	path, err := pathOf(id, "/grants/", name)
	if err == nil && len(query) > 0 {
		path += "?" + query.Encode()
	}
	return path, err
}
