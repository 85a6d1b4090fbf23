package ask

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"time"
)

// limit is the least that answers POST /files with a presigned PUT: the event and its
// body in and the answer out by encoding/json, and between them the one SHA-256 and
// the one HMAC of Signature Version 4, with the key of the day at hand. It checks
// nothing, keeps nothing and logs nothing.
type limit struct {
	dayKey []byte // of that day, for the region
	scope  string
	token  string // the session's, escaped
}

func newLimit(now time.Time) limit {
	date := now.UTC().Format("20060102")
	key := []byte("AWS4" + secretKey)
	for _, part := range []string{date, region, "s3", "aws4_request"} {
		key = mac(key, part)
	}
	return limit{dayKey: key, scope: date + "/" + region + "/s3/aws4_request", token: url.QueryEscape(sessionToken)}
}

func mac(key []byte, message string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(message))
	return h.Sum(nil)
}

// sign is what no signer can do without: the hash of the canonical request, and the
// signature of that.
func (l limit) sign(canonical, moment string) string {
	sum := sha256.Sum256([]byte(canonical))
	return hex.EncodeToString(mac(l.dayKey, "AWS4-HMAC-SHA256\n"+moment+"\n"+l.scope+"\n"+hex.EncodeToString(sum[:])))
}

// canonical writes out the canonical request for the one form that PUTs have here,
// and the URL but for its signature.
func (l limit) canonical(key, contentType, checksum string, size int64, now time.Time) (request, link, moment string) {
	const host = bucket + ".s3." + region + ".amazonaws.com"
	moment = now.UTC().Format("20060102T150405Z")
	query := "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=" + accessKey + "%2F" + url.QueryEscape(l.scope) + "&X-Amz-Date=" + moment +
		"&X-Amz-Expires=900&X-Amz-Security-Token=" + l.token +
		"&X-Amz-SignedHeaders=content-length%3Bcontent-type%3Bhost%3Bif-none-match%3Bx-amz-checksum-sha256&x-id=PutObject"
	request = "PUT\n/" + key + "\n" + query + "\ncontent-length:" + strconv.FormatInt(size, 10) + "\ncontent-type:" + contentType + "\nhost:" + host +
		"\nif-none-match:*\nx-amz-checksum-sha256:" + checksum + "\n\ncontent-length;content-type;host;if-none-match;x-amz-checksum-sha256\nUNSIGNED-PAYLOAD"
	return request, "https://" + host + "/" + key + "?" + query, moment
}

func (l limit) presign(key, contentType, checksum string, size int64, now time.Time) string {
	request, link, moment := l.canonical(key, contentType, checksum, size, now)
	return link + "&X-Amz-Signature=" + l.sign(request, moment)
}

// answer is the whole of it.
func (l limit) answer(event []byte, now time.Time) ([]byte, error) {
	var in struct {
		Body string `json:"body"`
	}
	if err := json.Unmarshal(event, &in); err != nil {
		return nil, fmt.Errorf("read the event: %w", err)
	}
	var ask struct {
		Filename       string `json:"filename"`
		ContentType    string `json:"contentType"`
		Size           int64  `json:"size"`
		ChecksumSHA256 string `json:"checksumSHA256"`
	}
	if err := json.Unmarshal([]byte(in.Body), &ask); err != nil {
		return nil, fmt.Errorf("read the body: %w", err)
	}
	link := l.presign(thePut().Key, ask.ContentType, ask.ChecksumSHA256, ask.Size, now)
	body, err := json.Marshal(struct {
		URL string `json:"url"`
	}{link})
	if err != nil {
		return nil, fmt.Errorf("write the body: %w", err)
	}
	return json.Marshal(struct {
		StatusCode int    `json:"statusCode"`
		Body       string `json:"body"`
	}{201, string(body)})
}
