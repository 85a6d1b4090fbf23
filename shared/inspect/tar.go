package inspect

func inspectTar(*walk, *stream, place) {}
