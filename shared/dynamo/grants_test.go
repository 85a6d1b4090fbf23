package dynamo

import (
	"reflect"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/vouch-s3/vouch/shared/file"
)

func TestGrantsAreReadAsTheyAreWritten(t *testing.T) {
	at := time.Date(2026, 11, 24, 15, 0, 0, 123e6, time.UTC)
	grants := []file.Grant{
		{Grantee: file.Grantee{Type: file.Group, Name: "alice"}, Level: file.Read, GrantedBy: "bob", GrantedAt: at},
		{Grantee: file.Grantee{Type: file.Subject, Name: "alice"}, Level: file.Manage, ExpiresAt: at.Add(time.Hour), GrantedBy: "bob", GrantedAt: at},
		{Grantee: file.Grantee{Type: file.Subject, Name: "group:alice"}, Level: file.Read, GrantedBy: "bob", GrantedAt: at},
	}
	if got, err := decodeGrants(encodeGrants(grants)); err != nil || !reflect.DeepEqual(got, grants) {
		t.Errorf("%+v, %v", got, err)
	}
	for name, v := range map[string]types.AttributeValue{"none": nil, "an empty map": encodeGrants(nil)} {
		if got, err := decodeGrants(v); err != nil || got != nil {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

func TestAGrantThatCannotBeReadIsNobodys(t *testing.T) {
	at := text("2026-11-24T15:00:00.000Z")
	for name, tt := range map[string]struct {
		key string
		m   map[string]types.AttributeValue
	}{
		"no level":              {"subject:bob", map[string]types.AttributeValue{"grantedAt": at}},
		"another level":         {"subject:bob", map[string]types.AttributeValue{"level": text("own"), "grantedAt": at}},
		"no type":               {"bob", map[string]types.AttributeValue{"level": text("read"), "grantedAt": at}},
		"another type":          {"role:bob", map[string]types.AttributeValue{"level": text("read"), "grantedAt": at}},
		"no time":               {"subject:bob", map[string]types.AttributeValue{"level": text("read")}},
		"an end that is none":   {"subject:bob", map[string]types.AttributeValue{"level": text("read"), "grantedAt": at, "expiresAt": text("soon")}},
		"an end that is empty":  {"subject:bob", map[string]types.AttributeValue{"level": text("read"), "grantedAt": at, "expiresAt": text("")}},
		"an end that is a null": {"subject:bob", map[string]types.AttributeValue{"level": text("read"), "grantedAt": at, "expiresAt": &types.AttributeValueMemberNULL{Value: true}}},
	} {
		if got, err := decodeGrants(&types.AttributeValueMemberM{Value: map[string]types.AttributeValue{tt.key: &types.AttributeValueMemberM{Value: tt.m}}}); err == nil {
			t.Errorf("%s: %+v", name, got)
		}
	}
	for _, v := range []types.AttributeValue{text("all"), &types.AttributeValueMemberM{Value: map[string]types.AttributeValue{"subject:bob": text("read")}}} {
		if got, err := decodeGrants(v); err == nil {
			t.Errorf("%T: %+v", v, got)
		}
	}
}
