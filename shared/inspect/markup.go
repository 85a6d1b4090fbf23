package inspect

func inspectMarkup(*walk, *stream, place) {}
