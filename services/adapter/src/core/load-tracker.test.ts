import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createLoadTracker, type LoadTicket } from './load-tracker.ts';

const create = () => createLoadTracker({ instance: 'a1', epoch: 7, capacity: 100 });
const take = { pool: 'p', target: 't0', tokens: 50, scheduler: 's1', dispatch: 1 };

describe('an attempt', () => {
  it('weighs its tokens until the first byte, and a place until it is over', () => {
    const load = create();
    const loadOf = () => load.report('p', ['t0'], 'ready').targets[0];
    const ticket = load.take(take);
    expect(loadOf()).toEqual({ target: 't0', pendingTokens: 50, running: 1, capacity: 100 });
    ticket.firstByte();
    expect(loadOf()).toMatchObject({ pendingTokens: 0, running: 1 });
    ticket.release();
    expect(loadOf()).toMatchObject({ pendingTokens: 0, running: 0 });
  });

  it('that ends without a first byte gives both back', () => {
    const load = create();
    load.take(take).release();
    expect(load.report('p', ['t0'], 'ready').targets[0]).toMatchObject({ pendingTokens: 0, running: 0 });
    expect(load.total).toBe(0);
  });

  it('says once that there is more room at its first byte, and once at its end', () => {
    const freed: string[] = [];
    const onFreed = (pool: string) => freed.push(pool);
    const ticket = createLoadTracker({ instance: 'a1', epoch: 7, capacity: 100, onFreed }).take(take);
    expect(freed).toEqual([]);
    for (let time = 0; time < 2; time += 1) ticket.firstByte();
    expect(freed).toEqual(['p']);
    for (let time = 0; time < 2; time += 1) ticket.release();
    expect(freed).toEqual(['p', 'p']);
  });

  it('counts for its own target of its own pool', () => {
    const load = create();
    load.take(take);
    expect([load.running('p', 't0'), load.running('p', 't1'), load.running('q', 't0')]).toEqual([1, 0, 0]);
  });
});

describe('a report', () => {
  it('says what the provider of a target last said of its limits, and nothing of the others', () => {
    const load = create();
    load.learn('p', 't0', { observedAt: 1, exhaustedUntil: 9 });
    load.learn('p', 't0', { observedAt: 2, requests: { remaining: 3, resetsAt: 8 } });
    const [known, unknown] = load.report('p', ['t0', 't1'], 'ready').targets;
    expect(known?.quota).toEqual({ observedAt: 2, requests: { remaining: 3, resetsAt: 8 } });
    expect(unknown).not.toHaveProperty('quota');
    expect(load.report('q', ['t0'], 'ready').targets[0]).not.toHaveProperty('quota');
  });

  it('says who reports, in which order, and what was seen of each scheduler', () => {
    const load = create();
    load.take({ ...take, dispatch: 4 });
    load.take({ ...take, scheduler: 's2', dispatch: 2 });
    expect(load.report('p', [], 'ready')).toEqual({
      v: 1,
      pool: 'p',
      instance: 'a1',
      epoch: 7,
      sequence: 1,
      state: 'ready',
      targets: [],
      watermarks: { s1: 4, s2: 2 },
    });
    expect(load.report('p', [], 'draining')).toMatchObject({ sequence: 2, state: 'draining' });
  });

  it('keeps the watermarks of the schedulers heard last, and no more than a bound', () => {
    const load = create();
    for (let number = 0; number < 400; number += 1) load.take({ ...take, scheduler: `s${number}` });
    const { watermarks } = load.report('p', [], 'ready');
    expect(Object.keys(watermarks)).toHaveLength(256);
    expect(watermarks).toHaveProperty('s399');
    expect(watermarks).not.toHaveProperty('s0');
  });
});

it('whatever happens in whatever order, counts are never negative and are what is held', () => {
  const anyTarget = fc.constantFrom('t0', 't1');
  const anyStep = fc.oneof(
    fc.record({
      act: fc.constant('take' as const),
      target: anyTarget,
      tokens: fc.nat(1_000),
      dispatch: fc.nat(50),
    }),
    fc.record({ act: fc.constantFrom('firstByte' as const, 'release' as const), ticket: fc.nat(20) }),
  );
  fc.assert(
    fc.property(fc.array(anyStep, { maxLength: 60 }), (steps) => {
      const load = create();
      const held: {
        ticket: LoadTicket;
        target: string;
        tokens: number;
        pending: boolean;
        running: boolean;
      }[] = [];
      let highest = 0;
      for (const step of steps) {
        if (step.act === 'take') {
          const { target, tokens, dispatch } = step;
          const ticket = load.take({ ...take, target, tokens, dispatch });
          held.push({ ticket, target, tokens, pending: true, running: true });
          highest = Math.max(highest, dispatch);
        } else {
          const attempt = held[step.ticket % Math.max(1, held.length)];
          if (!attempt) continue;
          attempt.ticket[step.act]();
          attempt.pending = false;
          if (step.act === 'release') attempt.running = false;
        }
        const report = load.report('p', ['t0', 't1'], 'ready');
        for (const { target, pendingTokens, running } of report.targets) {
          const mine = held.filter((attempt) => attempt.target === target);
          const pending = mine.filter((attempt) => attempt.pending);
          expect(running).toBe(mine.filter((attempt) => attempt.running).length);
          expect(pendingTokens).toBe(pending.reduce((sum, { tokens }) => sum + tokens, 0));
        }
        // A late dispatch never takes a watermark back.
        if (held.length > 0) expect(report.watermarks).toEqual({ s1: highest });
      }
    }),
  );
});
