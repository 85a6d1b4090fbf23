package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"go.yaml.in/yaml/v3"
)

// config is what the configuration file may say.
type config struct {
	API       string `yaml:"api"`       // the address of the API
	TokenFile string `yaml:"tokenFile"` // where the token is; relative to the file's own folder

	// TokenCommand prints the token: a program and its arguments.
	TokenCommand []string `yaml:"tokenCommand"`
}

// configPath is where the configuration is read from.
func configPath() (string, error) {
	dir := os.Getenv("XDG_CONFIG_HOME")
	if !filepath.IsAbs(dir) { // one that is not is to be ignored (XDG Base Directory Specification)
		var err error
		if dir, err = os.UserConfigDir(); err != nil {
			return "", fmt.Errorf("find the folder of configurations: %w", err)
		}
	}
	return filepath.Join(dir, "vouch", "config.yaml"), nil
}

// statePath is the folder in which uploads that were begun are remembered.
func statePath() (string, error) {
	if dir := os.Getenv("XDG_STATE_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "vouch"), nil
	}
	// The folders that the systems have for what a program keeps for itself and
	// nobody backs up.
	if runtime.GOOS == "windows" || runtime.GOOS == "darwin" {
		dir, err := os.UserCacheDir()
		if err != nil {
			return "", fmt.Errorf("find a folder to remember uploads in: %w", err)
		}
		return filepath.Join(dir, "vouch"), nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("find a folder to remember uploads in: %w", err)
	}
	return filepath.Join(home, ".local", "state", "vouch"), nil
}

// readConfig reads the configuration; that there is none is no error. Anything
// in it that is not known is one.
func readConfig() (config, error) {
	path, err := configPath()
	if err != nil {
		return config{}, nil //nolint:nilerr // no home, no configuration; whoever needs one is told what to set
	}
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return config{}, nil
	}
	if err != nil {
		return config{}, usageError{fmt.Errorf("read the configuration: %w", err)}
	}
	c, err := parseConfig(data)
	if err != nil {
		return config{}, usageError{fmt.Errorf("read %s: %w", path, err)}
	}
	if c.TokenFile != "" {
		if c.TokenFile, err = absolute(c.TokenFile, filepath.Dir(path)); err != nil {
			return config{}, err
		}
	}
	return c, nil
}

func parseConfig(data []byte) (config, error) {
	var c config
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	decoder.KnownFields(true)
	if err := decoder.Decode(&c); err != nil && !errors.Is(err, io.EOF) { // EOF: it is empty
		// What YAML says of a value quotes it, and it may be a token in the wrong place.
		return config{}, errors.New("it is not YAML with the keys api, tokenFile and tokenCommand and no others; a token itself has no place in it")
	}
	if c.TokenFile != "" && len(c.TokenCommand) > 0 {
		return config{}, errors.New("the token is in tokenFile or comes from tokenCommand, not both")
	}
	return c, nil
}

// absolute resolves a path of the configuration: ~/ is the home, and what is
// relative is so to dir.
func absolute(path, dir string) (string, error) {
	if rest, ok := strings.CutPrefix(path, "~/"); ok {
		home, err := os.UserHomeDir()
		if err != nil {
			return "", fmt.Errorf("find the home of %s: %w", path, err)
		}
		return filepath.Join(home, rest), nil
	}
	if filepath.IsAbs(path) {
		return path, nil
	}
	return filepath.Join(dir, path), nil
}
