package cloudformation

// Reviewed are the exceptions from the rules that were looked at in template.yaml, by
// rule and place, each with the reason why it stands.
func Reviewed() map[string]string {
	const (
		ownKey    = "a key's policy is of that key alone, and without this statement nobody could ever change it (\"Default key policy\", AWS KMS Developer Guide)"
		network   = "the policy of an endpoint only takes away: who asks needs the permission besides, and the actions and resources are few"
		unsigned  = "freshclam signs no requests; the condition asks for the one endpoint, so that S3 does not call it public"
		theirRule = "GuardDuty names its rule by itself; the statement is the one that its guide asks for"
		meetings  = "tokens of tasks, which are worth nothing when the execution is over"
		dayOld    = "calls are remembered for a day, and a backup would keep presigned URLs for 35"
	)
	return map[string]string{
		"wildcard ReceiptKey TheAccountsPoliciesDecide":     ownKey,
		"wildcard FilesKey TheAccountsPoliciesDecide":       ownKey,
		"wildcard AlarmKey ThisAccountDecidesByIAM":         ownKey,
		"wildcard AlarmKey AlarmsOfThisAccount":             "the resource is the key itself; GenerateDataKey* is the two forms of one action, which CloudWatch asks for",
		"wildcard ClamdS3Endpoint FilesToScan":              network,
		"wildcard ClamdS3Endpoint Signatures":               network,
		"wildcard ClamdS3Endpoint TellMissingFromForbidden": network,
		"wildcard ClamdS3Endpoint LayersOfImages":           network + "; the bucket is ECR's own of the region",
		"wildcard ClamdDynamoEndpoint ReadRecords":          network,

		"wildcard SignaturesBucketPolicy ScannersRead":                     unsigned,
		"wildcard SignaturesBucketPolicy ScannersTellMissingFromForbidden": unsigned,

		"wildcard ProtectionRole AllowManagedRuleToSendS3EventsToGuardDuty":     theirRule,
		"wildcard ProtectionRole AllowGuardDutyToMonitorEventBridgeManagedRule": theirRule,

		"authorized Api GET /.well-known/jwks.json": "public keys are for everybody, and nothing of the request reaches the function",

		"closed WebLogsBucket": "CloudFront's older logs come by an ACL, and those without one can be asked for in us-east-1 only; the public access block stands",

		"kept IdempotencyTable": dayOld,
		"kept ScanResultsTable": meetings,
		"kept AlarmKey":         "only messages on their way are encrypted with it",
	}
}
