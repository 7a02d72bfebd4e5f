import {
  type AttemptFinal,
  type AttemptStarted,
  attemptKey,
  counterText,
  type LedgerCommit,
  type RatedEvent,
  type RatedUsage,
  subjects,
  toFinalEvent,
  toRatedEvent,
  toStartedEvent,
  type UsageEvent,
  type UsageQuality,
  usageEventTypes,
} from '@weir/contracts';
import { genesisHash, hashUnit, type Sha256 } from '../hash-unit.ts';
import type { LedgerMessage } from '../verify/unit-reader.ts';
import type { UsageMessage } from '../verify/usage-queue.ts';

export const epoch = '2025-01-01T00:00:00Z';
export const startedAt = Date.parse('2025-01-20T10:00:00Z');
export const deadline = startedAt + 60_000;

export interface HistoryRecord {
  subject: string;
  event: RatedEvent;
}

export interface HistoryUnit {
  records: HistoryRecord[];
  commit: Omit<LedgerCommit, 'hash' | 'previousHash'>;
}

/** A ledger, and the usage that it was made from, before both are put on the wire. */
export interface History {
  /** Batches of events; the index is the sequence less one. `undefined` stands for an event that cannot be read. */
  usage: (UsageEvent | undefined)[][];
  units: HistoryUnit[];
}

const period = { startsAt: 1_735_689_600, endsAt: 4_102_444_800 };
const counters = (['money', 'tokens', 'requests'] as const).map((unit) =>
  counterText({ unit, scope: 'org:acme', budget: unit, ...period }),
);

export interface AttemptPlan {
  readonly index: number;
  readonly org: string;
  readonly team: string;
  readonly handedBack: boolean;
  readonly charged: boolean;
  /** Tokens by revision; a revision may be missing or come twice. */
  readonly accounts: readonly { readonly revision: number; readonly tokens: number }[];
}

const intentOf = ({ index, org, team, charged }: AttemptPlan): AttemptStarted => ({
  requestId: `request-${index}`,
  attempt: 1,
  run: `run-${index}`,
  org,
  team,
  key: `key-${index % 3}`,
  route: 'openai-chat',
  api: 'openai.chat',
  upstream: 'gpu',
  target: 't0',
  provider: 'openai-compatible',
  modelRequested: 'small',
  startedAt: startedAt + index,
  deadline: deadline + index,
  stream: true,
  ...(charged ? { charges: counters } : {}),
});

const qualityOf = (revision: number): UsageQuality => (revision === 0 ? 'estimated' : 'reported');

const finalOf = (plan: AttemptPlan, { revision, tokens }: AttemptPlan['accounts'][number]): AttemptFinal => ({
  ...intentOf(plan),
  revision,
  quality: qualityOf(revision),
  outcome: 'completed',
  usage: { inputText: tokens, inputTotal: tokens, outputText: 2 * tokens, outputTotal: 2 * tokens },
  status: 200,
  totalMs: 5,
  deliveredBytes: 1,
  ...(plan.handedBack ? { handedBack: true } : {}),
});

const eventsOf = (plan: AttemptPlan): UsageEvent[] => [
  toStartedEvent('weir', intentOf(plan)),
  ...plan.accounts.map((account) => toFinalEvent('weir', finalOf(plan, account))),
];

/** 3 nano a token in, 5 a token out; one in seven attempts has no price. */
const rate = (data: AttemptFinal): RatedUsage['rating'] => {
  const tokens = data.usage.inputTotal ?? 0;
  if (data.startedAt % 7 === 0) {
    return { status: 'unpriced', amountNano: '0', chargeNano: '0', currency: 'USD', problem: 'no_price' };
  }
  return {
    status: 'rated',
    amountNano: String(13 * tokens),
    chargeNano: String(26 * tokens),
    currency: 'USD',
    priceId: 'price-1',
    lanesNano: { inputText: String(3 * tokens), outputText: String(10 * tokens) },
  };
};

const deltaOf = (
  data: AttemptFinal,
  rating: RatedUsage['rating'],
  before: RatedUsage | undefined,
): RatedUsage['delta'] => ({
  amountNano: String(BigInt(rating.amountNano) - BigInt(before?.rating.amountNano ?? 0)),
  chargeNano: String(BigInt(rating.chargeNano) - BigInt(before?.rating.chargeNano ?? 0)),
  inputTokens: (data.usage.inputTotal ?? 0) - (before?.usage.inputTotal ?? 0),
  outputTokens: (data.usage.outputTotal ?? 0) - (before?.usage.outputTotal ?? 0),
  requests: before || data.handedBack ? 0 : 1,
  ...(before ? { previousRevision: before.revision } : {}),
});

type Taken = 'started' | 'records' | 'duplicates' | 'poison';

/** What a metering that makes no mistake makes of each event. */
const createMeter = () => {
  const accounts = new Map<string, RatedUsage>();
  const open = new Map<string, number>();

  const start = (key: string, sequence: number): Taken => {
    if (accounts.has(key) || open.has(key)) return 'duplicates';
    open.set(key, sequence);
    return 'started';
  };

  const settle = (final: AttemptFinal, source: RatedUsage['source']): RatedUsage | undefined => {
    const key = attemptKey(final);
    const before = accounts.get(key);
    if (before && before.revision >= final.revision) return undefined;
    const rating = rate(final);
    const data = { ...final, ratingNumber: 0, rating, delta: deltaOf(final, rating, before), source };
    accounts.set(key, data);
    open.delete(key);
    return data;
  };

  return { open, start, settle };
};

const toRecord = (data: RatedUsage): HistoryRecord => ({
  subject: subjects.rated(data.org, data.team, data.key),
  event: toRatedEvent('weir', data),
});

/** `unitSizes`: USAGE messages in each unit, over and over. */
const meterUsage = (usage: History['usage'], unitSizes: readonly number[]): HistoryUnit[] => {
  const meter = createMeter();
  let from = 0;
  return cut(usage, unitSizes).map((batches): HistoryUnit => {
    const first = from + 1;
    const records: HistoryRecord[] = [];
    const counts = { started: 0, records: 0, duplicates: 0, poison: 0 };
    const take = (event: UsageEvent | undefined, source: RatedUsage['source']): Taken => {
      if (!event) return 'poison';
      if (event.type === usageEventTypes.started) return meter.start(attemptKey(event.data), source.sequence);
      const data = meter.settle(event.data, source);
      if (data) records.push(toRecord(data));
      return data ? 'records' : 'duplicates';
    };
    for (const [index, batch] of batches.entries()) {
      for (const [part, event] of batch.entries()) counts[take(event, { sequence: first + index, part })] += 1;
    }
    from += batches.length;
    const lowWater = Math.min(from, ...[...meter.open.values()].map((sequence) => sequence - 1));
    return { records, commit: toCommit({ from: first - 1, to: from, lowWater, ...counts }) };
  });
};

/** A commit that says of everything else that there was nothing. */
export const toCommit = (given: Partial<HistoryUnit['commit']>): HistoryUnit['commit'] => ({
  v: 1,
  sourceEpoch: epoch,
  from: 0,
  to: 0,
  started: 0,
  records: 0,
  duplicates: 0,
  poison: 0,
  lowWater: 0,
  openIntents: 0,
  by: 'test',
  at: startedAt,
  ...given,
});

/** The items in pieces of these sizes, over and over. */
const cut = <Item>(items: readonly Item[], sizes: readonly number[]): Item[][] => {
  const pieces: Item[][] = [];
  for (let at = 0; at < items.length; at += pieces.at(-1)?.length ?? 1) {
    pieces.push(items.slice(at, at + (sizes[pieces.length % sizes.length] ?? 1)));
  }
  return pieces;
};

export interface HistoryPlan {
  readonly attempts: readonly Omit<AttemptPlan, 'index'>[];
  /** The events are sorted by these ranks: they come late and in any order. */
  readonly ranks: readonly number[];
  /** Where an event stands that cannot be read. Absent: nowhere. */
  readonly poisonAt?: number | undefined;
  readonly batchSizes: readonly number[];
  readonly unitSizes: readonly number[];
}

/** Attempts whose events come late, twice and in any order, and what a right metering makes of them. */
export const createHistory = (plan: HistoryPlan): History => {
  const { attempts, ranks, poisonAt, batchSizes, unitSizes } = plan;
  const events = attempts
    .flatMap((attempt, index) => eventsOf({ index, ...attempt }))
    .map((event, index) => ({ event, rank: ranks[index % ranks.length] ?? 0 }))
    .sort((left, right) => left.rank - right.rank)
    .map(({ event }): UsageEvent | undefined => event);
  if (poisonAt !== undefined) events.splice(poisonAt, 0, undefined);
  const usage = cut(events, batchSizes);
  return { usage, units: meterUsage(usage, unitSizes) };
};

const encoder = new TextEncoder();
export const encode = (value: unknown): Uint8Array => encoder.encode(JSON.stringify(value));

export const toUsageMessages = ({ usage }: History): UsageMessage[] =>
  usage.map((batch, index) => ({
    sequence: index + 1,
    data: encode(batch.map((event) => event ?? { specversion: '0.3' })),
    at: startedAt,
  }));

/** With a chain of hashes that is right whatever the units say: a mistake has to be found without its help. */
export const toLedgerMessages = (units: readonly HistoryUnit[], sha256: Sha256): LedgerMessage[] => {
  let previousHash = genesisHash;
  const messages = units.flatMap(({ records, commit }) => {
    const stored = records.map(({ subject, event }) => ({ subject, data: encode(event) }));
    const hash = hashUnit(
      previousHash,
      stored.map(({ data }) => data),
      sha256,
    );
    const closing = { subject: subjects.ledgerCommit, data: encode({ ...commit, previousHash, hash }) };
    previousHash = hash;
    return [...stored, closing];
  });
  return messages.map((message, index) => ({ sequence: index + 1, ...message }));
};
