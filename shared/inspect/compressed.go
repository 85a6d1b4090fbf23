package inspect

func inspectGzip(*walk, *stream, place) {}

func inspectBzip2(*walk, *stream, place) {}
