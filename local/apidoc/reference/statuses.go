package reference

import "github.com/vouch-s3/vouch/shared/api"

// Statuses says which status each problem of the API is answered with.
func Statuses() map[string]int {
	statuses := map[string]int{}
	for _, kind := range api.ProblemKinds() {
		statuses[string(kind.Code)] = kind.Status
	}
	return statuses
}
