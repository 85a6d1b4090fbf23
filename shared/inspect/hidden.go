package inspect

func (w *walk) lookForHiddenZip(*stream, place) {}
