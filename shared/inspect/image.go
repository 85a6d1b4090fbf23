package inspect

func inspectImage(*walk, *stream, place) {}
