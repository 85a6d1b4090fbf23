package main

import (
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// versionLine is what version says in the output of --json.
type versionLine struct {
	Version  string `json:"version"`
	Revision string `json:"revision,omitempty"` // of the source, in version control
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

func (a *app) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:               "version",
		Short:             "Say which version this is",
		Args:              cobra.NoArgs,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(*cobra.Command, []string) error {
			v := versionLine{Version: version(), Revision: revision(), Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
			if a.json {
				return a.object(v)
			}
			text := "vouch " + v.Version
			if v.Revision != "" {
				text += " (" + v.Revision + ")"
			}
			a.line("%s, %s, %s", text, v.Go, v.Platform)
			return nil
		},
	}
}

// version is the version that the go command has built in: a tag with go
// install, and otherwise what it makes of the revision.
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}

func revision() string {
	info, _ := debug.ReadBuildInfo()
	if info == nil {
		return ""
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			return s.Value
		}
	}
	return ""
}
