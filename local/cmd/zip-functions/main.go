// Command zip-functions builds the Lambda functions that are zips, as they are
// deployed, and prints the size and the SHA-256 of each. What comes out depends
// on the source, the Go release and the modules in go.sum, and on nothing else.
package main

import (
	"bytes"
	"crypto/sha256"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/vouch-s3/vouch/local/zips"
)

// maxZip is the most that a zip may weigh: a cold start begins with loading it.
const maxZip = 10 << 20 // bytes

// images are the functions that are deployed in an image (clamd/Dockerfile) only,
// and as no zip.
var images = []string{"refresh-signatures"}

func main() {
	root := flag.String("root", ".", "the folder of the repository")
	out := flag.String("out", ".vouch/build", "the folder that the zips are written to")
	flag.Parse()
	if err := build(*root, *out); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func build(root, out string) error {
	folders, err := filepath.Glob(filepath.Join(root, "functions", "*"))
	if err != nil || len(folders) == 0 {
		return fmt.Errorf("there are no functions in %s: %w", root, err)
	}
	if err := os.MkdirAll(out, 0o755); err != nil {
		return fmt.Errorf("make the folder of zips: %w", err)
	}
	binaries, err := os.MkdirTemp("", "functions")
	if err != nil {
		return fmt.Errorf("make a folder to build in: %w", err)
	}
	defer os.RemoveAll(binaries)
	if err := zips.Compile(root, binaries+string(filepath.Separator), "arm64", "./functions/..."); err != nil {
		return err
	}
	for _, folder := range folders {
		name := filepath.Base(folder)
		if slices.Contains(images, name) {
			continue
		}
		if err := pack(filepath.Join(binaries, name), filepath.Join(out, name+".zip")); err != nil {
			return fmt.Errorf("pack %s: %w", name, err)
		}
	}
	return nil
}

// pack writes the zip of one binary.
func pack(binary, to string) error {
	f, err := os.Open(binary)
	if err != nil {
		return err
	}
	defer f.Close()
	var packed bytes.Buffer
	if err := zips.Write(&packed, f); err != nil {
		return err
	}
	fmt.Printf("%x  %9d  %s\n", sha256.Sum256(packed.Bytes()), packed.Len(), filepath.Base(to))
	if packed.Len() > maxZip {
		return fmt.Errorf("it weighs %d bytes, and may weigh %d", packed.Len(), maxZip)
	}
	return os.WriteFile(to, packed.Bytes(), 0o644)
}
