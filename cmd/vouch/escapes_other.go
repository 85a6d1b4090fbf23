//go:build !windows

package main

import "os"

// enableEscapes is for Windows; terminals understand escape sequences.
func enableEscapes(...*os.File) {}
