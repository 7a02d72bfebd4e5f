import { beforeEach, describe, expect, it, vi } from 'vitest';
import { createRetiredUpstreams } from './retired-upstreams.ts';
import type { HttpClient } from './upstream/http-client.ts';

const told: string[] = [];
const logger = { warn: (_about: object, message: string) => told.push(message) } as never;

/** Calls over it end when the test says so. */
const clientWithCalls = (name: string) => {
  const said: string[] = [];
  let end: (how?: Error) => void = () => undefined;
  const client: Pick<HttpClient, 'retire' | 'close'> = {
    retire: () => {
      said.push('takes no more');
      return new Promise((resolve, reject) => {
        end = (how) => (how ? reject(how) : resolve());
      });
    },
    close: async () => void said.push('closed'),
  };
  return { old: { name, client: client as HttpClient }, said, end: (how?: Error) => end(how) };
};

beforeEach(() => {
  told.length = 0;
  vi.useFakeTimers();
  return () => {
    vi.useRealTimers();
  };
});

describe('an upstream that was replaced', () => {
  it('takes calls for a while, and no longer', () => {
    const retired = createRetiredUpstreams({ lingerMs: 100, maxLingering: 4, logger });
    const { old, said } = clientWithCalls('pool');
    retired.add(old);
    vi.advanceTimersByTime(99);
    expect(said).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(said).toEqual(['takes no more']);
  });

  it('takes no more calls when too many were replaced after it', () => {
    const retired = createRetiredUpstreams({ lingerMs: 100, maxLingering: 2, logger });
    const all = ['a', 'b', 'c', 'd'].map(clientWithCalls);
    for (const { old } of all) retired.add(old);
    expect(all.map(({ said }) => said.length)).toEqual([1, 1, 0, 0]);
    vi.advanceTimersByTime(100);
    expect(all.map(({ said }) => said.length)).toEqual([1, 1, 1, 1]);
  });

  it('is closed with all others, whether it still takes calls or waits for the last', async () => {
    const retired = createRetiredUpstreams({ lingerMs: 100, maxLingering: 1, logger });
    const [waits, takes] = ['waits', 'takes'].map(clientWithCalls);
    for (const each of [waits, takes]) if (each) retired.add(each.old);
    await retired.close();
    vi.advanceTimersByTime(100);
    expect(waits?.said).toEqual(['takes no more', 'closed']);
    expect(takes?.said).toEqual(['closed']);
  });

  it('is forgotten when its last call has ended, however that went', async () => {
    const retired = createRetiredUpstreams({ lingerMs: 100, maxLingering: 4, logger });
    const [well, ill] = ['well', 'ill'].map(clientWithCalls);
    for (const each of [well, ill]) if (each) retired.add(each.old);
    vi.advanceTimersByTime(100);
    well?.end();
    ill?.end(new Error('no'));
    await vi.advanceTimersByTimeAsync(0);
    expect(told).toEqual(['closing connections']);
    await retired.close();
    expect([well?.said, ill?.said]).toEqual([['takes no more'], ['takes no more']]);
  });
});
