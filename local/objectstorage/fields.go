package objectstorage

import (
	"bufio"
	"bytes"
	"io"
	"mime"
	"net/http"
	"net/textproto"
	"strings"
)

// maxForm is the most bytes that a form may have before its file: "The form data
// and boundaries (excluding the contents of the file) cannot exceed 20KB"
// ("Creating an HTML Form", Amazon S3 API Reference).
const maxForm = 20 << 10

var (
	errNoForm    = &refusal{http.StatusPreconditionFailed, "PreconditionFailed", "Bucket POST must be of the enclosure-type multipart/form-data"}
	errMalformed = &refusal{http.StatusBadRequest, "MalformedPOSTRequest", "The body of your POST request is not well-formed multipart/form-data."}
	errLongForm  = &refusal{http.StatusBadRequest, "MaxPostPreDataLengthExceeded", "Your POST request fields preceding the upload file were too large."}
	errNoFile    = &refusal{http.StatusBadRequest, "InvalidArgument", "POST requires exactly one file upload per request."}
)

// readForm reads the fields that a form has before its file (RFC 7578), by their
// names in lower case, and returns with them the body as it came.
//
// versitygw reads them again, and the permission that is decided by the one
// reading must be that of the other: what can be read in two ways, a field that
// is there twice for example, is refused. A test holds the two to each other.
func readForm(r *http.Request) (fields map[string]string, body io.Reader, err *refusal) {
	types := r.Header.Values("Content-Type")
	if len(types) != 1 {
		return nil, nil, errNoForm
	}
	mediaType, params, parseErr := mime.ParseMediaType(types[0])
	boundary := params["boundary"]
	switch {
	case parseErr != nil || mediaType != "multipart/form-data":
		return nil, nil, errNoForm
	case r.ContentLength < 0:
		return nil, nil, errLength
	case boundary == "" || boundary != strings.TrimSpace(boundary):
		return nil, nil, errMalformed
	}
	var read bytes.Buffer
	limited := &io.LimitedReader{R: r.Body, N: maxForm}
	fields, err = formFields(bufio.NewReader(io.TeeReader(limited, &read)), "--"+boundary)
	if err == errMalformed && limited.N <= 0 {
		err = errLongForm // it ended where it was cut off
	}
	return fields, io.MultiReader(&read, r.Body), err
}

// formFields reads fields up to the headers of the file. boundary has its dashes.
func formFields(r *bufio.Reader, boundary string) (map[string]string, *refusal) {
	if line, ok := formLine(r); !ok || line != boundary {
		return nil, errMalformed
	}
	fields := map[string]string{}
	for {
		name, ok := partName(r)
		if !ok {
			return nil, errMalformed
		}
		if name == "file" {
			return fields, nil
		}
		if _, twice := fields[name]; twice {
			return nil, errMalformed
		}
		var lines []string
		for {
			line, ok := formLine(r)
			if !ok {
				return nil, errMalformed
			}
			if line == boundary+"--" {
				return nil, errNoFile
			}
			if line == boundary {
				break
			}
			lines = append(lines, line)
		}
		fields[name] = strings.Join(lines, "\r\n")
	}
}

// partName reads the headers of a part and returns its name in lower case. Only
// the file may have a filename.
func partName(r *bufio.Reader) (name string, ok bool) {
	headers := map[string]string{}
	for {
		line, ok := formLine(r)
		if !ok {
			return "", false
		}
		if line == "" {
			break
		}
		header, value, ok := strings.Cut(line, ":")
		header = textproto.CanonicalMIMEHeaderKey(strings.TrimSpace(header))
		if _, twice := headers[header]; !ok || twice {
			return "", false
		}
		headers[header] = strings.TrimSpace(value)
	}
	disposition, params, err := mime.ParseMediaType(headers["Content-Disposition"])
	name = strings.ToLower(params["name"])
	_, named := params["filename"]
	return name, err == nil && disposition == "form-data" && name != "" && (name == "file" || !named)
}

// formLine reads a line without the CRLF that ends it.
func formLine(r *bufio.Reader) (string, bool) {
	line, err := r.ReadString('\n')
	if err != nil {
		return "", false
	}
	return strings.CutSuffix(line, "\r\n")
}
