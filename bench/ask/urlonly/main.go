// Command urlonly is the function create-upload without its tables, to be measured
// beside what gives out URLs and keeps nothing.
package main

import (
	"log/slog"
	"os"

	"github.com/aws/aws-lambda-go/lambda"

	"github.com/vouch-s3/vouch/bench/ask"
)

func main() {
	slog.SetDefault(slog.New(slog.NewJSONHandler(os.Stdout, nil)))
	lambda.Start(ask.URLOnly())
}
