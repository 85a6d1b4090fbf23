// Uppy Companion with nothing but S3, as its documentation mounts it in Express
// ("Companion", uppy.io/docs/companion), without the session that it needs for other
// providers. It listens at the port given, and says so once.
import { app } from '@uppy/companion'
import express from 'express'

const { BUCKET, AWS_REGION, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, PORT, DATA } = process.env
const host = `127.0.0.1:${PORT}`
const server = express()
server.use(app({
  secret: 'of this benchmark alone', filePath: DATA, server: { host, protocol: 'http' }, uploadUrls: [`http://${host}/`], corsOrigins: true,
  s3: {
    bucket: BUCKET, region: AWS_REGION, key: AWS_ACCESS_KEY_ID, secret: AWS_SECRET_ACCESS_KEY, sessionToken: AWS_SESSION_TOKEN, expires: 900,
    getKey: ({ filename }) => `files/${crypto.randomUUID()}/${filename}`,
  },
}).app)
server.listen(Number(PORT), '127.0.0.1')
