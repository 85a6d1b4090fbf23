package cloudformation

import (
	"maps"
	"slices"
	"strings"
)

// authorized holds every route of every HTTP API to an authorizer that the API has,
// and with one that reads tokens, to a scope.
func authorized(s Stack, report func(place, format string, args ...any)) {
	for _, a := range s.of("AWS::ApiGatewayV2::Api") {
		schemes, _ := at(a.Properties, "Body", "components", "securitySchemes").(object)
		paths, _ := at(a.Properties, "Body", "paths").(object)
		for _, path := range slices.Sorted(maps.Keys(paths)) {
			methods, _ := paths[path].(object)
			for _, method := range slices.Sorted(maps.Keys(methods)) {
				place := a.ID + " " + strings.ToUpper(method) + " " + path
				asked := each(at(methods[method], "security"))
				if len(asked) == 0 {
					report(place, "nobody is asked who calls")
				}
				for _, requirement := range asked { // any of them is enough
					named, _ := requirement.(object)
					for scheme, scopes := range named {
						if schemes[scheme] == nil {
							report(place, "nobody is asked who calls (%s)", scheme)
						} else if at(schemes[scheme], "type") == "oauth2" && len(each(scopes)) == 0 {
							report(place, "any token will do")
						}
					}
					if len(named) == 0 {
						report(place, "nobody has to be asked who calls")
					}
				}
			}
		}
	}
}
