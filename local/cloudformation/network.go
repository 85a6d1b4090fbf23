package cloudformation

import "slices"

// networks holds every network to a log of its flows, and every security group to
// letting nobody in whom it does not name.
func networks(s Stack, report func(place, format string, args ...any)) {
	logged := map[string]bool{}
	for _, l := range s.of("AWS::EC2::FlowLog") {
		if l.Properties["TrafficType"] == "ALL" {
			logged[target(l.Properties["ResourceId"])] = true
		}
	}
	for _, v := range s.of("AWS::EC2::VPC") {
		if !logged[v.ID] {
			report(v.ID, "its flows are not logged")
		}
	}
	everybody := func(rule any) bool {
		return at(rule, "CidrIp") == "0.0.0.0/0" || at(rule, "CidrIpv6") == "::/0"
	}
	for _, id := range s.ids() {
		r := s.Resources[id]
		if r.Type == "AWS::EC2::SecurityGroup" && slices.ContainsFunc(each(r.Properties["SecurityGroupIngress"]), everybody) ||
			r.Type == "AWS::EC2::SecurityGroupIngress" && everybody(r.Properties) {
			report(id, "everybody is let in")
		}
	}
}
