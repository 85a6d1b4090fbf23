package access

import (
	"strings"
	"testing"

	"github.com/vouch-s3/vouch/shared/file"
)

const (
	account = "123456789012"
	roleID  = "AROAEXAMPLEROLEID0001"
	userID  = "AIDAEXAMPLEUSERID0001"
)

// uploader is a session of a role, as API Gateway describes it.
func uploader(role, id, session string) IAM {
	return IAM{Account: account, ARN: "arn:aws:sts::" + account + ":assumed-role/" + role + "/" + session, ID: id + ":" + session}
}

var taken = Claims{Owner: "sub", Machines: Machines{Taken: true}}

func TestAMachineIsItsRoleWhateverItsSessionIsCalled(t *testing.T) {
	want := ":iam:" + account + ":role:" + roleID
	for name, i := range map[string]IAM{
		"a session":            uploader("Uploader", roleID, "i-0123456789abcdef0"),
		"another":              uploader("Uploader", roleID, "alice@example.com"),
		"called as a role":     uploader("Uploader", roleID, roleID),
		"in another partition": {Account: account, ARN: "arn:aws-us-gov:sts::" + account + ":assumed-role/Uploader/s", ID: roleID + ":s"},
	} {
		if p, err := taken.Machine(i); err != nil || p.Subject != want || p.Tenant != "" || p.Groups != nil {
			t.Errorf("%s: %+v, %v", name, p, err)
		}
	}
	user := IAM{Account: account, ARN: "arn:aws:iam::" + account + ":user/batch/Uploader", ID: userID}
	if p, err := taken.Machine(user); err != nil || p.Subject != ":iam:"+account+":user:"+userID {
		t.Errorf("a user: %+v, %v", p, err)
	}
}

// IAM gives a role that is made again under its old name a new id.
func TestARoleThatIsMadeAgainIsAnother(t *testing.T) {
	first, err := taken.Machine(uploader("Uploader", roleID, "s"))
	if err != nil {
		t.Fatal(err)
	}
	second, err := taken.Machine(uploader("Uploader", "AROAEXAMPLEROLEID0002", "s"))
	if err != nil || first.Owner() == second.Owner() {
		t.Errorf("%q and %q, %v", first.Owner(), second.Owner(), err)
	}
}

func TestWhoIsNeitherARoleNorAUserIsRefused(t *testing.T) {
	role := func(change func(*IAM)) IAM {
		i := uploader("Uploader", roleID, "s")
		change(&i)
		return i
	}
	for name, i := range map[string]IAM{
		"the root user":           {Account: account, ARN: "arn:aws:iam::" + account + ":root", ID: account},
		"a federated user":        {Account: account, ARN: "arn:aws:sts::" + account + ":federated-user/bob", ID: account + ":bob"},
		"one of an identity pool": role(func(i *IAM) { i.Cognito = true }),
		"nobody":                  {},
		"no account":              role(func(i *IAM) { i.Account, i.ARN = "", "arn:aws:sts:::assumed-role/Uploader/s" }),
		"another account's ARN":   role(func(i *IAM) { i.Account = "999999999999" }),
		"an account that is none": role(func(i *IAM) { i.Account, i.ARN = "anonymous", "arn:aws:sts::anonymous:assumed-role/Uploader/s" }),
		"no id":                   role(func(i *IAM) { i.ID = "" }),
		"no unique id":            role(func(i *IAM) { i.ID = ":s" }),
		"a short one":             role(func(i *IAM) { i.ID = "AROA1:s" }),
		"an id in small letters":  role(func(i *IAM) { i.ID = strings.ToLower(roleID) + ":s" }),
		"an id with a slash":      role(func(i *IAM) { i.ID = roleID + "/x:s" }),
		"no session":              role(func(i *IAM) { i.ID = roleID }),
		"a user's id":             role(func(i *IAM) { i.ID = userID + ":s" }),
		"a role's ARN of IAM":     role(func(i *IAM) { i.ARN = "arn:aws:iam::" + account + ":role/Uploader" }),
		"a user with a role's id": {Account: account, ARN: "arn:aws:iam::" + account + ":user/Uploader", ID: roleID},
		"a user with a session":   {Account: account, ARN: "arn:aws:iam::" + account + ":user/Uploader", ID: userID + ":s"},
		"a user of STS":           {Account: account, ARN: "arn:aws:sts::" + account + ":user/Uploader", ID: userID},
		"an ARN with a region":    role(func(i *IAM) { i.ARN = "arn:aws:sts:eu-west-1:" + account + ":assumed-role/Uploader/s" }),
		"a role without a name":   role(func(i *IAM) { i.ARN = "arn:aws:sts::" + account + ":assumed-role/" }),
		"no ARN":                  role(func(i *IAM) { i.ARN = "Uploader" }),
	} {
		if p, err := taken.Machine(i); file.CodeOf(err) != file.CodeUnauthorized || p.Subject != "" {
			t.Errorf("%s: %+v, %v", name, p, err)
		}
	}
}

func TestMachinesAreTakenOnlyWhereTheyAreAskedForAndHaveTheirTenant(t *testing.T) {
	i := uploader("Uploader", roleID, "s")
	subject := ":iam:" + account + ":role:" + roleID
	for name, tt := range map[string]struct {
		claims Claims
		want   string // the owner, or empty for refused
	}{
		"by default":                {Claims{Owner: "sub"}, ""},
		"with a tenant only":        {Claims{Owner: "sub", Tenant: "tenant", Machines: Machines{Tenant: "acme"}}, ""},
		"without tenants":           {taken, subject},
		"with tenants":              {Claims{Owner: "sub", Tenant: "tenant", Machines: Machines{Taken: true, Tenant: "acme"}}, ":4:acme:" + subject},
		"no tenant":                 {Claims{Owner: "sub", Tenant: "tenant", Machines: Machines{Taken: true}}, ""},
		"a tenant that is null":     {Claims{Owner: "sub", Tenant: "tenant", Machines: Machines{Taken: true, Tenant: "null"}}, ""},
		"a tenant where are none":   {Claims{Owner: "sub", Machines: Machines{Taken: true, Tenant: "acme"}}, subject},
		"a claim of groups as well": {Claims{Owner: "sub", Groups: "groups", Machines: Machines{Taken: true}}, subject},
	} {
		p, err := tt.claims.Machine(i)
		if tt.want == "" {
			if file.CodeOf(err) != file.CodeUnauthorized || p.Subject != "" || p.Tenant != "" {
				t.Errorf("%s: %+v, %v", name, p, err)
			}
			continue
		}
		if err != nil || p.Owner() != tt.want || p.Groups != nil {
			t.Errorf("%s: %q, %v", name, p.Owner(), err)
		}
	}
}

func FuzzMachine(f *testing.F) {
	f.Add(account, "arn:aws:sts::"+account+":assumed-role/Uploader/s", roleID+":s", "acme")
	f.Add(account, "arn:aws:iam::"+account+":user/a/b", userID, "")
	f.Add(account, "arn:aws:iam::"+account+":root", account, ":4:acme:")
	f.Fuzz(func(t *testing.T, account, arn, id, tenant string) {
		for _, c := range []Claims{taken, {Owner: "sub", Tenant: "tenant", Machines: Machines{Taken: true, Tenant: tenant}}} {
			p, err := c.Machine(IAM{Account: account, ARN: arn, ID: id})
			if err != nil {
				if p.Subject != "" || p.Tenant != "" {
					t.Errorf("refused, and yet %+v", p)
				}
				continue
			}
			if !file.ValidName(p.Subject) || !strings.HasPrefix(p.Subject, ":iam:"+account+":") || len(account) != 12 {
				t.Errorf("%q of %q is read as %q", arn, account, p.Subject)
			}
			unique, _, _ := strings.Cut(id, ":")
			if !strings.HasSuffix(p.Subject, ":"+unique) {
				t.Errorf("%q is read as %q", id, p.Subject)
			}
			// No token can say the same, and no owner is two principals'.
			if _, err := (Claims{Owner: "sub"}).Principal(map[string]string{"sub": p.Subject}); err == nil {
				t.Errorf("a token can name %q", p.Subject)
			}
			if gotTenant, gotSubject := file.SplitOwner(p.Owner()); gotTenant != p.Tenant || gotSubject != p.Subject {
				t.Errorf("%q is read as %q of %q", p.Owner(), gotSubject, gotTenant)
			}
		}
	})
}
