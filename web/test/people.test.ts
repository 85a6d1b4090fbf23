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
    assert.equal(await alice.focused(), 'Share plan.txt', 'the keyboard is where it was');
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
    assert.equal(await alice.focused(), 'History told.txt', 'the keyboard is where it was');
    await alice.close();
  });
});
