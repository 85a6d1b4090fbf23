// Package iam decides what a role may do, from the policies that template.yaml
// gives it. It is a pure function of its arguments: nothing is read, stored or
// sent.
//
// It follows "Policy evaluation logic" of the IAM User Guide for a principal and
// a resource of one account, without service control policies, permissions
// boundaries and session policies, which the template has none of:
//
//  1. a statement with the effect Deny that applies, in a policy of the role or
//     of the resource, refuses the request;
//  2. otherwise a statement with the effect Allow that applies, in either,
//     allows it;
//  3. otherwise it is refused.
//
// A policy is checked when it is parsed. An element, principal type or condition
// operator that this package does not evaluate is an error there, and never
// skipped: a condition that is passed over would turn a narrow permission into
// a wide one without anybody noticing. Policy variables (${aws:username}) are
// refused for the same reason.
package iam
