package cloudformation

import "maps"

// A Checked is a template that is checked.
type Checked struct {
	Path        string // in the project's folder
	Deployments []Deployment
	Reviewed    map[string]string // see Check
}

// Templates are the templates of the project.
func Templates() []Checked {
	const bus, topic = "vouch-files", "arn:aws:sns:eu-west-1:123456789012:alarms"
	return []Checked{
		{"template.yaml", Deployments(), Reviewed()},
		{
			"examples/consumer/template.yaml",
			[]Deployment{
				{"with alarms", map[string]string{"EventBusName": bus, "AlarmTopicArn": topic}},
				{"without", map[string]string{"EventBusName": bus}},
			},
			map[string]string{"kept KnownFiles": "it is made of events, and a replay of the archive makes it again"},
		},
		{
			"examples/webhook/template.yaml",
			[]Deployment{
				{"with alarms", map[string]string{"EventBusName": bus, "Endpoint": "https://app.example.com/hooks", "SecretArn": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:hook-AbCdEf", "AlarmTopicArn": topic}},
				{"without", map[string]string{"EventBusName": bus, "Endpoint": "https://app.example.com/hooks", "SecretArn": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:hook-AbCdEf"}},
			},
			nil,
		},
	}
}

// A Deployment is a way in which the template can be deployed.
type Deployment struct {
	Name       string
	Parameters map[string]string
}

// Deployments are the ways that differ in what is made. Every condition of the
// template holds in one of them and does not in another, which a test sees to.
func Deployments() []Deployment {
	of := func(name string, parameters map[string]string) Deployment {
		all := map[string]string{"AllowedOrigins": "https://app.example.com"}
		maps.Copy(all, parameters)
		return Deployment{name, all}
	}
	const image = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/vouch-clamd@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	const certificate = "arn:aws:acm:us-east-1:123456789012:certificate/01234567-89ab-cdef-0123-456789abcdef"
	return []Deployment{
		of("clamd on Fargate", map[string]string{"ClamdImage": image}),
		of("clamd in Lambda", map[string]string{"ClamdHost": "lambda"}),
		of("clamd elsewhere", map[string]string{"ClamdHost": "address", "ClamdAddress": "clamd.example.com:3310"}),
		of("clamd in a network", map[string]string{"ClamdHost": "address", "ClamdAddress": "10.0.0.1:3310", "ClamdSubnetIds": "subnet-1,subnet-2", "ClamdSecurityGroupIds": "sg-1"}),
		of("GuardDuty", map[string]string{"Scanners": "guardduty"}),
		of("both scanners", map[string]string{"Scanners": "clamav+guardduty", "ClamdImage": image}),
		of("no scanner", map[string]string{"Scanners": "none"}),
		of("a key of the stack's own", map[string]string{"ClamdHost": "lambda", "BucketKey": "kms"}),
		of("an issuer of one's own", map[string]string{"Scanners": "none", "JwtIssuer": "https://id.example.com", "JwtAudience": "files"}),
		of("the page", map[string]string{"Scanners": "none", "WebPage": "enabled", "WebOrigin": "https://app.example.com", "WebCertificateArn": certificate}),
		of("the page, of an issuer of one's own", map[string]string{
			"Scanners": "none", "JwtIssuer": "https://id.example.com", "JwtAudience": "files",
			"WebPage": "enabled", "WebOrigin": "https://app.example.com", "WebCertificateArn": certificate, "WebClientId": "page", "WebIssuerOrigins": "https://id.example.com",
		}),
		of("all that is optional", map[string]string{
			"Scanners": "clamav+guardduty", "ClamdImage": image, "RescanSchedule": "rate(7 days)", "DataEventsTrail": "enabled",
			"MachineRoutes": "enabled", "BucketKey": "kms", "EventArchiveDays": "30", "Tracing": "Active", "SchemaRegistry": "enabled", "AlarmEmail": "oncall@example.com", "AdditionalPrincipals": "arn:aws:iam::123456789012:role/backup",
		}),
	}
}
