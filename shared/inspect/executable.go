package inspect

func inspectExecutable(*walk, *stream, place) {}
