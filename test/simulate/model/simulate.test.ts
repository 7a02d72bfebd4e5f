import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type PolicyName, policies, policyNames } from '../policies.ts';
import type { Fault } from './faults.ts';
import { type Simulation, simulate } from './simulate.ts';
import { summarize } from './summary.ts';
import { drawRequests, heavyTail } from './workload.ts';

const noClock = (): number => 0;

const aSimulation = (policy: PolicyName, part: Partial<Simulation> = {}): Simulation => ({
  policy: policies[policy],
  seed: 1,
  arrivals: { workload: heavyTail, perSecond: 30, forMs: 6_000 },
  schedulers: 3,
  speeds: [1, 1, 1, 1],
  reportEachMs: 100,
  lossShare: 0,
  faults: [],
  ...part,
});

const endOf = (simulation: Simulation) => {
  const { served, failed, leaked, broken } = simulate(simulation, noClock);
  return { all: served.length + failed, failed, leaked, broken };
};

describe('one run', () => {
  test.each(policyNames)('%s: the same seed gives the same run, and another one another', (policy) => {
    const once = simulate(aSimulation(policy), noClock);
    expect(simulate(aSimulation(policy), noClock)).toEqual(once);
    expect(simulate(aSimulation(policy, { seed: 2 }), noClock)).not.toEqual(once);
  });

  test('the real clock decides nothing', () => {
    let ticks = 0;
    const slow = simulate(aSimulation('full'), () => {
      ticks += 1_000_000;
      return ticks;
    });
    const { decisionMicros, ...rest } = slow;
    expect(new Set(decisionMicros)).toEqual(new Set([1_000_000]));
    expect(simulate(aSimulation('full'), noClock)).toMatchObject(rest);
  });

  test('policies that know more have a truer view', () => {
    const errorOf = (policy: PolicyName, schedulers = 3) =>
      summarize(simulate(aSimulation(policy, { schedulers }), noClock), 0).viewError;
    expect(errorOf('ltq', 1)).toBe(0);
    expect(errorOf('full')).toBeLessThan(errorOf('own-reservations') ?? 0);
    expect(errorOf('own-reservations')).toBeLessThan(errorOf('reports-only') ?? 0);
  });
});

describe('what goes wrong', () => {
  const atMs = 2_000;

  test.each<[string, Fault]>([
    ['a worker is killed', { kind: 'kill', worker: 1, atMs }],
    ['a worker hangs', { kind: 'hang', worker: 1, atMs }],
    ['an engine stands still', { kind: 'stall', worker: 1, atMs }],
    ['a worker is slow', { kind: 'slow', worker: 1, atMs, speed: 0.3 }],
    ['a worker says the same for ever', { kind: 'freeze', worker: 1, atMs }],
    ['a worker says nothing', { kind: 'mute', worker: 1, atMs, forMs: 3_000 }],
    ['a scheduler is killed', { kind: 'kill-scheduler', scheduler: 1, atMs }],
  ])('%s: every request is answered, and nothing is counted afterwards', (_what, fault) => {
    const simulation = aSimulation('full', { faults: [fault], headMs: 5_000, lossShare: 0.01 });
    const sent = drawRequests(simulation.arrivals, simulation.seed).length;
    expect(endOf(simulation)).toMatchObject({ all: sent, failed: 0, leaked: 0 });
  });

  test('answers that had begun break off where the worker ends', () => {
    const { broken } = endOf(aSimulation('full', { faults: [{ kind: 'kill', worker: 0, atMs }] }));
    expect(broken).toBeGreaterThan(0);
  });

  test('what never arrived at a worker that lives is not counted for ever', () => {
    const faults: Fault[] = [{ kind: 'deaf', worker: 0, atMs, forMs: 60_000 }];
    expect(endOf(aSimulation('full', { faults }))).toMatchObject({ failed: 0, leaked: 0 });
  });

  test('without any worker clients are told so', () => {
    const faults = [0, 1, 2, 3].map((worker): Fault => ({ kind: 'kill', worker, atMs: 0 }));
    const simulation = aSimulation('full', { faults });
    const sent = drawRequests(simulation.arrivals, simulation.seed).length;
    expect(endOf(simulation)).toEqual({ all: sent, failed: sent, leaked: 0, broken: 0 });
  });

  test('who lets requests wait may have them placed again, and fails what waits in vain', () => {
    const faults = [0, 1, 2, 3].map((worker): Fault => ({ kind: 'kill', worker, atMs: 0 }));
    const simulation = aSimulation('full', { faults });
    const waited = new Set<number>();
    const { failed } = simulate(simulation, noClock, ({ request }, { place, fail }) => {
      if (waited.has(request.id)) return fail();
      waited.add(request.id);
      place();
    });
    expect(waited.size).toBeGreaterThan(100);
    expect(failed).toBe(drawRequests(simulation.arrivals, simulation.seed).length);
  });

  test('law: whatever is lost or late, each request ends once and no reservation outlives the drain', () => {
    const worker = fc.integer({ min: 0, max: 3 });
    const at = fc.integer({ min: 0, max: 3_000 });
    const fault = fc.oneof(
      fc.record({ kind: fc.constantFrom('kill', 'hang', 'stall'), worker, atMs: at }),
      fc.record({ kind: fc.constantFrom('mute', 'deaf'), worker, atMs: at, forMs: at }),
      fc.record({ kind: fc.constant('kill-scheduler'), scheduler: worker, atMs: at }),
    ) as fc.Arbitrary<Fault>;
    const settings = fc.record({
      faults: fc.array(fault, { maxLength: 2 }),
      lossShare: fc.constantFrom(0, 0.05, 0.5),
      reportEachMs: fc.constantFrom(50, 250, 1_000),
      schedulers: fc.integer({ min: 1, max: 4 }),
      seed: fc.integer({ min: 0, max: 1_000 }),
    });
    fc.assert(
      fc.property(settings, (part) => {
        const arrivals = { workload: heavyTail, perSecond: 25, forMs: 3_000 };
        const simulation = aSimulation('full', { ...part, arrivals, headMs: 5_000 });
        const sent = drawRequests(arrivals, part.seed).length;
        expect(endOf(simulation)).toMatchObject({ all: sent, leaked: 0 });
      }),
      { numRuns: 25 },
    );
  });
});
