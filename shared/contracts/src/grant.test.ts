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
      held: fc.boolean(),
      outputCap: fc.nat(),
      fallback: fc.constantFrom(...fallbackReasons),
    },
    { requiredKeys: ['expiresAt', 'holds'] },
  ),
});
type Case = typeof cases extends fc.Arbitrary<infer Value> ? Value : never;

/** The second case, with one part of it, whichever is drawn, from the first. */
const partOf = (one: Case, other: Case, position: number): Case => {
  const parts: ((into: Case) => Case)[] = [
    ...(['id', 'model', 'api'] as const).map(
      (name) =>
        (into: Case): Case => ({
          ...into,
          request: { ...into.request, [name]: one.request[name] },
        }),
    ),
    ...(['org', 'team', 'key'] as const).map(
      (name) =>
        (into: Case): Case => ({
          ...into,
          principal: { ...into.principal, [name]: one.principal[name] },
        }),
    ),
    ...(['expiresAt', 'holds', 'held', 'outputCap', 'fallback'] as const).map(
      (name) =>
        (into: Case): Case => ({
          ...into,
          terms: { ...into.terms, [name]: one.terms[name] },
        }),
    ),
  ];
  return parts[position % parts.length]?.(other) ?? other;
};
const textOf = ({ request, principal, terms }: Case): string => grantText(request, principal, terms);
/** What is absent is as good as what it stands for. */
const plain = ({ request, principal, terms }: Case): string =>
  JSON.stringify([
    request.id,
    request.model,
    request.api,
    principal,
    terms.expiresAt,
    terms.holds.map(({ id, amount }) => [id, amount]),
    terms.held ?? false,
    terms.outputCap ?? null,
    terms.fallback ?? null,
  ]);

test('equal fields give equal text, and different fields never do', () => {
  fc.assert(
    fc.property(cases, cases, fc.nat(), (one, from, position) => {
      const other = partOf(from, one, position);
      expect(textOf(one) === textOf(other)).toBe(plain(one) === plain(other));
      expect(grantText({ ...one.request }, { ...one.principal, tier: 'gold' }, one.terms)).toBe(textOf(one));
    }),
    { numRuns: 500 },
  );
});

test('a model name cannot move text into the field beside it', () => {
  const terms = { holds: [], expiresAt: 1 };
  const principal = { org: 'acme', team: '_', key: 'k' };
  const plain = grantText({ id: 'r', model: 'm', api: 'openai.chat' }, principal, terms);
  const forged = grantText({ id: 'r', model: 'm","openai.chat', api: 'generic' }, principal, terms);
  expect(forged).not.toBe(plain);
});
