import { attemptKey, type RatedUsage } from '@weir/contracts';
import { countTokens, type InvariantReport, readLedgerMessage, type VerifyReport } from '@weir/ledger';
import { connectNatsBus, type LogMessage } from '@weir/messaging';
import { type PriceBook, rateUsage } from '@weir/pricing';
import type { CallRecord } from '@weir/simulator';
import { waitFor } from '@weir/testing';
import {
  type LedgerAccess,
  openLedgerAccess,
  readLog,
} from '../../../services/cli/src/commands/ledger-access.ts';
import { readProviders } from '../../../services/cli/src/commands/ledger-provider-usage.ts';
import { verifyLedger } from '../../../services/cli/src/commands/ledger-verify.ts';

/** A call, as far as its provider's books matter here. */
export type ProviderCall = Pick<
  CallRecord,
  'id' | 'attempt' | 'status' | 'outcome' | 'promptTokens' | 'completionTokens' | 'usageSent'
>;

export interface OracleReport {
  /** One sentence for each disagreement. Empty: the ledger is what the provider counted. */
  readonly mismatches: readonly string[];
  readonly calls: number;
  readonly attempts: number;
  /** Attempts by the quality of their usage. */
  readonly qualities: Readonly<Record<RatedUsage['quality'], number>>;
  /** Attempts that never reached the provider. */
  readonly withoutCall: number;
  /** How many {@link unheardCalls} there are. */
  readonly unheard: number;
}

const timeoutMs = 10_000;

/** All calls that the simulators took, a line each in their books. */
export const readProviderCalls = async (urls: readonly string[]): Promise<ProviderCall[]> => {
  const texts = await Promise.all(
    urls.map(async (url) => {
      const answer = await fetch(`${url}/admin/requests?list`, { signal: AbortSignal.timeout(timeoutMs) });
      return answer.text();
    }),
  );
  return texts
    .flatMap((text) => text.split('\n'))
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as ProviderCall);
};

const withLedger = async <Value>(
  natsUrl: string,
  work: (access: LedgerAccess) => Promise<Value>,
): Promise<Value> => {
  const bus = await connectNatsBus({
    servers: [natsUrl],
    name: 'ledger-oracle',
    onError: () => undefined,
    onClosed: () => undefined,
  });
  const access = openLedgerAccess(bus, 1);
  try {
    return await work(access);
  } finally {
    access.close();
    await bus.close(1_000);
  }
};

/** Every record of the ledger, in order. */
export const readRecords = (natsUrl: string): Promise<RatedUsage[]> =>
  withLedger(natsUrl, async ({ ledger }) => {
    const records: RatedUsage[] = [];
    for (let next = 1; ; ) {
      const messages = await readLog(ledger, next);
      const last = messages.at(-1);
      if (!last) return records;
      for (const { subject, data } of messages) {
        const read = readLedgerMessage(subject, data);
        if (read.kind === 'record') records.push(read.event.data);
      }
      next = last.sequence + 1;
    }
  });

/** The latest record of each attempt. */
export const latestOf = (records: readonly RatedUsage[]): RatedUsage[] => [
  ...new Map(records.map((record) => [attemptKey(record), record])).values(),
];

/** The latest record of each attempt, read from the ledger. */
export const readLatestRecords = async (natsUrl: string): Promise<RatedUsage[]> =>
  latestOf(await readRecords(natsUrl));

/** What `weir ledger verify` finds. */
export const proveLedger = (natsUrl: string, graceMs = 180_000): Promise<VerifyReport> =>
  withLedger(natsUrl, async (access) => {
    const { text } = await verifyLedger(access, { json: true, graceMs, sinceCheckpoint: false });
    return JSON.parse(text) as VerifyReport;
  });

/** A page of what the provider of an upstream says that it counted, as its API answers. */
export interface ProviderPage {
  readonly upstream: string;
  readonly page: object;
}

export const dayMs = 86_400_000;

const startingLater = (message: LogMessage, shiftMs: number): LogMessage => {
  const read = readLedgerMessage(message.subject, message.data);
  if (read.kind !== 'record') return message;
  const { event } = read;
  const data = { ...event.data, startedAt: event.data.startedAt + shiftMs };
  return { ...message, data: new TextEncoder().encode(JSON.stringify({ ...event, data })) };
};

/**
 * What `weir ledger verify --provider-usage` finds about I7, as if today were over, and the ledger not of today: of a day
 * that is not whole nothing is compared. All attempts begin by `shiftMs` later: with it they can be kept from midnight,
 * where one that is missing would not be missed.
 */
export const proveProviders = (
  natsUrl: string,
  { pages, shiftMs }: { readonly pages: readonly ProviderPage[]; readonly shiftMs: number },
): Promise<InvariantReport> =>
  withLedger(natsUrl, async (access) => {
    const files = pages.map(({ upstream }, index) => ({ upstream, file: String(index) }));
    const providers = await readProviders(files, {
      readFile: async (file) => JSON.stringify(pages[Number(file)]?.page),
    });
    const epoch = new Date(Date.now() - 2 * dayMs).toISOString();
    const ledger: LedgerAccess['ledger'] = {
      read: async (request) => {
        const read = await access.ledger.read(request);
        if (read.outcome !== 'read') return read;
        return { ...read, messages: read.messages.map((message) => startingLater(message, shiftMs)) };
      },
      info: async () => ({ ...(await access.ledger.info()), epoch }),
    };
    const request = { json: true, graceMs: 0, sinceCheckpoint: false, providers };
    const { text } = await verifyLedger(
      { ...access, ledger },
      { ...request, now: () => Date.now() + 2 * dayMs },
    );
    const { invariants } = JSON.parse(text) as VerifyReport;
    const found = invariants.find(({ invariant }) => invariant === 'I7');
    if (!found) throw new Error('I7 is missing');
    return found;
  });

/** Waits until everything in USAGE is in the ledger and each attempt is accounted for, which may take the reaper. */
export const settledLedger = (natsUrl: string, patienceMs: number): Promise<VerifyReport> =>
  waitFor(
    async () => {
      const report = await proveLedger(natsUrl);
      return report.uncovered === 0 && report.openIntents === 0 ? report : undefined;
    },
    { what: 'the ledger to account for every attempt', timeoutMs: patienceMs, intervalMs: 500 },
  );

const keyOf = ({ id, attempt }: ProviderCall): string => `${id}.${attempt ?? ''}`;

const describe = (call: ProviderCall): string =>
  `call ${keyOf(call)} (${call.outcome}, status ${call.status}, ${call.promptTokens} tokens in, ${call.completionTokens} out)`;

/** What the provider reported is in the ledger to the token. */
function* compareTokens(call: ProviderCall, record: RatedUsage): Generator<string> {
  if (record.quality !== 'reported') return;
  if (!call.usageSent) yield `${describe(call)} never sent its usage, and the ledger calls it reported`;
  const { input = 0, output = 0 } = countTokens(record.usage);
  if (input === call.promptTokens && output === call.completionTokens) return;
  yield `${describe(call)}: the ledger has ${input} tokens in, ${output} out`;
}

/** The price is what the book says, to the nano. */
function* comparePrice(record: RatedUsage, book: PriceBook): Generator<string> {
  const expected = rateUsage(book, record);
  const { status, amountNano, chargeNano } = record.rating;
  const isSame =
    status === expected.status && amountNano === expected.amountNano && chargeNano === expected.chargeNano;
  if (isSame) return;
  yield `attempt ${attemptKey(record)}: rated ${status} ${amountNano}, charged ${chargeNano}; expected ${expected.status} ${expected.amountNano}, charged ${expected.chargeNano}`;
}

function* compareCalls(
  calls: ReadonlyMap<string, readonly ProviderCall[]>,
  records: ReadonlyMap<string, RatedUsage>,
): Generator<string> {
  for (const [key, [call, ...others]] of calls) {
    if (!call) continue;
    if (others.length > 0) yield `attempt ${key} called the provider ${others.length + 1} times`;
    const record = records.get(key);
    if (record) yield* compareTokens(call, record);
    else yield `${describe(call)} is not in the ledger`;
  }
}

/**
 * Calls that ended well, whose provider said what they used, and whose account has another source. Not those whose
 * client left: the rest of the answer was under way when the call was given up.
 */
export const unheardCalls = (
  calls: readonly ProviderCall[],
  records: readonly RatedUsage[],
): readonly ProviderCall[] => {
  const explained = records.filter(
    ({ quality, outcome }) => quality === 'reported' || outcome === 'client_cancelled',
  );
  const known = new Set(explained.map((record) => attemptKey(record)));
  return calls.filter((call) => call.outcome === 'completed' && call.usageSent && !known.has(keyOf(call)));
};

/**
 * The ledger against the provider's own books, call by call: each call has one attempt, of whatever quality; what was
 * reported is equal to the token; each amount is what the book makes of its usage; and an attempt without a call never
 * had a status. `records`: the latest of each attempt.
 */
export const compareWithProvider = (input: {
  readonly calls: readonly ProviderCall[];
  readonly records: readonly RatedUsage[];
  readonly book: PriceBook;
}): OracleReport => {
  const calls = Map.groupBy(input.calls, keyOf);
  const records = new Map(input.records.map((record) => [attemptKey(record), record]));
  const withoutCall = input.records.filter((record) => !calls.has(attemptKey(record)));
  const qualities = { reported: 0, estimated: 0, partial: 0, unknown: 0 };
  for (const { quality } of input.records) qualities[quality] += 1;
  const invented = withoutCall.filter(({ status }) => status !== undefined);
  return {
    mismatches: [
      ...compareCalls(calls, records),
      ...input.records.flatMap((record) => [...comparePrice(record, input.book)]),
      ...invented.map(
        (record) =>
          `attempt ${attemptKey(record)} has status ${record.status}, and the provider knows no such call`,
      ),
    ],
    calls: input.calls.length,
    attempts: records.size,
    qualities,
    withoutCall: withoutCall.length,
    unheard: unheardCalls(input.calls, input.records).length,
  };
};
