import AwsS3 from '@uppy/aws-s3';
import Uppy from '@uppy/core';
import GoldenRetriever from '@uppy/golden-retriever';
import { Vouch, type VouchFile } from '@vouch-s3/uppy';
import { vouchS3, type UploadOptions } from '@vouch-s3/uppy/v5';

type Show = (name: string | undefined, file: VouchFile) => void;

export function start(api: string, token: () => Promise<string>, show: Show, options?: UploadOptions) {
  const vouch = new Vouch({ api, token });
  const uppy = new Uppy({ autoProceed: true });
  uppy.use(AwsS3, vouchS3(uppy, vouch, options));
  uppy.use(GoldenRetriever);
  uppy.on('upload-success', (file, response) => {
    const id = String(response.body?.key);
    vouch.wait(id, { onChange: (seen) => show(file?.name, seen) }).catch((err) => uppy.log(err, 'error'));
  });
  return { uppy, vouch };
}
