package client_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"os/signal"
	"path/filepath"
	"strings"

	"github.com/vouch-s3/vouch/client"
)

func Example() {
	api, token, dir, stop := client.StartDouble() // stands in for https://files.example.com
	defer stop()
	ctx := context.Background()

	c, err := client.New(api, client.StaticToken(token))
	if err != nil {
		log.Fatal(err)
	}
	src, err := client.OpenFile(filepath.Join(dir, "hello.txt"))
	if err != nil {
		log.Fatal(err)
	}
	defer src.Close()
	file, err := c.Upload(ctx, src, client.UploadOptions{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(file.Filename, "is", file.Status)

	if _, err := c.Save(ctx, file.ID, filepath.Join(dir, "back.txt"), client.DownloadOptions{}); err != nil {
		log.Fatal(err)
	}
	back, err := os.ReadFile(filepath.Join(dir, "back.txt"))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s\n", back)
	// Output:
	// hello.txt is ready
	// Hello, Vouch
}

// An upload that is resumed: Ctrl-C stops it, and the next run goes on with it.
func ExampleClient_Upload_resumed() {
	api, token, dir, stop := client.StartDouble()
	defer stop()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()

	c, err := client.New(api, client.StaticToken(token))
	if err != nil {
		log.Fatal(err)
	}
	src, err := client.OpenFile(filepath.Join(dir, "hello.txt"))
	if err != nil {
		log.Fatal(err)
	}
	defer src.Close()
	file, err := c.Upload(ctx, src, client.UploadOptions{
		Journal: client.JournalDir(filepath.Join(dir, "uploads")),
		Progress: func(p client.Progress) {
			if p.Phase == client.PhaseDone {
				fmt.Println(p.Done, "of", p.Total, "bytes")
			}
		},
	})
	var rejected *client.RejectedError
	switch {
	case errors.As(err, &rejected):
		fmt.Println("rejected:", rejected.File.Reason)
	case errors.Is(err, client.ErrTooLarge):
		fmt.Println("it is too large:", err)
	case err != nil:
		log.Fatal(err)
	default:
		fmt.Println(file.Status)
	}
	// Output:
	// 12 of 12 bytes
	// ready
}

// A stream whose length is known is sent without a file.
func ExampleFromReader() {
	api, token, _, stop := client.StartDouble()
	defer stop()
	ctx := context.Background()

	c, err := client.New(api, client.StaticToken(token))
	if err != nil {
		log.Fatal(err)
	}
	text := "what a program has made"
	src, err := client.FromReader(strings.NewReader(text), int64(len(text)))
	if err != nil {
		log.Fatal(err)
	}
	file, err := c.Upload(ctx, src, client.UploadOptions{Filename: "report.txt"})
	if err != nil {
		log.Fatal(err)
	}
	var out strings.Builder
	if _, err := c.Copy(ctx, file.ID, &out, client.DownloadOptions{}); err != nil {
		log.Fatal(err)
	}
	fmt.Println(out.String())
	// Output: what a program has made
}

func ExampleClient_List() {
	api, token, dir, stop := client.StartDouble()
	defer stop()
	ctx := context.Background()

	c, err := client.New(api, client.StaticToken(token))
	if err != nil {
		log.Fatal(err)
	}
	src, err := client.OpenFile(filepath.Join(dir, "hello.txt"))
	if err != nil {
		log.Fatal(err)
	}
	defer src.Close()
	if _, err := c.Upload(ctx, src, client.UploadOptions{}); err != nil {
		log.Fatal(err)
	}
	for file, err := range c.List(ctx, client.ListOptions{Status: client.StatusReady}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(file.Filename, file.Size)
	}
	// Output: hello.txt 12
}

// Problems are told apart by errors.Is, and say what was wrong.
func ExampleProblem() {
	api, token, _, stop := client.StartDouble()
	defer stop()

	c, err := client.New(api, client.StaticToken(token))
	if err != nil {
		log.Fatal(err)
	}
	_, err = c.Copy(context.Background(), "0195f3a2-7c1e-7b4a-9d5e-3f2a1b0c9d8e", io.Discard, client.DownloadOptions{})
	var problem *client.Problem
	if errors.Is(err, client.ErrNotFound) && errors.As(err, &problem) {
		fmt.Println(problem.Code(), problem.StatusCode)
	}
	// Output: not-found 404
}
