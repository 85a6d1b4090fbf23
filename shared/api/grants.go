package api

import (
	"context"
	"encoding/base64"
	"net/http"
	"strings"
	"time"

	"github.com/vouch-s3/vouch/shared/access"
	"github.com/vouch-s3/vouch/shared/file"
)

// Grant is a grant as those see it who may share the file.
type Grant struct {
	Subject   string           `json:"subject"`
	Type      file.GranteeType `json:"type"`
	Level     file.Level       `json:"level"`
	ExpiresAt string           `json:"expiresAt,omitempty"` // RFC 3339, UTC
	GrantedBy string           `json:"grantedBy"`
	GrantedAt string           `json:"grantedAt"`
}

func grantView(g file.Grant) Grant {
	v := Grant{Subject: g.Grantee.Name, Type: g.Grantee.Type, Level: g.Level, GrantedBy: g.GrantedBy, GrantedAt: stamp(g.GrantedAt)}
	if !g.ExpiresAt.IsZero() {
		v.ExpiresAt = stamp(g.ExpiresAt)
	}
	return v
}

// Grants is the answer to ListGrants: those that count, by type and subject.
type Grants struct {
	Grants []Grant `json:"grants"`
}

// Sharer changes and lists the grants of files: a sharing.Sharer.
type Sharer interface {
	Put(ctx context.Context, p access.Principal, id string, g file.Grant) (granted file.Grant, created bool, err error)
	Remove(ctx context.Context, p access.Principal, id string, grantee file.Grantee) error
	List(ctx context.Context, p access.Principal, id string) ([]file.Grant, error)
}

// PutGrant answers PUT /files/{id}/grants/{subject}.
func PutGrant(s Sharer) Handler {
	return func(ctx context.Context, r Request) (Response, error) {
		grantee, err := granteeOf(r)
		if err != nil {
			return Response{}, err
		}
		g := file.Grant{Grantee: grantee}
		if g.Level, g.ExpiresAt, err = newGrant(r.Body); err != nil {
			return Response{}, err
		}
		granted, created, err := s.Put(ctx, r.Principal, r.FileID, g)
		if err != nil {
			return Response{}, err
		}
		status := http.StatusOK
		if created {
			status = http.StatusCreated
		}
		return Response{Status: status, Body: grantView(granted)}, nil
	}
}

// DeleteGrant answers DELETE /files/{id}/grants/{subject}.
func DeleteGrant(s Sharer) Handler {
	return func(ctx context.Context, r Request) (Response, error) {
		if err := noBody(r.Body); err != nil {
			return Response{}, err
		}
		grantee, err := granteeOf(r)
		if err != nil {
			return Response{}, err
		}
		if err := s.Remove(ctx, r.Principal, r.FileID, grantee); err != nil {
			return Response{}, err
		}
		return Response{Status: http.StatusNoContent}, nil
	}
}

// ListGrants answers GET /files/{id}/grants.
func ListGrants(s Sharer) Handler {
	return func(ctx context.Context, r Request) (Response, error) {
		grants, err := s.List(ctx, r.Principal, r.FileID)
		if err != nil {
			return Response{}, err
		}
		answer := Grants{Grants: make([]Grant, len(grants))}
		for i, g := range grants {
			answer.Grants[i] = grantView(g)
		}
		return Response{Status: http.StatusOK, Body: answer}, nil
	}
}

func newGrant(body []byte) (level file.Level, expiresAt time.Time, err error) {
	var until *string
	if err := decodeObject(body, map[string]any{"level": &level, "expiresAt": &until}, "level"); err != nil || until == nil {
		return level, time.Time{}, err
	}
	expiresAt, err = timeOf(*until, "expiresAt")
	return level, expiresAt, err
}

// timeOf reads the time that the field has, as the records can hold it.
func timeOf(text, field string) (time.Time, error) {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil || t.IsZero() || t.UTC().Year() < 1 || t.UTC().Year() > 9999 {
		return time.Time{}, &file.Error{
			Code: file.CodeInvalidRequest, Field: field,
			Detail: "It is not a time.", Accepted: "a time of RFC 3339, as in 2026-11-24T15:00:00Z",
		}
	}
	return t.UTC(), nil
}

// plainName holds what a subject may be made of that stands in a path as it is.
// API Gateway decodes a path before it looks for a route, so that a slash, a
// question mark or a percent sign in a name would not come here as it was sent,
// and a browser takes dots alone for steps between folders. Names with anything
// else are sent with ?encoding=base64url.
const plainName = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~@:|+=,"

// granteeOf reads whom a call is about: the {subject} of the path, with what the
// query says of it. The type stands beside the name and not in it, so that a
// subject that is called like a group, or like a group with some prefix, is still
// a subject.
func granteeOf(r Request) (file.Grantee, error) {
	g := file.Grantee{Type: file.Subject, Name: r.Grantee}
	encoded := false
	kind := parameter{"type", func(value string) string {
		if g.Type = file.GranteeType(value); !g.Type.Valid() {
			return "one of " + string(file.Subject) + ", " + string(file.Group)
		}
		return ""
	}}
	encoding := parameter{"encoding", func(value string) string {
		if encoded = value == "base64url"; !encoded {
			return "base64url"
		}
		return ""
	}}
	if err := readQuery(r, kind, encoding); err != nil {
		return file.Grantee{}, err
	}
	if encoded {
		name, err := base64.RawURLEncoding.Strict().DecodeString(r.Grantee)
		if err != nil || base64.RawURLEncoding.EncodeToString(name) != r.Grantee {
			return file.Grantee{}, invalidGrantee("It is not base64url.", "the name in base64url without padding (RFC 4648, 5)")
		}
		g.Name = string(name)
	} else if strings.Trim(g.Name, plainName) != "" || strings.Trim(g.Name, ".") == "" {
		return file.Grantee{}, invalidGrantee("It holds characters that a path may not bring here as they were sent.", "letters, digits and -._~@:|+=, or the name in base64url with ?encoding=base64url")
	}
	if !file.ValidName(g.Name) || g.Type == file.Group && !access.ValidGroup(g.Name) {
		return file.Grantee{}, invalidGrantee("That can be nobody's name.", "1 to 256 bytes of UTF-8 without control characters; a group's also without spaces and brackets")
	}
	return g, nil
}

func invalidGrantee(detail, accepted string) error {
	return &file.Error{Code: file.CodeInvalidGrant, Field: "subject", Detail: detail, Accepted: accepted}
}
