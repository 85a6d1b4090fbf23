package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

// exitCodesTopic is `vouch help exit-codes`.
func exitCodesTopic() *cobra.Command {
	var text strings.Builder
	text.WriteString("Of several files the gravest counts, the first here:\n\n")
	for _, e := range exits {
		fmt.Fprintf(&text, "  %3d  %s\n", e.exit, e.when)
	}
	return &cobra.Command{Use: "exit-codes", Short: "What the exit codes say", Long: strings.TrimSuffix(text.String(), "\n")}
}

// environmentTopic is `vouch help environment`.
func environmentTopic() *cobra.Command {
	return &cobra.Command{Use: "environment", Short: "What is read from the environment, and what is kept where", Long: `  VOUCH_API          the address of the API; --api goes before it
  VOUCH_TOKEN        the token
  VOUCH_TOKEN_FILE   a file that has the token, if VOUCH_TOKEN is not set. It is
                     read for every request, so that a new token is taken at
                     once, and refused if others can read it
  AWS_REGION, ...    with --iam, where the API is, and the credentials that requests
                     are signed with, as other programs of AWS have them
  NO_COLOR           if it is set to anything, there are no colours
  HTTPS_PROXY, ...   as other programs have them

A token is never an argument: everybody on the machine can read those.

The configuration, $XDG_CONFIG_HOME/vouch/config.yaml (~/.config/vouch/config.yaml),
stands behind the environment:

  api: https://files.example.com
  tokenFile: ~/.vouch-token
  # or a program that prints one: tokenCommand: [my-login, print-token]

Uploads that were begun are remembered in $XDG_STATE_HOME/vouch
(~/.local/state/vouch), without any token or URL, until they have ended.`}
}
