package ask

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/minio/minio-go/v7"
	miniocredentials "github.com/minio/minio-go/v7/pkg/credentials"

	"github.com/vouch-s3/vouch/shared/download"
	"github.com/vouch-s3/vouch/shared/parts"
	"github.com/vouch-s3/vouch/shared/s3store"
)

// Work is one thing that is measured. Do does it once, whatever was done before.
type Work struct {
	Name string
	Do   func() error
}

// Limits are the least that can be: the two hashes of a signature, and a whole answer.
func Limits() ([]Work, error) {
	event, err := Event("")
	if err != nil {
		return nil, err
	}
	put, now := thePut(), time.Now()
	l := newLimit(now)
	canonical, _, moment := l.canonical(put.Key, put.ContentType, put.ChecksumSHA256, put.Size, now)
	return []Work{
		{"SHA-256 and HMAC alone", func() error { l.sign(canonical, moment); return nil }},
		{"bare signing", func() error {
			l.presign(put.Key, put.ContentType, put.ChecksumSHA256, put.Size, time.Now())
			return nil
		}},
		{"bare signing, JSON in and out", func() error { _, err := l.answer(event, time.Now()); return err }},
	}, nil
}

// Presigners sign the same PUT: ours, and others'.
func Presigners() ([]Work, error) {
	put := thePut()
	objects := s3store.New(configuration(), bucket)
	ours := Work{"vouch", func() error { _, err := objects.PresignPut(context.Background(), put); return err }}

	m, err := minio.New("s3."+region+".amazonaws.com", &minio.Options{
		Creds: miniocredentials.NewStaticV4(accessKey, secretKey, sessionToken), Region: region, Secure: true, BucketLookup: minio.BucketLookupDNS,
	})
	if err != nil {
		return nil, fmt.Errorf("make a client of minio-go: %w", err)
	}
	// It asks the server where the bucket is, unless the region is known; then it only signs.
	theirs := Work{"minio-go", func() error {
		_, err := m.PresignHeader(context.Background(), http.MethodPut, bucket, put.Key, put.Life, url.Values{}, http.Header{
			"Content-Length": {strconv.FormatInt(put.Size, 10)}, "Content-Type": {put.ContentType}, "If-None-Match": {"*"}, "X-Amz-Checksum-Sha256": {put.ChecksumSHA256},
		})
		return err
	}}
	p := s3.NewPresignClient(s3.NewFromConfig(configuration(), func(o *s3.Options) { o.RequestChecksumCalculation = aws.RequestChecksumCalculationWhenRequired }),
		s3.WithPresignExpires(put.Life), func(o *s3.PresignOptions) {
			o.Presigner = v4.NewSigner(func(so *v4.SignerOptions) { so.DisableHeaderHoisting, so.DisableURIPathEscaping = true, true })
		})
	sdk := Work{"aws-sdk-go-v2", func() error {
		_, err := p.PresignPutObject(context.Background(), &s3.PutObjectInput{
			Bucket: aws.String(bucket), Key: &put.Key, ContentLength: &put.Size, ContentType: &put.ContentType, ChecksumSHA256: &put.ChecksumSHA256, IfNoneMatch: aws.String("*"),
		})
		return err
	}}
	return []Work{ours, theirs, sdk}, nil
}

// Others are what else we presign: a part, and a download.
func Others() []Work {
	objects := s3store.New(configuration(), bucket)
	part := parts.Put{Key: thePut().Key, UploadID: "2~Gb3rGpZz8VZ7XkqLmZ9f", Number: 7, Size: 16 << 20, ChecksumCRC64NVME: "1dYzFQ+kJlU=", Life: 15 * time.Minute}
	get := download.Get{Key: thePut().Key, VersionID: "3/L4kqtJlcpXroDTDmJ+rmSpXd3dIbrHY", ContentType: "image/png", ContentDisposition: `attachment; filename="holiday.png"`, Life: 5 * time.Minute}
	return []Work{
		{"a part", func() error { _, err := objects.PresignPart(context.Background(), part); return err }},
		{"a download", func() error { _, _, err := objects.PresignGet(context.Background(), get); return err }},
	}
}

// Handlers are the function create-upload, with more and more of what it does.
func Handlers() ([]Work, error) {
	var works []Work
	for _, h := range []struct {
		name    string
		keeping bool
		key     string
	}{
		{"URL only", false, ""},
		{"with its record", true, ""},
		{"with its record and a key", true, "8e03978e-40d5-43dd-bc93-6894a57f9324"},
	} {
		event, err := Event(h.key)
		if err != nil {
			return nil, err
		}
		f := handler(h.keeping)
		if err := created(f.Invoke(context.Background(), event)); err != nil {
			return nil, fmt.Errorf("%s: %w", h.name, err)
		}
		works = append(works, Work{h.name, invocation(f, event)})
	}
	return works, nil
}

func invocation(f lambda.Handler, event []byte) func() error {
	return func() error { _, err := f.Invoke(context.Background(), event); return err }
}

// Quietly has do run with nobody to read what a function writes to its log, which is
// written all the same.
func Quietly(do func() error) error {
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		return fmt.Errorf("open the log that nobody reads: %w", err)
	}
	defer null.Close()
	defer redirect(null)()
	return do()
}
