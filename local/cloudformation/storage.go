package cloudformation

import (
	"fmt"
	"slices"
)

// closed holds every bucket to what keeps it from being public ("Security best
// practices for Amazon S3", Amazon S3 User Guide): Block Public Access in full, no
// ACLs, and a policy that refuses what does not come over TLS, to the bucket and to
// its objects. Queues and topics refuse that too.
func closed(s Stack, report func(place, format string, args ...any)) {
	for _, b := range s.of("AWS::S3::Bucket") {
		for _, block := range []string{"BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"} {
			if at(b.Properties, "PublicAccessBlockConfiguration", block) != true {
				report(b.ID, "%s is not on", block)
			}
		}
		owned := false
		for _, r := range each(at(b.Properties, "OwnershipControls", "Rules")) {
			owned = owned || at(r, "ObjectOwnership") == "BucketOwnerEnforced"
		}
		if !owned {
			report(b.ID, "ACLs are not off (BucketOwnerEnforced)")
		}
		if !onlyOverTLS(s, b.ID, "Bucket", "s3:*", "${"+b.ID+".Arn}", "${"+b.ID+".Arn}/*") {
			report(b.ID, "no statement refuses what does not come over TLS")
		}
	}
	for _, q := range s.of("AWS::SQS::Queue") {
		if !onlyOverTLS(s, q.ID, "Queues", "sqs:*", "${"+q.ID+".Arn}") {
			report(q.ID, "no statement refuses what does not come over TLS")
		}
	}
	for _, t := range s.of("AWS::SNS::Topic") {
		if !onlyOverTLS(s, t.ID, "Topics", "sns:Publish", "${"+t.ID+"}") {
			report(t.ID, "no statement refuses what does not come over TLS")
		}
	}
}

// onlyOverTLS says whether a policy of a resource, which names it in the property of,
// denies everybody the action without TLS, on all the ARNs.
func onlyOverTLS(s Stack, id, of, action string, arns ...string) bool {
	for _, p := range s.Resources {
		if !slices.ContainsFunc(each(p.Properties[of]), func(v any) bool { return target(v) == id }) {
			continue
		}
		for _, st := range each(at(p.Properties, "PolicyDocument", "Statement")) {
			misses := func(arn string) bool {
				return !slices.ContainsFunc(each(at(st, "Resource")), func(r any) bool { return text(r) == arn })
			}
			if at(st, "Effect") == "Deny" && at(st, "Principal") == "*" && at(st, "Action") == action &&
				fmt.Sprint(at(st, "Condition")) == "map[Bool:map[aws:SecureTransport:false]]" && !slices.ContainsFunc(arns, misses) {
				return true
			}
		}
	}
	return false
}

// encrypted holds what keeps data to encryption at rest that is written down.
// CloudWatch Logs and EventBridge encrypt what they keep in any case, with keys of
// their own.
func encrypted(s Stack, report func(place, format string, args ...any)) {
	for _, id := range s.ids() {
		r := s.Resources[id]
		p := r.Properties
		ok := true
		switch r.Type {
		case "AWS::S3::Bucket":
			ok = len(each(at(p, "BucketEncryption", "ServerSideEncryptionConfiguration"))) > 0
		case "AWS::DynamoDB::Table":
			ok = at(p, "SSESpecification", "SSEEnabled") == true
		case "AWS::SQS::Queue":
			ok = p["SqsManagedSseEnabled"] == true || p["KmsMasterKeyId"] != nil
		case "AWS::SNS::Topic":
			ok = p["KmsMasterKeyId"] != nil
		case "AWS::KMS::Key":
			if p["KeyUsage"] == nil || p["KeyUsage"] == "ENCRYPT_DECRYPT" {
				ok = p["EnableKeyRotation"] == true // the one that KMS can rotate by itself
			}
		}
		if !ok {
			report(id, "%s is not encrypted at rest, or its key is never rotated", r.Type)
		}
	}
}

// stateful are the types whose loss is a loss of data.
var stateful = []string{
	"AWS::S3::Bucket", "AWS::DynamoDB::Table", "AWS::KMS::Key", "AWS::Cognito::UserPool",
	"AWS::Cognito::UserPoolClient", "AWS::Cognito::UserPoolDomain", "AWS::Cognito::UserPoolResourceServer",
}

// kept holds what is stateful to outliving its stack and its replacement, and
// tables besides to point-in-time recovery and protection from deletion.
func kept(s Stack, report func(place, format string, args ...any)) {
	for _, id := range s.ids() {
		r := s.Resources[id]
		if !slices.Contains(stateful, r.Type) {
			continue
		}
		for _, policy := range []string{"DeletionPolicy", "UpdateReplacePolicy"} {
			if r.entry[policy] != "Retain" {
				report(id, "%s is not Retain", policy)
			}
		}
		if r.Type == "AWS::DynamoDB::Table" {
			if at(r.Properties, "PointInTimeRecoverySpecification", "PointInTimeRecoveryEnabled") != true {
				report(id, "it cannot be brought back to a point in time")
			}
			if r.Properties["DeletionProtectionEnabled"] != true {
				report(id, "it is not protected from deletion")
			}
		}
	}
}
