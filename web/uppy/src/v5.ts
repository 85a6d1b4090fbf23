import { Uploads, type File, type UploadOptions, type Uppy } from './uploads.js';
import type { Abortable, Vouch } from './vouch.js';

export type { UploadOptions };

interface Upload extends Abortable {
  uploadId?: string;
  key?: string;
}

/**
 * The options of @uppy/aws-s3 5 (and of 4, which has the same) that send files to
 * Vouch:
 *
 *     uppy.use(AwsS3, vouchS3(uppy, vouch));
 *
 * The plugin presigns a part again by itself when its URL has run out. It cannot
 * be told that an earlier PUT has arrived: what it sends again is a new file, and
 * the old one is deleted.
 */
export function vouchS3(uppy: Uppy, vouch: Vouch, options: UploadOptions = {}) {
  const uploads = new Uploads(uppy, vouch, { ...options, plugin: 5 });

  return {
    shouldUseMultipart: (file: File) => uploads.inParts(file),
    getChunkSize: (file: { size: number }) => uploads.partSize(file),

    async getUploadParameters(file: File) {
      const { id, upload } = await uploads.put(file.id);
      if (!upload) throw new TypeError('Vouch presigned no PUT');
      // The plugin tells the app the field `key` as the key of what it has sent,
      // though its types know fields for a POST only.
      const fields = { key: id } as unknown as Record<string, never>;
      return { method: 'PUT' as const, fields, ...upload };
    },
    async createMultipartUpload(file: File) {
      const id = await uploads.begin(file.id);
      return { uploadId: id, key: id };
    },
    async listParts(file: File, { uploadId, signal }: Upload) {
      const held = await uploads.held(idOf(uploadId), file.size ?? 0, { signal });
      return held.map((part) => ({ PartNumber: part.partNumber, ETag: part.etag }));
    },
    async signPart(_: File, { uploadId, partNumber, signal }: Upload & { partNumber: number }) {
      return { method: 'PUT' as const, ...(await uploads.part(idOf(uploadId), partNumber, { signal })) };
    },
    async completeMultipartUpload(
      _: File,
      { uploadId, parts, signal }: Upload & { parts: { PartNumber?: number; ETag?: string }[] },
    ) {
      const id = idOf(uploadId);
      const sent = parts.map((part) => ({ partNumber: part.PartNumber ?? 0, etag: part.ETag ?? '' }));
      await uploads.complete(id, sent, { signal });
      return { location: vouch.url(id), key: id };
    },
    async abortMultipartUpload(file: File, { uploadId }: Upload) {
      uploads.forget(file.id);
      await uploads.abort(idOf(uploadId));
    },
  };
}

function idOf(uploadId: string | undefined): string {
  if (!uploadId) throw new TypeError('Uppy names no upload');
  return uploadId;
}
