import type { Lease } from '@weir/messaging';
import { expect, it, vi } from 'vitest';
import { keepLedger } from './keep-ledger.ts';
import { LedgerHalt } from './ledger-halt.ts';

const untilAborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve());
  });

const createFakeLease = () => {
  let granted = Promise.withResolvers<'acquired'>();
  let lost = Promise.withResolvers<void>();
  const lease: Lease = {
    held: false,
    problem: undefined,
    get lost() {
      return lost.promise;
    },
    acquire: (signal) => Promise.race([granted.promise, untilAborted(signal).then(() => 'aborted' as const)]),
    release: async () => {
      granted = Promise.withResolvers();
    },
  };
  return {
    lease,
    grant: () => {
      lost = Promise.withResolvers();
      granted.resolve('acquired');
    },
    take: () => lost.resolve(),
  };
};

const start = (run: (signal: AbortSignal, onBooted: () => void) => Promise<void>) => {
  const { lease, grant, take } = createFakeLease();
  const troubles: [string, number][] = [];
  const halts: string[] = [];
  const keeper = keepLedger({
    lease,
    run,
    onTrouble: (error, pauseMs) => troubles.push([String(error), pauseMs]),
    onHalt: (error) => halts.push(error.message),
    pause: async () => undefined,
  });
  return { keeper, grant, take, troubles, halts };
};

it('stands by in good health until it is its turn, and again when it was succeeded', async () => {
  let runs = 0;
  const { keeper, grant, take } = start(async (signal, onBooted) => {
    runs += 1;
    onBooted();
    await untilAborted(signal);
  });
  expect(keeper.status()).toBe(true);
  grant();
  await vi.waitFor(() => expect(runs).toBe(1));
  expect(keeper.status()).toBe(true);
  take();
  await Promise.resolve();
  grant();
  await keeper.stop();
});

it('begins again after trouble, later each time, and says what the trouble is', async () => {
  let runs = 0;
  const { keeper, grant, troubles } = start(async (signal, onBooted) => {
    runs += 1;
    if (runs <= 3) throw new Error('no JetStream');
    onBooted();
    await untilAborted(signal);
  });
  grant();
  await vi.waitFor(() => expect(runs).toBe(4));
  expect(troubles).toEqual([
    ['Error: no JetStream', 250],
    ['Error: no JetStream', 500],
    ['Error: no JetStream', 1_000],
  ]);
  expect(keeper.status()).toBe(true);
  await keeper.stop();
});

it('does not begin again when that would not help, and says so for good', async () => {
  let runs = 0;
  const { keeper, grant, halts } = start(async () => {
    runs += 1;
    throw new LedgerHalt('another stream');
  });
  grant();
  await vi.waitFor(() => expect(halts).toEqual(['another stream']));
  expect(keeper.status()).toBe('another stream');
  expect(runs).toBe(1);
  await keeper.stop();
});
