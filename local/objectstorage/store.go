// Package objectstorage is the S3 of the local stack: versitygw, a real S3
// server that checks every signature and keeps objects and their versions as
// files, behind a thin front that adds what versitygw cannot do.
//
// The front evaluates the IAM policies of template.yaml and the bucket's own
// policy, object tags included, before a request reaches versitygw, which then
// verifies that the request really comes from whom it says. It refuses headers
// that a signature does not cover, tells of new objects as S3 tells
// EventBridge, and carries out lifecycle rules.
//
// It differs from S3 in what a loopback address means: requests come over
// plain HTTP and count as aws:SecureTransport.
package objectstorage

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// Options say how the store runs.
type Options struct {
	Addr    string // of the front, on loopback
	DataDir string
	Region  string

	// AdminKey and AdminSecret are allowed everything, for the stack itself.
	AdminKey, AdminSecret string

	// Accounts are the access keys that may sign requests, with their secrets.
	Accounts map[string]string

	Authorizer Authorizer

	// OnAnswer is told of each access of a request that was answered: allowed, and
	// its signature has held, or refused by the Authorizer. The right to list the
	// bucket is such an access where another request's answer hangs on it. OnAnswer
	// may be nil.
	OnAnswer func(a Access, allowed bool)

	// Notify is told of each object created; it is called once the request is
	// answered, and may take its time.
	Notify func(context.Context, Event)

	Log *slog.Logger
}

// Bucket is a bucket as template.yaml describes it.
type Bucket struct {
	Name      string
	Versioned bool
	CORS      []types.CORSRule
	Lifecycle []Rule
}

// Store is a running object store.
type Store struct {
	url      string
	admin    *s3.Client
	buckets  []Bucket
	log      *slog.Logger
	server   *http.Server
	stop     context.CancelFunc
	work     sync.WaitGroup
	notices  sync.WaitGroup
	socket   string
	sequence sequencer
}

// Start starts the store and makes the buckets what they should be.
func Start(ctx context.Context, o Options, buckets []Bucket) (_ *Store, err error) {
	l, err := net.Listen("tcp", o.Addr)
	if err != nil {
		return nil, fmt.Errorf("listen for S3 on %s: %w", o.Addr, err)
	}
	running, stop := context.WithCancel(context.WithoutCancel(ctx))
	s := &Store{url: "http://" + l.Addr().String(), buckets: buckets, log: o.Log, stop: stop}
	defer func() {
		if err != nil {
			l.Close()
			s.Close()
		}
	}()
	if err := s.startGateway(running, o); err != nil {
		return nil, err
	}
	s.admin = s3.New(s3.Options{
		Region:                     o.Region,
		BaseEndpoint:               &s.url,
		UsePathStyle:               true,
		Credentials:                credentials.NewStaticCredentialsProvider(o.AdminKey, o.AdminSecret, ""),
		RequestChecksumCalculation: aws.RequestChecksumCalculationWhenRequired,
		ResponseChecksumValidation: aws.ResponseChecksumValidationWhenRequired,
	})
	s.server = &http.Server{Handler: s.front(o), ReadHeaderTimeout: 30 * time.Second, ErrorLog: slog.NewLogLogger(o.Log.Handler(), slog.LevelDebug)}
	s.work.Go(func() { s.server.Serve(l) })
	for _, b := range buckets {
		if err := s.ensure(ctx, b); err != nil {
			return nil, err
		}
	}
	s.work.Go(func() { s.lifecycle(running) })
	return s, nil
}

// URL is the address of the store, as in http://127.0.0.1:9000.
func (s *Store) URL() string { return s.url }

// Admin returns a client that is allowed everything.
func (s *Store) Admin() *s3.Client { return s.admin }

// Close stops the store. Notices that are under way are waited for, briefly.
func (s *Store) Close() {
	if s.server != nil {
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
		s.server.Shutdown(ctx)
		cancel()
		s.server.Close()
		told := make(chan struct{})
		go func() { s.notices.Wait(); close(told) }()
		select {
		case <-told:
		case <-time.After(2 * time.Second):
		}
	}
	s.stop()
	s.work.Wait()
	if s.socket != "" {
		os.RemoveAll(filepath.Dir(s.socket))
	}
}

// ensure creates a bucket that is missing and gives it its settings.
func (s *Store) ensure(ctx context.Context, b Bucket) error {
	_, err := s.admin.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: &b.Name})
	_, owned := errors.AsType[*types.BucketAlreadyOwnedByYou](err)
	_, exists := errors.AsType[*types.BucketAlreadyExists](err)
	if err != nil && !owned && !exists {
		return fmt.Errorf("create bucket %s: %w", b.Name, err)
	}
	if b.Versioned {
		_, err := s.admin.PutBucketVersioning(ctx, &s3.PutBucketVersioningInput{
			Bucket: &b.Name, VersioningConfiguration: &types.VersioningConfiguration{Status: types.BucketVersioningStatusEnabled},
		})
		if err != nil {
			return fmt.Errorf("turn on versioning of bucket %s: %w", b.Name, err)
		}
	}
	if len(b.CORS) > 0 {
		_, err := s.admin.PutBucketCors(ctx, &s3.PutBucketCorsInput{Bucket: &b.Name, CORSConfiguration: &types.CORSConfiguration{CORSRules: b.CORS}})
		if err != nil {
			return fmt.Errorf("set the CORS rules of bucket %s: %w", b.Name, err)
		}
	}
	return nil
}
