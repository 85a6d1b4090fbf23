package inspect

func inspectZip(*walk, *stream, place) {}
