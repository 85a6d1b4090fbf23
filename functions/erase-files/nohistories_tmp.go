package main

import "context"

type noHistories struct{}

func (noHistories) Forget(context.Context, string) (int, error) { return 0, nil }
