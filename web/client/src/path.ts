/** The path of a file in the API. What cannot be an id must not become a path to something else. */
export function pathOf(id: string): string {
  if (!/^[A-Za-z0-9-]+$/.test(id)) throw new TypeError(`${JSON.stringify(id)} is no file's id`);
  return `/files/${id}`;
}

/** Whom a grant is for: a person, or whoever has the group in their token. */
export interface Grantee {
  name: string;
  /** `subject` if it is left out. */
  type?: 'subject' | 'group';
}

/**
 * The path and query of a grant. API Gateway decodes a path before it looks for a
 * route, so that escaping is not enough for a name: whatever could be read in two
 * ways goes in base64url, or a grant for "bob?" would be one for "bob".
 */
export function grantPath(id: string, { name, type }: Grantee) {
  if (name === '') throw new TypeError('a grant is for somebody');
  const plain = /^[A-Za-z0-9\-._~]+$/.test(name) && !/^\.+$/.test(name);
  return {
    path: `${pathOf(id)}/grants/${plain ? name : base64url(name)}`,
    query: { type: type === 'group' ? type : undefined, encoding: plain ? undefined : 'base64url' },
  };
}

function base64url(text: string): string {
  const bytes = String.fromCharCode(...new TextEncoder().encode(text));
  return btoa(bytes).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '');
}
