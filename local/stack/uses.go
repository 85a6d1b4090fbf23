package stack

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"

	"github.com/vouch-s3/vouch/local/policies"
)

// Use is something that a stack has seen of a role's policies. Exactly one of
// Grant, Guard and Denied is there.
type Use struct {
	// Role is the logical id of the function or state machine whose role it is.
	Role string

	// Grant has let the function, or whoever it gave a URL, make a request that no
	// other grant of the role would have allowed.
	Grant *policies.Grant `json:",omitempty"`

	// Guard has kept somebody with the role's credentials from a request that
	// would be allowed without it.
	Guard *policies.Guard `json:",omitempty"`

	// Denied is the action, or the operation of several, of a call that the
	// function has made itself and that was refused.
	Denied string `json:",omitempty"`
}

// UsesFile is the name of the file in a stack's folder with a Use a line, as
// JSON, each at least once.
const UsesFile = "permissions.jsonl"

// ReadUses reads the file of a stack that may still be running, or was killed.
func ReadUses(path string) (all []Use, err error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the uses of permissions: %w", err)
	}
	// Behind the last line break is a line that is being written, or never was.
	for line := range bytes.Lines(data[:bytes.LastIndexByte(data, '\n')+1]) {
		var u Use
		if err := json.Unmarshal(line, &u); err != nil {
			return nil, fmt.Errorf("read the uses of permissions in %s: %w", path, err)
		}
		all = append(all, u)
	}
	return all, nil
}

// useLog writes down each use once.
type useLog struct {
	mu    sync.Mutex
	file  *os.File
	known map[string]bool // by its line
	log   *slog.Logger
}

func openUses(path string, log *slog.Logger) (*useLog, error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the uses of permissions: %w", err)
	}
	return &useLog{file: f, known: map[string]bool{}, log: log}, nil
}

// note writes a use down, if it is a new one. There is no log where a test needs
// none.
func (l *useLog) note(u Use) {
	if l == nil {
		return
	}
	line, err := json.Marshal(u)
	if err == nil {
		l.mu.Lock()
		defer l.mu.Unlock()
		if l.known[string(line)] {
			return
		}
		l.known[string(line)] = true
		_, err = l.file.Write(append(line, '\n'))
	}
	if err != nil {
		l.log.Error("a use of a permission is not written down", "error", err.Error())
	}
}

func (l *useLog) close() { l.file.Close() }

// LogicalID is the logical id of the function or the state machine whose role it is.
func LogicalID(r policies.Role) string {
	return strings.TrimSuffix(strings.TrimPrefix(r.Name, Name+"-"), "Role")
}
