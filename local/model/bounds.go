package model

import "github.com/vouch-s3/vouch/shared/file"

// Default are the bounds that the tests check: each turns on some of what may
// happen, so that together they take seconds.
func Default() []Bounds {
	return []Bounds{
		{Name: "an upload", Ticks: 3, Puts: 1, Completes: 1, Sweeps: 1, Losses: 1, Retries: 1},
		{Name: "an upload, a fault", Ticks: 2, Puts: 1, Sweeps: 1, Losses: 1, Faults: 1, Retries: 1},
		{Name: "giving up, a fault", Ticks: 3, Puts: 1, Sweeps: 1, Faults: 1, Retries: 1},
		{Name: "giving up, outlived", Ticks: 3, Puts: 1, Sweeps: 1, Outlives: 1, Retries: 1},
		{Name: "a deletion", Ticks: 2, Puts: 2, Deletes: 1, Sweeps: 1, Losses: 1, Retries: 1},
		{Name: "a deletion, a fault", Ticks: 1, Puts: 1, Deletes: 1, Sweeps: 1, Faults: 1, Retries: 1},
		{Name: "a re-scan, a fault", Ticks: 1, Puts: 1, Sweeps: 1, Faults: 1, Rescans: 1, Retries: 1},
		{Name: "a re-scan, outlived", Ticks: 1, Puts: 1, Sweeps: 1, Outlives: 1, Rescans: 1, Retries: 1},
		{Name: "two re-scans, a deletion", Puts: 1, Deletes: 1, Rescans: 2, Retries: 1},
		{Name: "a swap, a re-scan", Puts: 1, Swaps: 1, Rescans: 1, Retries: 1},
		{Name: "rejected bytes deleted", Ticks: 1, Puts: 2, Sweeps: 1, Faults: 1, Rescans: 1, Retries: 1, Delete: true},
		{Name: "in parts, promises", Method: file.Multipart, Parts: 1, Completes: 2, Promises: 1, Retries: 1},
		{Name: "in parts, a fault", Method: file.Multipart, Ticks: 1, Parts: 1, Completes: 1, Promises: 1, Sweeps: 1, Faults: 1, Retries: 1},
		{Name: "in parts, a deletion", Method: file.Multipart, Ticks: 1, Parts: 1, Completes: 1, Deletes: 1, Sweeps: 1, Retries: 1},
		{Name: "in parts, a deletion, a fault", Method: file.Multipart, Parts: 1, Flights: 1, Deletes: 1, Faults: 1, Retries: 1},
		{Name: "in parts, a slow part", Method: file.Multipart, Ticks: 3, Parts: 2, Flights: 1, Slow: 1, Sweeps: 2, Faults: 1, Retries: 1},
		{Name: "in parts, a double event", Method: file.Multipart, Ticks: 2, Parts: 1, Completes: 1, Sweeps: 1, Doubles: 1, Losses: 1, Retries: 1},
		{Name: "a form", Method: file.Form, Ticks: 1, Puts: 2, Doubles: 1, Retries: 1},
		{Name: "a form, a fault", Method: file.Form, Puts: 2, Faults: 1, Retries: 1},
		{Name: "a form, three times", Method: file.Form, Puts: 3, Retries: 1},
		{Name: "a form, a deletion", Method: file.Form, Puts: 2, Deletes: 1, Retries: 1},
		{Name: "a form, rejected bytes deleted", Method: file.Form, Puts: 2, Faults: 1, Retries: 1, Delete: true},
		{Name: "a form, a re-scan", Method: file.Form, Ticks: 1, Puts: 2, Rescans: 1, Retries: 1},
		{Name: "an open form", Method: file.Form, Open: true, Puts: 1, Deletes: 1, Retries: 1},
		{Name: "an open form, a fault", Method: file.Form, Open: true, Ticks: 1, Puts: 1, Sweeps: 1, Faults: 1, Retries: 1},
		{Name: "grants, a deletion", Puts: 1, Deletes: 1, Grants: 2, Retries: 1},
		{Name: "grants, a fault", Puts: 1, Deletes: 1, Faults: 1, Grants: 1, Retries: 1},
		{Name: "two owners", Ticks: 1, Puts: 1, Deletes: 1, Sweeps: 1, Others: 3, Retries: 1},
		{Name: "two owners, a fault", Puts: 1, Deletes: 1, Faults: 1, Others: 2, Retries: 1},
		{Name: "two owners, an open form", Method: file.Form, Open: true, Puts: 1, Deletes: 1, Others: 3, Retries: 1},
	}
}

// Large are larger bounds, for a run by hand (make model).
func Large() []Bounds {
	return []Bounds{
		{Name: "an upload, doubled, a fault", Ticks: 3, Puts: 1, Sweeps: 1, Doubles: 1, Losses: 1, Faults: 1, Retries: 1},
		{Name: "an upload, two faults", Ticks: 2, Puts: 1, Sweeps: 1, Faults: 2, Retries: 1},
		{Name: "giving up, two sweeps", Ticks: 3, Puts: 1, Sweeps: 2, Faults: 1, Retries: 1},
		{Name: "a deletion, two faults", Ticks: 2, Puts: 1, Deletes: 1, Sweeps: 1, Faults: 2, Retries: 1},
		{Name: "a deletion, a late PUT, a fault", Ticks: 2, Puts: 2, Deletes: 1, Sweeps: 1, Faults: 1, Retries: 1},
		{Name: "a re-scan, two faults", Ticks: 1, Puts: 1, Sweeps: 1, Faults: 2, Rescans: 1, Retries: 1},
		{Name: "a re-scan, three faults", Puts: 1, Faults: 3, Rescans: 1, Retries: 1},
		{Name: "two re-scans, a fault", Ticks: 1, Puts: 1, Faults: 1, Rescans: 2, Retries: 1},
		{Name: "a swap, a fault", Ticks: 1, Puts: 1, Swaps: 1, Sweeps: 1, Faults: 1, Retries: 1},
		{Name: "a deletion, outlived", Puts: 1, Deletes: 1, Outlives: 1, Rescans: 1, Retries: 1},
		{Name: "a deletion, a re-scan, a sweep", Ticks: 1, Puts: 1, Deletes: 1, Sweeps: 1, Rescans: 1, Retries: 1},
		{Name: "in parts, two faults", Method: file.Multipart, Parts: 1, Completes: 1, Promises: 1, Faults: 2, Retries: 1},
		{Name: "in parts, a promise, a deletion", Method: file.Multipart, Ticks: 1, Parts: 1, Completes: 1, Promises: 1, Deletes: 1, Sweeps: 1},
		{Name: "in parts, two sweeps", Method: file.Multipart, Ticks: 3, Parts: 1, Completes: 1, Promises: 1, Sweeps: 2, Losses: 1, Retries: 1},
		{Name: "in parts, unfinished, two faults", Method: file.Multipart, Ticks: 3, Parts: 2, Flights: 1, Deletes: 1, Sweeps: 2, Faults: 2},
		{Name: "in parts, a slow part, two faults", Method: file.Multipart, Ticks: 3, Parts: 2, Flights: 1, Slow: 1, Sweeps: 2, Faults: 2},
		{Name: "in parts, a late part, a deletion", Method: file.Multipart, Ticks: 1, Parts: 2, Flights: 1, Completes: 1, Deletes: 1, Sweeps: 1},
		{Name: "a form, a deletion, a sweep", Method: file.Form, Ticks: 1, Puts: 2, Deletes: 1, Sweeps: 1, Retries: 1},
		{Name: "a swap, a re-scan, a sweep", Ticks: 1, Puts: 1, Swaps: 1, Sweeps: 1, Rescans: 1, Retries: 1},
		{Name: "in parts, a completion, a deletion, a fault", Method: file.Multipart, Parts: 1, Completes: 1, Deletes: 1, Faults: 1},
		{Name: "an upload, doubled", Ticks: 3, Puts: 2, Completes: 1, Sweeps: 1, Doubles: 1, Losses: 1, Retries: 1},
		{Name: "in parts, two promises", Method: file.Multipart, Parts: 1, Completes: 2, Promises: 2, Losses: 1, Retries: 1},
		{Name: "in parts, a late part, a fault", Method: file.Multipart, Parts: 1, Flights: 1, Completes: 1, Deletes: 1, Faults: 1, Retries: 1},
		{Name: "an open form, twice, a deletion", Method: file.Form, Open: true, Puts: 2, Deletes: 1, Retries: 1},
		{Name: "grants, a deletion, a sweep", Ticks: 1, Puts: 1, Deletes: 1, Sweeps: 1, Grants: 1, Retries: 1},
		{Name: "grants, two faults", Puts: 1, Deletes: 1, Faults: 2, Grants: 1, Retries: 1},
		{Name: "two owners, a sweep, a fault", Ticks: 1, Puts: 1, Deletes: 1, Sweeps: 1, Faults: 1, Others: 2},
		{Name: "a form, three times, a fault", Method: file.Form, Puts: 3, Faults: 1, Retries: 1},
	}
}
