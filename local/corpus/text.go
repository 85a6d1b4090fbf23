package corpus

import (
	"bytes"
	"math/rand/v2"
	"strings"
)

func text(*builder) []byte {
	return []byte(strings.Repeat("The quick brown fox jumps over the lazy dog.\n", 40))
}

func markdown(*builder) []byte {
	return []byte("# Notes\n\n- one\n- two\n\nSee [the site](https://example.com) and `<code>`.\n")
}

func csvTable(*builder) []byte {
	var b bytes.Buffer
	b.WriteString("id,name,amount\n")
	for range 50 {
		b.WriteString("1,\"Smith, J.\",12.50\n")
	}
	return b.Bytes()
}

func jsonData(*builder) []byte {
	return []byte(`{"name":"vouch","list":[1,2,3],"nested":{"a":null}}` + "\n")
}

func randomBytes(*builder) []byte { return noise(100_000) }

// noise returns n bytes that look random, the same every time. They show no type.
func noise(n int) []byte {
	source := rand.NewChaCha8([32]byte([]byte("vouch's corpus of test files 001")))
	data := make([]byte, n)
	source.Read(data)
	if n > 0 {
		data[0] = 0x9b // begins no known type
	}
	return data
}

func htmlPage(*builder) []byte {
	return []byte("<!DOCTYPE html>\n<html><body><h1>Hello</h1><script>alert(document.domain)</script></body></html>\n")
}

func svgScript(*builder) []byte {
	return []byte(`<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" width="10" height="10"><script>alert(1)</script></svg>`)
}

func svgHandler(*builder) []byte {
	return []byte(`<svg xmlns="http://www.w3.org/2000/svg" width="10" height="10" onload="alert(1)"><rect width="5" height="5"/></svg>`)
}

func shellScript(*builder) []byte { return []byte("#!/bin/sh\nrm -rf \"$HOME\"\n") }

// eicarPlain is the EICAR test file, put together here so that no scanner finds
// it in this source.
func eicarPlain(*builder) []byte {
	return []byte(`X5O!P%@AP[4\PZX54(P^)7CC)7}$` + `EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*`)
}

// windowsProgram is the beginning of a PE file: enough to be one by its headers.
func windowsProgram(*builder) []byte {
	data := make([]byte, 1024)
	copy(data, "MZ")
	data[0x3c] = 0x80
	copy(data[0x80:], "PE\x00\x00\x64\x86")
	return data
}

func elfProgram(*builder) []byte {
	data := make([]byte, 1024)
	copy(data, "\x7fELF\x02\x01\x01")
	data[16], data[18] = 2, 62 // an executable for x86-64
	return data
}
