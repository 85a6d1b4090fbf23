// Package sim is a discrete-event simulation of an upload's whole life in AWS: what
// the quotas of an account, the keys of the tables and the sizes in template.yaml let
// through, what they hold back, and what becomes of what is held back, by the retries
// that clients, the SDK, EventBridge, Lambda and the workflow really do.
//
// It invents as little as it can. The workflow is walked by
// statemachines/verify-file.asl.json, the calls of each function and their units are
// those that local/costs has counted, routes, reserved concurrency, tasks and the keys
// of tables are read from template.yaml, the shards are shared/dynamo's own, quotas are
// in quotas.json and times in times.json, each with its source. What is assumed besides
// is in docs/scale.md.
//
// A run is deterministic by its seed: events of one moment are carried out in the order
// in which they were planned, and every random number is drawn from one source.
package sim
