package s3store

import (
	"net/url"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/vouch-s3/vouch/shared/download"
	"github.com/vouch-s3/vouch/shared/parts"
	"github.com/vouch-s3/vouch/shared/upload"
)

// bySDK is what the SDK's own presigner makes of the same requests: a PUT, one of a
// part, and a GET.
func bySDK(t *testing.T, s *Store, put upload.Put, part parts.Put, get download.Get) []string {
	t.Helper()
	p := s3.NewPresignClient(s.client, s3.WithPresignExpires(put.Life), func(o *s3.PresignOptions) {
		o.Presigner = v4.NewSigner(func(so *v4.SignerOptions) {
			so.DisableHeaderHoisting = true // S3 would not hold a client to a checksum in the query
			so.DisableURIPathEscaping = true
		})
	})
	first, err := p.PresignPutObject(t.Context(), &s3.PutObjectInput{
		Bucket: &s.bucket, Key: &put.Key, ContentLength: &put.Size, ContentType: &put.ContentType, ChecksumSHA256: &put.ChecksumSHA256, IfNoneMatch: aws.String("*"),
	})
	if err != nil {
		t.Fatal(err)
	}
	second, err := p.PresignUploadPart(t.Context(), &s3.UploadPartInput{
		Bucket: &s.bucket, Key: &part.Key, UploadId: &part.UploadID, PartNumber: aws.Int32(int32(part.Number)), ContentLength: &part.Size, ChecksumCRC64NVME: &part.ChecksumCRC64NVME,
	})
	if err != nil {
		t.Fatal(err)
	}
	third, err := p.PresignGetObject(t.Context(), &s3.GetObjectInput{
		Bucket: &s.bucket, Key: &get.Key, VersionId: &get.VersionID, ResponseContentType: &get.ContentType,
		ResponseContentDisposition: &get.ContentDisposition, ResponseCacheControl: aws.String("private, no-store"),
	})
	if err != nil {
		t.Fatal(err)
	}
	return []string{first.URL, second.URL, third.URL}
}

// byUs are the same URLs by the Store.
func byUs(t *testing.T, s *Store, put upload.Put, part parts.Put, get download.Get) []string {
	t.Helper()
	first, err := s.PresignPut(t.Context(), put)
	if err != nil {
		t.Fatal(err)
	}
	second, err := s.PresignPart(t.Context(), part)
	if err != nil {
		t.Fatal(err)
	}
	third, _, err := s.PresignGet(t.Context(), get)
	if err != nil {
		t.Fatal(err)
	}
	return []string{first.URL, second.URL, third}
}

// Wherever the bucket is, so that no client, proxy or policy can tell the two apart.
func TestURLsAreTheOnesThatTheSDKMakes(t *testing.T) {
	const life = 15 * time.Minute
	put := upload.Put{Key: "files/a/b c+é", ContentType: "text/plain;charset=utf-8", Size: 5, ChecksumSHA256: sum, Life: life}
	part := parts.Put{Key: "files/a/b", UploadID: "u/+ =", Number: 3, Size: 5, ChecksumCRC64NVME: crc, Life: life}
	get := download.Get{Key: "files/a/b", VersionID: "v", ContentType: "image/png", ContentDisposition: `attachment; filename="ä b"`, Life: life}
	dateOf := func(link string) string {
		u, err := url.Parse(link)
		if err != nil {
			t.Fatal(err)
		}
		return u.Query().Get("X-Amz-Date")
	}
	for _, tt := range []struct{ region, bucket, endpoint, want string }{
		{"eu-west-1", "bucket", "", "https://bucket.s3.eu-west-1.amazonaws.com/files/"},
		{"us-east-1", "bucket", "", "https://bucket.s3.us-east-1.amazonaws.com/files/"},
		{"cn-north-1", "bucket", "", "https://bucket.s3.cn-north-1.amazonaws.com.cn/files/"},
		{"eu-west-1", "a.bucket", "", "https://s3.eu-west-1.amazonaws.com/a.bucket/files/"},
		{"eu-west-1", "bucket", "http://127.0.0.1:9000", "http://127.0.0.1:9000/bucket/files/"},
		{"eu-west-1", "bucket", "https://s3.example.com", "https://bucket.s3.example.com/files/"},
		{"eu-west-1", "bucket", "http://127.0.0.1:9000/below", "http://127.0.0.1:9000/below/bucket/files/"},
	} {
		cfg := aws.Config{Region: tt.region, Credentials: static()}
		if tt.endpoint != "" {
			cfg.BaseEndpoint = &tt.endpoint
		}
		s := New(cfg, tt.bucket)
		got, want := byUs(t, s, put, part, get), bySDK(t, s, put, part, get)
		for dateOf(got[0]) != dateOf(want[2]) { // a second has ended in between
			got, want = byUs(t, s, put, part, get), bySDK(t, s, put, part, get)
		}
		for i := range want {
			if got[i] != want[i] || got[i][:len(tt.want)] != tt.want {
				t.Errorf("%+v:\n%s, want\n%s", tt, got[i], want[i])
			}
		}
	}
}

// A client leaves the port of the scheme out of Host.
func TestAPortThatIsTheSchemesOwnIsNotSigned(t *testing.T) {
	for endpoint, want := range map[string]string{
		"http://s3.example.com:80": "http://bucket.s3.example.com/k?", "https://127.0.0.1:443": "https://127.0.0.1/bucket/k?",
		"http://s3.example.com:443": "http://bucket.s3.example.com:443/k?",
	} {
		got, err := New(aws.Config{Region: "eu-west-1", Credentials: static(), BaseEndpoint: &endpoint}, "bucket").
			PresignPut(t.Context(), upload.Put{Key: "k", ContentType: "image/png", Size: 5, Life: time.Minute})
		if err != nil || got.URL[:min(len(want), len(got.URL))] != want {
			t.Errorf("%s: %s, %v", endpoint, got.URL, err)
		}
	}
}

func TestABucketThatCannotBeReachedIsNotSignedFor(t *testing.T) {
	got, err := New(aws.Config{Credentials: static()}, "bucket").PresignPut(t.Context(), upload.Put{Key: "k", ContentType: "image/png", Size: 5, Life: time.Minute})
	if err == nil {
		t.Errorf("without a region: %s", got.URL)
	}
}
