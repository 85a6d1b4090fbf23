package inspect

func inspectUnsupported(*walk, *stream, place) {}
