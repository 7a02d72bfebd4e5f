import type { CanaryState, OutcomeReport } from '@weir/contracts';
import { canaryRevision } from '@weir/routing';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { configOf } from '../../testdata/config-of.ts';
import { type CanaryBoard, createCanaryBoard } from './canary-board.ts';

const upstream = { provider: 'openai-compatible', targets: ['http://127.0.0.1:1'] };
const config = configOf({
  upstreams: { v1: upstream, v2: upstream },
  routes: [
    {
      name: 'chat',
      match: { path: '/chat' },
      canary: {
        stable: 'v1',
        canary: 'v2',
        steps: [5, 20, 80].map((weight) => ({ weight, holdMs: 1_000 })),
        rollback: { minRequests: 10, errorRate: 0.2, windowMs: 5_000 },
      },
    },
  ],
});
const canary = config.routes[0]?.canary;
if (!canary) throw new Error('no canary');
const revision = canaryRevision(canary);

/** Schedulers, the bucket and an adapter. Messages of the adapter get lost, come twice, and late. */
class World {
  readonly history: CanaryState[] = [];
  #boards: CanaryBoard[] = [];
  #stored: { readonly value: string; readonly revision: number } | undefined;
  #reports: OutcomeReport[] = [];
  #answers = 0;
  #failures = 0;
  #now = 0;

  constructor() {
    for (const at of [0, 1, 2]) this.restart(at);
  }

  restart(at: number): void {
    const board = createCanaryBoard();
    board.configure(config);
    if (this.#stored) board.learn('chat', this.#stored.value, this.#stored.revision);
    this.#boards[at] = board;
  }

  count(answers: number, failures: number): void {
    this.#answers += answers;
    this.#failures += Math.min(answers, failures);
    const counts = { answers: this.#answers, failures: this.#failures, firstBytes: this.#answers, slow: 0 };
    const report = { route: 'chat', revision, ...counts };
    this.#reports.push({ v: 1, instance: 'adapter-1', epoch: 1, counts: [report] });
  }

  deliver(back: number, to: number): void {
    const report = this.#reports.at(-1 - back);
    if (report) this.#boards[to]?.hear(report, this.#now);
  }

  pass(passedMs: number): void {
    this.#now += passedMs;
  }

  /** Several judge by what they know before they hear of each other: one of them is heard. */
  judge(judges: readonly number[]): void {
    const before = this.#stored;
    const decisions = judges.flatMap((at) => this.#boards[at]?.decide(this.#now) ?? []);
    for (const { next, replaces } of decisions) {
      if (replaces !== (this.#stored?.revision ?? 0)) continue;
      this.#stored = { value: JSON.stringify(next), revision: replaces + 1 };
      this.history.push(next);
    }
    const stored = this.#stored;
    if (stored === undefined || stored === before) return;
    for (const board of this.#boards) board.learn('chat', stored.value, stored.revision);
  }

  get weights(): readonly number[] {
    return this.#boards.map((board) => board.weightOf('chat'));
  }
}

const who = fc.constantFrom(0, 1, 2);
const actArbitrary = fc.oneof(
  fc.record({ answers: fc.nat(40), failures: fc.nat(3) }).map(
    ({ answers, failures }) =>
      (world: World) =>
        world.count(answers, failures),
  ),
  fc.record({ back: fc.nat(3), to: who }).map(
    ({ back, to }) =>
      (world: World) =>
        world.deliver(back, to),
  ),
  fc.nat(1_500).map((passedMs) => (world: World) => world.pass(passedMs)),
  fc.array(who, { minLength: 1, maxLength: 3 }).map((judges) => (world: World) => world.judge(judges)),
  who.map((at) => (world: World) => world.restart(at)),
);

test('laws: whoever judges, whatever is lost or dies, there is one story and all tell it', () => {
  let ends = 0;
  fc.assert(
    fc.property(fc.array(actArbitrary, { maxLength: 120, size: 'max' }), (acts) => {
      const world = new World();
      for (const act of acts) {
        act(world);
        const last = world.history.at(-1);
        expect(world.weights).toEqual([1, 2, 3].map(() => last?.weight ?? 0));
      }
      for (const [at, state] of world.history.entries()) {
        const before = world.history[at - 1];
        // What has ended is never followed by anything, and no step is left out.
        expect(before?.phase ?? 'progressing').toBe('progressing');
        if (state.phase === 'progressing') expect(state.step).toBe(at);
        expect(state.weight).toBe(state.phase === 'rolled_back' ? 0 : [5, 20, 80][state.step]);
        if (before && state.phase !== 'rolled_back') {
          expect(state.since - before.since).toBeGreaterThanOrEqual(1_000);
        }
        if (state.phase !== 'progressing') ends += 1;
      }
    }),
    { numRuns: 300 },
  );
  // The stories are not all about beginnings.
  expect(ends).toBeGreaterThan(0);
});
