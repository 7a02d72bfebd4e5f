import type { LoadReport } from '@weir/contracts';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createPoolView } from './pool-view.ts';

const self = 'scheduler-me';
const start = 1_000_000;
let sequence = 0;

const report = (given: Partial<LoadReport> = {}): LoadReport => {
  sequence += 1;
  return {
    v: 1,
    pool: 'gpu',
    instance: 'adapter-a',
    epoch: 1,
    sequence,
    state: 'ready',
    targets: [{ target: 't0', pendingTokens: 100, running: 2, capacity: 8 }],
    watermarks: {},
    ...given,
  };
};

const booking = { pool: 'gpu', instance: 'adapter-a', target: 't0', tokens: 50 };

const createWith = (...reports: LoadReport[]) => {
  const pools = createPoolView(self);
  for (const one of reports) pools.apply(one, start);
  return pools;
};

test('a place shows what was reported plus what was reserved since', () => {
  const pools = createWith(report());
  expect(pools.reserve(booking, start)).toBe(1);
  expect(pools.reserve(booking, start)).toBe(2);
  expect(pools.view('gpu', start)).toMatchObject([{ pendingTokens: 200, running: 4, host: { running: 4 } }]);
});

test('a place knows whether its instance shares our process', () => {
  const pools = createPoolView(self, (instance) => instance === 'adapter-a');
  for (const one of [report(), report({ instance: 'adapter-b' })]) pools.apply(one, start);
  const found = pools.view('gpu', start).map(({ instance, host }) => [instance, host.isNearby ?? false]);
  expect(found).toEqual([
    ['adapter-a', true],
    ['adapter-b', false],
  ]);
});

test('a reservation vanishes with the report whose watermark covers it, the later ones stay', () => {
  const pools = createWith(report());
  pools.reserve(booking, start);
  pools.reserve({ ...booking, tokens: 7 }, start);
  pools.apply(report({ watermarks: { [self]: 1, 'scheduler-other': 9 } }), start);
  expect(pools.view('gpu', start)).toMatchObject([{ pendingTokens: 107, running: 3 }]);
});

test('a watermark that one pool reports does not cover what another pool has not reported yet', () => {
  const other = { pool: 'other' };
  const pools = createWith(report(), report(other));
  pools.reserve(booking, start);
  expect(pools.reserve({ ...booking, ...other }, start)).toBe(2);
  pools.apply(report({ ...other, watermarks: { [self]: 2 } }), start);
  expect(pools.view('gpu', start)).toMatchObject([{ pendingTokens: 150 }]);
  expect(pools.view('other', start)).toMatchObject([{ pendingTokens: 100 }]);
});

test('a reservation that no report covers is given back after two seconds', () => {
  const pools = createWith(report());
  pools.reserve(booking, start);
  pools.apply(report(), start + 1_999);
  expect(pools.view('gpu', start + 1_999)).toMatchObject([{ pendingTokens: 150 }]);
  expect(pools.view('gpu', start + 2_000)).toMatchObject([{ pendingTokens: 100, host: { running: 2 } }]);
});

test('an instance that has not reported for a second is no candidate, and is one again with its next report', () => {
  const pools = createWith(report(), report({ instance: 'adapter-b' }));
  const instancesAt = (now: number) => pools.view('gpu', now).map(({ instance }) => instance);
  pools.apply(report({ instance: 'adapter-b' }), start + 900);
  expect(instancesAt(start + 1_000)).toEqual(['adapter-a', 'adapter-b']);
  expect(instancesAt(start + 1_001)).toEqual(['adapter-b']);
  pools.apply(report(), start + 1_500);
  expect(instancesAt(start + 1_500)).toEqual(['adapter-a', 'adapter-b']);
});

test('when nobody reports any more, those that did stay candidates for half a minute', () => {
  const pools = createWith(report(), report({ instance: 'adapter-b' }), report({ pool: 'other' }));
  expect(pools.view('gpu', start + 1_001)).toHaveLength(2);
  expect(pools.view('gpu', start + 30_000)).toHaveLength(2);
  expect(pools.view('gpu', start + 30_001)).toEqual([]);
});

test('a pool that is silent while another one is heard has no candidates', () => {
  const pools = createWith(report(), report({ pool: 'other', instance: 'adapter-b' }));
  pools.apply(report({ pool: 'other', instance: 'adapter-b' }), start + 1_500);
  expect(pools.view('gpu', start + 1_500)).toEqual([]);
});

test('after a silence of all, the first to be heard does not sweep away the others', () => {
  const pools = createWith(report(), report({ instance: 'adapter-b' }));
  pools.apply(report(), start + 10_000);
  pools.apply(report({ instance: 'adapter-b', sequence: 1 }), start + 10_050);
  // An older report of the same life is no news: it was not forgotten.
  expect(pools.view('gpu', start + 10_050).map(({ instance }) => instance)).toEqual(['adapter-a']);
  pools.apply(report({ instance: 'adapter-b' }), start + 10_100);
  expect(pools.view('gpu', start + 10_100)).toHaveLength(2);
});

test('a pool is current while no more than three tenths of it report late', () => {
  const names = ['a', 'b', 'c', 'd'].map((letter) => `adapter-${letter}`);
  const pools = createWith(...names.map((instance) => report({ instance })));
  expect(pools.isCurrent('gpu', start + 300)).toBe(true);
  expect(pools.isCurrent('gpu', start + 301)).toBe(false);
  for (const instance of names.slice(0, 3)) pools.apply(report({ instance }), start + 200);
  expect(pools.isCurrent('gpu', start + 301)).toBe(true);
  expect(pools.isCurrent('nobody', start)).toBe(true);
});

test('what is no candidate any more does not make a pool late', () => {
  const names = ['a', 'b', 'c'].map((letter) => `adapter-${letter}`);
  const pools = createWith(...names.map((instance) => report({ instance })));
  for (const instance of names.slice(1)) pools.apply(report({ instance }), start + 900);
  expect(pools.isCurrent('gpu', start + 1_000)).toBe(false);
  expect(pools.isCurrent('gpu', start + 1_001)).toBe(true);
});

test('a pool is unheard while nobody reports any more, unless it was told that it would end', () => {
  const pools = createWith(report(), report({ pool: 'other', state: 'draining' }));
  expect(pools.unheard(start + 1_000)).toEqual([]);
  expect(pools.unheard(start + 1_001)).toEqual(['gpu']);
  expect(pools.unheard(start + 60_000)).toEqual(['gpu']);
  pools.apply(report(), start + 60_001);
  expect(pools.unheard(start + 60_001)).toEqual([]);
  pools.gone('adapter-a');
  expect(pools.unheard(start + 90_000)).toEqual([]);
});

test('an instance that is gone leaves every pool at once, and keeps counting when it comes back', () => {
  const pools = createWith(report(), report({ pool: 'other' }));
  pools.reserve(booking, start);
  pools.gone('adapter-a');
  expect(pools.view('gpu', start)).toEqual([]);
  expect(pools.view('other', start)).toEqual([]);
  pools.apply(report(), start);
  expect(pools.view('gpu', start)).toMatchObject([{ running: 2, host: { running: 2 } }]);
  expect(pools.reserve(booking, start)).toBe(2);
});

test('a new epoch begins anew: no reservations, no numbers, nothing from other pools', () => {
  const pools = createWith(report(), report({ pool: 'other' }));
  pools.reserve(booking, start);
  pools.apply(report({ epoch: 2, sequence: 0 }), start);
  expect(pools.view('gpu', start)).toMatchObject([{ pendingTokens: 100, host: { running: 2 } }]);
  expect(pools.view('other', start)).toEqual([]);
  expect(pools.reserve(booking, start)).toBe(1);
});

test('a report that is older than the last one changes nothing', () => {
  const pools = createWith(report({ sequence: 9 }));
  expect(pools.apply(report({ sequence: 8, targets: [] }), start)).toBe(false);
  expect(pools.view('gpu', start)).toHaveLength(1);
});

test('a draining instance is still seen, but not open', () => {
  const pools = createWith(report({ state: 'draining' }));
  expect(pools.view('gpu', start)).toMatchObject([{ isOpen: false, pendingTokens: 100 }]);
});

test('the host counts over targets and pools, and forgets a pool that is dead', () => {
  const pools = createWith(report(), report({ pool: 'other' }));
  expect(pools.view('gpu', start)).toMatchObject([{ running: 2, host: { running: 4 } }]);
  for (const sinceMs of [900, 1_800, 2_700, 3_001]) pools.apply(report(), start + sinceMs);
  expect(pools.view('gpu', start + 3_001)).toMatchObject([{ host: { running: 2 } }]);
});

type Step = { kind: 'reserve'; tokens: number } | { kind: 'report'; seen: number } | { kind: 'gone' };

const steps = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant('reserve' as const), tokens: fc.nat(1_000) }),
    fc.record({ kind: fc.constant('report' as const), seen: fc.nat(40) }),
    fc.record({ kind: fc.constant('gone' as const) }),
  ),
  { maxLength: 60 },
);

test('law: whatever happens, the view is the report plus the reservations above its watermark', () => {
  fc.assert(
    fc.property(steps, (history: readonly Step[]) => {
      const pools = createWith(report());
      let open: { dispatch: number; tokens: number }[] = [];
      let seen = 0;
      for (const step of history) {
        if (step.kind === 'reserve') {
          const dispatch = pools.reserve({ ...booking, tokens: step.tokens }, start);
          const isThere = pools.view('gpu', start).length > 0;
          if (isThere && dispatch > seen) open.push({ dispatch, tokens: step.tokens });
        } else if (step.kind === 'report') {
          seen = step.seen;
          pools.apply(report({ watermarks: { [self]: seen } }), start);
          open = open.filter(({ dispatch }) => dispatch > seen);
        } else {
          pools.gone('adapter-a');
          open = [];
        }
        const reserved = open.reduce((sum, { tokens }) => sum + tokens, 0);
        const running = 2 + open.length;
        for (const place of pools.view('gpu', start)) {
          expect(place).toMatchObject({ pendingTokens: 100 + reserved, running, host: { running } });
        }
      }
    }),
  );
});

const heard = { ...booking, tokens: 30 };

test('what another scheduler has sent counts until a report shows it', () => {
  const pools = createWith(report());
  pools.hear('scheduler-other', { ...heard, dispatch: 5 }, start);
  pools.hear('scheduler-other', { ...heard, dispatch: 6 }, start);
  expect(pools.view('gpu', start)).toMatchObject([{ pendingTokens: 160, running: 4, host: { running: 4 } }]);
  pools.apply(report({ watermarks: { [self]: 99, 'scheduler-other': 5 } }), start);
  expect(pools.view('gpu', start)).toMatchObject([{ pendingTokens: 130, running: 3, host: { running: 3 } }]);
});

test('what another scheduler has sent counts once, and not at all when it comes behind the report that shows it', () => {
  const pools = createWith(report({ watermarks: { 'scheduler-other': 5 } }));
  for (const dispatch of [5, 6, 6, 4]) pools.hear('scheduler-other', { ...heard, dispatch }, start);
  expect(pools.view('gpu', start)).toMatchObject([{ pendingTokens: 130, running: 3 }]);
});

test('what another scheduler has sent and no report shows is given back after two seconds', () => {
  const pools = createWith(report());
  pools.hear('scheduler-other', { ...heard, dispatch: 1 }, start);
  pools.apply(report(), start + 1_999);
  expect(pools.view('gpu', start + 1_999)).toMatchObject([{ pendingTokens: 130 }]);
  expect(pools.view('gpu', start + 2_000)).toMatchObject([{ pendingTokens: 100, host: { running: 2 } }]);
});

test('what is heard of a pool, an instance or a target that nobody reported is nothing', () => {
  const pools = createWith(report());
  for (const other of [{ pool: 'p' }, { instance: 'i' }, { target: 't9' }]) {
    pools.hear('scheduler-other', { ...heard, ...other, dispatch: 1 }, start);
  }
  expect(pools.view('gpu', start)).toMatchObject([{ pendingTokens: 100, host: { running: 2 } }]);
});

test('what one scheduler tells, and how many of them are believed, has a bound', () => {
  const pools = createWith(report());
  for (let dispatch = 1; dispatch <= 16_400; dispatch += 1) {
    pools.hear('scheduler-other', { ...heard, tokens: 1, dispatch }, start);
  }
  expect(pools.view('gpu', start)).toMatchObject([{ pendingTokens: 100 + 16_384 }]);
  for (let peer = 1; peer <= 300; peer += 1) {
    pools.hear(`scheduler-${peer}`, { ...heard, tokens: 1, dispatch: 1 }, start);
  }
  expect(pools.view('gpu', start)).toMatchObject([{ pendingTokens: 100 + 16_384 + 255 }]);
  pools.apply(report(), start + 2_000);
  expect(pools.view('gpu', start + 2_000)).toMatchObject([{ pendingTokens: 100, running: 2 }]);
});

test('a scheduler that comes back under a new name starts from one, and leaves nothing of its former life behind', () => {
  const pools = createWith(report());
  pools.hear('scheduler-old', { ...heard, dispatch: 40 }, start);
  pools.hear('scheduler-new', { ...heard, dispatch: 1 }, start);
  expect(pools.view('gpu', start)).toMatchObject([{ pendingTokens: 160 }]);
  pools.apply(report({ watermarks: { 'scheduler-old': 40 } }), start);
  expect(pools.view('gpu', start)).toMatchObject([{ pendingTokens: 130 }]);
});

const deliveries = fc.array(
  fc.record({
    from: fc.constantFrom(self, 'one', 'two'),
    copies: fc.nat(2),
    tokens: fc.nat(500),
    reports: fc.boolean(),
  }),
  { maxLength: 60 },
);

test('law: gossip that is lost or doubled leaves nothing behind once a report has seen every attempt', () => {
  fc.assert(
    fc.property(deliveries, (history) => {
      const pools = createWith(report());
      const sent: Record<string, number> = { [self]: 0, one: 0, two: 0 };
      for (const { from, copies, tokens, reports } of history) {
        const dispatch = (sent[from] ?? 0) + 1;
        sent[from] = dispatch;
        if (from === self) pools.reserve({ ...booking, tokens }, start);
        else
          for (let copy = 0; copy < copies; copy += 1)
            pools.hear(from, { ...booking, tokens, dispatch }, start);
        if (reports) pools.apply(report({ watermarks: { ...sent } }), start);
        for (const place of pools.view('gpu', start)) {
          expect(place.pendingTokens).toBeGreaterThanOrEqual(100);
          expect(place.running).toBe(place.host.running);
        }
      }
      pools.apply(report({ watermarks: sent }), start);
      expect(pools.view('gpu', start)).toMatchObject([
        { pendingTokens: 100, running: 2, host: { running: 2 } },
      ]);
    }),
  );
});

const senders = ['one', 'two'] as const;

const journeys = fc.array(
  fc.record({
    from: fc.constantFrom(self, ...senders),
    instance: fc.constantFrom('adapter-a', 'adapter-b'),
    tokens: fc.nat(500),
    waitMs: fc.nat(400),
    /** Each copy of what is told, by how late it comes. None: it is lost. */
    delaysMs: fc.array(fc.nat(3_000), { maxLength: 3 }),
    reports: fc.boolean(),
  }),
  { maxLength: 60 },
);

test('law: whatever gossip is lost, doubled, late or out of order, what reports have covered is counted by them alone', () => {
  fc.assert(
    fc.property(journeys, (history) => {
      const pools = createWith(report(), report({ instance: 'adapter-b' }));
      const sent: Record<string, Record<string, number>> = { 'adapter-a': {}, 'adapter-b': {} };
      let onTheWay: { at: number; from: string; reservation: Parameters<typeof pools.hear>[1] }[] = [];
      let now = start;
      const deliver = (until: number): void => {
        const due = onTheWay.filter(({ at }) => at <= until).sort((one, other) => one.at - other.at);
        onTheWay = onTheWay.filter(({ at }) => at > until);
        for (const { at, from, reservation } of due) pools.hear(from, reservation, at);
        now = until;
      };
      const reportAll = (): void => {
        for (const [instance, watermarks] of Object.entries(sent)) {
          pools.apply(report({ instance, watermarks: { ...watermarks } }), now);
        }
      };
      const check = (pendingTokens?: number): void => {
        const places = pools.view('gpu', now);
        for (const place of places) {
          expect(place.pendingTokens).toBeGreaterThanOrEqual(100);
          expect(place.running).toBeGreaterThanOrEqual(2);
          expect(place.host.running).toBe(place.running);
        }
        if (pendingTokens === undefined) return;
        expect(places.map((place) => place.pendingTokens)).toEqual([pendingTokens, pendingTokens]);
      };
      for (const { from, instance, tokens, waitMs, delaysMs, reports } of history) {
        deliver(now + waitMs);
        const given = { pool: 'gpu', instance, target: 't0', tokens };
        const counts = sent[instance] ?? {};
        const dispatch = (counts[from] ?? 0) + 1;
        counts[from] = dispatch;
        if (from === self) expect(pools.reserve(given, now)).toBe(dispatch);
        else {
          const reservation = { ...given, dispatch };
          for (const delayMs of delaysMs) onTheWay.push({ at: now + delayMs, from, reservation });
        }
        if (reports) reportAll();
        check();
      }
      reportAll();
      check(100);
      // What comes behind the report that shows it changes nothing, however late it is.
      while (onTheWay.length > 0) {
        deliver(Math.min(...onTheWay.map(({ at }) => at)));
        check(100);
      }
    }),
  );
});

test('an instance is new when it starts under our eyes, and not when we do', () => {
  const pools = createWith(report());
  pools.apply(report(), start + 950);
  pools.apply(report({ instance: 'adapter-b' }), start + 1_900);
  pools.apply(report({ instance: 'adapter-c' }), start + 2_000);
  const newSince = () => pools.view('gpu', start + 2_000).map(({ host }) => host.newSince);
  pools.apply(report(), start + 2_000);
  expect(newSince()).toEqual([undefined, undefined, start + 2_000]);
  // Its next life begins with the next epoch.
  pools.apply(report({ epoch: 2 }), start + 2_000);
  expect(newSince()).toEqual([undefined, start + 2_000, start + 2_000]);
});

test('who is heard of again after a silence of all is not new', () => {
  const pools = createWith(report());
  pools.apply(report({ instance: 'adapter-b' }), start + 90_000);
  pools.apply(report(), start + 90_100);
  expect(pools.view('gpu', start + 90_100).map(({ host }) => host.newSince)).toEqual([undefined, undefined]);
});
