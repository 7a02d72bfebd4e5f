import { type AttemptFinal, attemptKey, type LedgerCommit, type Rating, type RatedUsage } from '@weir/contracts';
import { readLedgerMessage } from '@weir/ledger';
import type { Rate } from '../core/ledger-machine.ts';
import { runLedger } from '../ledger/run-ledger.ts';
import { hashUnit } from '../sha256.ts';
import { FakeLog, type Step } from './fake-log.ts';

const encoder = new TextEncoder();

export const baseFinal: AttemptFinal = {
  requestId: 'request-1',
  attempt: 1,
  run: 'a',
  org: 'acme',
  team: 'web',
  key: 'k1',
  route: 'openai-chat',
  api: 'openai.chat',
  upstream: 'gpu',
  target: 't0',
  provider: 'openai-compatible',
  modelRequested: 'small',
  startedAt: 1_000_000,
  deadline: 1_060_000,
  stream: true,
  revision: 1,
  quality: 'reported',
  outcome: 'completed',
  usage: { inputTotal: 10, outputTotal: 20 },
  totalMs: 5,
  deliveredBytes: 1,
};

/** One nano for each token, so that sums can be compared. */
export const rateByToken = ({ usage }: AttemptFinal): Rating => {
  const nano = String((usage.inputTotal ?? 0) + 2 * (usage.outputTotal ?? 0));
  return { status: 'rated', amountNano: nano, chargeNano: nano, currency: 'USD' };
};

export interface Totals {
  readonly requests: number;
  readonly tokens: number;
  readonly chargeNano: bigint;
}

/** The streams, the clock, and any number of processes that write the ledger one after the other, or at once. */
export class LedgerWorld {
  nowMs = 2_000_000;
  readonly usage = new FakeLog(() => this.nowMs);
  readonly ledger = new FakeLog(() => this.nowMs);
  readonly buried = new Map<string, string>();
  maxAccounts = 1_000;
  lookUps = 0;
  rate: Rate = rateByToken;

  publish(events: readonly unknown[]): void {
    this.publishBytes(JSON.stringify(events));
  }

  publishBytes(text: string): void {
    this.usage.store('weir.usage.v1.events', encoder.encode(text));
  }

  /** Runs one process until it has accounted for everything, or dies of `step`. */
  async run(step: Step = () => undefined, hooks: { readonly beforeAppend?: () => Promise<void> } = {}): Promise<void> {
    const stopping = new AbortController();
    const usage = this.usage.as(step);
    const ledger = this.ledger.as(step);
    await runLedger(
      {
        usage,
        ledger: {
          info: ledger.info,
          read: (request) => {
            if (request.fromTime !== undefined) this.lookUps += 1;
            return ledger.read(request);
          },
        },
        append: async (unit, expected) => {
          await hooks.beforeAppend?.();
          return ledger.append(unit, expected);
        },
        bury: async ({ data }, id) => {
          step('before');
          this.buried.set(id, new TextDecoder().decode(data));
          step('after');
        },
        rate: this.rate,
        hashUnit,
        by: 'test',
        maxAccounts: this.maxAccounts,
        bootAccounts: Math.min(4, this.maxAccounts),
        knownUpTo: 0,
        onRecord: () => undefined,
        keepUp: async () => undefined,
        onBooted: () => undefined,
        onAppended: () => undefined,
        onProgress: () => undefined,
        onCaughtUp: async () => {
          const done = this.usage.last === 0 || this.commits().at(-1)?.to === this.usage.last;
          if (done) stopping.abort();
        },
        now: () => this.nowMs,
        pause: async (pauseMs) => {
          this.nowMs += pauseMs;
        },
        pauseMs: 1_000,
      },
      stopping.signal,
    );
  }

  records(): RatedUsage[] {
    return this.ledger.messages.flatMap(({ subject, data }) => {
      const read = readLedgerMessage(subject, data);
      return read.kind === 'record' ? [read.event.data] : [];
    });
  }

  commits(): LedgerCommit[] {
    return this.ledger.messages.flatMap(({ subject, data }) => {
      const read = readLedgerMessage(subject, data);
      return read.kind === 'commit' ? [read.commit] : [];
    });
  }

  /** What a reader has who adds up all deltas. */
  totals(): Totals {
    const deltas = this.records().map(({ delta }) => delta);
    return {
      requests: deltas.reduce((sum, { requests }) => sum + requests, 0),
      tokens: deltas.reduce((sum, { inputTokens, outputTokens }) => sum + inputTokens + outputTokens, 0),
      chargeNano: deltas.reduce((sum, { chargeNano }) => sum + BigInt(chargeNano), 0n),
    };
  }

  /** Problems with the chain of commits: each message of USAGE in one unit, each hash behind the one before it. */
  problems(): string[] {
    const problems: string[] = [];
    let to = 0;
    let hash = '0'.repeat(64);
    let payloads: Uint8Array[] = [];
    for (const { subject, data, sequence } of this.ledger.messages) {
      const read = readLedgerMessage(subject, data);
      if (read.kind === 'record') payloads.push(data);
      else if (read.kind === 'unreadable') problems.push(`${sequence}: ${read.problem}`);
      else {
        const { commit } = read;
        if (commit.from !== to) problems.push(`${sequence}: from ${commit.from}, expected ${to}`);
        if (commit.previousHash !== hash || commit.hash !== hashUnit(hash, payloads))
          problems.push(`${sequence}: hash`);
        if (commit.records !== payloads.length) problems.push(`${sequence}: records`);
        to = commit.to;
        hash = commit.hash;
        payloads = [];
      }
    }
    if (payloads.length > 0) problems.push('records behind the last commit');
    return problems;
  }

  /** What is recorded of each attempt, in order. */
  recorded(): string[] {
    return this.records().map(
      (record) => `${attemptKey(record)}:${record.revision} ${record.delta.chargeNano} from ${record.source.sequence}.${record.source.part}`,
    );
  }
}
