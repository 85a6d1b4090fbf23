package inspect

func inspectPDF(*walk, *stream, place) {}
