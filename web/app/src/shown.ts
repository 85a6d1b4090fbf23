import type { VouchFile } from '@vouch/client';

/**
 * The types that are shown, and as what. None of them runs anything, in any element
 * below: no SVG, no HTML. PDF needs a plugin or a frame, which the page's policy has none of.
 */
const shownAs: Record<string, 'image' | 'text' | 'audio' | 'video'> = {
  'image/avif': 'image',
  'image/gif': 'image',
  'image/jpeg': 'image',
  'image/png': 'image',
  'image/webp': 'image',
  'application/json': 'text',
  'text/csv': 'text',
  'text/markdown': 'text',
  'text/plain': 'text',
  'audio/mpeg': 'audio',
  'audio/ogg': 'audio',
  'audio/wav': 'audio',
  'video/mp4': 'video',
  'video/quicktime': 'video',
  'video/webm': 'video',
};

/** The most bytes of an image that is shown. */
const largestImage = 50_000_000;

/** What a file is shown as, if it is at all. */
export function previewOf({ status, contentType = '', size = 0 }: Partial<VouchFile>, playable = canPlay) {
  const type = contentType.split(';')[0]!.trim().toLowerCase();
  const as = Object.hasOwn(shownAs, type) ? shownAs[type] : undefined;
  if (status !== 'ready' || (as === 'image' && size > largestImage)) return undefined;
  return as === 'audio' || as === 'video' ? (playable(as, type) ? as : undefined) : as;
}

const canPlay = (as: 'audio' | 'video', type: string) => document.createElement(as).canPlayType(type) !== '';

/** The text of bytes: UTF-16 if they say so, or else UTF-8. A character that is cut off at the end is left out. */
export function decoded(start: Uint8Array, whole: boolean): string {
  const [first, second] = start;
  const big = first === 0xfe && second === 0xff;
  const little = first === 0xff && second === 0xfe;
  const decoder = new TextDecoder(big ? 'utf-16be' : little ? 'utf-16le' : 'utf-8');
  return decoder.decode(start, { stream: !whole });
}
