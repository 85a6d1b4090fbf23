package cloudformation

// delivered holds every asynchronous hop to a bounded number of attempts and to a
// place for what is given up: the targets of rules and of schedules, the invocations
// of functions that those make, and what is read from streams and queues.
func delivered(s Stack, report func(place, format string, args ...any)) {
	invoked := map[string]bool{}
	hop := func(id string, t any) {
		if at(t, "DeadLetterConfig", "Arn") == nil {
			report(id, "nothing takes what is not delivered")
		}
		if at(t, "RetryPolicy", "MaximumRetryAttempts") == nil || at(t, "RetryPolicy", "MaximumEventAgeInSeconds") == nil {
			report(id, "how often it is tried again is not said")
		}
		invoked[target(at(t, "Arn"))] = true
	}
	for _, r := range s.of("AWS::Events::Rule") {
		for _, t := range each(r.Properties["Targets"]) {
			hop(r.ID, t)
		}
	}
	for _, r := range s.of("AWS::Scheduler::Schedule") {
		hop(r.ID, r.Properties["Target"])
	}
	configured := map[string]bool{}
	for _, c := range s.of("AWS::Lambda::EventInvokeConfig") {
		configured[target(c.Properties["FunctionName"])] = true
		if at(c.Properties, "DestinationConfig", "OnFailure", "Destination") == nil {
			report(c.ID, "nothing takes what failed")
		}
		if c.Properties["MaximumRetryAttempts"] == nil || c.Properties["MaximumEventAgeInSeconds"] == nil {
			report(c.ID, "how often it is tried again is not said")
		}
	}
	for _, id := range s.ids() {
		if s.Resources[id].Type == "AWS::Lambda::Function" && invoked[id] && !configured[id] {
			report(id, "it is invoked asynchronously, and nothing says what becomes of what failed")
		}
	}
	for _, m := range s.of("AWS::Lambda::EventSourceMapping") {
		if at(m.Properties, "StartingPosition") == nil {
			continue // a queue, which has a redrive policy of its own
		}
		if at(m.Properties, "DestinationConfig", "OnFailure", "Destination") == nil {
			report(m.ID, "nothing takes what failed")
		}
		if m.Properties["MaximumRetryAttempts"] == nil && m.Properties["MaximumRecordAgeInSeconds"] == nil {
			report(m.ID, "one record that fails holds up the stream until it ends")
		}
	}
}
