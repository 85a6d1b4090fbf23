import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { subjectOf } from '../src/signin.js';

const config = { issuer: 'https://issuer.example', clientId: 'page' };
const claims = { iss: config.issuer, aud: 'page', nonce: 'n', sub: 'zoë', exp: Date.now() / 1000 + 60 };
const token = (changes: object) => `e30.${Buffer.from(JSON.stringify({ ...claims, ...changes })).toString('base64url')}.x`;

describe('an ID token', () => {
  it('says who has signed in', () => {
    assert.equal(subjectOf(token({}), config, 'n'), 'zoë');
    assert.equal(subjectOf(token({ aud: ['page'] }), config, 'n'), 'zoë');
  });

  for (const [what, changes] of Object.entries({
    'another issuer': { iss: 'https://other.example' },
    'another client': { aud: 'other' },
    'another sign-in': { nonce: 'm' },
    'no nonce': { nonce: undefined },
    'a time that is over': { exp: Date.now() / 1000 - 1 },
    'no end': { exp: undefined },
    nobody: { sub: '' },
  })) {
    it(`is refused that is of ${what}`, () => assert.throws(() => subjectOf(token(changes), config, 'n')));
  }
});
