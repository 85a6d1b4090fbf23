import { Uploads, type File, type Part, type UploadOptions, type Uppy } from './uploads.js';
import type { Vouch } from './vouch.js';

export type { UploadOptions };

/** What @uppy/aws-s3 6 asks to have signed. Without an uploadId the key is Uppy's id of the file, with one it is Vouch's. */
interface Request {
  method: 'PUT' | 'POST' | 'GET' | 'DELETE';
  key: string;
  uploadId?: string;
  partNumber?: number;
}

interface Signed {
  url: string;
  key?: string;
  headers?: Record<string, string>;
}

/** An upload in parts, by the file of Uppy's that is sent. */
interface Parts {
  size: number;
  etags: Map<number, string>;
}

/**
 * The options of @uppy/aws-s3 6 that send files to Vouch:
 *
 *     uppy.use(AwsS3, vouchS3(uppy, vouch));
 *
 * To begin an upload, to list its parts, to put them together and to abort it
 * are calls of Vouch's API, not of S3's. `signRequest` makes them, and lets Uppy
 * read from a `data:` URL what S3 would have answered.
 */
export function vouchS3(uppy: Uppy, vouch: Vouch, options: UploadOptions = {}) {
  const uploads = new Uploads(uppy, vouch, { ...options, plugin: 6 });
  const inParts = new Map<string, Parts>(); // by Vouch's id

  const of = (id: string, file?: File): Parts => {
    let parts = inParts.get(id);
    if (!parts) inParts.set(id, (parts = { size: file?.size ?? 0, etags: new Map() }));
    return parts;
  };
  uppy.on('s3-multipart:part-uploaded', (file, part) => {
    const id = uppy.getFile(file.id)?.s3Multipart?.uploadId;
    if (id) of(id, file).etags.set(part.PartNumber, part.ETag);
  });

  async function begin(key: string): Promise<Signed> {
    const id = await uploads.begin(key);
    of(id, uppy.getFile(key));
    return {
      key: id,
      ...answer(`<InitiateMultipartUploadResult><UploadId>${id}</UploadId></InitiateMultipartUploadResult>`),
    };
  }

  async function put(key: string): Promise<Signed> {
    const { id, upload } = await uploads.put(key);
    return { key: id, ...(upload ?? answer('')) };
  }

  async function list(id: string): Promise<Signed> {
    const { size, etags } = of(id);
    const held = await uploads.held(id, size);
    for (const { partNumber, etag } of held) etags.set(partNumber, etag);
    const xml = held.map((p) => `<Part><PartNumber>${p.partNumber}</PartNumber><ETag>${p.etag}</ETag></Part>`);
    return answer(`<ListPartsResult>${xml.join('')}</ListPartsResult>`);
  }

  async function complete(id: string): Promise<Signed> {
    const parts: Part[] = [...of(id).etags].map(([partNumber, etag]) => ({ partNumber, etag }));
    await uploads.complete(
      id,
      parts.sort((a, b) => a.partNumber - b.partNumber),
    );
    return answer(
      `<CompleteMultipartUploadResult><Location>${vouch.url(id)}</Location><Key>${id}</Key></CompleteMultipartUploadResult>`,
    );
  }

  async function abort(id: string): Promise<Signed> {
    inParts.delete(id);
    await uploads.abort(id);
    return answer('');
  }

  return {
    signRequest({ method, key, uploadId, partNumber }: Request): Promise<Signed> {
      if (uploadId === undefined) return method === 'PUT' ? put(key) : begin(key);
      if (partNumber !== undefined) return uploads.part(uploadId, partNumber);
      return { GET: list, POST: complete, DELETE: abort, PUT: unknown }[method](uploadId);
    },
    generateObjectKey(file: File): string {
      if (file.s3Multipart?.uploadId) of(file.s3Multipart.uploadId, file);
      return file.id;
    },
    shouldUseMultipart: (file: File) => uploads.inParts(file),
    getChunkSize: (file: { size: number }) => uploads.partSize(file),
  };
}

/** What S3 would have answered, to be fetched in its place. */
function answer(xml: string): Signed {
  return { url: `data:application/xml,${encodeURIComponent(xml)}` };
}

function unknown(): never {
  throw new TypeError('S3 has no such request');
}
