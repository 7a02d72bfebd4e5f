import {
  type AttemptFinal,
  type AttemptStarted,
  toFinalEvent,
  toStartedEvent,
  type UsageEvent,
} from '@weir/contracts';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createSettlement, type Settled } from './settlement.ts';

const started: AttemptStarted = {
  requestId: 'request-1',
  attempt: 1,
  run: 'run-1',
  org: 'acme',
  team: '_',
  key: 'k1',
  route: 'openai-chat',
  api: 'openai.chat',
  upstream: 'gpu',
  target: 't0',
  provider: 'openai-compatible',
  modelRequested: 'small',
  startedAt: 1_000,
  deadline: 61_000,
  stream: true,
};

const final = (given: Partial<AttemptFinal> = {}): AttemptFinal => ({
  ...started,
  revision: 1,
  quality: 'reported',
  outcome: 'completed',
  usage: { inputTotal: 10, outputTotal: 20 },
  totalMs: 5,
  deliveredBytes: 1,
  ...given,
});

const openEvent = toStartedEvent('weir', started);
const finalEvent = (given?: Partial<AttemptFinal>) => toFinalEvent('weir', final(given));
const create = () => createSettlement({ maxOpenIntents: 1_000, maxAccounts: 1_000 });

test('an intent is opened once and closed by its account', () => {
  const settlement = create();
  expect(settlement.apply(openEvent)).toEqual({ outcome: 'opened' });
  expect(settlement.apply(openEvent)).toEqual({ outcome: 'duplicate' });
  expect(settlement.openIntents).toBe(1);
  expect(settlement.apply(finalEvent())).toMatchObject({
    outcome: 'settled',
    added: { input: 10, output: 20 },
  });
  expect(settlement.openIntents).toBe(0);
});

test('an intent that comes after its account is not opened any more', () => {
  const settlement = create();
  settlement.apply(finalEvent());
  expect(settlement.apply(openEvent)).toEqual({ outcome: 'duplicate' });
  expect(settlement.openIntents).toBe(0);
});

test('a better account adds the difference, a worse one nothing', () => {
  const settlement = create();
  settlement.apply(finalEvent({ revision: 0, usage: { inputTotal: 12 } }));
  expect(settlement.apply(finalEvent())).toMatchObject({
    outcome: 'corrected',
    added: { input: -2, output: 20 },
  });
  expect(settlement.apply(finalEvent({ revision: 0 }))).toEqual({ outcome: 'duplicate' });
});

test('unknown usage adds nothing, and is not zero', () => {
  const outcome = create().apply(finalEvent({ quality: 'unknown', usage: {} }));
  expect(outcome).toMatchObject({ added: { input: undefined, output: undefined } });
});

test('lanes are added up where there is no total', () => {
  const usage = { inputText: 3, cacheRead: 4, outputText: 5, outputReasoning: 6 };
  expect(create().apply(finalEvent({ usage }))).toMatchObject({ added: { input: 7, output: 11 } });
});

test('two runs of one attempt are two attempts', () => {
  const settlement = create();
  settlement.apply(finalEvent());
  expect(settlement.apply(finalEvent({ run: 'run-2' }))).toMatchObject({ outcome: 'settled' });
});

test('an intent is forgotten two minutes after its deadline, and can still be accounted for', () => {
  const settlement = create();
  settlement.apply(openEvent);
  expect(settlement.sweep(181_000)).toBe(0);
  expect(settlement.sweep(181_001)).toBe(1);
  expect(settlement.openIntents).toBe(0);
  expect(settlement.apply(finalEvent())).toMatchObject({ outcome: 'settled' });
});

test('open intents are bounded: the oldest goes', () => {
  const settlement = createSettlement({ maxOpenIntents: 2, maxAccounts: 10 });
  for (const run of ['a', 'b', 'c']) settlement.apply(toStartedEvent('weir', { ...started, run }));
  expect(settlement.openIntents).toBe(2);
});

const runs = ['run-1', 'run-2', 'run-3'];
const facts = fc.uniqueArray(
  fc.record({ run: fc.constantFrom(...runs), revision: fc.nat(3), input: fc.nat(100), output: fc.nat(100) }),
  { selector: ({ run, revision }) => `${run}:${revision}`, maxLength: 10 },
);

/** What a reader who adds up everything ends with, for each run. */
const totalsOf = (events: readonly UsageEvent[]): Record<string, { input: number; output: number }> => {
  const settlement = create();
  const totals: Record<string, { input: number; output: number }> = {};
  for (const event of events) {
    const settled: Settled = settlement.apply(event);
    if (settled.outcome !== 'settled' && settled.outcome !== 'corrected') continue;
    const total = totals[settled.final.run] ?? { input: 0, output: 0 };
    total.input += settled.added.input ?? 0;
    total.output += settled.added.output ?? 0;
    totals[settled.final.run] = total;
  }
  return totals;
};

test('law: in any order and with any repetition the sums are those of the highest revisions', () => {
  const histories = facts.chain((known) => {
    const events: UsageEvent[] = [
      ...runs.map((run) => toStartedEvent('weir', { ...started, run })),
      ...known.map(({ input, output, ...fact }) =>
        finalEvent({ ...fact, usage: { inputTotal: input, outputTotal: output } }),
      ),
    ];
    const shuffled = fc.shuffledSubarray([...events, ...events], { minLength: events.length * 2 });
    return fc.record({ known: fc.constant(known), shuffled });
  });
  fc.assert(
    fc.property(histories, ({ known, shuffled }) => {
      const expected: Record<string, { input: number; output: number }> = {};
      for (const { run, input, output } of known.toSorted((left, right) => left.revision - right.revision)) {
        expected[run] = { input, output };
      }
      expect(totalsOf(shuffled)).toEqual(expected);
    }),
  );
});
