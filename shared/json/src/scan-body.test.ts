import { expect, it } from 'vitest';
import { scanBody } from './scan-body.ts';

const body = new TextEncoder().encode(JSON.stringify({ model: 'm', input: 'x'.repeat(1_000) }));

const scanCounted = async (bytes: Uint8Array, sliceBytes: number): Promise<[string, number]> => {
  let turns = 0;
  const yieldTo = async (): Promise<void> => {
    turns += 1;
  };
  const result = await scanBody(bytes, { maxDepth: 8, wholeBytes: sliceBytes, sliceBytes, yieldTo });
  return [result.outcome, turns];
};

it('a body within one slice is scanned at once, without a promise', () => {
  const result = scanBody(body, { maxDepth: 8, yieldTo: () => Promise.reject(new Error('no need')) });
  expect(result).toMatchObject({ outcome: 'scanned', fields: { chars: 1_001 } });
});

it('a larger body lets other work have a turn between slices', async () => {
  expect(await scanCounted(body, Math.ceil(body.byteLength / 4))).toEqual(['scanned', 3]);
});

it('a body that is refused is not read to its end', async () => {
  const broken = Uint8Array.from(body);
  broken[0] = 0x5d;
  expect(await scanCounted(broken, 100)).toEqual(['invalid', 0]);
});
