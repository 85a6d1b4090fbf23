package inspect

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"slices"
	"strings"
	"testing"

	"github.com/vouch-s3/vouch/shared/file"
)

// streamedZip writes entries as they are written into a pipe: stored, their
// lengths only behind them.
func streamedZip(t *testing.T, contents ...[]byte) []byte {
	t.Helper()
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for i, content := range contents {
		w, err := z.CreateHeader(&zip.FileHeader{Name: string(rune('a' + i)), Method: zip.Store})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(content); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// fitting is a descriptor that fits the content before it.
func fitting(content []byte) []byte {
	d := slices.Clone(descriptorMark)
	d = binary.LittleEndian.AppendUint32(d, crc32.ChecksumIEEE(content))
	d = binary.LittleEndian.AppendUint32(d, uint32(len(content)))
	return binary.LittleEndian.AppendUint32(d, uint32(len(content)))
}

func TestStoredEntriesWrittenIntoAPipeAreWalkedToTheirEnd(t *testing.T) {
	long := []byte(strings.Repeat("stored text, ", 20_000))
	marks := bytes.Repeat(descriptorMark, 1000)
	for name, contents := range map[string][][]byte{
		"short":                    {[]byte("x")},
		"empty":                    {nil, nil},
		"long":                     {long},
		"several":                  {long, nil, []byte("x"), long[:16<<10]},
		"marks in the content":     {append([]byte("x"), marks...), append(slices.Clone(long), marks...)},
		"ends in part of a mark":   {[]byte("PK\x07"), []byte("PK"), []byte("P")},
		"a mark across reads":      {append(bytes.Repeat([]byte("x"), 16<<10-2), marks...)},
		"a zip within, stored too": {streamedZip(t, long, []byte("x"))},
	} {
		r := inspected(t, streamedZip(t, contents...))
		entries := int64(len(contents))
		if name == "a zip within, stored too" {
			entries += 2
		}
		if len(r.Findings) > 0 || !r.Coverage.Complete || r.Coverage.Entries != entries {
			t.Errorf("%s: %+v", name, r)
		}
	}
}

// An entry that goes on behind a descriptor that fits is two things to two
// readers: it is the directory that decides, and it must agree with what was seen.
func TestAStoredEntryThatHidesBehindADescriptorIsFound(t *testing.T) {
	shown := []byte("shown")
	hidden := slices.Concat(shown, fitting(shown), []byte("hidden"))
	r := inspected(t, streamedZip(t, hidden))
	if !r.has(file.Malformed) || r.Coverage.Complete {
		t.Errorf("%+v", r)
	}
}

func TestAStoredEntryCutOffBeforeItsDescriptorIsMissed(t *testing.T) {
	whole := streamedZip(t, []byte(strings.Repeat("stored text, ", 10)))
	for n := 5; n < len(whole); n++ {
		if r := inspected(t, whole[:n]); r.Coverage.Complete || len(r.Findings) == 0 {
			t.Fatalf("cut at %d: %+v", n, r)
		}
	}
}
