// What people do with each other's files, and see of their own, in a real browser.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Site, textOf } from './tab.js';

let site: Site;
before(async () => void (site = await Site.start()), { timeout: 60_000 });
after(() => site?.close());

describe('the dialogs of a file', () => {
  it('share it with a group, whose members download it until that is revoked', { timeout: 90_000 }, async () => {
    const alice = await site.of('alice');
    await alice.send('plan.txt', 'for the staff', /^Ready$/);
    await alice.listed('plan.txt').getByRole('button', { name: 'Share plan.txt' }).click();
    const dialog = alice.page.getByRole('dialog');
    await dialog.getByLabel('Share with').selectOption('group');
    await dialog.getByLabel('Whom').fill('staff');
    await dialog.getByLabel('Until').fill('2099-12-24T18:00');
    await dialog.getByRole('button', { name: 'Share' }).click();
    await dialog.getByText(/^everybody in staff may download until 24 Dec 2099, 18:00$/).waitFor();
    await dialog.getByRole('button', { name: 'Allow managing to everybody in staff' }).click();
    await dialog.getByText(/^everybody in staff may manage until 24 Dec 2099, 18:00$/).waitFor();
    await dialog.getByRole('button', { name: 'Allow downloading only to everybody in staff' }).click();
    await dialog.getByText(/^everybody in staff may download until/).waitFor();
    await alice.audit('the dialog that shares');

    // The page to sign in asks for no groups: the member's token is another of the same issuer.
    const path = new URL(await dialog.getByLabel('Where they find it').inputValue()).pathname;
    const member = await site.stack.tokenOf('bob', { groups: 'staff' });
    const bob = await site.open();
    await bob.page.route(/\/issuer\/.*token$/, async (route) => {
      const response = await route.fetch();
      await route.fulfill({ response, json: { ...(await response.json()), access_token: member } });
    });
    await bob.signIn('bob', path);
    const coming = bob.page.waitForEvent('download');
    await bob.page.getByRole('button', { name: 'Download plan.txt' }).click();
    assert.equal(await textOf(await coming), 'for the staff');

    await dialog.getByRole('button', { name: 'Revoke everybody in staff' }).click();
    await dialog.getByText('Nobody but you.').waitFor();
    await bob.page.getByRole('button', { name: 'Download plan.txt' }).click();
    await bob.page.getByText('There is no such file').waitFor();
    await alice.page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });
    await alice.regains('Share plan.txt');
    await alice.close();
    await bob.close();
  });

  it('tell the owner what was done to it and what was denied', { timeout: 90_000 }, async () => {
    const alice = await site.of('alice');
    await alice.send('told.txt', 'all of it', /^Ready$/);
    await alice.listed('told.txt').getByRole('button', { name: 'Share told.txt' }).click();
    const dialog = alice.page.getByRole('dialog');
    await dialog.getByLabel('Whom').fill('bob');
    await dialog.getByRole('button', { name: 'Share' }).click();
    await dialog.getByText('bob may download').waitFor();
    for (let changes = 0; changes < 9; changes++) {
      await dialog.getByRole('button', { name: 'Allow managing to bob' }).click();
      await dialog.getByRole('button', { name: 'Allow downloading only to bob' }).click();
    }
    await dialog.getByText('bob may download', { exact: true }).waitFor();
    await dialog.getByRole('button', { name: 'Close' }).click();

    const opener = alice.listed('told.txt').getByRole('button', { name: 'History told.txt' });
    await opener.focus();
    await alice.page.keyboard.press('Enter');
    await dialog.getByText('20 events so far').waitFor();
    await dialog.getByText('alice let bob download it.').first().waitFor();
    await alice.audit('the dialog of the history');
    await dialog.getByRole('button', { name: 'Show more events' }).click();
    await dialog.getByText('alice began the upload.').waitFor();
    await dialog.getByText('Vouch changed what it is, to ready.').waitFor();
    await dialog.getByLabel('Show').selectOption('denied');
    await dialog.getByText('Nothing.').waitFor();
    await alice.page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });
    await alice.regains('History told.txt');
    await alice.close();
  });

  it('say how long it is kept, and why not as long as that', { timeout: 90_000 }, async () => {
    const alice = await site.of('alice');
    await alice.send('kept.txt', 'for some time', /^Ready$/);
    await alice.listed('kept.txt').getByRole('button', { name: 'Keep until kept.txt' }).click();
    const dialog = alice.page.getByRole('dialog');
    await dialog.getByText('It is kept as long as nobody deletes it.').waitFor();
    const until = dialog.getByLabel('Keep until');
    await until.fill('2001-01-01T00:00');
    await dialog.getByRole('button', { name: 'Save' }).click();
    await dialog.getByRole('alert').filter({ hasText: /\w/ }).waitFor();
    assert.equal(await until.getAttribute('aria-invalid'), 'true');
    assert.equal(await alice.page.evaluate('document.activeElement?.type'), 'datetime-local');
    await alice.audit('the dialog of retention, after a refusal');
    const day = new Date(Date.now() + 86_400_000).toISOString().slice(0, 10);
    await until.fill(`${day}T12:00`);
    await dialog.getByRole('button', { name: 'Save' }).click();
    await dialog.getByText('Saved.').waitFor();
    assert.equal(await until.inputValue(), `${day}T12:00`);
    await dialog.getByLabel('As long as nobody deletes it').check();
    await dialog.getByRole('button', { name: 'Save' }).click();
    await dialog.getByText('It is kept as long as nobody deletes it.').waitFor();
    await alice.page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });
    await alice.regains('Keep until kept.txt');

    const id = await alice.listed('kept.txt').getAttribute('data-id');
    const authorization = `Bearer ${await site.stack.tokenOf('root', { scopes: 'files:admin' })}`;
    const headers = { authorization, 'content-type': 'application/json' };
    const body = JSON.stringify({ reason: 'Doe v. Example' });
    const { ok } = await fetch(`${site.stack.api}/admin/holds/${id}`, { method: 'PUT', headers, body });
    assert(ok, 'it is put on hold');
    await alice.listed('kept.txt').getByRole('button', { name: 'Keep until' }).click();
    await dialog.getByText('It is on hold').waitFor();
    await alice.audit('the dialog of retention, of a file on hold');
    await alice.close();
  });
});
