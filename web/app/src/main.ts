import { Vouch } from '@vouch/client';
import { readConfig } from './config.js';
import { announce, button, el } from './dom.js';
import { fileRow, Files } from './files.js';
import { Keeper } from './kept.js';
import { Network, reach } from './network.js';
import { SignIn, SignInOver, type Session } from './signin.js';
import { trustOwnScripts } from './trusted.js';
import { Uploads } from './uploads.js';
import { faultOf } from './words.js';

trustOwnScripts();
await start().catch((err) => page(el('h1', {}, 'Vouch'), el('p', { class: 'wrong', role: 'alert' }, faultOf(err))));

async function start(): Promise<void> {
  const config = await readConfig();
  const signIn = new SignIn(config);
  let session: Session | undefined;
  let fault: string | undefined;
  try {
    session = await signIn.finish();
    if (!session && signIn.known) await signIn.begin({ silent: true });
  } catch (err) {
    fault = faultOf(err);
  }
  if (session) signedIn(config.api, signIn, session);
  else signedOut(signIn, fault);
}

/** Shows the page of this content. */
function page(...content: Node[]): void {
  document.body.replaceChildren(el('main', {}, ...content));
}

function signedOut(signIn: SignIn, fault: string | undefined): void {
  const wrong = el('p', { class: 'wrong', role: 'alert' }, fault);
  const go = () => void signIn.begin().catch((err) => (wrong.textContent = faultOf(err)));
  const text = 'Files that you send are looked at before anybody can have them. Sign in to send, share and fetch yours.';
  page(el('h1', {}, 'Vouch'), el('p', {}, text), wrong, button('Sign in', '', go, 'main'));
}

function signedIn(api: string, signIn: SignIn, session: Session): void {
  const again = el('div', { role: 'alert' });
  const vouch = new Vouch({
    api,
    async token() {
      if (Date.now() < session.ends) return session.accessToken;
      if (!again.hasChildNodes()) {
        const begin = () => void signIn.begin().catch((err) => announce(faultOf(err)));
        again.append('Your sign-in has run out. ', button('Sign in again', '', begin, 'main'));
      }
      throw new SignInOver('Your sign-in has run out.');
    },
  });
  const leave = () => void signIn.end(session).catch((err) => announce(faultOf(err)));
  const who = el('p', {}, 'Signed in as ', el('strong', {}, session.subject), ' ', button('Sign out', '', leave));
  const header = el('header', {}, el('h1', {}, 'Vouch'), who);
  const shared = /^\/app\/files\/([A-Za-z0-9-]+)$/.exec(location.pathname)?.[1];
  if (shared !== undefined) return void oneFile(vouch, shared, header, again);
  const files = new Files(vouch);
  const around = { vouch, network: new Network(() => reach(api)), keeper: new Keeper(session.subject) };
  const uploads = new Uploads(around, (file) => files.seen(file));
  page(header, again, uploads.element, files.element);
}

/** The view of one file, which a link leads to: others' files are in no list. */
async function oneFile(vouch: Vouch, id: string, ...header: Node[]): Promise<void> {
  const list = el('ul', { class: 'rows', 'aria-label': 'The file' });
  const all = el('p', {}, el('a', { href: '/' }, 'Your files'));
  page(...header, list, all);
  const gone = () => list.replaceChildren(el('li', {}, 'It is deleted.'));
  try {
    list.append(fileRow(vouch, await vouch.get(id), gone));
  } catch (err) {
    list.append(el('li', { class: 'wrong' }, faultOf(err)));
  }
}
