import type { Config } from './config.js';

/** Whoever has signed in. The tokens are in memory alone, and gone with the page. */
export interface Session {
  subject: string;
  accessToken: string;
  idToken: string;
  /** When the access token ends, by this machine's clock (ms since 1970). */
  ends: number;
}

/** What is kept while the browser is at the issuer's. */
interface Pending {
  state: string;
  nonce: string;
  verifier: string;
  /** The path to go back to. */
  back: string;
}

/** The access token is no longer good, and nobody gives another without being asked. */
export class SignInOver extends Error {}

const pendingKey = 'vouch.signin';
const wasKey = 'vouch.signed-in';

/** How long before its end a token is no longer used, in milliseconds. */
const margin = 30_000;

/**
 * Signing in by OpenID Connect's authorization code flow with PKCE (RFC 7636, RFC 9700).
 * There is no refresh token: after a reload the issuer is asked again, which leads back
 * at once for whoever has signed in there.
 */
export class SignIn {
  constructor(private readonly config: Config) {}

  /** Whether somebody had signed in with this tab, and may be signed in again without being asked. */
  get known(): boolean {
    return sessionStorage.getItem(wasKey) !== null;
  }

  /** Leads to the issuer. `silent` asks nobody: it leads back with an error if nobody has signed in there. */
  async begin({ silent = false } = {}): Promise<never> {
    const { authorization_endpoint } = await this.discover();
    const pending = { state: random(), nonce: random(), verifier: random(), back: location.pathname };
    sessionStorage.removeItem(wasKey); // once: what leads back with an error is not tried again
    sessionStorage.setItem(pendingKey, JSON.stringify(pending satisfies Pending));
    const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(pending.verifier));
    const query = {
      response_type: 'code',
      client_id: this.config.clientId,
      redirect_uri: redirectURI(),
      scope: this.config.scopes.join(' '),
      state: pending.state,
      nonce: pending.nonce,
      code_challenge: base64url(new Uint8Array(digest)),
      code_challenge_method: 'S256',
      ...(silent && { prompt: 'none' }),
    };
    location.replace(withQuery(authorization_endpoint, query));
    return new Promise(() => {}); // the page ends here
  }

  /** Reads the issuer's answer in the address, if there is one, and gets the tokens for its code. */
  async finish(): Promise<Session | undefined> {
    const answer = new URLSearchParams(location.search);
    if (!answer.has('state') || !(answer.has('code') || answer.has('error'))) return undefined;
    const kept = sessionStorage.getItem(pendingKey);
    sessionStorage.removeItem(pendingKey);
    const pending: Pending | undefined = kept === null ? undefined : JSON.parse(kept);
    history.replaceState(null, '', pending?.back ?? '/');
    if (!pending || answer.get('state') !== pending.state) {
      throw new Error('This answer belongs to no sign-in of this tab. Please sign in again.');
    }
    const iss = answer.get('iss');
    if (iss !== null && iss !== this.config.issuer) throw new Error('Another issuer has answered.'); // RFC 9207
    const code = answer.get('code');
    if (code === null) {
      if (answer.get('error') === 'login_required') return undefined;
      throw new Error(`The sign-in was refused: ${answer.get('error_description') ?? answer.get('error')}`);
    }
    const session = await this.redeem(code, pending);
    sessionStorage.setItem(wasKey, 'yes');
    return session;
  }

  /** Signs out here and at the issuer's, which leads back. */
  async end(session: Session): Promise<never> {
    const { end_session_endpoint } = await this.discover();
    sessionStorage.clear();
    if (!end_session_endpoint) location.replace('/');
    else {
      const query = {
        id_token_hint: session.idToken,
        client_id: this.config.clientId,
        post_logout_redirect_uri: redirectURI(),
        logout_uri: redirectURI(), // Cognito's name for it
      };
      location.replace(withQuery(end_session_endpoint, query));
    }
    return new Promise(() => {});
  }

  private async redeem(code: string, { verifier, nonce }: Pending): Promise<Session> {
    const { token_endpoint } = await this.discover();
    const response = await fetch(token_endpoint, {
      method: 'POST',
      body: new URLSearchParams({
        grant_type: 'authorization_code',
        client_id: this.config.clientId,
        redirect_uri: redirectURI(),
        code,
        code_verifier: verifier,
      }),
      credentials: 'omit',
      redirect: 'error',
    });
    if (!response.ok) throw new Error('The issuer gives no tokens for its code. Please sign in again.');
    const { access_token, id_token, expires_in = 3600 } = await response.json();
    return {
      subject: subjectOf(id_token, this.config, nonce),
      accessToken: access_token,
      idToken: id_token,
      ends: Date.now() + 1000 * expires_in - margin,
    };
  }

  private async discover(): Promise<Record<string, string> & Endpoints> {
    const response = await fetch(`${this.config.issuer}/.well-known/openid-configuration`);
    if (!response.ok) throw new Error('The issuer, where people sign in, does not answer.');
    const document = await response.json();
    if (document.issuer !== this.config.issuer) throw new Error('The issuer calls itself by another name.');
    return document;
  }
}

interface Endpoints {
  authorization_endpoint: string;
  token_endpoint: string;
}

/**
 * Who an ID token is about. It has come from the issuer itself, by TLS, which serves in
 * place of its signature (OpenID Connect Core 1.0, 3.1.3.7, 6); its claims are compared.
 */
export function subjectOf(idToken: string, { issuer, clientId }: Pick<Config, 'issuer' | 'clientId'>, nonce: string) {
  const payload = idToken.split('.')[1] ?? '';
  const bytes = Uint8Array.from(atob(payload.replace(/-/g, '+').replace(/_/g, '/')), (c) => c.charCodeAt(0));
  const claims = JSON.parse(new TextDecoder().decode(bytes));
  const meant = [claims.aud].flat().includes(clientId);
  if (claims.iss !== issuer || !meant || claims.nonce !== nonce || !(1000 * claims.exp > Date.now())) {
    throw new Error('The ID token is not for this sign-in. Please sign in again.');
  }
  if (typeof claims.sub !== 'string' || claims.sub === '') throw new Error('The ID token names nobody.');
  return claims.sub as string;
}

const redirectURI = () => `${location.origin}/`;

function withQuery(endpoint: string, query: Record<string, string>): string {
  const url = new URL(endpoint);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') throw new TypeError(`the issuer is at ${url.protocol}`);
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  return url.href;
}

/** 256 random bits in base64url. */
const random = () => base64url(crypto.getRandomValues(new Uint8Array(32)));

function base64url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
    .replace(/\+/g, '-')
    .replace(/\//g, '_')
    .replace(/=+$/, '');
}
