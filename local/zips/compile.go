package zips

import (
	"fmt"
	"os"
	"os/exec"
)

// Compile builds commands of the module in dir as they are deployed, for Linux on
// the processors arch (a GOARCH): without cgo, paths of this machine, version
// control, symbols and a build id. to is the path of one binary, or a folder, with a
// separator at its end.
func Compile(dir, to, arch, packages string) error {
	cmd := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-tags", "lambda.norpc",
		"-ldflags=-s -w -buildid=", "-o", to, packages)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOOS=linux", "GOARCH="+arch, "GOARM64=v8.0", "GOAMD64=v1", "CGO_ENABLED=0", "GOFLAGS=-mod=readonly", "GOEXPERIMENT=", "GOFIPS140=off", "GOWORK=off")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build %s: %w\n%s", packages, err, out)
	}
	return nil
}
