package main

import (
	"os"

	"golang.org/x/sys/windows"
)

// enableEscapes has the console understand the escape sequences that bars and
// colours are made of (Microsoft, "Console Virtual Terminal Sequences").
func enableEscapes(files ...*os.File) {
	for _, f := range files {
		var mode uint32
		if err := windows.GetConsoleMode(windows.Handle(f.Fd()), &mode); err != nil {
			continue // it is no console
		}
		windows.SetConsoleMode(windows.Handle(f.Fd()), mode|windows.ENABLE_VIRTUAL_TERMINAL_PROCESSING)
	}
}
