package emulator

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// Module is the emulator at the version that is known to pass. Its releases are
// tagged v1.35 and the like, which are no versions of a Go module, so this is a
// commit.
const Module = "github.com/aws/aws-lambda-runtime-interface-emulator/cmd/aws-lambda-rie@v0.0.0-20261030222936-bef5c4ba774d"

// Install builds the emulator to the folder dir, and returns the path of its binary.
// What it is built of is in the module cache after the first time.
func Install(ctx context.Context, dir string) (string, error) {
	cmd := exec.CommandContext(ctx, "go", "install", "-trimpath", Module)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOBIN="+dir, "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build the Runtime Interface Emulator: %w\n%s", err, out)
	}
	return filepath.Join(dir, "aws-lambda-rie"), nil
}
