import { setTimeout as delay } from 'node:timers/promises';
import { subjects } from '@weir/contracts';
import { askedUntil, type StoreReading, type Verifier } from '@weir/ledger';
import type { Bus } from '@weir/messaging';
import type { LedgerFeed } from './ledger-feed.ts';

const countersPerQuestion = 200;
const answerTimeoutMs = 3_000;
/** The store follows the ledger within a second. */
const looks = 25;
const lookPauseMs = 400;
/** A store that was restored has only the counters that somebody still asks for, by the clock of whoever kept them. */
const marginMs = 3_600_000;

/** The answer to a question on `subjects.budgets`. */
interface BudgetAnswer {
  readonly counters?: readonly { readonly counter: string; readonly spent: string }[];
  /** Absent while the store is being written. */
  readonly watermark?: number;
  readonly error?: string;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

const cut = (counters: readonly string[]): string[][] =>
  Array.from({ length: Math.ceil(counters.length / countersPerQuestion) }, (_, index) =>
    counters.slice(index * countersPerQuestion, (index + 1) * countersPerQuestion),
  );

const ask = async (bus: Pick<Bus, 'request'>, counters: readonly string[]): Promise<BudgetAnswer> => {
  const question = encoder.encode(JSON.stringify({ counters }));
  const asked = await bus.request(subjects.budgets, question, answerTimeoutMs);
  if (asked.outcome === 'no_responders') return { error: 'no policy is running that could be asked' };
  if (asked.outcome !== 'answered') return { error: 'policy did not answer' };
  try {
    return JSON.parse(decoder.decode(asked.data)) as BudgetAnswer;
  } catch {
    return { error: 'policy gave an answer that is not JSON' };
  }
};

/** All counters as of one watermark, why they cannot be read, or undefined: they moved meanwhile. */
const readOnce = async (
  bus: Pick<Bus, 'request'>,
  counters: readonly string[],
): Promise<StoreReading | string | undefined> => {
  const spent = new Map<string, bigint>();
  const watermarks = new Set<number | undefined>();
  for (const some of cut(counters)) {
    const answer = await ask(bus, some);
    if (answer.error !== undefined) return answer.error;
    watermarks.add(answer.watermark);
    for (const state of answer.counters ?? []) spent.set(state.counter, BigInt(state.spent));
  }
  const [watermark] = watermarks;
  return watermarks.size === 1 && watermark !== undefined ? { watermark, spent } : undefined;
};

/**
 * Reads the limit store at a moment at which it has applied the ledger exactly as far as the verifier has read it; reads
 * the ledger on where the store is ahead. Text: why that did not come about.
 */
export const readStore = async (
  bus: Pick<Bus, 'request'>,
  verifier: Verifier,
  { feed, now }: { readonly feed: Pick<LedgerFeed, 'readTo'>; readonly now: number },
): Promise<StoreReading | string> => {
  const isCompared = (text: string): boolean => askedUntil(text) * 1_000 > now + marginMs;
  for (let look = 0; look < looks; look += 1) {
    const counters = [...verifier.totals.entries().keys()].filter(isCompared);
    if (counters.length === 0) return { watermark: verifier.sequence, spent: new Map() };
    const reading = await readOnce(bus, counters);
    if (typeof reading === 'string') return reading;
    if (reading && reading.watermark > verifier.sequence) await feed.readTo(reading.watermark);
    if (reading?.watermark === verifier.sequence) return reading;
    await delay(lookPauseMs);
  }
  return `the store did not come to the same position as the ledger within ${(looks * lookPauseMs) / 1_000} s`;
};
