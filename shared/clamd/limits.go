package clamd

import _ "embed"

// Limits is the part of the daemon's configuration that decides what it looks
// at, in the form of clamd.conf(5). Whoever runs a daemon for Vouch adds where
// it listens and keeps its files: local/antivirus on this machine, clamd/ in
// AWS.
//
//go:embed limits.conf
var Limits string
