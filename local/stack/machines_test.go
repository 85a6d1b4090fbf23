package stack

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var administrator = key{ID: "AKIAADMINISTRATOR", Secret: "secret"}

func TestAMachineKeepsItsKeysUntilItIsForgotten(t *testing.T) {
	dir := t.TempDir()
	open := func(name, session string) MachineKey {
		t.Helper()
		k, err := OpenMachineKey(dir, name, session, nil)
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	first := open("Uploader", "one")
	if first != open("Uploader", "one") {
		t.Error("its key is another the next time")
	}
	if second := open("Uploader", "two"); second.Subject != first.Subject || second.AccessKeyID == first.AccessKeyID {
		t.Errorf("another session is %+v beside %+v", second, first)
	}
	if other := open("Other", "one"); other.Subject == first.Subject {
		t.Errorf("another role is %s too", other.Subject)
	}
	if info, err := os.Stat(filepath.Join(dir, machinesFile)); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("others can read the keys: %v, %v", info.Mode(), err)
	}
	if err := ForgetMachine(dir, "Uploader"); err != nil {
		t.Fatal(err)
	}
	if again := open("Uploader", "one"); again.Subject == first.Subject || again.AccessKeyID == first.AccessKeyID {
		t.Errorf("it was forgotten, and is %+v again", again)
	}
	if err := ForgetMachine(dir, "Nobody"); err == nil {
		t.Error("nobody was forgotten")
	}
}

func TestAPolicyThatIsNoneChangesNothing(t *testing.T) {
	dir := t.TempDir()
	key, err := OpenMachineKey(dir, "Uploader", "one", []byte(`{"Statement":{"Effect":"Allow","Action":"execute-api:Invoke","Resource":"arn:aws:execute-api:us-east-1:000000000000:machines/$default/GET/usage"}}`))
	if err != nil {
		t.Fatal(err)
	}
	for name, policy := range map[string]string{"no JSON": "x", "no statement": "{}", "no effect": `{"Statement":{"Action":"*","Resource":"*"}}`} {
		if _, err := OpenMachineKey(dir, "Uploader", "one", []byte(policy)); err == nil {
			t.Errorf("%s: it was taken", name)
		}
	}
	if _, err := OpenMachineKey(dir, "../Uploader", "one", nil); err == nil {
		t.Error("a path was taken for a name")
	}
	i := identities{dir: dir, admin: administrator, log: slog.New(slog.DiscardHandler)}
	const prefix = "arn:aws:execute-api:us-east-1:000000000000:machines/$default/"
	for resource, may := range map[string]bool{prefix + "GET/usage": true, prefix + "GET/files": false} {
		if err := i.Authorize(key.AccessKeyID, "execute-api:Invoke", resource, nil); (err == nil) != may {
			t.Errorf("%s: %v", resource, err)
		}
	}
	if err := i.Authorize("AKIAUNKNOWN", "execute-api:Invoke", prefix+"GET/usage", nil); err == nil {
		t.Error("an unknown key may call")
	}
}

func TestAMachineMayByDefaultDoWhatIsNotTheAdministrators(t *testing.T) {
	dir := t.TempDir()
	key, err := OpenMachineKey(dir, "Uploader", "one", nil)
	if err != nil {
		t.Fatal(err)
	}
	i := identities{dir: dir, admin: administrator, log: slog.New(slog.DiscardHandler)}
	who, known := i.Identity(key.AccessKeyID)
	if !known || who.Secret != key.SecretAccessKey || !strings.HasSuffix(who.ARN, ":assumed-role/Uploader/one") || !strings.HasSuffix(who.ID, ":one") {
		t.Errorf("it is %+v, %v", who, known)
	}
	if who, known := i.Identity("AKIAUNKNOWN"); known || who.Secret != "" {
		t.Errorf("an unknown key is %+v", who)
	}
	for route, may := range map[string]bool{
		"POST/files": true, "GET/files": true, "GET/files/1": true, "DELETE/files/1": true, "PUT/files/1/grants/bob": true, "GET/usage": true,
		"POST/admin/rescan": false, "DELETE/usage": false, "GET/filesystem": false,
	} {
		err := i.Authorize(key.AccessKeyID, "execute-api:Invoke", "arn:aws:execute-api:us-east-1:000000000000:machines/$default/"+route, nil)
		if (err == nil) != may {
			t.Errorf("%s: %v", route, err)
		}
	}
}
