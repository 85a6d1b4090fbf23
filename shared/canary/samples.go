package canary

import (
	"crypto/rand"
	"encoding/hex"
	"maps"
	"slices"

	"github.com/vouch-s3/vouch/shared/file"
	"github.com/vouch-s3/vouch/shared/policy"
)

// eicar returns the EICAR test file, which every scanner calls malware and
// which harms nobody ("Intended use", European Institute for Computer Antivirus
// Research). It is kept backwards, because scanners also take away programs and
// sources that it stands in.
func eicar() []byte {
	reversed := []byte(`*H+H$!ELIF-TSET-SURIVITNA-DRADNATS-RACIE$}7)CC7)^P(45XZP\4[PA@%P!O5X`)
	slices.Reverse(reversed)
	return reversed
}

// randomBytes is how many random bytes the clean file spells out.
const randomBytes = 32 << 10

// harmless returns a text of some 64 KiB that nobody has seen before, so that
// no cache can answer for it. Hexadecimal digits look like nothing else: raw
// random bytes would now and then begin like a program.
func harmless() []byte {
	random := make([]byte, randomBytes)
	rand.Read(random)
	return append([]byte("A file of Vouch's canary.\n"), hex.EncodeToString(random)...)
}

// ContentType returns the type to declare the files as: text/plain, or where the
// policy does not allow that, a type whose bytes may be anything. Where there is
// neither, the first upload is refused, and the run says so.
func ContentType(p policy.Policy) string {
	const text = "text/plain"
	if p.Types[text] != nil && p.MayBe(text, text) {
		return text
	}
	for _, name := range slices.Sorted(maps.Keys(p.Types)) {
		if slices.Contains(p.Types[name].Content, "*") {
			return name
		}
	}
	return text
}

// OneWay returns the policy that the canary's uploads are granted by: p, but by
// the one method that the canary sends by, whatever p allows clients.
func OneWay(p policy.Policy) policy.Policy {
	p.Methods = []file.Method{file.Put}
	return p
}
