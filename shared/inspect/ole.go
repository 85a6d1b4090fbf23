package inspect

func inspectOLE(*walk, *stream, place) {}
