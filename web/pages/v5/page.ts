import AwsS3 from '@uppy/aws-s3';
import Uppy from '@uppy/core';
import GoldenRetriever from '@uppy/golden-retriever';
import { Vouch } from '@vouch-s3/uppy';
import { vouchS3, type UploadOptions } from '@vouch-s3/uppy/v5';

export function start(api: string, token: () => Promise<string>, options?: UploadOptions) {
  const vouch = new Vouch({ api, token });
  const uppy = new Uppy({ autoProceed: true });
  uppy.use(AwsS3, vouchS3(uppy, vouch, options));
  uppy.use(GoldenRetriever);
  return { uppy, vouch };
}
