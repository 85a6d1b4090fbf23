package ask

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// tusd is the version that is built and measured.
const tusd = "github.com/tus/tusd/v2/cmd/tusd@v2.9.1"

// Companions are the names of the two endpoints of Uppy Companion that sign without
// asking S3: a form by POST, and a part of an upload that was begun before.
var Companions = []string{"Companion 6.2.2, a form", "Companion 6.2.2, a part"}

// Peer is a program that is asked where a file's bytes may be sent.
type Peer struct {
	Name    string
	Keeping bool // it also keeps a record of the file

	start func(ctx context.Context, dir string) (*running, func(context.Context) error, error)
}

// Prepare installs and builds all that is measured as processes of their own to
// .vouch of the project at root. What cannot be had here is left out, and the reason
// given.
func Prepare(ctx context.Context, root string) (peers []Peer, missing []error) {
	into := filepath.Join(root, ".vouch", "peers")
	if err := os.MkdirAll(into, 0o755); err != nil {
		return nil, []error{fmt.Errorf("make the folder of the peers: %w", err)}
	}
	for _, prepare := range []func(context.Context, string, string) ([]Peer, error){ours, companion, tus, python} {
		p, err := prepare(ctx, root, into)
		if err != nil {
			missing = append(missing, err)
		}
		peers = append(peers, p...)
	}
	return peers, missing
}

// ours are the function create-upload as it is deployed, and without its tables.
func ours(ctx context.Context, root, into string) ([]Peer, error) {
	for dir, of := range map[string]string{root: "./functions/create-upload", filepath.Join(root, "bench"): "./ask/urlonly"} {
		cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-tags", "lambda.norpc", "-ldflags", "-s -w", "-o", into+string(filepath.Separator), of)
		cmd.Dir, cmd.Env = dir, append(os.Environ(), "CGO_ENABLED=0")
		if out, err := cmd.CombinedOutput(); err != nil {
			return nil, fmt.Errorf("build %s: %w: %s", of, err, out)
		}
	}
	return []Peer{
		function("vouch", true, filepath.Join(into, "create-upload")),
		function("vouch", false, filepath.Join(into, "urlonly")),
	}, nil
}

// python is a function by boto3, for whichever Python on the PATH has it.
func python(ctx context.Context, root, into string) ([]Peer, error) {
	path, version, err := Python(ctx, root, into)
	if err != nil {
		return nil, err
	}
	return []Peer{function(version, true, path), function(version, false, path)}, nil
}

// Python writes the function by boto3 to dir as a program that needs no argument, and
// returns its path and which versions it runs on.
func Python(ctx context.Context, root, dir string) (path, version string, err error) {
	for _, program := range []string{"python3", "/usr/bin/python3"} {
		// The program itself, since what is on the PATH may be a script that looks for it.
		out, err := exec.CommandContext(ctx, program, "-c", "import boto3, platform, sys; print(sys.executable, platform.python_version(), boto3.__version__)").Output()
		if err != nil {
			continue
		}
		var of, is, boto string
		if _, err := fmt.Sscan(string(out), &of, &is, &boto); err != nil {
			return "", "", fmt.Errorf("ask %s for its versions: %w", program, err)
		}
		text, err := os.ReadFile(filepath.Join(root, "bench/peers/python/create_upload.py"))
		if err != nil {
			return "", "", fmt.Errorf("read the function in Python: %w", err)
		}
		path = filepath.Join(dir, "create-upload-python")
		if err := os.WriteFile(path, append([]byte("#!"+of+"\n"), text...), 0o755); err != nil {
			return "", "", fmt.Errorf("write the function in Python: %w", err)
		}
		return path, "boto3 " + boto + ", Python " + is, nil
	}
	return "", "", fmt.Errorf("there is no Python with boto3: install it (apt-get install python3-boto3)")
}

// function is a program that asks the Lambda runtime API for work.
func function(name string, keeping bool, path string) Peer {
	return Peer{Name: name, Keeping: keeping, start: func(_ context.Context, _ string) (*running, func(context.Context) error, error) {
		event, err := Event("")
		if err != nil {
			return nil, nil, err
		}
		runtime, err := newRuntimeAPI(event)
		if err != nil {
			return nil, nil, err
		}
		tables, err := serve(table{})
		if err != nil {
			return nil, nil, err
		}
		env := append(Environment(keeping), "AWS_LAMBDA_RUNTIME_API="+runtime.addr, "AWS_ENDPOINT_URL_DYNAMODB=http://"+tables.addr)
		r, err := start(env, path)
		if err != nil {
			return nil, nil, err
		}
		r.servers = []served{runtime.served, tables}
		return r, runtime.call, nil
	}}
}

// Environment is what a function that answers POST /files is given, with tables or
// without.
func Environment(keeping bool) []string {
	env := []string{
		"AWS_REGION=" + region, "AWS_DEFAULT_REGION=" + region, "AWS_ACCESS_KEY_ID=" + accessKey, "AWS_SECRET_ACCESS_KEY=" + secretKey, "AWS_SESSION_TOKEN=" + sessionToken,
		"AWS_CONFIG_FILE=" + os.DevNull, "AWS_SHARED_CREDENTIALS_FILE=" + os.DevNull, "FILES_BUCKET=" + bucket, "OWNER_CLAIM=sub",
	}
	if keeping {
		env = append(env, "FILES_TABLE=files", "HISTORY_TABLE=history", "USAGE_TABLE=usage", "IDEMPOTENCY_TABLE=idempotency")
	}
	return env
}

// companion is Uppy Companion with its two endpoints that sign without asking S3.
func companion(ctx context.Context, root, into string) ([]Peer, error) {
	if _, err := exec.LookPath("npm"); err != nil {
		return nil, fmt.Errorf("find npm, which Companion needs: %w", err)
	}
	into = filepath.Join(into, "companion")
	if err := os.MkdirAll(into, 0o755); err != nil {
		return nil, fmt.Errorf("make the folder of Companion: %w", err)
	}
	for _, name := range []string{"package.json", "package-lock.json", "server.mjs"} {
		text, err := os.ReadFile(filepath.Join(root, "bench/peers/companion", name))
		if err != nil {
			return nil, fmt.Errorf("read what Companion is installed by: %w", err)
		}
		if err := os.WriteFile(filepath.Join(into, name), text, 0o644); err != nil {
			return nil, fmt.Errorf("write what Companion is installed by: %w", err)
		}
	}
	npm := exec.CommandContext(ctx, "npm", "ci", "--omit=dev", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
	npm.Dir = into
	if out, err := npm.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("install Companion: %w: %s", err, out)
	}
	of := func(name, path string) Peer {
		return Peer{Name: name, start: func(ctx context.Context, dir string) (*running, func(context.Context) error, error) {
			addr, port, err := freeAddr()
			if err != nil {
				return nil, nil, err
			}
			env := append(Environment(false), "NODE_ENV=production", "BUCKET="+bucket, "PORT="+port, "DATA="+dir)
			r, err := start(env, "node", "--no-warnings", filepath.Join(into, "server.mjs"))
			if err != nil {
				return nil, nil, err
			}
			return r, request(http.MethodGet, "http://"+addr+path, nil, http.StatusOK), r.listens(ctx, addr)
		}}
	}
	return []Peer{
		of(Companions[0], "/s3/params?filename=holiday.png&type=image%2Fpng"),
		of(Companions[1], "/s3/multipart/2~Gb3rGpZz8VZ7XkqLmZ9f/7?key="+strings.ReplaceAll(thePut().Key, "/", "%2F")),
	}, nil
}

// tus is tusd, which makes room for a file on its own disk and keeps a record of it
// beside, and gives out no URL to anywhere else.
func tus(ctx context.Context, _, into string) ([]Peer, error) {
	install := exec.CommandContext(ctx, "go", "install", tusd)
	install.Dir, install.Env = into, append(os.Environ(), "GOBIN="+into, "GOFLAGS=-trimpath", "CGO_ENABLED=0")
	if out, err := install.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("build tusd: %w: %s", err, out)
	}
	return []Peer{{Name: "tusd 2.9.1, on its disk", Keeping: true, start: func(ctx context.Context, dir string) (*running, func(context.Context) error, error) {
		addr, port, err := freeAddr()
		if err != nil {
			return nil, nil, err
		}
		r, err := start(nil, filepath.Join(into, "tusd"), "-host", "127.0.0.1", "-port", port, "-upload-dir", dir)
		if err != nil {
			return nil, nil, err
		}
		return r, request(http.MethodPost, "http://"+addr+"/files/", http.Header{
			"Tus-Resumable": {"1.0.0"}, "Upload-Length": {"5242880"}, "Upload-Metadata": {"filename aG9saWRheS5wbmc=,filetype aW1hZ2UvcG5n"},
		}, http.StatusCreated), r.listens(ctx, addr)
	}}}, nil
}
