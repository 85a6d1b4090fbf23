package samtemplate

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

const clamdImage = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/vouch-clamd@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

// document is template.yaml, decoded.
func document(t *testing.T) map[string]any {
	t.Helper()
	data, err := os.ReadFile("../../template.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var root yaml.Node
	if err := yaml.Unmarshal(data, &root); err != nil {
		t.Fatal(err)
	}
	decoded, err := decode(&root)
	if err != nil {
		t.Fatal(err)
	}
	return decoded.(map[string]any)
}

func TestAPlaceForClamdThatIsNotWholeIsRefused(t *testing.T) {
	for name, tt := range map[string]struct {
		parameters map[string]string
		want       string // in the error; "" for none of the rules'
	}{
		"fargate":                       {map[string]string{"ClamdHost": "fargate", "ClamdImage": clamdImage}, ""},
		"fargate without an image":      {map[string]string{"ClamdHost": "fargate"}, "needs ClamdImage"},
		"fargate by default":            {map[string]string{}, "needs ClamdImage"},
		"fargate with an address":       {map[string]string{"ClamdHost": "fargate", "ClamdImage": clamdImage, "ClamdAddress": "clamd:3310"}, "for ClamdHost=address only"},
		"lambda":                        {map[string]string{"ClamdHost": "lambda"}, ""},
		"lambda with an address":        {map[string]string{"ClamdHost": "lambda", "ClamdAddress": "clamd:3310"}, "for ClamdHost=address only"},
		"an address":                    {map[string]string{"ClamdHost": "address", "ClamdAddress": "clamd:3310"}, ""},
		"no address":                    {map[string]string{"ClamdHost": "address"}, "needs ClamdAddress"},
		"an address without a port":     {map[string]string{"ClamdHost": "address", "ClamdAddress": "clamd"}, "AllowedPattern"},
		"an image by a tag":             {map[string]string{"ClamdHost": "fargate", "ClamdImage": strings.Replace(clamdImage, "@sha256:", ":", 1)}, "AllowedPattern"},
		"somewhere else":                {map[string]string{"ClamdHost": "ec2"}, "AllowedValues"},
		"nothing, with no scanner":      {map[string]string{"Scanners": "none"}, ""},
		"an address, ignored":           {map[string]string{"Scanners": "none", "ClamdAddress": "clamd:3310"}, "for ClamdHost=address only"},
		"address without, and no clamd": {map[string]string{"Scanners": "none", "ClamdHost": "address"}, ""},
	} {
		e := env()
		for _, own := range []string{"ClamdHost", "ClamdAddress"} {
			delete(e.Parameters, own)
		}
		maps.Copy(e.Parameters, tt.parameters)
		_, err := Load("../../template.yaml", e)
		said := fmt.Sprint(err)
		if tt.want != "" && !strings.Contains(said, tt.want) || tt.want == "" && strings.Contains(said, "rule ") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What the local stack cannot run it must not pretend to: the error names the
// resource.
func TestAClamdInAWSIsNothingThatTheLocalStackPretendsToRun(t *testing.T) {
	for _, parameters := range []map[string]string{{"ClamdHost": "fargate", "ClamdImage": clamdImage}, {"ClamdHost": "lambda"}} {
		e := env()
		delete(e.Parameters, "ClamdAddress")
		maps.Copy(e.Parameters, parameters)
		if _, err := Load("../../template.yaml", e); err == nil || !strings.Contains(err.Error(), "neither has nor stands in for") {
			t.Errorf("%v: %v", parameters, err)
		}
	}
}

// Wherever clamd runs, nothing that is made may name something that is not.
func TestEveryReferenceLeadsSomewhereWhereverClamdRuns(t *testing.T) {
	doc := document(t)
	section := func(name string) map[string]any { m, _ := doc[name].(map[string]any); return m }
	for name, tt := range map[string]struct {
		parameters map[string]string
		there      []string
		away       []string
	}{
		"fargate":                     {map[string]string{"ClamdHost": "fargate", "ClamdImage": clamdImage}, []string{"ScanObjectFunction", "ClamdService", "ClamdS3Endpoint", "SignaturesBucket"}, []string{"ScanObjectImageFunction"}},
		"lambda":                      {map[string]string{"ClamdHost": "lambda"}, []string{"ScanObjectImageFunction", "ClamdS3Endpoint", "SignaturesBucket"}, []string{"ScanObjectFunction", "ClamdService", "ClamdLogsEndpoint"}},
		"address":                     {map[string]string{"ClamdHost": "address", "ClamdAddress": "clamd:3310"}, []string{"ScanObjectFunction"}, []string{"ScanObjectImageFunction", "ClamdService", "ClamdVpc", "SignaturesBucket", "DataEvents", "DataEventsBucket", "DataEventsBucketPolicy"}},
		"a trail":                     {map[string]string{"ClamdHost": "address", "ClamdAddress": "clamd:3310", "DataEventsTrail": "enabled"}, []string{"DataEvents", "DataEventsBucket", "DataEventsBucketPolicy"}, nil},
		"the page":                    {map[string]string{"ClamdHost": "address", "ClamdAddress": "clamd:3310", "JwtIssuer": "", "JwtAudience": "", "WebPage": "enabled"}, []string{"WebDistribution", "WebBucket", "UserPoolClient"}, nil},
		"the page, of another issuer": {map[string]string{"ClamdHost": "address", "ClamdAddress": "clamd:3310", "WebPage": "enabled"}, []string{"WebDistribution", "WebHeaders"}, []string{"UserPoolClient"}},
		"not asked":                   {map[string]string{"Scanners": "none"}, []string{"ScanObjectFunction"}, []string{"ScanObjectImageFunction", "ClamdService", "ClamdVpc", "SignaturesBucket"}},
	} {
		t.Run(name, func(t *testing.T) {
			e := env()
			delete(e.Parameters, "ClamdHost")
			delete(e.Parameters, "ClamdAddress")
			maps.Copy(e.Parameters, tt.parameters)
			r := &resolver{env: e, conditions: section("Conditions"), resources: map[string]resource{}, deciding: map[string]bool{}}
			var err error
			if r.parameters, err = parameterValues(section("Parameters"), e.Parameters); err != nil {
				t.Fatal(err)
			}
			b := &builder{resolver: r}
			if err := b.declare(section("Resources")); err != nil {
				t.Fatal(err)
			}
			for _, id := range tt.there {
				if _, ok := r.resources[id]; !ok {
					t.Errorf("there is no %s", id)
				}
			}
			for _, id := range tt.away {
				if _, ok := r.resources[id]; ok {
					t.Errorf("there is a %s", id)
				}
			}
			for id, res := range r.resources {
				dangling(t, r, id, res.Properties)
			}
			dangling(t, r, "Globals", section("Globals"))
			for id, o := range section("Outputs") {
				if c, ok := o.(map[string]any)["Condition"]; ok {
					if holds, err := r.condition(fmt.Sprint(c)); err != nil || !holds {
						continue
					}
				}
				dangling(t, r, id, o)
			}
		})
	}
}

// dangling reports what v refers to, in the branches that are taken, and is not
// there.
func dangling(t *testing.T, r *resolver, place string, v any) {
	t.Helper()
	find := func(name string) {
		_, parameter := r.parameters[name]
		_, made := r.resources[name]
		if !parameter && !made && !strings.HasPrefix(name, "AWS::") {
			t.Errorf("%s refers to %s, which is not there", place, name)
		}
	}
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			dangling(t, r, place, e)
		}
	case map[string]any:
		for name, arg := range v {
			switch {
			case name == "Ref":
				find(fmt.Sprint(arg))
			case name == "Fn::GetAtt":
				find(fmt.Sprint(arg.([]any)[0]))
			case name == "Fn::If":
				list := arg.([]any)
				holds, err := r.condition(fmt.Sprint(list[0]))
				if err != nil {
					t.Fatalf("%s: %v", place, err)
				}
				if holds {
					dangling(t, r, place, list[1])
				} else {
					dangling(t, r, place, list[2])
				}
			case name == "Fn::Sub":
				own := map[string]any{}
				if list, ok := arg.([]any); ok {
					own = list[1].(map[string]any)
					dangling(t, r, place, own)
					arg = list[0]
				}
				for _, match := range variable.FindAllStringSubmatch(arg.(string), -1) {
					target, _, _ := strings.Cut(match[1], ".")
					if _, ok := own[target]; !ok && !strings.HasPrefix(target, "!") {
						find(target)
					}
				}
			default:
				dangling(t, r, place, arg)
			}
		}
	}
}

// clamd takes commands from whoever connects, SHUTDOWN among them.
func TestOnlyTheScanFunctionReachesClamd(t *testing.T) {
	resources := document(t)["Resources"].(map[string]any)
	group := resources["ClamdSecurityGroup"].(map[string]any)["Properties"].(map[string]any)
	ingress := group["SecurityGroupIngress"].([]any)
	if len(ingress) != 1 {
		t.Fatalf("there are %d ways in", len(ingress))
	}
	way := ingress[0].(map[string]any)
	if from := fmt.Sprint(way["SourceSecurityGroupId"]); from != "map[Ref:ScanObjectSecurityGroup]" || way["FromPort"] != 3310 || way["ToPort"] != 3310 {
		t.Errorf("%v", way)
	}
	for id, r := range resources {
		r := r.(map[string]any)
		if r["Type"] == "AWS::EC2::SecurityGroupIngress" && strings.Contains(fmt.Sprint(r["Properties"]), "ClamdSecurityGroup") {
			t.Errorf("%s is one more way in", id)
		}
		text := fmt.Sprint(r["Properties"])
		if r["Type"] == "AWS::ECS::Service" && !strings.Contains(text, "AssignPublicIp:DISABLED") {
			t.Errorf("%s has a public address: %s", id, text)
		}
		if !strings.HasPrefix(id, "ScanObject") && id != "ClamdSecurityGroup" && strings.Contains(text, "Ref:ScanObjectSecurityGroup") {
			t.Errorf("%s has to do with the scan function's group", id)
		}
	}
}

// The scan is one function in two forms: with a clamd of its own, and without.
func TestTheScanFunctionMayDoTheSameInBothItsForms(t *testing.T) {
	doc := document(t)
	properties := func(id string) map[string]any {
		return doc["Resources"].(map[string]any)[id].(map[string]any)["Properties"].(map[string]any)
	}
	variables := func(p map[string]any) map[string]any {
		return p["Environment"].(map[string]any)["Variables"].(map[string]any)
	}
	zip, image := properties("ScanObjectFunction"), properties("ScanObjectImageFunction")

	globals := doc["Globals"].(map[string]any)["Function"].(map[string]any)
	want := merged(variables(globals), variables(zip))
	got := maps.Clone(variables(image))
	for _, own := range []string{"CLAMD_ADDRESS", "CLAMD_WAIT", "SIGNATURES_URL"} {
		delete(want, own)
		delete(got, own)
	}
	for _, apis := range []string{"OWNER_CLAIM", "TENANT_CLAIM", "GROUPS_CLAIM", "MACHINE_ROUTES", "MACHINE_TENANT"} { // in Globals, and for the functions of the API
		delete(want, apis)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("the settings of one are %v, of the other %v", slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(want)))
	}
	if zip["Timeout"] != image["Timeout"] {
		t.Errorf("one ends after %v seconds, the other after %v", zip["Timeout"], image["Timeout"])
	}

	statements := func(v any) string {
		text, err := json.MarshalIndent(v, "", " ")
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	inline := properties("ScanObjectImageFunctionRole")["Policies"].([]any)[0].(map[string]any)["PolicyDocument"].(map[string]any)
	one, other := statements(zip["Policies"].([]any)[0].(map[string]any)["Statement"]), statements(inline["Statement"])
	if one != other {
		t.Errorf("one may\n%s\nand the other\n%s", one, other)
	}
}

// More scans at a time than the daemons' threads would only wait in a daemon;
// those over the limit wait in the workflow instead.
func TestThereIsAThreadForEveryScanOnceAllTasksRun(t *testing.T) {
	resources := document(t)["Resources"].(map[string]any)
	properties := func(id string) map[string]any {
		return resources[id].(map[string]any)["Properties"].(map[string]any)
	}
	reserved := properties("ScanObjectFunction")["ReservedConcurrentExecutions"].(map[string]any)["Fn::If"].([]any)[1]
	tasks := properties("ClamdScaling")["MaxCapacity"].(int)
	daemon, err := os.ReadFile("../../clamd/daemon.conf")
	if err != nil {
		t.Fatal(err)
	}
	var threads, gib int
	for line := range strings.Lines(string(daemon)) {
		fmt.Sscanf(line, "MaxThreads %d", &threads)
	}
	if threads == 0 || reserved != tasks*threads {
		t.Errorf("%v scans at a time, %d tasks of %d threads", reserved, tasks, threads)
	}
	// Were one task left, every stream (2 GiB) would be buffered on its disk, and
	// each of its threads unpack to 4 GiB at the most.
	gib = properties("ClamdTask")["EphemeralStorage"].(map[string]any)["SizeInGiB"].(int)
	if need := 2*reserved.(int) + 4*threads; gib < need+10 {
		t.Errorf("a task has %d GiB, and may need %d and the image", gib, need)
	}
	if places := properties("ClamdService")["DesiredCount"]; places != properties("ClamdScaling")["MinCapacity"] || places.(int) < 2 {
		t.Errorf("it begins with %v tasks", places)
	}
}

// A flood of uploads waits for its turn; no file is rejected for having come
// with too many others.
func TestAStepThatFindsNoPlaceWaitsForOne(t *testing.T) {
	data, err := os.ReadFile("../../statemachines/verify-file.asl.json")
	if err != nil {
		t.Fatal(err)
	}
	var machine struct {
		TimeoutSeconds float64
		States         map[string]struct {
			Retry []struct {
				ErrorEquals                                                []string
				IntervalSeconds, BackoffRate, MaxAttempts, MaxDelaySeconds float64
				JitterStrategy                                             string
			}
		}
	}
	if err := json.Unmarshal(data, &machine); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"ValidateObject", "ScanObject", "MarkReady", "MarkRejected", "NoVerdict"} {
		retry := machine.States[name].Retry
		if len(retry) < 2 || !slices.Equal(retry[0].ErrorEquals, []string{"Lambda.TooManyRequestsException", "Throttled"}) || retry[0].JitterStrategy != "FULL" {
			t.Fatalf("%s: %+v", name, retry)
		}
		// With full jitter a wait is half as long as it could be, on the average.
		waits, next := 0.0, retry[0].IntervalSeconds
		for range int(retry[0].MaxAttempts) {
			waits += next / 2
			next = min(next*retry[0].BackoffRate, retry[0].MaxDelaySeconds)
		}
		if waits < 2*60*60 || waits > machine.TimeoutSeconds {
			t.Errorf("%s waits for %v seconds, and the execution ends after %v", name, waits, machine.TimeoutSeconds)
		}
		if failures := retry[len(retry)-1]; failures.MaxAttempts > 8 {
			t.Errorf("%s that fails is tried again %v times", name, failures.MaxAttempts)
		}
	}
}
