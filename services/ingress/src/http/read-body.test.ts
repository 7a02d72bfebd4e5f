import { PassThrough, Readable } from 'node:stream';
import { expect, it } from 'vitest';
import { readBody } from './read-body.ts';

const piecesOf = (sizes: readonly number[]): Buffer[] =>
  sizes.map((size, position) => Buffer.alloc(size, position + 1));

it.each([
  ['nothing', []],
  ['one piece', [5]],
  ['what is joined at once', [30_000, 30_000]],
  ['one byte more than that', [65_536, 1]],
  ['pieces smaller and larger than a slice', [1, 200_000, 65_536, 7, 65_536]],
])('gives %s as it came', async (_what, sizes) => {
  const pieces = piecesOf(sizes);
  const body = await readBody(Readable.from(pieces), { limitBytes: 1_000_000, contentLength: undefined });
  expect(body.equals(Buffer.concat(pieces))).toBe(true);
});

it('lets others have their turn while it joins', async () => {
  const pieces = piecesOf(Array(20).fill(65_536));
  let turns = 0;
  const count = (): void => {
    turns += 1;
    counting = setImmediate(count);
  };
  let counting = setImmediate(count);
  const payload = new PassThrough({ highWaterMark: 10_000_000 });
  for (const piece of pieces) payload.write(piece);
  payload.end();
  await readBody(payload, { limitBytes: 2_000_000, contentLength: undefined });
  clearImmediate(counting);
  expect(turns).toBeGreaterThan(15);
});

it('refuses by the length that is told, before anything is read', async () => {
  const payload = new PassThrough();
  const reading = readBody(payload, { limitBytes: 100, contentLength: '101' });
  await expect(reading).rejects.toMatchObject({ reason: 'body_too_large' });
  expect(payload.listenerCount('data')).toBe(0);
});

it('refuses what grows beyond the limit, and keeps nothing of the rest', async () => {
  const payload = new PassThrough();
  const reading = readBody(payload, { limitBytes: 100, contentLength: undefined });
  payload.write(Buffer.alloc(100));
  payload.write(Buffer.alloc(1));
  await expect(reading).rejects.toMatchObject({ reason: 'body_too_large' });
  expect(payload.listenerCount('data')).toBe(0);
});

it('a client that breaks off is an error', async () => {
  const payload = new PassThrough();
  const reading = readBody(payload, { limitBytes: 100, contentLength: '50' });
  payload.destroy(new Error('reset'));
  await expect(reading).rejects.toThrow('reset');
});
