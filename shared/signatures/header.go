package signatures

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// HeaderSize is how long the header of a database is, in bytes.
const HeaderSize = 512

// Header is what a signature database (a .cvd file) says of itself.
type Header struct {
	Version int       // counts up with every edition
	Built   time.Time // UTC
}

// ParseHeader reads the first HeaderSize bytes of a .cvd file:
// "ClamAV-VDB:TIME:VERSION:SIGNATURES:LEVEL:MD5:SIGNATURE:BUILDER:SECONDS" and
// spaces, where SECONDS is the time again, since 1970 (cl_cvdparse of libclamav).
// It checks no signature: freshclam and clamd do.
func ParseHeader(b []byte) (Header, error) {
	if len(b) != HeaderSize {
		return Header{}, fmt.Errorf("the header of the database has %d bytes, not %d", len(b), HeaderSize)
	}
	fields := strings.Split(strings.TrimRight(string(b), " "), ":")
	if len(fields) != 9 || fields[0] != "ClamAV-VDB" {
		return Header{}, fmt.Errorf("the header of the database has %d fields, and begins with %q", len(fields), fields[0])
	}
	version, err := strconv.Atoi(fields[2])
	if err != nil || version <= 0 {
		return Header{}, fmt.Errorf("the database's version is %q", fields[2])
	}
	seconds, err := strconv.ParseInt(fields[8], 10, 64)
	if err != nil || seconds <= 0 {
		return Header{}, fmt.Errorf("the time at which the database was built is %q", fields[8])
	}
	return Header{Version: version, Built: time.Unix(seconds, 0).UTC()}, nil
}
