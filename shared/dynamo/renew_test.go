package dynamo

import "testing"

func TestACursorIsReadOnlyAsItIsWritten(t *testing.T) {
	const id = "0195f3a2-7c1e-7b4a-9d5e-3f2a1b0c9d8e"
	for _, p := range []position{{shard: 0}, {shard: 15}, {shard: 271}, {shard: 14, checkedAt: "2026-11-24T15:00:00.123Z", id: id}, {shard: 16 + 0x8e, checkedAt: "2026-11-24T15:00:00.123Z", id: id}} {
		if got, err := parsePosition(p.String()); err != nil || got != p {
			t.Errorf("%q is read as %+v, %v", p, got, err)
		}
	}
	for _, s := range []string{
		"", "g", "fff", "FF", " ", "e ", "e  ", "e 2026-11-24T15:00:00.123Z", "e 2026-11-24T15:00:00.123Z x", "e yesterday " + id,
		"f 2026-11-24T15:00:00.123Z " + id, "8f 2026-11-24T15:00:00.123Z " + id, "e 2026-11-24T15:00:00Z " + id, "e 2026-11-24T16:00:00.123+01:00 " + id, "e 2026-11-24T15:00:00.123Z " + id + " ",
	} {
		if p, err := parsePosition(s); err == nil {
			t.Errorf("%q is read as %+v", s, p)
		}
	}
}

func FuzzParsePosition(f *testing.F) {
	f.Add("0")
	f.Add("e 2026-11-24T15:00:00.123Z 0195f3a2-7c1e-7b4a-9d5e-3f2a1b0c9d8e")
	f.Fuzz(func(t *testing.T, s string) {
		if p, err := parsePosition(s); err == nil && p.String() != s {
			t.Errorf("%q is read as %q", s, p)
		}
	})
}
