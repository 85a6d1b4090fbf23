package clamd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/vouch-s3/vouch/shared/file"
	"github.com/vouch-s3/vouch/shared/verify"
)

// version asks a daemon what it scans with (the VERSION command, clamd(8)). It
// also returns the address of the very daemon that answered.
func (c Client) version(ctx context.Context) (e file.Engine, addr string, err error) {
	conn, hangUp, err := dial(ctx, c.Addr)
	if err != nil {
		return file.Engine{}, "", err
	}
	defer hangUp()
	if _, err := io.WriteString(conn, "zVERSION\x00"); err != nil {
		return file.Engine{}, "", errors.Join(fmt.Errorf("ask clamd for its version: %w", err), context.Cause(ctx))
	}
	reply, err := readReply(conn)
	if err != nil {
		return file.Engine{}, "", errors.Join(err, context.Cause(ctx))
	}
	e, err = parseVersion(reply)
	return e, conn.RemoteAddr().String(), err
}

// parseVersion reads "ClamAV 1.4.6/27500/Tue Nov 24 09:27:31 2026": the program,
// the version of the daily database, and when that was built. A daemon without
// a daily database says "ClamAV 1.4.6" alone, and its signatures have no date.
// The time has no zone; it is taken for UTC, which is off by hours at most.
func parseVersion(reply string) (file.Engine, error) {
	said, ok := strings.CutPrefix(reply, "ClamAV ")
	if !ok || said == "" {
		return file.Engine{}, fmt.Errorf("clamd answered %q when asked for its version", reply)
	}
	program, signatures, dated := strings.Cut(said, "/")
	e := file.Engine{Name: verify.ClamAV, Version: program}
	if !dated {
		return e, nil
	}
	database, built, _ := strings.Cut(signatures, "/")
	date, err := time.Parse(time.ANSIC, built)
	if err != nil {
		return file.Engine{}, fmt.Errorf("clamd answered %q when asked for its version: %w", reply, err)
	}
	e.Database, e.DatabaseDate = database, date.UTC()
	return e, nil
}
