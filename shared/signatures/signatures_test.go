package signatures

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

var now = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// database is a .cvd file of the version, built the hours before now.
func database(version, hours int) string {
	h := fmt.Sprintf("ClamAV-VDB:24 Nov 2026 09-27 +0000:%d:1:90:X:X:vouch:%d", version, now.Add(-time.Duration(hours)*time.Hour).Unix())
	return fmt.Sprintf("%-512s", h) + "signatures"
}

// memory is a mirror that notes the order of what is put into it.
type memory struct {
	held map[string]string
	put  []string
	full bool // takes nothing more
}

func (m *memory) Get(_ context.Context, name string) (io.ReadCloser, error) {
	content, ok := m.held[name]
	if !ok {
		return nil, fmt.Errorf("get: %w", ErrNotFound)
	}
	return io.NopCloser(strings.NewReader(content)), nil
}

func (m *memory) Put(_ context.Context, name string, content io.ReadSeeker) error {
	if m.full {
		return errors.New("no more")
	}
	b, err := io.ReadAll(content)
	m.held[name], m.put = string(b), append(m.put, name)
	return err
}

// editions is an updater that has these databases, or fails.
type editions map[string]string

func (e editions) Update(_ context.Context, dir string) error {
	if e == nil {
		return errors.New("no answer from database.clamav.net")
	}
	for name, content := range e {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			return err
		}
	}
	return nil
}

func TestWhatIsNewIsPutIntoTheMirrorAndDailyLast(t *testing.T) {
	old := map[string]string{"main.cvd": database(62, 9000), "bytecode.cvd": database(335, 9000), "daily.cvd": database(27499, 30)}
	for name, tt := range map[string]struct {
		held    map[string]string
		updater editions
		put     []string
		age     int // hours
		fails   string
	}{
		"an empty mirror is filled": {nil, old, []string{"main.cvd", "bytecode.cvd", "daily.cvd"}, 30, ""},
		"nothing is new":            {old, editions{}, nil, 30, ""},
		"daily is new":              {old, editions{"daily.cvd": database(27500, 6)}, []string{"daily.cvd"}, 6, ""},
		"main is new too":           {old, editions{"daily.cvd": database(27500, 6), "main.cvd": database(63, 7)}, []string{"main.cvd", "daily.cvd"}, 6, ""},
		"an older one is refused":   {old, editions{"daily.cvd": database(27498, 60)}, nil, 30, "older"},
		"no database is refused":    {old, editions{"daily.cvd": strings.Repeat("x", 600)}, nil, 30, "begins with"},
		"a cut one is refused":      {old, editions{"daily.cvd": "ClamAV-VDB"}, nil, 30, "unexpected EOF"},
		"one is missing":            {nil, editions{"main.cvd": database(62, 9000)}, []string{"main.cvd"}, 0, "bytecode.cvd"},
		"ClamAV does not answer":    {old, nil, nil, 30, "no answer"},
		"a broken mirror is said":   {map[string]string{"main.cvd": "x"}, old, nil, 0, "from the mirror"},
	} {
		t.Run(name, func(t *testing.T) {
			m := &memory{held: map[string]string{}}
			maps.Copy(m.held, tt.held)
			age, err := Refresher{Mirror: m, Updater: tt.updater, Dir: filepath.Join(t.TempDir(), "d"), Now: func() time.Time { return now }}.Refresh(t.Context())
			if said := fmt.Sprint(err); (err == nil) != (tt.fails == "") || !strings.Contains(said, tt.fails) && err != nil {
				t.Errorf("the error is %v, want one with %q", err, tt.fails)
			}
			if !slices.Equal(m.put, tt.put) || age != time.Duration(tt.age)*time.Hour {
				t.Errorf("put %v, %v old; want %v, %d hours old", m.put, age, tt.put, tt.age)
			}
			for _, name := range tt.put {
				if m.held[name] != tt.updater[name] {
					t.Errorf("%s in the mirror is not what came", name)
				}
			}
		})
	}
}

func TestTheAgeIsThatOfTheMirrorAndNotOfWhatCouldNotBePut(t *testing.T) {
	m := &memory{held: map[string]string{"main.cvd": database(62, 9000), "bytecode.cvd": database(335, 9000), "daily.cvd": database(27499, 30)}, full: true}
	age, err := Refresher{Mirror: m, Updater: editions{"daily.cvd": database(27500, 6)}, Dir: filepath.Join(t.TempDir(), "d"), Now: func() time.Time { return now }}.Refresh(t.Context())
	if err == nil || age != 30*time.Hour {
		t.Errorf("%v old, %v", age, err)
	}
}

// One that the kernel kills for its memory must not pass for one with nothing new.
func TestAFreshclamThatFailsIsAnErrorWithItsWords(t *testing.T) {
	path := filepath.Join(t.TempDir(), "freshclam")
	for script, want := range map[string]string{
		`echo "cannot reach $2"; exit 7`: "exit status 7: cannot reach --datadir=/d",
		"echo downloading; kill -9 $$":   "signal: killed: downloading",
	} {
		if err := os.WriteFile(path, []byte("#!/bin/sh\n"+script+"\n"), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := (Freshclam{Path: path}).Update(t.Context(), "/d"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", script, err)
		}
	}
}

func TestAHeaderSaysTheVersionAndTheTime(t *testing.T) {
	h, err := ParseHeader([]byte(database(27500, 2))[:HeaderSize])
	if err != nil || h.Version != 27500 || !h.Built.Equal(now.Add(-2*time.Hour)) {
		t.Errorf("%+v, %v", h, err)
	}
}

func FuzzParseHeader(f *testing.F) {
	f.Add([]byte(database(27500, 2))[:HeaderSize])
	f.Add([]byte(database(-1, 2))[:HeaderSize])
	f.Add(bytes.Repeat([]byte(":"), HeaderSize))
	f.Fuzz(func(t *testing.T, b []byte) {
		if h, err := ParseHeader(b); err == nil && (h.Version <= 0 || h.Built.Unix() <= 0 || !bytes.HasPrefix(b, []byte("ClamAV-VDB:"))) {
			t.Errorf("%q is the header %+v", b, h)
		}
	})
}
