package sim

import (
	"fmt"
	"os"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Design is what template.yaml says of sizes and keys.
type Design struct {
	Routes       map[string]Route  // by "POST /files"; "" for all that have none of their own
	Reserved     map[string]int    // concurrent executions by function, where some are reserved
	Keys         map[string]string // the attribute of the partition key, by "FilesTable" and "FilesTable byOwner"
	TasksAtFirst int
	TasksAtMost  int
	Parallel     int // batches of one shard of the trail's stream at a time
	Batch        int // events in one of them
	AsyncRetries int // of start-verification, beyond the first attempt
}

// Route is how much of one route API Gateway lets through.
type Route struct {
	Rate  float64 `yaml:"ThrottlingRateLimit"`
	Burst float64 `yaml:"ThrottlingBurstLimit"`
}

// ReadDesign reads the template at path.
func ReadDesign(path string) (*Design, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the template: %w", err)
	}
	var t struct {
		Resources map[string]struct {
			Type       string    `yaml:"Type"`
			Properties yaml.Node `yaml:"Properties"`
		} `yaml:"Resources"`
	}
	if err := yaml.Unmarshal(data, &t); err != nil {
		return nil, fmt.Errorf("read the template: %w", err)
	}
	d := &Design{Routes: map[string]Route{}, Reserved: map[string]int{}, Keys: map[string]string{}}
	for name, r := range t.Resources {
		if err := d.read(name, r.Type, &r.Properties); err != nil {
			return nil, fmt.Errorf("read %s of the template: %w", name, err)
		}
	}
	return d, nil
}

func (d *Design) read(name, kind string, p *yaml.Node) error {
	switch kind {
	case "AWS::Serverless::HttpApi":
		if name != "Api" {
			return nil // that of programs has the same once more
		}
		var api struct {
			DefaultRouteSettings Route            `yaml:"DefaultRouteSettings"`
			RouteSettings        map[string]Route `yaml:"RouteSettings"`
		}
		if err := p.Decode(&api); err != nil {
			return err
		}
		d.Routes = api.RouteSettings
		d.Routes[""] = api.DefaultRouteSettings
	case "AWS::Serverless::Function":
		if n := child(p, "ReservedConcurrentExecutions"); n != nil {
			reserved, err := number(n)
			if err != nil {
				return err
			}
			d.Reserved[name] = reserved
		}
		if name == "StartVerificationFunction" {
			retries := child(child(p, "EventInvokeConfig"), "MaximumRetryAttempts")
			var err error
			if d.AsyncRetries, err = number(retries); err != nil {
				return err
			}
		}
	case "AWS::DynamoDB::Table":
		var table struct {
			KeySchema              []key `yaml:"KeySchema"`
			GlobalSecondaryIndexes []struct {
				IndexName string `yaml:"IndexName"`
				KeySchema []key  `yaml:"KeySchema"`
			} `yaml:"GlobalSecondaryIndexes"`
		}
		if err := p.Decode(&table); err != nil {
			return err
		}
		d.Keys[name] = hash(table.KeySchema)
		for _, i := range table.GlobalSecondaryIndexes {
			d.Keys[name+" "+i.IndexName] = hash(i.KeySchema)
		}
	case "AWS::ApplicationAutoScaling::ScalableTarget":
		var err error
		if d.TasksAtFirst, err = number(child(p, "MinCapacity")); err != nil {
			return err
		}
		d.TasksAtMost, err = number(child(p, "MaxCapacity"))
		return err
	case "AWS::Lambda::EventSourceMapping":
		var err error
		if d.Parallel, err = number(child(p, "ParallelizationFactor")); err != nil {
			return err
		}
		d.Batch, err = number(child(p, "BatchSize"))
		return err
	}
	return nil
}

type key struct {
	AttributeName string `yaml:"AttributeName"`
	KeyType       string `yaml:"KeyType"`
}

func hash(schema []key) string {
	for _, k := range schema {
		if k.KeyType == "HASH" {
			return k.AttributeName
		}
	}
	return ""
}

// child returns the value of a key of a mapping, or nil.
func child(n *yaml.Node, name string) *yaml.Node {
	if n == nil || n.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == name {
			return n.Content[i+1]
		}
	}
	return nil
}

// number reads a number, or the first branch of an !If, which is that of the defaults.
func number(n *yaml.Node) (int, error) {
	if n == nil {
		return 0, fmt.Errorf("a number that is needed is not there")
	}
	if strings.HasSuffix(n.Tag, "If") && len(n.Content) == 3 {
		return number(n.Content[1])
	}
	return strconv.Atoi(n.Value)
}
