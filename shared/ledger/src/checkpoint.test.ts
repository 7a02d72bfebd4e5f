import { counterText } from '@weir/contracts';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Checkpoint, type CheckpointChunk, decodeCheckpoint, encodeCheckpoint } from './checkpoint.ts';

const checkpoint = (sequence: number, counters: number): Checkpoint => ({
  sourceEpoch: '2026-11-01T00:00:00Z',
  sequence,
  hash: 'a'.repeat(64),
  totals: new Map(
    Array.from({ length: counters }, (_, index) => [
      counterText({
        unit: 'money',
        scope: `route:chat/header:${String(index).padStart(32, '0')}`,
        budget: 'b',
        startsAt: 0,
        endsAt: 1,
      }),
      BigInt(index) ** 3n - 9n,
    ]),
  ),
});

const store = (...written: (readonly CheckpointChunk[])[]): Uint8Array[] => {
  const entries = new Map(written.flat().map(({ key, text }) => [key, text]));
  return [...entries.values()].map((text) => new TextEncoder().encode(text));
};

test('a large checkpoint is cut into chunks below 512 KiB, and comes back in any order', () => {
  const large = checkpoint(7, 12_000);
  const chunks = encodeCheckpoint(large, 1);
  expect(chunks.length).toBeGreaterThan(1);
  expect(Math.max(...chunks.map(({ text }) => text.length))).toBeLessThan(512 * 1024);
  expect(decodeCheckpoint(store([...chunks].reverse()))).toEqual({
    outcome: 'read',
    checkpoint: large,
    slot: 1,
  });
});

test('a checkpoint of nothing is a checkpoint', () => {
  const empty = checkpoint(0, 0);
  expect(decodeCheckpoint(store(encodeCheckpoint(empty, 0)))).toMatchObject({ checkpoint: empty });
});

test('the newer of two is read, whatever slot it is in', () => {
  const stored = store(encodeCheckpoint(checkpoint(9, 2), 0), encodeCheckpoint(checkpoint(8, 2), 1));
  expect(decodeCheckpoint(stored)).toMatchObject({ checkpoint: { sequence: 9 }, slot: 0 });
});

test('law: wherever writing breaks off, the checkpoint before it is still whole', () => {
  const before = encodeCheckpoint(checkpoint(1, 12_000), 0);
  const next = encodeCheckpoint(checkpoint(2, 6_000), 1);
  const over = encodeCheckpoint(checkpoint(3, 9_000), 0);
  fc.assert(
    fc.property(fc.nat({ max: over.length }), (written) => {
      const decoded = decodeCheckpoint(store(before, next, over.slice(0, written)));
      expect(decoded).toMatchObject({ checkpoint: { sequence: written === over.length ? 3 : 2 } });
    }),
    { numRuns: 20 },
  );
});

test('law: what is no checkpoint is passed over, and never thrown at', () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.oneof(
          fc.uint8Array(),
          fc.json().map((text) => new TextEncoder().encode(text)),
        ),
      ),
      (found) => {
        expect(decodeCheckpoint(found).outcome).toBe('none');
        const good = store(encodeCheckpoint(checkpoint(4, 3), 0));
        expect(decodeCheckpoint([...found, ...good]).outcome).toBe('read');
      },
    ),
  );
});
