import { type AttemptFinal, attemptKey, type RatedUsage, usageEventTypes } from '@weir/contracts';
import { readLedgerMessage } from './read-ledger-message.ts';
import { readUsageBatch } from './read-usage-event.ts';
import { countTokens } from './token-counts.ts';
import type { LedgerMessage } from './verify/unit-reader.ts';
import type { UsageMessage } from './verify/usage-queue.ts';

/** What an organisation used in a month. Amounts are nano-units. */
export interface BilledUsage {
  readonly requests: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly amountNano: bigint;
  readonly chargeNano: bigint;
}

export interface RebuiltRow {
  readonly org: string;
  /** Month of the attempts' starts, UTC: `2026-11`. */
  readonly month: string;
  /** From the latest account of each attempt in USAGE, priced as the ledger priced that account. */
  readonly rebuilt: BilledUsage;
  /** The sum of the ledger's deltas. */
  readonly ledger: BilledUsage;
  readonly equal: boolean;
}

export interface RebuildReport {
  readonly rows: readonly RebuiltRow[];
  /** Attempts whose latest account in USAGE has no record in the ledger: their amount counts as nothing. */
  readonly unrecorded: number;
  /** Attempts that USAGE no longer has: what the ledger says of them is taken as it is. */
  readonly expired: number;
}

/** Computes what was used a second time, without the ledger's deltas. Keeps half a kilobyte for each attempt. */
export interface Rebuild {
  /** The two streams may come one after the other; of USAGE only what the ledger covers. */
  takeUsage(message: UsageMessage): void;
  takeLedger(message: LedgerMessage): void;
  report(): RebuildReport;
}

interface Account extends BilledUsage {
  readonly revision: number;
  readonly ratingNumber: number;
}

interface RebuiltAttempt {
  readonly row: string;
  usage?: Account;
  rated?: Account;
}

const nothing: BilledUsage = { requests: 0, inputTokens: 0, outputTokens: 0, amountNano: 0n, chargeNano: 0n };

const add = (left: BilledUsage, right: BilledUsage): BilledUsage => ({
  requests: left.requests + right.requests,
  inputTokens: left.inputTokens + right.inputTokens,
  outputTokens: left.outputTokens + right.outputTokens,
  amountNano: left.amountNano + right.amountNano,
  chargeNano: left.chargeNano + right.chargeNano,
});

const isEqual = (left: BilledUsage, right: BilledUsage): boolean =>
  left.requests === right.requests &&
  left.inputTokens === right.inputTokens &&
  left.outputTokens === right.outputTokens &&
  left.amountNano === right.amountNano &&
  left.chargeNano === right.chargeNano;

const toAccount = (final: AttemptFinal): Account => {
  const { input, output } = countTokens(final.usage);
  return {
    ...nothing,
    revision: final.revision,
    ratingNumber: 0,
    requests: final.handedBack === true ? 0 : 1,
    inputTokens: input ?? 0,
    outputTokens: output ?? 0,
  };
};

const toRated = (record: RatedUsage): Account => ({
  ...toAccount(record),
  ratingNumber: record.ratingNumber,
  amountNano: BigInt(record.rating.amountNano),
  chargeNano: BigInt(record.rating.chargeNano),
});

const toPosted = ({ delta }: RatedUsage): BilledUsage => ({
  ...delta,
  amountNano: BigInt(delta.amountNano),
  chargeNano: BigInt(delta.chargeNano),
});

/** The first of several that are equal stays. */
const latest = (known: Account | undefined, next: Account): Account => {
  if (!known || next.revision > known.revision) return next;
  return next.revision === known.revision && next.ratingNumber > known.ratingNumber ? next : known;
};

const monthLength = '2026-11'.length;
const rowOf = ({ org, startedAt }: AttemptFinal): string =>
  `${org} ${new Date(startedAt).toISOString().slice(0, monthLength)}`;

class UsageRebuild implements Rebuild {
  #attempts = new Map<string, RebuiltAttempt>();
  #posted = new Map<string, BilledUsage>();

  takeUsage({ data, at }: UsageMessage): void {
    for (const read of readUsageBatch(data, at)) {
      if (read.outcome === 'poison' || read.event.type !== usageEventTypes.final) continue;
      const attempt = this.#attemptOf(read.event.data);
      attempt.usage = latest(attempt.usage, toAccount(read.event.data));
    }
  }

  takeLedger({ subject, data }: LedgerMessage): void {
    const read = readLedgerMessage(subject, data);
    if (read.kind !== 'record') return;
    const record = read.event.data;
    const attempt = this.#attemptOf(record);
    attempt.rated = latest(attempt.rated, toRated(record));
    const row = rowOf(record);
    this.#posted.set(row, add(this.#posted.get(row) ?? nothing, toPosted(record)));
  }

  report(): RebuildReport {
    const rebuilt = new Map<string, BilledUsage>();
    let unrecorded = 0;
    let expired = 0;
    for (const { row, usage, rated } of this.#attempts.values()) {
      if (!usage) expired += 1;
      const isRecorded = !usage || usage.revision === rated?.revision;
      if (!isRecorded) unrecorded += 1;
      const price = isRecorded && rated ? rated : nothing;
      const { amountNano, chargeNano } = price;
      const used = { ...(usage ?? rated ?? nothing), amountNano, chargeNano };
      rebuilt.set(row, add(rebuilt.get(row) ?? nothing, used));
    }
    return { rows: this.#compare(rebuilt), unrecorded, expired };
  }

  #compare(rebuilt: ReadonlyMap<string, BilledUsage>): RebuiltRow[] {
    const names = [...new Set([...rebuilt.keys(), ...this.#posted.keys()])].sort();
    return names.map((name) => {
      const [org = '', month = ''] = name.split(' ');
      const again = rebuilt.get(name) ?? nothing;
      const ledger = this.#posted.get(name) ?? nothing;
      return { org, month, rebuilt: again, ledger, equal: isEqual(again, ledger) };
    });
  }

  #attemptOf(final: AttemptFinal): RebuiltAttempt {
    const key = attemptKey(final);
    const attempt = this.#attempts.get(key) ?? { row: rowOf(final) };
    this.#attempts.set(key, attempt);
    return attempt;
  }
}

export const createRebuild = (): Rebuild => new UsageRebuild();
