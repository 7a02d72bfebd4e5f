import type { CanaryState } from '@weir/contracts';
import { subjects } from '@weir/contracts';
import { expect, test, vi } from 'vitest';
import { createCanaryEvents } from './canary-events.ts';
import { createCanaryKeeper } from './canary-keeper.ts';
import type { CanaryBoard } from './core/canary/canary-board.ts';
import { createOutcomeReport } from './handlers/outcome-report.ts';

const state: CanaryState = {
  v: 1,
  route: 'chat',
  revision: '00c0ffee00c0ffee',
  stable: 'v1',
  canary: 'v2',
  phase: 'rolled_back',
  step: 0,
  weight: 0,
  since: 1_000,
  reason: 'latency',
};

const openKeeper = (given: { held?: boolean; size?: number; put?: () => Promise<never> } = {}) => {
  const said: unknown[] = [];
  const stored: unknown[] = [];
  const stop = new AbortController();
  let held = given.held ?? true;
  const keeper = createCanaryKeeper({
    board: {
      size: given.size ?? 1,
      decide: () => [{ route: 'chat', next: state, replaces: 4 }],
    } as unknown as CanaryBoard,
    lease: {
      acquire: async () => {
        held = true;
        return 'acquired';
      },
      get held() {
        return held;
      },
    },
    writer: async () => ({
      put: async (...entry) => {
        stored.push(entry);
        return given.put ? given.put() : { outcome: 'lost_race' };
      },
    }),
    logger: {
      info: (...line: unknown[]) => void said.push(['info', line[1]]),
      warn: (...line: unknown[]) => void said.push(['warn', line[1]]),
    } as never,
    countRollback: (route, reason) => void said.push(['rollback', route, reason]),
    now: () => 5_000,
    signal: stop.signal,
  });
  return { keeper, said, stored, stop };
};

test('stores what is decided over the entry that it was decided by', async () => {
  const { keeper, stored } = openKeeper({ held: false });
  await keeper.tick();
  expect(stored).toEqual([['chat', JSON.stringify(state), 4]]);
});

test('does nothing without canaries, nor when it is to stop', async () => {
  const idle = openKeeper({ size: 0 });
  await idle.keeper.tick();
  const ending = openKeeper();
  ending.stop.abort();
  await ending.keeper.tick();
  expect([idle.stored, ending.stored]).toEqual([[], []]);
});

test('says once that it cannot store, and tries again', async () => {
  const { keeper, said, stored } = openKeeper({
    put: async () => {
      throw new Error('away');
    },
  });
  await keeper.tick();
  await keeper.tick();
  expect(stored).toHaveLength(2);
  expect(said).toEqual([['warn', 'canaries stay as they are: their state cannot be stored']]);
});

test('who holds the lease speaks of a change, the others do not', () => {
  const holder = openKeeper();
  const other = openKeeper({ held: false });
  for (const { keeper } of [holder, other]) {
    keeper.changed({ state, before: undefined, bucketRevision: 5 });
    keeper.changed({ state: { ...state, phase: 'progressing' }, before: undefined, bucketRevision: 6 });
  }
  expect(holder.said).toEqual([
    ['rollback', 'chat', 'latency'],
    ['warn', 'canary rolled back'],
    ['info', 'canary started'],
  ]);
  expect(other.said).toEqual([]);
});

test('an event is sent until it is stored, under the same id', async () => {
  const sent: string[] = [];
  const troubles: unknown[] = [];
  const stop = new AbortController();
  const events = createCanaryEvents({
    publish: async (subject, payload, id) => {
      sent.push(`${subject} ${id}`);
      if (sent.length < 3) throw new Error('away');
      expect(JSON.parse(new TextDecoder().decode(payload))).toMatchObject({
        data: { change: 'rolled_back' },
      });
    },
    source: '/gateways/test',
    onTrouble: (error) => void troubles.push(error),
    pauseMs: 1,
    signal: stop.signal,
  });
  events.add(state, 17);
  expect(events.waiting).toBe(1);
  await vi.waitFor(() => expect(events.waiting).toBe(0));
  expect(sent).toEqual(Array.from({ length: 3 }, () => 'weir.traffic.v1.chat canary.chat.17'));
  expect(troubles).toHaveLength(1);
});

test('a report is heard if it can be read, and comes from where it says', () => {
  const heard: unknown[] = [];
  const unreadable: string[] = [];
  const handle = createOutcomeReport({
    board: { hear: (report) => void heard.push(report) },
    onUnreadable: (subject) => void unreadable.push(subject),
    now: () => 1,
  });
  const counts = { route: 'chat', revision: 'r', answers: 1, failures: 0, firstBytes: 1, slow: 0 };
  const report = { v: 1, instance: 'adapter-1', epoch: 1, counts: [counts] };
  const send = (value: unknown, instance = 'adapter-1'): void =>
    handle({ subject: subjects.outcomes(instance), data: new TextEncoder().encode(JSON.stringify(value)) });
  send(report);
  send(report, 'adapter-2');
  send({ ...report, counts: [{ ...counts, failures: -1 }] });
  send(null);
  handle({ subject: subjects.outcomes('adapter-1'), data: new Uint8Array([123]) });
  expect(heard).toEqual([report]);
  expect(unreadable).toHaveLength(4);
});
