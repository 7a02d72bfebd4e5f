import { createHash } from 'node:crypto';
import { type AttemptStarted, attemptKey, type RatedEvent, subjects, toStartedEvent } from '@weir/contracts';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Sha256 } from '../hash-unit.ts';
import type { ProviderDay } from '../provider-usage/join-provider-usage.ts';
import {
  createHistory,
  deadline,
  encode,
  epoch,
  type History,
  type HistoryRecord,
  type HistoryUnit,
  startedAt,
  toCommit,
  toLedgerMessages,
  toUsageMessages,
} from '../testdata/history.ts';
import type { InvariantId } from './finding.ts';
import { type SinkMeasure, type SinkTotals, sinkMeasures } from './sink-watch.ts';
import type { LedgerMessage } from './unit-reader.ts';
import type { UsageMessage } from './usage-queue.ts';
import { createVerifier, type ReportOptions, type VerifierOptions, type VerifyReport } from './verifier.ts';

const sha256: Sha256 = (chunks) => {
  const hash = createHash('sha256');
  for (const chunk of chunks) hash.update(chunk);
  return hash.digest('hex');
};

const attemptArbitrary = fc.record({
  org: fc.constantFrom('acme', 'globex'),
  team: fc.constantFrom('web', '_'),
  handedBack: fc.boolean(),
  charged: fc.boolean(),
  accounts: fc.array(
    fc.record({ revision: fc.integer({ min: 0, max: 3 }), tokens: fc.integer({ min: 0, max: 100_000 }) }),
    { minLength: 1, maxLength: 4 },
  ),
});

const sizes = fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 4 });

const historyArbitrary: fc.Arbitrary<History> = fc
  .record({
    attempts: fc.array(attemptArbitrary, { minLength: 2, maxLength: 12 }),
    ranks: fc.array(fc.nat(), { minLength: 60, maxLength: 60 }),
    poisonAt: fc.option(fc.nat({ max: 10 }), { nil: undefined }),
    batchSizes: sizes,
    unitSizes: sizes,
  })
  .map(createHistory);

const ledgerEpoch = '2025-01-02T00:00:00Z';

interface Wire {
  readonly usage: readonly UsageMessage[];
  readonly ledger: readonly LedgerMessage[];
}

interface Reading {
  readonly options?: Partial<VerifierOptions>;
  readonly report?: Partial<ReportOptions>;
  readonly readAhead?: number;
}

const toWire = (history: History): Wire => ({
  usage: toUsageMessages(history),
  ledger: toLedgerMessages(history.units, sha256),
});

const open = (options: Partial<VerifierOptions> = {}) =>
  createVerifier({ sha256, usage: { epoch, first: 1 }, ledger: { epoch: ledgerEpoch }, ...options });

/** Reads both streams as a shell does: the one that is wanted, some messages at a time. */
const verify = ({ usage, ledger }: Wire, { options, report, readAhead = 3 }: Reading = {}): VerifyReport => {
  const verifier = open(options);
  let usageFrom = verifier.from.usage;
  let ledgerFrom = verifier.from.ledger;
  while (verifier.next !== 'none') {
    if (verifier.next === 'usage') {
      const batch = usage.filter(({ sequence }) => sequence >= usageFrom).slice(0, readAhead);
      if (batch.length === 0) verifier.end('usage');
      for (const message of batch) verifier.takeUsage(message);
      usageFrom = (batch.at(-1)?.sequence ?? usageFrom) + 1;
    } else {
      const batch = ledger.filter(({ sequence }) => sequence >= ledgerFrom).slice(0, readAhead);
      if (batch.length === 0) verifier.end('ledger');
      for (const message of batch) verifier.takeLedger(message);
      ledgerFrom = (batch.at(-1)?.sequence ?? ledgerFrom) + 1;
    }
  }
  return verifier.report({ now: startedAt, graceMs: 60_000, ...report });
};

const stateOf = (report: VerifyReport, invariant: InvariantId) =>
  report.invariants.find((one) => one.invariant === invariant)?.state;

const failed = (report: VerifyReport): InvariantId[] =>
  report.invariants.filter(({ state }) => state === 'failed').map(({ invariant }) => invariant);

const renumber = (messages: readonly LedgerMessage[]): LedgerMessage[] =>
  messages.map((message, index) => ({ ...message, sequence: index + 1 }));

const placesOf = ({ units }: History): { unit: HistoryUnit; index: number; record: HistoryRecord }[] =>
  units.flatMap((unit) => unit.records.map((record, index) => ({ unit, index, record })));

const pick = <Item>(items: readonly Item[], at: number): Item => {
  fc.pre(items.length > 0);
  return items[at % items.length] as Item;
};

/** Changes the data of one record, wherever it is. */
const edit = (record: HistoryRecord, change: (data: HistoryRecord['event']['data']) => object): void => {
  record.event = { ...record.event, data: { ...record.event.data, ...change(record.event.data) } };
};

const propertyOfMutation = (invariant: InvariantId, mutate: (history: History, at: number) => Wire): void => {
  fc.assert(
    fc.property(historyArbitrary, fc.nat(), (history, at) => {
      expect(failed(verify(mutate(structuredClone(history), at)))).toContain(invariant);
    }),
  );
};

test('law: of a right ledger nothing is found, however far the streams are read ahead', () => {
  fc.assert(
    fc.property(historyArbitrary, fc.integer({ min: 1, max: 50 }), (history, readAhead) => {
      const report = verify(toWire(history), { readAhead });
      expect(report.invariants.flatMap(({ findings }) => findings)).toEqual([]);
      expect(report).toMatchObject({ holds: true, covered: history.usage.length, uncovered: 0 });
    }),
  );
});

test('law: the same streams give the same report to the byte, at whatever pace they are read', () => {
  fc.assert(
    fc.property(historyArbitrary.map(structuredClone<History>), fc.nat(), (history, at) => {
      edit(pick(placesOf(history), at).record, () => ({ source: { sequence: 9_999, part: 0 } }));
      const texts = [1, 2, 7, 1_000].map((readAhead) =>
        JSON.stringify(verify(toWire(history), { readAhead })),
      );
      expect(new Set(texts).size).toBe(1);
    }),
  );
});

test('law: a record that is left out is found, though counts and hashes agree with it', () => {
  propertyOfMutation('I1', (history, at) => {
    const places = placesOf(history);
    const lastOfEach = places.filter(({ record }, index) =>
      places
        .slice(index + 1)
        .every((later) => attemptKey(later.record.event.data) !== attemptKey(record.event.data)),
    );
    const { unit, index } = pick(lastOfEach, at);
    unit.records.splice(index, 1);
    unit.commit = {
      ...unit.commit,
      records: unit.commit.records - 1,
      duplicates: unit.commit.duplicates + 1,
    };
    return toWire(history);
  });
});

test.each<InvariantId>(['I1', 'I2'])('law: a record that is there twice is found by %s', (invariant) => {
  propertyOfMutation(invariant, (history, at) => {
    const { unit, index, record } = pick(placesOf(history), at);
    unit.records.splice(index, 0, record);
    unit.commit = { ...unit.commit, records: unit.commit.records + 1 };
    return toWire(history);
  });
});

test.each([['amountNano'], ['chargeNano'], ['inputTokens'], ['outputTokens'], ['requests']] as const)(
  'law: a delta whose %s is changed is found',
  (field) => {
    propertyOfMutation('I2', (history, at) => {
      edit(pick(placesOf(history), at).record, ({ delta }) => {
        const value = delta[field];
        return {
          delta: { ...delta, [field]: typeof value === 'number' ? value + 1 : String(BigInt(value) + 1n) },
        };
      });
      return toWire(history);
    });
  },
);

test('law: an amount that is changed everywhere but in its lanes is found', () => {
  propertyOfMutation('I2', (history, at) => {
    const rated = placesOf(history).filter(({ record }) => record.event.data.rating.status === 'rated');
    edit(pick(rated, at).record, ({ rating, delta }) => ({
      rating: { ...rating, amountNano: String(BigInt(rating.amountNano) + 1n) },
      delta: { ...delta, amountNano: String(BigInt(delta.amountNano) + 1n) },
    }));
    return toWire(history);
  });
});

test('law: usage that is changed in the record, with its deltas, is found', () => {
  propertyOfMutation('I1', (history, at) => {
    edit(pick(placesOf(history), at).record, ({ usage, delta }) => ({
      usage: { ...usage, inputTotal: (usage.inputTotal ?? 0) + 1 },
      delta: { ...delta, inputTokens: delta.inputTokens + 1 },
    }));
    return toWire(history);
  });
});

test('law: an amount that is changed where it is stored breaks the chain', () => {
  propertyOfMutation('I1', (history, at) => {
    const { usage, ledger } = toWire(history);
    const records = ledger.filter(({ subject }) => subject !== subjects.ledgerCommit);
    const changed = pick(records, at);
    const text = new TextDecoder().decode(changed.data).replace(/"totalMs":5/, '"totalMs":6');
    return {
      usage,
      ledger: ledger.map((message) =>
        message === changed ? { ...message, data: new TextEncoder().encode(text) } : message,
      ),
    };
  });
});

test('law: a ledger message that is missing is found', () => {
  propertyOfMutation('I1', (history, at) => {
    const { usage, ledger } = toWire(history);
    // Of the last message nobody can say that it is missing, as long as no USAGE message is overdue.
    const lost = pick(ledger.slice(0, -1), at);
    return { usage, ledger: ledger.filter((message) => message !== lost) };
  });
});

test('law: a commit that is missing is found, though the sequences do not show it', () => {
  propertyOfMutation('I1', (history, at) => {
    const { usage, ledger } = toWire(history);
    const commits = ledger.filter(({ subject }) => subject === subjects.ledgerCommit);
    const lost = pick(commits.slice(0, -1), at);
    return { usage, ledger: renumber(ledger.filter((message) => message !== lost)) };
  });
});

test('law: a unit that is missing is found, though sequences and hashes do not show it', () => {
  propertyOfMutation('I1', (history, at) => {
    history.units.splice(history.units.indexOf(pick(history.units.slice(0, -1), at)), 1);
    return toWire(history);
  });
});

test('law: records in another order are found, though the hashes agree with it', () => {
  propertyOfMutation('I1', (history, at) => {
    const unit = pick(
      history.units.filter(({ records }) => records.length > 1),
      at,
    );
    unit.records.reverse();
    return toWire(history);
  });
});

test('law: a hash that is wrong is found', () => {
  propertyOfMutation('I1', (history, at) => {
    const { usage, ledger } = toWire(history);
    const commits = ledger.filter(({ subject }) => subject === subjects.ledgerCommit);
    const broken = pick(commits, at);
    const commit = JSON.parse(new TextDecoder().decode(broken.data));
    const data = encode({ ...commit, hash: commit.hash.replace(/^./, commit.hash[0] === '0' ? '1' : '0') });
    return {
      usage,
      ledger: ledger.map((message) => (message === broken ? { ...message, data } : message)),
    };
  });
});

test('law: a record that names another event as its source is found', () => {
  propertyOfMutation('I1', (history, at) => {
    edit(pick(placesOf(history), at).record, ({ source }) => ({
      source: { ...source, part: source.part + 1 },
    }));
    return toWire(history);
  });
});

test.each([['from'], ['to'], ['started'], ['records'], ['duplicates'], ['poison']] as const)(
  'law: a commit that is wrong about %s is found',
  (field) => {
    propertyOfMutation('I1', (history, at) => {
      const unit = pick(history.units, at);
      unit.commit = { ...unit.commit, [field]: unit.commit[field] + 1 };
      return toWire(history);
    });
  },
);

test('law: a commit of another USAGE stream is found', () => {
  propertyOfMutation('I1', (history, at) => {
    const unit = pick(history.units, at);
    unit.commit = { ...unit.commit, sourceEpoch: '2020-01-01T00:00:00Z' };
    return toWire(history);
  });
});

test('law: a USAGE message that is missing is found', () => {
  propertyOfMutation('I1', (history, at) => {
    const { usage, ledger } = toWire(history);
    const lost = pick(usage, at);
    return { usage: usage.filter((message) => message !== lost), ledger };
  });
});

test('law: a record that is filed under another key is found', () => {
  propertyOfMutation('I5', (history, at) => {
    pick(placesOf(history), at).record.subject = subjects.rated('initech', 'web', 'key-0');
    return toWire(history);
  });
});

test('law: an event that bills another organisation is found', () => {
  propertyOfMutation('I5', (history, at) => {
    const { record } = pick(placesOf(history), at);
    record.event = { ...record.event, subject: 'initech' };
    return toWire(history);
  });
});

test('law: an attempt without an account is overdue after its deadline and the grace time, and not before', () => {
  fc.assert(
    fc.property(historyArbitrary, ({ usage }) => {
      const started = usage.flat().find((event) => event?.type === 'io.weir.usage.started.v1');
      if (!started) return;
      const only: History = {
        usage: [[started]],
        units: [
          {
            records: [],
            commit: toCommit({ to: 1, started: 1, openIntents: 1 }),
          },
        ],
      };
      const at = (now: number) => verify(toWire(only), { report: { now, graceMs: 1_000 } });
      expect(stateOf(at(started.data.deadline + 1_000), 'I3')).toBe('ok');
      const late = at(started.data.deadline + 1_001);
      expect(failed(late)).toEqual(['I3']);
      expect(late.openIntents).toBe(1);
    }),
  );
});

test('law: what is in USAGE and not in the ledger is waited for, as long as the grace time', () => {
  fc.assert(
    fc.property(historyArbitrary, (history) => {
      fc.pre(history.units.length > 1);
      const lost = history.units.at(-1);
      const behind = { ...history, units: history.units.slice(0, -1) };
      const at = (now: number) => verify(toWire(behind), { report: { now, graceMs: 1_000 } });
      expect(at(startedAt + 1_000)).toMatchObject({
        holds: true,
        uncovered: (lost?.commit.to ?? 0) - (lost?.commit.from ?? 0),
      });
      expect(failed(at(startedAt + 1_001))).toEqual(['I1']);
    }),
  );
});

test('law: the store agrees when it has the sum of the charges, and not when it has a nano more', () => {
  fc.assert(
    fc.property(historyArbitrary, (history) => {
      const { ledger } = toWire(history);
      const spent = new Map<string, bigint>();
      for (const { event } of history.units.flatMap(({ records }) => records)) {
        for (const counter of event.data.charges ?? []) {
          const { delta } = event.data;
          const added = {
            m: BigInt(delta.chargeNano),
            t: BigInt(delta.inputTokens + delta.outputTokens),
            r: BigInt(delta.requests),
          }[counter[0] as 'm' | 't' | 'r'];
          spent.set(counter, (spent.get(counter) ?? 0n) + added);
        }
      }
      fc.pre(spent.size > 0);
      const read = (watermark: number, store = spent) =>
        stateOf(verify(toWire(history), { report: { store: { watermark, spent: store } } }), 'I4');
      expect(read(ledger.length)).toBe('ok');
      expect(read(ledger.length - 1)).toBe('not_checked');
      const [first] = spent.keys();
      expect(
        read(ledger.length, new Map([...spent, [first ?? '', (spent.get(first ?? '') ?? 0n) + 1n]])),
      ).toBe('failed');
    }),
  );
});

/** What a sink holds that has taken what these patterns say, of the ledger from `from` up to the watermark. */
const toSinkTotals = (
  { ledger }: Wire,
  { watermark, from = 1, orgs = ['*'] }: { watermark: number; from?: number; orgs?: readonly string[] },
): SinkTotals => {
  const events = ledger
    .filter(({ sequence, subject }) => sequence <= watermark && subject !== subjects.ledgerCommit)
    .filter(({ sequence }) => sequence >= from)
    .map(({ data }): RatedEvent => JSON.parse(new TextDecoder().decode(data)))
    .filter(({ subject }) => orgs.includes('*') || orgs.includes(subject));
  const sumOf = (measure: SinkMeasure) =>
    events.reduce((sum, { data }) => sum + BigInt(data.delta[measure]), 0n);
  return {
    sink: 'sql',
    epoch: ledgerEpoch,
    watermark,
    records: events.length,
    sums: {
      requests: sumOf('requests'),
      inputTokens: sumOf('inputTokens'),
      outputTokens: sumOf('outputTokens'),
      amountNano: sumOf('amountNano'),
      chargeNano: sumOf('chargeNano'),
    },
  };
};

const sinkState = (wire: Wire, ...sinks: SinkTotals[]) => stateOf(verify(wire, { options: { sinks } }), 'I6');

test('law: a sink agrees when it has what the ledger has up to its watermark', () => {
  fc.assert(
    fc.property(historyArbitrary, fc.nat(), fc.constantFrom(...sinkMeasures), (history, at, measure) => {
      const wire = toWire(history);
      const totals = toSinkTotals(wire, { watermark: pick(wire.ledger, at).sequence });
      const state = (given: object) => sinkState(wire, { ...totals, ...given });
      expect(state({})).toBe('ok');
      expect(state({ sums: { ...totals.sums, [measure]: totals.sums[measure] - 1n } })).toBe('failed');
      expect(state({ records: (totals.records ?? 0) + 1 })).toBe('failed');
      expect(state({ records: 0 })).toBe(totals.records === 0 ? 'ok' : 'failed');
      expect(state({ watermark: wire.ledger.length + 1 })).toBe('failed');
      expect(state({ epoch: '2024-01-01T00:00:00Z' })).toBe('failed');
    }),
  );
});

test('law: a sink of some organisations, or of what came later, is held against the same part of the ledger', () => {
  fc.assert(
    fc.property(historyArbitrary, fc.nat(), fc.nat(), (history, at, start) => {
      const wire = toWire(history);
      const watermark = pick(wire.ledger, at).sequence;
      const part = { watermark, from: 1 + (start % watermark), orgs: ['acme', 'none'] };
      const totals = { ...toSinkTotals(wire, part), ...part };
      expect(sinkState(wire, totals)).toBe('ok');
      expect(sinkState(wire, { ...totals, orgs: ['a*'] })).toBe('ok');
      expect(sinkState(wire, { ...totals, records: (totals.records ?? 0) + 1 })).toBe('failed');
    }),
  );
});

test('a sink says in the report how far it has come, and a broken one does not hide behind one that is right', () => {
  const [history] = fc.sample(historyArbitrary, { numRuns: 1, seed: 7 });
  const wire = toWire(history as History);
  const right = toSinkTotals(wire, { watermark: 2 });
  const wrong = { ...right, sink: 'other', sums: { ...right.sums, requests: right.sums.requests + 1n } };
  const report = verify(wire, { options: { sinks: [right, wrong] } });
  const found = report.invariants.find(({ invariant }) => invariant === 'I6');
  expect(found).toMatchObject({ state: 'failed', note: 'sql at LEDGER 2; other at LEDGER 2', found: 1 });
  expect(found?.findings[0]).toMatchObject({ where: 'sink other at LEDGER 2', what: 'the sum of requests' });
});

test('sums alone are compared where a sink keeps no records, and a sink that has nothing yet is not behind', () => {
  const [history] = fc.sample(historyArbitrary, { numRuns: 1, seed: 7 });
  const wire = toWire(history as History);
  const { records: _records, ...sums } = toSinkTotals(wire, { watermark: wire.ledger.length });
  expect(sinkState(wire, sums)).toBe('ok');
  const { epoch: _epoch, ...empty } = toSinkTotals(wire, { watermark: 0 });
  expect(sinkState(wire, empty)).toBe('ok');
});

/** What the provider counted, if it is what the last account of each attempt that it reported says. */
const countedBy = ({ units }: History): ProviderDay => {
  const records = units.flatMap((unit) => unit.records.map(({ event }) => event.data));
  const last = [...new Map(records.map((data) => [attemptKey(data), data])).values()];
  const sum = last
    .filter(({ quality }) => quality === 'reported')
    .reduce((total, { usage }) => total + BigInt(usage.inputTotal ?? 0), 0n);
  const models = new Map([['small', { inputTotal: sum, outputTotal: 2n * sum }]]);
  return { upstream: 'gpu', kind: 'completions', day: Math.floor(startedAt / 86_400_000), models };
};

test('law: a provider agrees when it counted what it reported, on days of which every attempt has its account', () => {
  fc.assert(
    fc.property(historyArbitrary, (history) => {
      const day = countedBy(history);
      const later = { now: startedAt + 2 * 86_400_000, graceMs: 86_400_000 };
      const state = (days: readonly ProviderDay[], usage = toWire(history).usage) =>
        stateOf(
          verify(
            { ...toWire(history), usage },
            { options: { providers: { days, partial: 0 } }, report: later },
          ),
          'I7',
        );
      expect(state([day])).toBe('ok');
      const models = new Map([
        ['small', { outputTotal: day.models.get('small')?.outputTotal ?? 0n, inputTotal: -1n }],
      ]);
      expect(state([{ ...day, models }])).toBe('failed');
      const intent = toStartedEvent('weir', {
        ...(history.usage.flat().find((event) => event !== undefined)?.data as AttemptStarted),
        requestId: 'still-running',
      });
      const running = { sequence: history.usage.length + 1, data: encode([intent]), at: startedAt };
      expect(state([{ ...day, models }], [...toWire(history).usage, running])).toBe('not_checked');
    }),
  );
});

test('a provider is not held against a day of an attempt of which the ledger knows that it is under way', () => {
  const plan = { org: 'acme', team: 'web', handedBack: false, charged: false };
  const accounts = [{ revision: 1, tokens: 5 }];
  const plans = [
    { ...plan, accounts: [] },
    { ...plan, accounts },
  ];
  const later = { now: startedAt + 2 * 86_400_000, graceMs: 86_400_000 };
  for (const [attempts, state] of [
    [plans, 'not_checked'],
    [plans.slice(1), 'failed'],
  ] as const) {
    const history = createHistory({ attempts, ranks: [0], batchSizes: [5], unitSizes: [5] });
    const day = { ...countedBy(history), models: new Map([['small', { inputTotal: 1n }]]) };
    const options = { providers: { days: [day], partial: 0 } };
    expect(stateOf(verify(toWire(history), { options, report: later }), 'I7')).toBe(state);
  }
});

test('law: behind any commit a right ledger can be verified alone, and what comes is still found', () => {
  fc.assert(
    fc.property(historyArbitrary, fc.nat(), (history, at) => {
      fc.pre(history.units.length > 1);
      const wire = toWire(history);
      const commits = wire.ledger.filter(({ subject }) => subject === subjects.ledgerCommit).slice(0, -1);
      const { sequence, data } = pick(commits, at);
      const start = { sequence, commit: JSON.parse(new TextDecoder().decode(data)) };
      const report = verify(wire, { options: { start } });
      expect(report.invariants.flatMap(({ findings }) => findings)).toEqual([]);
      const [next] = wire.ledger.filter((message) => message.sequence > sequence);
      const ledger = wire.ledger.filter((message) => message !== next);
      expect(failed(verify({ ...wire, ledger }, { options: { start } }))).toEqual(
        sequence + 1 === wire.ledger.length ? [] : expect.arrayContaining(['I1']),
      );
    }),
  );
});

test('a provider that reports too seldom is a warning, and the ledger holds all the same', () => {
  const [sample] = fc.sample(historyArbitrary, { numRuns: 1, seed: 1 });
  const record = sample?.units.flatMap(({ records }) => records)[0];
  if (!sample || !record) throw new Error('the sample has no record');
  const usage = Array.from({ length: 20 }, (_, index) => {
    const {
      ratingNumber: _number,
      rating: _rating,
      delta: _delta,
      source: _source,
      ...final
    } = record.event.data;
    const data = { ...final, requestId: `r-${index}`, revision: 0, quality: 'estimated' as const };
    return { ...record.event, type: 'io.weir.usage.v1' as const, id: `${index}`, data };
  });
  const rating = { status: 'unpriced', amountNano: '0', chargeNano: '0', currency: 'USD' } as const;
  const unit = {
    records: usage.map(({ data }, part) => ({
      subject: record.subject,
      event: {
        ...record.event,
        id: `${attemptKey(data)}:r0.0`,
        data: {
          ...data,
          ratingNumber: 0,
          rating,
          delta: {
            amountNano: '0',
            chargeNano: '0',
            inputTokens: data.usage.inputTotal ?? 0,
            outputTokens: data.usage.outputTotal ?? 0,
            requests: data.handedBack ? 0 : 1,
          },
          source: { sequence: 1, part },
        },
      },
    })),
    commit: toCommit({ to: 1, records: 20, lowWater: 1 }),
  };
  const report = verify(toWire({ usage: [usage], units: [unit] }), { report: { now: deadline } });
  expect(report).toMatchObject({ holds: true, attempts: 20 });
  expect(stateOf(report, 'I8')).toBe('warning');
});

test('law: nothing that is stored makes it throw', () => {
  const message = fc.record({
    sequence: fc.nat(),
    data: fc.oneof(
      fc.uint8Array(),
      fc.json().map((text) => new TextEncoder().encode(text)),
    ),
    at: fc.nat(),
  });
  const subject = fc.oneof(
    fc.constant(subjects.ledgerCommit),
    fc.constant('weir.billing.v1.a.b.c.rated'),
    fc.string(),
  );
  const ledger = fc.tuple(message, subject).map(([stored, of]) => ({ ...stored, subject: of }));
  fc.assert(
    fc.property(fc.array(message), fc.array(ledger), (usage, units) => {
      const verifier = open();
      for (const stored of usage) verifier.takeUsage(stored);
      for (const stored of units) verifier.takeLedger(stored);
      verifier.end('ledger');
      verifier.end('usage');
      verifier.report({ now: 0, graceMs: 0 });
    }),
  );
});
