package e2e

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/crc64"
	"io"
	"net/http"
	"testing"
	"time"

	domain "github.com/vouch-s3/vouch/shared/file"
)

const partSize = domain.MinPartSize

// nvme is the polynomial of CRC-64/NVME, reflected.
var nvme = crc64.MakeTable(0x9a6c9329ac4bc9b5)

func crc64nvme(data []byte) string {
	return base64.StdEncoding.EncodeToString(binary.BigEndian.AppendUint64(nil, crc64.Checksum(data, nvme)))
}

// split divides data as a client does.
func split(data []byte) [][]byte {
	var parts [][]byte
	for len(data) > partSize {
		parts, data = append(parts, data[:partSize]), data[partSize:]
	}
	return append(parts, data)
}

// askParts asks to upload data in parts.
func (u user) askParts(t *testing.T, data []byte, promise bool) file {
	t.Helper()
	in := map[string]any{"filename": "a.bin", "contentType": octets, "size": len(data), "method": "multipart", "partSize": partSize}
	if promise {
		in["checksumSHA256"] = checksum(data)
	}
	body, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	r := u.call(t, "POST", "/files", string(body))
	if r.status != http.StatusCreated {
		t.Fatalf("POST /files: %d %s", r.status, r.body)
	}
	var f file
	r.into(t, &f)
	return f
}

// partURL is where one part is sent.
type partURL struct {
	PartNumber int
	Size       int64
	Method     string
	URL        string
	Headers    map[string]string
}

// partURLs asks for the URLs of parts; sums may be nil.
func (u user) partURLs(t *testing.T, id string, numbers []int, sums []string) []partURL {
	t.Helper()
	in := map[string]any{"partNumbers": numbers}
	if sums != nil {
		in["checksums"] = sums
	}
	body, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	r := u.call(t, "POST", "/files/"+id+"/parts", string(body))
	if r.status != http.StatusOK {
		t.Fatalf("POST /files/%s/parts: %d %s", id, r.status, r.body)
	}
	var signed struct{ Parts []partURL }
	r.into(t, &signed)
	return signed.Parts
}

// putPart sends a part, and returns S3's ETag.
func putPart(t *testing.T, p partURL, data []byte) (etag string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), p.Method, p.URL, bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range p.Headers {
		if name != "Content-Length" {
			req.Header.Set(name, value)
		}
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("PUT of part %d: %d %s", p.PartNumber, resp.StatusCode, body)
	}
	return resp.Header.Get("ETag")
}

// sent is what a client knows of a part that it has sent.
type sent struct {
	PartNumber        int    `json:"partNumber"`
	ETag              string `json:"etag"`
	ChecksumCRC64NVME string `json:"checksumCRC64NVME,omitempty"`
}

// sendParts sends the parts with these numbers, and returns what S3 says of them.
func (u user) sendParts(t *testing.T, f file, data []byte, numbers ...int) []sent {
	t.Helper()
	parts := split(data)
	var sums []string
	for _, n := range numbers {
		sums = append(sums, crc64nvme(parts[n-1]))
	}
	var all []sent
	for i, p := range u.partURLs(t, f.ID, numbers, sums) {
		all = append(all, sent{numbers[i], putPart(t, p, parts[numbers[i]-1]), sums[i]})
	}
	return all
}

// held lists the parts that S3 holds.
func (u user) held(t *testing.T, id string) []sent {
	t.Helper()
	r := u.call(t, "GET", "/files/"+id+"/parts", "")
	if r.status != http.StatusOK {
		t.Fatalf("GET /files/%s/parts: %d %s", id, r.status, r.body)
	}
	var page struct{ Parts []sent }
	r.into(t, &page)
	return page.Parts
}

func (u user) complete(t *testing.T, id string, completion any) reply {
	t.Helper()
	body := ""
	if completion != nil {
		data, err := json.Marshal(completion)
		if err != nil {
			t.Fatal(err)
		}
		body = string(data)
	}
	return u.call(t, "POST", "/files/"+id+"/complete", body)
}

func TestAFileInPartsGoesUpAndComesDownByteForByte(t *testing.T) {
	alice := as(t, "alice")
	data := random(t, 2*partSize+12_345)
	f := alice.askParts(t, data, false)
	if f.Status != "pending" || f.Method != "multipart" || f.Multipart.PartSize != partSize || f.Multipart.PartCount != 3 || time.Until(f.Multipart.ExpiresAt) < 71*time.Hour {
		t.Fatalf("%+v", f)
	}
	alice.sendParts(t, f, data, 3, 1)
	if held := alice.held(t, f.ID); len(held) != 2 || held[0].PartNumber != 1 || held[1].PartNumber != 3 || held[0].ChecksumCRC64NVME != crc64nvme(split(data)[0]) {
		t.Errorf("S3 holds %+v", held)
	}
	alice.sendParts(t, f, data, 1) // again, as after an answer that was lost
	alice.sendParts(t, f, data, 2)
	held := alice.held(t, f.ID)
	r := alice.complete(t, f.ID, map[string]any{"parts": held, "checksumCRC64NVME": crc64nvme(data), "checksumSHA256": checksum(data)})
	if r.status != http.StatusAccepted {
		t.Fatalf("complete: %d %s", r.status, r.body)
	}
	f = alice.await(t, f.ID, "ready")
	if f.ChecksumSHA256 != checksum(data) {
		t.Errorf("the record has the checksum %s", f.ChecksumSHA256)
	}
	status, _, body := fetch(t, alice.link(t, f.ID))
	if status != http.StatusOK || !bytes.Equal(body, data) {
		t.Fatalf("%d, %d bytes came back", status, len(body))
	}
	if r := alice.complete(t, f.ID, nil); r.status != http.StatusAccepted {
		t.Errorf("complete again: %d %s", r.status, r.body)
	}
	for _, c := range []struct{ method, body string }{{"POST", `{"partNumbers":[1]}`}, {"GET", ""}} {
		r := alice.call(t, c.method, "/files/"+f.ID+"/parts", c.body)
		var p problem
		if r.into(t, &p); r.status != http.StatusConflict || p.Type != "urn:vouch:problem:closed" || p.FileStatus != "ready" {
			t.Errorf("%s parts of a file that is ready: %d %s", c.method, r.status, r.body)
		}
	}
	if got := fmt.Sprint(len(held)); got != "3" {
		t.Errorf("S3 held %s parts", got)
	}
}
