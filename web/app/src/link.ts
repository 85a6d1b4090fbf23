import type { Link, Vouch } from '@vouch/client';

/** A URL to the bytes of a ready file: exactly the version that was verified. It can lead nowhere but to a server. */
export async function linkTo(vouch: Vouch, id: string, signal?: AbortSignal): Promise<Link> {
  const link = await vouch.download(id, { signal });
  const { protocol } = new URL(link.url);
  if (protocol !== 'https:' && protocol !== 'http:') throw new TypeError(`a download by ${protocol}`);
  return link;
}
