package dynamo

import (
	"reflect"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/vouch-s3/vouch/shared/file"
)

func TestAHoldAndATimeAreReadAsTheyAreWritten(t *testing.T) {
	at := time.Date(2026, 11, 24, 15, 0, 0, 123e6, time.UTC)
	for _, f := range []file.File{
		{},
		{ExpiresAt: at},
		{Hold: &file.Hold{Reason: "a lawsuit", By: "operator", At: at}},
		{ExpiresAt: at, Hold: &file.Hold{Reason: "a lawsuit", By: "operator", At: at}},
		{Discarded: true},
	} {
		f.ID, f.Method, f.Status = "0195f3a2-7c1e-7b4a-9d5e-3f2a1b0c9d8e", file.Put, file.Ready
		f.CreatedAt, f.UpdatedAt, f.UploadExpiresAt = at, at, at
		m, err := encode(f)
		if err != nil {
			t.Fatal(err)
		}
		if _, listed := m["expiryShard"]; listed != (!f.ExpiresAt.IsZero() && f.Hold == nil) {
			t.Errorf("%+v is listed as what ends by itself: %v", f, listed)
		}
		if got, err := decode(m); err != nil || !reflect.DeepEqual(got, f) {
			t.Errorf("%+v is read as %+v, %v", f, got, err)
		}
		for name, broken := range map[string]types.AttributeValue{
			"hold": text("yes"), "expiresAt": text("soon"),
		} {
			m[name] = broken
			if got, err := decode(m); err == nil {
				t.Errorf("with a broken %s it is %+v", name, got)
			}
			delete(m, name)
		}
		for name, broken := range map[string]types.AttributeValue{
			"an empty time": text(""), "a time that is a null": &types.AttributeValueMemberNULL{Value: true},
		} {
			m["expiresAt"] = broken
			if got, err := decode(m); err == nil {
				t.Errorf("with %s it is kept for ever: %+v", name, got)
			}
		}
	}
}
