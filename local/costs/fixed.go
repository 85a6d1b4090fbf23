package costs

import (
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/vouch-s3/vouch/local/samtemplate"
)

// What is billed by time.
const (
	TaskCPU       Dimension = "fargate-vcpu-hours"       // ARM
	TaskMemory    Dimension = "fargate-gb-hours"         // ARM
	TaskStorage   Dimension = "fargate-storage-gb-hours" // over the 20 GB that come with a task
	EndpointHours Dimension = "vpc-endpoint-hours"       // interface endpoints, each in each zone
	Keys          Dimension = "kms-keys"                 // a month
	Alarms        Dimension = "alarms"                   // a month, by the metrics that they watch
	Composites    Dimension = "composite-alarms"         // a month
	Dashboards    Dimension = "dashboards"               // a month
	Metrics       Dimension = "custom-metrics"           // a month
	Zones         Dimension = "hosted-zones"             // a month
)

// hours are those of a month, as AWS's calculator counts them.
const hours = 730

// includedStorage is how many GB of a task's disk are in its price.
const includedStorage = 20

// fixed counts what of a template is billed by time, a month. Resources that are free to have, or billed by use, are
// named too: one that is not known is an error.
func fixed(resources []samtemplate.Resource) (map[Dimension]float64, error) {
	month, task := map[Dimension]float64{}, map[Dimension]float64{}
	tasks := 0.0
	for _, r := range resources {
		var p properties
		if err := p.read(r.Properties); err != nil {
			return nil, fmt.Errorf("%s: %w", r.ID, err)
		}
		switch r.Type {
		case "AWS::CloudWatch::Alarm":
			month[Alarms] += float64(max(1, p.metrics()))
		case "AWS::CloudWatch::CompositeAlarm":
			month[Composites]++
		case "AWS::CloudWatch::Dashboard":
			month[Dashboards]++
		case "AWS::KMS::Key":
			month[Keys]++
		case "AWS::EC2::VPCEndpoint":
			if p.VpcEndpointType == "Interface" {
				month[EndpointHours] += hours * float64(len(p.SubnetIds))
			}
		case "AWS::ServiceDiscovery::PrivateDnsNamespace":
			month[Zones]++
		case "AWS::ApplicationAutoScaling::ScalingPolicy":
			// Target tracking makes two alarms, one to grow by and one to shrink by.
			month[Alarms] += 2 * float64(max(1, p.metrics()))
		case "AWS::ECS::Service":
			tasks += p.DesiredCount
		case "AWS::ECS::TaskDefinition":
			cpu, err := strconv.ParseFloat(p.Cpu, 64)
			if err != nil {
				return nil, fmt.Errorf("%s: Cpu: %w", r.ID, err)
			}
			memory, err := strconv.ParseFloat(p.Memory, 64)
			if err != nil {
				return nil, fmt.Errorf("%s: Memory: %w", r.ID, err)
			}
			task[TaskCPU], task[TaskMemory] = cpu/1024, memory/1024
			task[TaskStorage] = max(0, p.EphemeralStorage.SizeInGiB-includedStorage)
		default:
			if !byUse[r.Type] {
				return nil, fmt.Errorf("%s: whether a %s costs something is not known", r.ID, r.Type)
			}
		}
	}
	for d, n := range task {
		month[d] += n * tasks * hours
	}
	return month, nil
}

// properties are what prices depend on.
type properties struct {
	VpcEndpointType  string
	SubnetIds        []any
	DesiredCount     float64
	Cpu, Memory      string
	EphemeralStorage struct{ SizeInGiB float64 }

	Metrics                                  []metricQuery // of an alarm
	TargetTrackingScalingPolicyConfiguration struct {
		CustomizedMetricSpecification struct{ Metrics []metricQuery }
	}
}

type metricQuery struct{ MetricStat map[string]any }

// metrics counts those that an alarm or a policy watches.
func (p properties) metrics() (n int) {
	for _, m := range append(p.Metrics, p.TargetTrackingScalingPolicyConfiguration.CustomizedMetricSpecification.Metrics...) {
		if m.MetricStat != nil {
			n++
		}
	}
	return n
}

// read takes those of a resource that are there in the form that is known.
func (p *properties) read(from map[string]any) error {
	known := map[string]any{}
	for _, name := range []string{"VpcEndpointType", "SubnetIds", "DesiredCount", "Cpu", "Memory", "EphemeralStorage", "Metrics", "TargetTrackingScalingPolicyConfiguration"} {
		if v, ok := from[name]; ok {
			known[name] = v
		}
	}
	// Of functions these mean something else, and cost nothing by themselves.
	if size, ok := known["EphemeralStorage"].(map[string]any); ok && size["Size"] != nil {
		delete(known, "EphemeralStorage")
	}
	data, err := json.Marshal(known)
	if err != nil {
		return err
	}
	return json.Unmarshal(data, p)
}

// byUse are the resources that cost nothing to have, or what is used of them.
var byUse = map[string]bool{
	"AWS::ApplicationAutoScaling::ScalableTarget": true,
	"AWS::CloudTrail::Trail":                      true,
	"AWS::CloudWatch::AnomalyDetector":            true,
	"AWS::Cognito::UserPool":                      true,
	"AWS::Cognito::UserPoolClient":                true,
	"AWS::Cognito::UserPoolDomain":                true,
	"AWS::Cognito::UserPoolResourceServer":        true,
	"AWS::DynamoDB::Table":                        true,
	"AWS::EC2::FlowLog":                           true,
	"AWS::EC2::RouteTable":                        true,
	"AWS::EC2::SecurityGroup":                     true,
	"AWS::EC2::SecurityGroupEgress":               true,
	"AWS::EC2::SecurityGroupIngress":              true,
	"AWS::EC2::Subnet":                            true,
	"AWS::EC2::SubnetRouteTableAssociation":       true,
	"AWS::EC2::VPC":                               true,
	"AWS::ECS::Cluster":                           true,
	"AWS::EventSchemas::Registry":                 true,
	"AWS::EventSchemas::Schema":                   true,
	"AWS::Events::Archive":                        true,
	"AWS::Events::EventBus":                       true,
	"AWS::Events::Rule":                           true,
	"AWS::GuardDuty::MalwareProtectionPlan":       true,
	"AWS::IAM::ManagedPolicy":                     true,
	"AWS::IAM::Policy":                            true,
	"AWS::IAM::Role":                              true,
	"AWS::KMS::Alias":                             true,
	"AWS::Lambda::EventInvokeConfig":              true,
	"AWS::Lambda::EventSourceMapping":             true,
	"AWS::Lambda::Function":                       true,
	"AWS::Lambda::Permission":                     true,
	"AWS::Logs::LogGroup":                         true,
	"AWS::Logs::MetricFilter":                     true,
	"AWS::Logs::ResourcePolicy":                   true,
	"AWS::S3::Bucket":                             true,
	"AWS::S3::BucketPolicy":                       true,
	"AWS::SNS::Subscription":                      true,
	"AWS::SNS::Topic":                             true,
	"AWS::SNS::TopicPolicy":                       true,
	"AWS::SQS::Queue":                             true,
	"AWS::SQS::QueuePolicy":                       true,
	"AWS::Scheduler::Schedule":                    true,
	"AWS::Scheduler::ScheduleGroup":               true,
	"AWS::Serverless::Function":                   true,
	"AWS::Serverless::HttpApi":                    true,
	"AWS::Serverless::StateMachine":               true,
	"AWS::ServiceDiscovery::Service":              true,
	"AWS::StepFunctions::StateMachine":            true,
	"AWS::XRay::SamplingRule":                     true,
}
