import { subjects } from '@weir/contracts';
import { describe, expect, it } from 'vitest';
import { bodyChunkBytes, createBodyServer, maxBodyChunkBytes, pullBody } from './body-transfer.ts';
import { createFakeBus, type FakeBus } from './testdata/fake-bus.ts';

const subject = subjects.body('i1', 'r1');
const bodyOf = (size: number): Uint8Array =>
  Uint8Array.from({ length: size }, (_value, index) => index % 253);

const pull = async (bus: FakeBus, totalBytes: number): Promise<Buffer> => {
  const chunks: Uint8Array[] = [];
  for await (const chunk of pullBody(bus, subject, totalBytes)) chunks.push(chunk);
  return Buffer.concat(chunks);
};

describe('a body that stays in the ingress', () => {
  it.each([0, 1, bodyChunkBytes - 1, bodyChunkBytes, bodyChunkBytes + 1, 5 * bodyChunkBytes + 7])(
    'of %i bytes arrives whole and in order, in chunks that every server takes',
    async (size) => {
      const bus = createFakeBus();
      createBodyServer(bus, 'i1').offer('r1', bodyOf(size));
      const pulled = await pull(bus, size);
      expect(pulled.equals(bodyOf(size))).toBe(true);
      expect(bus.published).toHaveLength(Math.ceil(size / bodyChunkBytes));
    },
  );

  it('is asked for a few chunks ahead, no further', async () => {
    const bus = createFakeBus();
    createBodyServer(bus, 'i1').offer('r1', bodyOf(10 * bodyChunkBytes));
    const chunks = pullBody(bus, subject, 10 * bodyChunkBytes);
    await chunks.next();
    expect(bus.published.length).toBeLessThanOrEqual(4);
    await chunks.return(undefined);
  });
});

describe('a chunk', () => {
  const twoChunks = 2 * bodyChunkBytes;

  it('that was lost is asked for again', async () => {
    const bus = createFakeBus();
    createBodyServer(bus, 'i1').offer('r1', bodyOf(twoChunks));
    const outcomes = [{ outcome: 'timed_out' } as const];
    bus.interfere = () => outcomes.shift();
    expect((await pull(bus, twoChunks)).equals(bodyOf(twoChunks))).toBe(true);
  });

  it('that is lost again and again is given up', async () => {
    const bus = createFakeBus();
    createBodyServer(bus, 'i1').offer('r1', bodyOf(twoChunks));
    bus.interfere = () => ({ outcome: 'timed_out' });
    await expect(pull(bus, twoChunks)).rejects.toThrow('timed_out');
  });

  it('of an ingress that is gone is given up at once', async () => {
    await expect(pull(createFakeBus(), 10)).rejects.toThrow('no_responders');
  });

  it('of a body that was withdrawn is given up at once', async () => {
    const bus = createFakeBus();
    const server = createBodyServer(bus, 'i1');
    server.offer('r1', bodyOf(10));
    server.withdraw('r1');
    expect(server.size).toBe(0);
    await expect(pull(bus, 10)).rejects.toThrow('no longer offered');
    expect(bus.published).toHaveLength(1);
  });

  it('that is shorter than it should be is an error, not a shorter body', async () => {
    const bus = createFakeBus();
    createBodyServer(bus, 'i1').offer('r1', bodyOf(10));
    await expect(pull(bus, 11)).rejects.toThrow('10 bytes instead of 11');
  });
});

describe('the server', () => {
  it.each([
    ['no question', []],
    ['half a question', [0, 0, 0, 0]],
    ['more than a question', [0, 0, 0, 0, 0, 0, 0, 1, 1]],
  ])('answers %s with "unknown"', async (_what, bytes) => {
    const bus = createFakeBus();
    createBodyServer(bus, 'i1').offer('r1', bodyOf(10));
    const answer = await bus.request(subject, Uint8Array.from(bytes), 100);
    expect(answer).toEqual({ outcome: 'answered', data: Uint8Array.of(1) });
  });

  it('gives no more than a chunk, whatever is asked', async () => {
    const bus = createFakeBus();
    createBodyServer(bus, 'i1').offer('r1', bodyOf(2 * maxBodyChunkBytes));
    const answer = await bus.request(subject, Uint8Array.of(0, 0, 0, 0, 255, 255, 255, 255), 100);
    expect(answer.outcome === 'answered' && answer.data.byteLength).toBe(maxBodyChunkBytes + 1);
  });
});
