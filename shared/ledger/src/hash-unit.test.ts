import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { genesisHash, hashUnit, type Sha256 } from './hash-unit.ts';

const sha256: Sha256 = (chunks) => createHash('sha256').update(Buffer.concat(chunks)).digest('hex');
const bytes = (text: string) => new TextEncoder().encode(text);

test('the hash is over the previous hash in hex, and each payload behind its length', () => {
  const by = (text: string) => createHash('sha256').update(text, 'latin1').digest('hex');
  expect(hashUnit(genesisHash, [], sha256)).toBe(by('0'.repeat(64)));
  expect(hashUnit(genesisHash, [bytes('ab'), bytes('c')], sha256)).toBe(
    by(`${'0'.repeat(64)}\0\0\0\u0002ab\0\0\0\u0001c`),
  );
});

test('law: payloads that are cut elsewhere have another hash', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1 }), fc.nat(), (whole, at) => {
      const cut = at % whole.length;
      const pieces = [whole.slice(0, cut), whole.slice(cut)];
      expect(hashUnit(genesisHash, pieces, sha256)).not.toBe(hashUnit(genesisHash, [whole], sha256));
    }),
  );
});
