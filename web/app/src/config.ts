/** What the page must know of where it runs: docs/web.md. */
export interface Config {
  /** The API's address; empty for the page's own origin. */
  api: string;
  issuer: string;
  clientId: string;
  scopes: string[];
}

/** Reads /config.json. */
export async function readConfig(): Promise<Config> {
  const response = await fetch('/config.json', { cache: 'no-cache' });
  if (!response.ok) throw new Error(`config.json cannot be read: ${response.status}`);
  const { api, issuer, clientId, scopes } = await response.json();
  if (![api, issuer, clientId].every((value) => typeof value === 'string') || !Array.isArray(scopes)) {
    throw new Error('config.json does not say where people sign in');
  }
  return { api, issuer, clientId, scopes };
}
