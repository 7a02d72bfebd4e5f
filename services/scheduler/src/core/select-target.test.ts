import { strategies } from '@weir/contracts';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { placeOf } from '../testdata/place-of.ts';
import type { Place } from './place.ts';
import { selectTarget, type TargetQuestion } from './select-target.ts';

const targetsOf = (weights: Readonly<Record<string, number>>) =>
  Object.entries(weights).map(([name, weight]) => ({ name, weight, url: `http://${name}` }));

const choose = (places: readonly Place[], given: Partial<TargetQuestion> = {}) => {
  const selection = selectTarget({
    upstream: { strategy: 'least-tokens-queued', targets: targetsOf({ t0: 1, t1: 1 }) },
    places,
    excluded: new Set(),
    isCurrent: true,
    verdict: () => ({ outcome: 'admitted', penalty: 1 }),
    inputTokens: 100,
    turn: 0,
    now: 0,
    random: () => 0,
    ...given,
  });
  return selection.outcome === 'selected'
    ? `${selection.place.target}@${selection.place.instance}`
    : selection.outcome;
};

describe('least tokens queued', () => {
  test.each<[string, Place[], string]>([
    [
      'fewer tokens win',
      [placeOf('t0', { pendingTokens: 500 }), placeOf('t1', { pendingTokens: 400 })],
      't1@adapter-a',
    ],
    [
      'a faster target wins with more tokens',
      [
        placeOf('t0', { pendingTokens: 800, prefillTokensPerSecond: 9_000 }),
        placeOf('t1', { pendingTokens: 500, prefillTokensPerSecond: 3_000 }),
      ],
      't0@adapter-a',
    ],
    [
      'tokens are summed over all instances that reach a target',
      [
        placeOf('t0', { pendingTokens: 300 }),
        placeOf('t0', { instance: 'b', pendingTokens: 300 }),
        placeOf('t1', { pendingTokens: 500 }),
      ],
      't1@adapter-a',
    ],
    [
      'running attempts cost too',
      [placeOf('t0', { running: 9 }), placeOf('t1', { running: 1 })],
      't1@adapter-a',
    ],
    [
      'the instance with the fewest attempts leads there',
      [placeOf('t0', { running: 4 }), placeOf('t0', { instance: 'b', running: 3 })],
      't0@b',
    ],
    ['a target without reports is no candidate', [placeOf('t1', { pendingTokens: 9_999 })], 't1@adapter-a'],
    [
      'a draining instance is passed over, and its load still counts',
      [
        placeOf('t0', { isOpen: false, pendingTokens: 900 }),
        placeOf('t0', { instance: 'b' }),
        placeOf('t1', { pendingTokens: 200 }),
      ],
      't1@adapter-a',
    ],
    [
      'an instance without room is passed over',
      [placeOf('t0', { running: 3, capacity: 3 }), placeOf('t1', { pendingTokens: 9_999 })],
      't1@adapter-a',
    ],
    [
      'room is a matter of the whole instance',
      [placeOf('t0', { host: { running: 10 } }), placeOf('t1', { pendingTokens: 9_999 })],
      't1@adapter-a',
    ],
    [
      'no room anywhere is saturation',
      [placeOf('t0', { running: 10 }), placeOf('t1', { running: 10 })],
      'saturated',
    ],
    ['a target that is not configured is none', [placeOf('t9')], 'none'],
    ['all draining is none', [placeOf('t0', { isOpen: false })], 'none'],
    ['no reports at all is none', [], 'none'],
  ])('%s', (_what, places, expected) => {
    expect(choose(places)).toBe(expected);
  });

  test('a heavier weight takes a share of the load as if it were faster', () => {
    const upstream = { strategy: 'least-tokens-queued' as const, targets: targetsOf({ t0: 1, t1: 3 }) };
    expect(choose([placeOf('t0'), placeOf('t1', { pendingTokens: 150 })], { upstream })).toBe('t1@adapter-a');
  });

  test('targets within one per cent are drawn by lot', () => {
    const places = [placeOf('t0', { pendingTokens: 10_000 }), placeOf('t1', { pendingTokens: 10_050 })];
    expect(choose(places, { random: () => 0 })).toBe('t0@adapter-a');
    expect(choose(places, { random: () => 0.99 })).toBe('t1@adapter-a');
  });
});

describe('round-robin', () => {
  const upstream = { strategy: 'round-robin' as const, targets: targetsOf({ t0: 1, t1: 1, t2: 1 }) };
  const turns = [0, 1, 2, 3];

  test('takes turns, whatever the load', () => {
    const places = [placeOf('t0', { pendingTokens: 9_999 }), placeOf('t1'), placeOf('t2')];
    expect(turns.map((turn) => choose(places, { upstream, turn }))).toEqual([
      't0@adapter-a',
      't1@adapter-a',
      't2@adapter-a',
      't0@adapter-a',
    ]);
  });

  test('leaves out targets without room', () => {
    const places = [placeOf('t0'), placeOf('t1', { running: 10 }), placeOf('t2')];
    expect(turns.map((turn) => choose(places, { upstream, turn }))).toEqual([
      't0@adapter-a',
      't2@adapter-a',
      't0@adapter-a',
      't2@adapter-a',
    ]);
  });
});

describe('least requests', () => {
  const upstream = { strategy: 'least-requests' as const, targets: targetsOf({ t0: 1, t1: 1, t2: 3 }) };

  test.each<[string, Place[], string]>([
    [
      'fewer attempts win, whatever their tokens',
      [placeOf('t0', { running: 2 }), placeOf('t1', { running: 1, pendingTokens: 9_999 })],
      't1@adapter-a',
    ],
    [
      'attempts count by weight',
      [placeOf('t0', { running: 2 }), placeOf('t2', { running: 5 })],
      't2@adapter-a',
    ],
    [
      'attempts are summed over instances',
      [
        placeOf('t0', { running: 1 }),
        placeOf('t0', { instance: 'b', running: 1 }),
        placeOf('t1', { running: 1 }),
      ],
      't1@adapter-a',
    ],
  ])('%s', (_what, places, expected) => {
    expect(choose(places, { upstream })).toBe(expected);
  });
});

describe('weighted', () => {
  const upstream = { strategy: 'weighted' as const, targets: targetsOf({ t0: 1, t1: 2, t2: 1 }) };

  test.each([
    [0, 't0@adapter-a'],
    [0.249, 't0@adapter-a'],
    [0.25, 't1@adapter-a'],
    [0.749, 't1@adapter-a'],
    [0.75, 't2@adapter-a'],
    [0.999, 't2@adapter-a'],
  ])('gives each its share, whatever the load: %d', (draw, expected) => {
    const places = [placeOf('t0', { pendingTokens: 9_999 }), placeOf('t1', { running: 9 }), placeOf('t2')];
    expect(choose(places, { upstream, random: () => draw })).toBe(expected);
  });

  test('leaves the share of what has no room to the others', () => {
    const places = [placeOf('t0'), placeOf('t1', { running: 10 }), placeOf('t2')];
    expect([0, 0.49, 0.5, 0.99].map((draw) => choose(places, { upstream, random: () => draw }))).toEqual([
      't0@adapter-a',
      't0@adapter-a',
      't2@adapter-a',
      't2@adapter-a',
    ]);
  });
});

describe('a target that has just started', () => {
  const upstream = {
    strategy: 'least-tokens-queued' as const,
    targets: targetsOf({ t0: 1, t1: 1 }),
    slowStartMs: 10_000,
  };
  const newborn = { host: { running: 0, newSince: 0 } };
  const places = [placeOf('t0', { pendingTokens: 60 }), placeOf('t1', newborn)];

  test('gets its share by and by', () => {
    expect(choose(places, { upstream, now: 0 })).toBe('t0@adapter-a');
    expect(choose(places, { upstream, now: 4_000 })).toBe('t0@adapter-a');
    expect(choose(places, { upstream, now: 8_000 })).toBe('t1@adapter-a');
    expect(choose(places, { upstream: { ...upstream, slowStartMs: 0 } })).toBe('t1@adapter-a');
  });

  test('is not new when an older instance leads there, too', () => {
    expect(choose([...places, placeOf('t1', { instance: 'b' })], { upstream })).toBe('t1@adapter-a');
    const older = placeOf('t1', { instance: 'b', host: { running: 0, newSince: -50_000 } });
    expect(choose([...places, older], { upstream })).toBe('t1@adapter-a');
  });

  test('is no quicker for it', () => {
    const latencies = { ...upstream, strategy: 'least-latency' as const };
    const both = [placeOf('t0', { firstByteMs: 150 }), placeOf('t1', { firstByteMs: 100, ...newborn })];
    expect(choose(both, { upstream: latencies })).toBe('t0@adapter-a');
    expect(choose(both, { upstream: latencies, now: 20_000 })).toBe('t1@adapter-a');
  });
});

describe('least latency', () => {
  const upstream = { strategy: 'least-latency' as const, targets: targetsOf({ t0: 1, t1: 1, t2: 1 }) };

  test('a target is as quick as the slower of its instances says', () => {
    const places = [
      placeOf('t0', { firstByteMs: 10 }),
      placeOf('t0', { instance: 'b', firstByteMs: 300 }),
      placeOf('t1', { firstByteMs: 200 }),
    ];
    expect(choose(places, { upstream })).toBe('t1@adapter-a');
  });

  test('by old numbers, the better of two', () => {
    const places = [300, 100, 200].map((firstByteMs, at) => placeOf(`t${at}`, { firstByteMs }));
    const draws = [0, 0.99, 0, 0];
    expect(choose(places, { upstream, isCurrent: false, random: () => draws.shift() ?? 0 })).toBe(
      't2@adapter-a',
    );
    expect(choose(places, { upstream })).toBe('t1@adapter-a');
  });
});

describe('session', () => {
  const upstream = {
    strategy: 'session' as const,
    targets: targetsOf({ t0: 1, t1: 1, t2: 1 }),
    affinity: { maxExtraCostMs: 1_500 },
  };
  const places = [placeOf('t0'), placeOf('t1'), placeOf('t2')];
  const draws = [0, 0.4, 0.9];
  const homeOf = (session: string | undefined, among = places) =>
    new Set(draws.map((draw) => choose(among, { upstream, session, random: () => draw })));

  test('the same target for the same session, whatever chance says', () => {
    for (const session of ['alice', 'bob', 'carol']) expect(homeOf(session).size).toBe(1);
    expect(homeOf(undefined).size).toBe(3);
  });

  test('a full target sends its sessions to the next, and those alone', () => {
    const sessions = Array.from({ length: 60 }, (_none, at) => `s${at}`);
    const full = [placeOf('t0', { running: 10 }), placeOf('t1'), placeOf('t2')];
    for (const session of sessions) {
      const [before = ''] = homeOf(session);
      const [after = ''] = homeOf(session, full);
      if (before === 't0@adapter-a') expect(after).not.toBe('t0@adapter-a');
      else expect(after).toBe(before);
    }
  });

  test('a target with too much to read is left, at its own speed', () => {
    const [home = ''] = homeOf('alice');
    const behind = (pendingTokens: number) =>
      places.map((one) => (`${one.target}@${one.instance}` === home ? { ...one, pendingTokens } : one));
    // 10,000 tokens a second, as long as nobody knows better.
    expect(homeOf('alice', behind(14_900))).toEqual(new Set([home]));
    expect(homeOf('alice', behind(15_200))).not.toContain(home);
  });
});

const anyPlaces = fc.array(
  fc.record({
    instance: fc.constantFrom('a', 'b'),
    target: fc.constantFrom('t0', 't1', 't2'),
    pendingTokens: fc.nat(10_000),
    running: fc.nat(4),
    host: fc.record({ running: fc.nat(4), newSince: fc.nat(50_000) }),
    capacity: fc.constant(3),
    isOpen: fc.boolean(),
    prefillTokensPerSecond: fc.option(fc.nat(20_000), { nil: undefined }),
    firstByteMs: fc.option(fc.nat(5_000), { nil: undefined }),
  }),
  { maxLength: 8 },
);

const anyQuestion = fc.record({
  upstream: fc.record({
    strategy: fc.constantFrom(...strategies),
    affinity: fc.record({ maxExtraCostMs: fc.nat(2_000) }),
    slowStartMs: fc.constantFrom(0, 10_000),
    targets: fc.constantFrom(targetsOf({ t0: 1, t1: 2, t2: 1 }), targetsOf({ t1: 1 })),
  }),
  places: anyPlaces,
  excluded: fc.uniqueArray(fc.constantFrom('t0', 't1', 't2')).map((names) => new Set(names)),
  isCurrent: fc.boolean(),
  inputTokens: fc.nat(5_000),
  turn: fc.nat(1_000),
  session: fc.option(fc.string(), { nil: undefined }),
  now: fc.nat(100_000),
  draw: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
});

test('law: what is selected is configured, wanted, open and has room; otherwise there was none', () => {
  fc.assert(
    fc.property(anyQuestion, ({ draw, ...question }) => {
      const selection = selectTarget({
        ...question,
        verdict: () => ({ outcome: 'admitted', penalty: 1 }),
        random: () => draw,
      });
      const named = new Set(question.upstream.targets.map(({ name }) => name));
      const open = question.places.filter(
        ({ target, isOpen }) => isOpen && named.has(target) && !question.excluded.has(target),
      );
      const fitting = open.filter(({ host, capacity }) => host.running < capacity);
      if (selection.outcome === 'selected') expect(fitting).toContain(selection.place);
      else expect(fitting).toEqual([]);
      expect(selection.outcome === 'none').toBe(open.length === 0);
    }),
  );
});

describe('of the instances that lead to a target', () => {
  test.each([
    ['as long as it has little more than the one with the fewest', 8, 0, 't0@c'],
    ['not beyond', 9, 0, 't0@b'],
    ['in proportion', 133, 100, 't0@c'],
    ['and not beyond that', 134, 100, 't0@b'],
  ])('that of our own process is preferred, %s', (_what, running, least, expected) => {
    const near = { capacity: 1_000, host: { running, isNearby: true } } as const;
    const places = [
      placeOf('t0', { instance: 'a', capacity: 1_000, running: least + 1 }),
      placeOf('t0', { instance: 'b', capacity: 1_000, running: least }),
      placeOf('t0', { ...near, instance: 'c', running }),
    ];
    expect(choose(places)).toBe(expected);
    // Which target is another matter.
    expect(choose([...places, placeOf('t1', { ...near, instance: 'c', pendingTokens: 1_000_000 })])).toBe(
      expected,
    );
    const draining = places.map((one) => (one.instance === 'c' ? { ...one, isOpen: false } : one));
    expect(choose(draining)).toBe('t0@b');
  });
});

describe('a view that is not current', () => {
  const queued = [400, 0, 300, 200].map((pendingTokens, at) => placeOf(`t${at}`, { pendingTokens }));
  const four = {
    strategy: 'least-tokens-queued' as const,
    targets: targetsOf({ t0: 1, t1: 1, t2: 1, t3: 1 }),
  };

  test.each([
    ['the better of two that chance names', [0, 0.5, 0], 't2@adapter-a'],
    ['which may be the best', [0.3, 0.99, 0], 't1@adapter-a'],
    ['and never one of the others', [0.99, 0, 0], 't3@adapter-a'],
  ])('gives %s', (_what, draws, expected) => {
    const left = [...draws, 0];
    expect(choose(queued, { upstream: four, isCurrent: false, random: () => left.shift() ?? 0 })).toBe(
      expected,
    );
  });

  test('draws two of the instances that lead to one target, too', () => {
    const places = [5, 0, 3].map((running, at) => placeOf('t0', { instance: 'abc'[at] ?? '', running }));
    const draws = [0, 0.99, 0];
    expect(choose(places, { isCurrent: false, random: () => draws.shift() ?? 0 })).toBe('t0@c');
    expect(choose(places, { random: () => 0 })).toBe('t0@b');
  });

  test('gives the only one there is', () => {
    expect(choose([placeOf('t0')], { isCurrent: false })).toBe('t0@adapter-a');
  });

  test('law: never gives the worst of more than two', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), { maxLength: 9 }),
        (draws) => {
          const left = [...draws];
          const chosen = choose(queued, {
            upstream: four,
            isCurrent: false,
            random: () => left.shift() ?? 0.5,
          });
          expect(chosen).not.toBe('t0@adapter-a');
        },
      ),
    );
  });
});

describe('health', () => {
  const sick = (target: string, until?: number): Partial<TargetQuestion> => ({
    verdict: (one) =>
      one.target === target
        ? { outcome: 'refused', reason: 'circuit_open', until }
        : { outcome: 'admitted', penalty: 1 },
  });

  test('a place that is refused gets nothing, however idle it is', () => {
    const places = [placeOf('t0'), placeOf('t1', { running: 5, pendingTokens: 9_000 })];
    expect(choose(places, sick('t0'))).toBe('t1@adapter-a');
  });

  test('an instance that drains is no way to a target that is ill for all others', () => {
    const places = [placeOf('t0'), placeOf('t0', { instance: 'b', isOpen: false })];
    const verdict: TargetQuestion['verdict'] = ({ instance }) =>
      instance === 'b'
        ? { outcome: 'admitted', penalty: 1 }
        : { outcome: 'refused', reason: 'circuit_open', until: 7 };
    expect(choose(places, { verdict })).toBe('refused');
  });

  test('a target is still reached through the instances for which it is well', () => {
    const places = [placeOf('t0'), placeOf('t0', { instance: 'b', running: 3 })];
    const verdict: TargetQuestion['verdict'] = ({ instance }) =>
      instance === 'adapter-a'
        ? { outcome: 'refused', reason: 'unhealthy', until: undefined }
        : { outcome: 'admitted', penalty: 1 };
    expect(choose(places, { verdict })).toBe('t0@b');
  });

  test('when all are refused it says so, and until when', () => {
    const question = { upstream: { strategy: 'round-robin' as const, targets: targetsOf({ t0: 1 }) } };
    expect(choose([placeOf('t0')], { ...question, ...sick('t0', 7_000) })).toBe('refused');
    expect(choose([], { ...question, ...sick('t0') })).toBe('none');
  });

  test('one that does worse than the others is dearer, and still taken when they have much to do', () => {
    const verdict: TargetQuestion['verdict'] = ({ target }) => ({
      outcome: 'admitted',
      penalty: target === 't0' ? 2 : 1,
    });
    expect(choose([placeOf('t0'), placeOf('t1')], { verdict })).toBe('t1@adapter-a');
    expect(choose([placeOf('t0'), placeOf('t1', { pendingTokens: 900 })], { verdict })).toBe('t0@adapter-a');
  });
});
