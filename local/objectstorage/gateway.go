package objectstorage

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"

	"github.com/versity/versitygw/auth"
	"github.com/versity/versitygw/backend/meta"
	"github.com/versity/versitygw/backend/posix"
	"github.com/versity/versitygw/embedgw"
	"github.com/versity/versitygw/s3api"
	"github.com/versity/versitygw/s3err"
)

// startGateway starts versitygw on a Unix socket that only this process knows.
// There can be one in a process, and it makes the objects' folder the working
// directory of the process: paths must be absolute from here on.
func (s *Store) startGateway(ctx context.Context, o Options) error {
	objects, versions, sidecar := filepath.Join(o.DataDir, "objects"), filepath.Join(o.DataDir, "versions"), filepath.Join(o.DataDir, "metadata")
	for _, dir := range []string{objects, versions} { // one must not lie in the other
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return fmt.Errorf("make a folder for objects: %w", err)
		}
	}
	var metadata meta.MetadataStorer = meta.XattrMeta{}
	options := posix.PosixOpts{VersioningDir: versions}
	if err := (meta.XattrMeta{}).Test(objects); err != nil { // a file system without extended attributes
		if err := os.MkdirAll(sidecar, 0o700); err != nil {
			return fmt.Errorf("make a folder for metadata: %w", err)
		}
		beside, err := meta.NewSideCar(sidecar)
		if err != nil {
			return fmt.Errorf("keep metadata beside the objects: %w", err)
		}
		metadata, options.SideCarDir = beside, sidecar
	}
	backend, err := posix.New(objects, metadata, options)
	if err != nil {
		return fmt.Errorf("open the objects in %s: %w", objects, err)
	}
	if err := resume(metadata); err != nil {
		return fmt.Errorf("end what was interrupted in %s: %w", objects, err)
	}
	dir, err := os.MkdirTemp("", "vouch-s3-") // a socket's path must be short
	if err != nil {
		return fmt.Errorf("make a folder for the socket: %w", err)
	}
	s.socket = filepath.Join(dir, "s3.sock")
	listening := make(chan struct{})
	ended := make(chan error, 1)
	s.work.Go(func() {
		ended <- embedgw.RunVersityGW(ctx, wholeListings{wholeBodies{newSteady(backend)}}, &embedgw.Config{
			RootUserAccess:    o.AdminKey,
			RootUserSecret:    o.AdminSecret,
			Region:            o.Region,
			Ports:             []string{s.socket},
			MaxConnections:    4096,
			MaxRequests:       4096,
			MultipartMaxParts: 10000,
			Quiet:             true,
			KeepAlive:         true,
			DisableACLs:       true,
			IAMService:        accounts(o.Accounts),
			S3Options:         []s3api.Option{s3api.WithOnListen(func() { close(listening) })},
		})
	})
	select {
	case <-listening:
		return nil
	case err := <-ended:
		return fmt.Errorf("start versitygw: %w", err)
	case <-ctx.Done():
		return ctx.Err()
	}
}

// transport reaches versitygw.
func (s *Store) transport() *http.Transport {
	return &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", s.socket)
		},
		MaxIdleConnsPerHost: 256,
		DisableCompression:  true, // bodies pass as they are
	}
}

// accounts are the access keys and secrets that versitygw checks signatures
// with. To it each of them may do everything: what they may really do the
// front has decided before.
type accounts map[string]string

func (a accounts) GetUserAccount(access string) (auth.Account, error) {
	secret, ok := a[access]
	if !ok {
		return auth.Account{}, auth.ErrNoSuchUser
	}
	return auth.Account{Access: access, Secret: secret, Role: auth.RoleAdmin}, nil
}

func (a accounts) ResolveAccounts(keys []string) ([]string, error) {
	missing := []string{}
	for _, k := range keys {
		if _, ok := a[k]; !ok {
			missing = append(missing, k)
		}
	}
	return missing, nil
}

func (a accounts) ListUserAccounts() ([]auth.Account, error) {
	var all []auth.Account
	for k := range a {
		all = append(all, auth.Account{Access: k, Role: auth.RoleAdmin})
	}
	return all, nil
}

func (accounts) CreateAccount(auth.Account) error { return errFixedAccounts }

func (accounts) UpdateUserAccount(string, auth.MutableProps) error { return errFixedAccounts }

func (accounts) DeleteUserAccount(string) error { return errFixedAccounts }

func (accounts) Shutdown() error { return nil }

var errFixedAccounts = s3err.GetAPIError(s3err.ErrAdminMethodNotSupported)
