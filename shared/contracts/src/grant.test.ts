import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fallbackReasons } from './attempt.ts';
import { grantText } from './grant.ts';

const texts = fc.string({ unit: 'binary', maxLength: 12 });
const cases = fc.record({
  request: fc.record({ id: texts, model: texts, api: fc.constantFrom('openai.chat', 'generic') }),
  principal: fc.record({ org: texts, team: texts, key: texts }),
  terms: fc.record(
    {
      expiresAt: fc.nat(),
      holds: fc.array(fc.record({ id: texts, amount: texts }), { maxLength: 3 }),
      fallback: fc.constantFrom(...fallbackReasons),
    },
    { requiredKeys: ['expiresAt', 'holds'] },
  ),
});

test('equal fields give equal text, and different fields never do', () => {
  fc.assert(
    fc.property(cases, cases, (one, other) => {
      const same = JSON.stringify(one) === JSON.stringify(other);
      const oneText = grantText(one.request, one.principal, one.terms);
      expect(oneText === grantText(other.request, other.principal, other.terms)).toBe(same);
      expect(grantText({ ...one.request }, { ...one.principal, tier: 'gold' }, one.terms)).toBe(oneText);
    }),
  );
});

test('a model name cannot move text into the field beside it', () => {
  const terms = { holds: [], expiresAt: 1 };
  const principal = { org: 'acme', team: '_', key: 'k' };
  const plain = grantText({ id: 'r', model: 'm', api: 'openai.chat' }, principal, terms);
  const forged = grantText({ id: 'r', model: 'm","openai.chat', api: 'generic' }, principal, terms);
  expect(forged).not.toBe(plain);
});
