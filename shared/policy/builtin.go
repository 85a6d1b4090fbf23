// Code generated from default.yaml by go generate. DO NOT EDIT.

package policy

import (
	"github.com/vouch-s3/vouch/shared/file"
	"github.com/vouch-s3/vouch/shared/inspect"
	"github.com/vouch-s3/vouch/shared/quota"
)

// builtIn returns the policy of default.yaml, in a value of its own.
func builtIn() Policy {
	return Policy{
		MaxSize: 2147483645,
		Types: map[string]*Type{
			"application/gzip": &Type{
				Content: []string{"application/gzip"},
			},
			"application/json": &Type{
				Content: []string{"application/json", "application/geo+json", "application/x-ndjson", "text/plain"},
			},
			"application/msword": &Type{
				Content: []string{"application/msword", "application/x-ole-storage"},
			},
			"application/octet-stream": &Type{
				Content: []string{"*"},
			},
			"application/pdf": &Type{
				Content: []string{"application/pdf"},
			},
			"application/vnd.ms-excel": &Type{
				Content: []string{"application/vnd.ms-excel", "application/x-ole-storage"},
			},
			"application/vnd.ms-powerpoint": &Type{
				Content: []string{"application/vnd.ms-powerpoint", "application/x-ole-storage"},
			},
			"application/vnd.oasis.opendocument.presentation": &Type{
				Content: []string{"application/vnd.oasis.opendocument.presentation"},
			},
			"application/vnd.oasis.opendocument.spreadsheet": &Type{
				Content: []string{"application/vnd.oasis.opendocument.spreadsheet"},
			},
			"application/vnd.oasis.opendocument.text": &Type{
				Content: []string{"application/vnd.oasis.opendocument.text"},
			},
			"application/vnd.openxmlformats-officedocument.presentationml.presentation": &Type{
				Content: []string{"application/vnd.openxmlformats-officedocument.presentationml.presentation", "application/zip"},
			},
			"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": &Type{
				Content: []string{"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "application/zip"},
			},
			"application/vnd.openxmlformats-officedocument.wordprocessingml.document": &Type{
				Content: []string{"application/vnd.openxmlformats-officedocument.wordprocessingml.document", "application/zip"},
			},
			"application/x-tar": &Type{
				Content: []string{"application/x-tar"},
			},
			"application/zip": &Type{
				Content: []string{"application/zip", "application/epub+zip", "application/vnd.oasis.opendocument.presentation", "application/vnd.oasis.opendocument.spreadsheet", "application/vnd.oasis.opendocument.text", "application/vnd.openxmlformats-officedocument.presentationml.presentation", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"},
			},
			"audio/mpeg": &Type{
				Content: []string{"audio/mpeg"},
			},
			"audio/ogg": &Type{
				Content: []string{"audio/ogg", "application/ogg"},
			},
			"audio/wav": &Type{
				Content: []string{"audio/wav"},
			},
			"image/avif": &Type{
				Content: []string{"image/avif"},
			},
			"image/bmp": &Type{
				Content: []string{"image/bmp"},
			},
			"image/gif": &Type{
				Content: []string{"image/gif"},
			},
			"image/heic": &Type{
				Content: []string{"image/heic", "image/heic-sequence", "image/heif", "image/heif-sequence"},
			},
			"image/jpeg": &Type{
				Content: []string{"image/jpeg"},
			},
			"image/png": &Type{
				Content: []string{"image/png", "image/vnd.mozilla.apng"},
			},
			"image/tiff": &Type{
				Content: []string{"image/tiff"},
			},
			"image/webp": &Type{
				Content: []string{"image/webp"},
			},
			"text/csv": &Type{
				Content: []string{"text/csv", "text/tab-separated-values", "text/plain"},
			},
			"text/markdown": &Type{
				Content: []string{"text/plain", "text/csv"},
			},
			"text/plain": &Type{
				Content: []string{"text/plain", "text/csv", "text/tab-separated-values", "text/calendar", "text/vcard", "text/vtt", "application/json", "application/x-ndjson", "application/x-subrip"},
			},
			"video/mp4": &Type{
				Content: []string{"video/mp4", "video/x-m4v"},
			},
			"video/quicktime": &Type{
				Content: []string{"video/quicktime"},
			},
			"video/webm": &Type{
				Content: []string{"video/webm"},
			},
		},
		Methods: []file.Method{"put", "multipart", "form"},
		Multipart: Multipart{
			Threshold: 67108864,
			PartSize:  16777216,
			Life:      259200000000000,
			Batch:     100,
		},
		UploadLife:   900000000000,
		DownloadLife: 300000000000,
		ArrivalGrace: 3600000000000,
		VerifyWithin: 1800000000000,
		GiveUpAfter:  86400000000000,
		PurgeAfter:   7776000000000000,
		Quotas: quota.Quotas{
			Owner: quota.Limits{
				Bytes:         107374182400,
				Files:         100000,
				Pending:       2000,
				UploadsPerDay: 20000,
			},
		},
		MaxPage:     100,
		DefaultPage: 25,
		Inspect: inspect.Limits{
			MaxDepth:    5,
			MaxEntries:  10000,
			MaxUnpacked: 8589934592,
			MaxRatio:    200,
			MaxPixels:   100000000,
		},
		Scan: Scan{
			MaxDatabaseAge: 604800000000000,
			Timeout:        840000000000,
			Slowest:        4194304,
		},
		Findings: map[file.Reason]Action{
			"archive-depth":       "reject",
			"archive-entries":     "reject",
			"archive-path":        "reject",
			"archive-ratio":       "reject",
			"archive-size":        "reject",
			"archive-unsupported": "reject",
			"content-mismatch":    "reject",
			"encrypted":           "reject",
			"executable":          "reject",
			"image-size":          "reject",
			"malformed":           "reject",
			"markup-script":       "reject",
			"office-macros":       "reject",
			"pdf-active":          "reject",
			"polyglot":            "reject",
			"scan-incomplete":     "reject",
		},
		OnFlag:        "ready",
		RejectedBytes: "keep",
	}
}
