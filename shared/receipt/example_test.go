package receipt_test

import (
	"fmt"
	"os"
	"strings"

	"github.com/vouch-s3/vouch/shared/receipt"
)

// A subscriber has the receipt from the event, the keys from the API's
// /.well-known/jwks.json, kept on disk, and the bytes from anywhere at all.
func ExampleVerify() {
	jwks, err := os.ReadFile("testdata/jwks.json")
	if err != nil {
		fmt.Println(err)
		return
	}
	keys, err := receipt.ParseKeySet(jwks)
	if err != nil {
		fmt.Println(err)
		return
	}
	text, err := os.ReadFile("testdata/receipt.jwt")
	if err != nil {
		fmt.Println(err)
		return
	}
	claims, err := receipt.Verify(strings.TrimSpace(string(text)), keys)
	if err != nil {
		fmt.Println(err)
		return
	}
	f, err := os.Open("testdata/hello.txt")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer f.Close()
	if err := claims.Matches(f); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(claims.Vouch.Outcome, claims.Vouch.Size, "bytes, by", claims.Vouch.Scanners[0].Name, claims.Vouch.Scanners[0].Version)
	// Output: clean 14 bytes, by clamav 1.4.3
}
