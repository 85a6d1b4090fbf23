// Package client uploads files to Vouch, and downloads what it has verified.
//
// A [Client] is made once, of the API's URL and a source of tokens:
//
//	c, err := client.New("https://files.example.com", client.StaticToken(token))
//
// or, by a program with a role in AWS, of credentials to sign with: [SignedBy].
//
// [Client.Upload] sends a file and waits for the verdict:
//
//	src, err := client.OpenFile("holiday.mp4")
//	if err != nil { … }
//	defer src.Close()
//	file, err := c.Upload(ctx, src, client.UploadOptions{Journal: client.JournalDir(dir)})
//
// It returns the file when it is ready. A [*RejectedError] says that the bytes arrived
// and are not handed out, and why. [Client.Save] brings a ready file back to a path,
// and [Client.Copy] to a writer; both fail if the SHA-256 is not that which was verified.
//
// # What holds
//
//   - The bytes go straight to S3. A small file is hashed first, and S3 refuses any
//     other bytes; a large one is sent in parts, and S3 refuses any part whose
//     CRC-64/NVME is another. The SHA-256 of the whole is computed here and compared by
//     the verification, so that a ready file is the one that was read.
//   - Memory does not grow with the file: (Parallel+1) parts going up, Parallel MiB
//     coming down.
//   - What fails in passing is tried again: a connection that is cut or in which nothing
//     moves, throttling, an answer of 5xx. What was cut in a part sends that part again;
//     what was cut in a download goes on where it was cut. Presigned URLs that run out
//     are replaced, however long it takes.
//   - With a [Journal], an upload that ends early is gone on with by the next call for the
//     same file, also after the process was killed, and sends only what is missing. A
//     download always is.
//   - A file that changes while it is read is never put together: [ErrSourceChanged].
//   - No presigned URL and no token is in an error or in the log. No redirect is followed.
//   - The filename that the API says is never used as a path.
//
// # Errors
//
// What the API refuses is a [*Problem]; errors.Is tells those apart that a program acts on,
// as in errors.Is(err, ErrNotFound). What S3 refuses is a [*StorageError]. Every error says
// what was being done, and of which file.
//
// # The calls themselves
//
// The other methods are the API's calls, one each (docs/openapi.yaml): [Client.Create],
// [Client.Get], [Client.List], [Client.PresignParts], [Client.Parts], [Client.Complete],
// [Client.Delete], [Client.Download]; [Client.PutGrant], [Client.DeleteGrant] and
// [Client.Grants] share a file with others, and [Client.Usage] says what one's own files
// use of the quotas. They serve where Upload and Save do not, for example
// to hand a presigned URL on to a browser. [Client.Wait] waits for an end state.
package client
