import { subjects } from '@weir/contracts';
import { connectNatsBus, type NatsBus } from '@weir/messaging';
import { waitFor } from '@weir/testing';

export interface CounterReading {
  readonly counter: string;
  readonly spent: bigint;
  readonly held: bigint;
}

export interface BudgetReader {
  /** What policy says of the counters. */
  read(counters: readonly string[]): Promise<readonly CounterReading[]>;
  close(): Promise<void>;
}

interface Answer {
  readonly error?: string;
  readonly counters?: readonly { counter: string; spent: string; held: string }[];
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const requestTimeoutMs = 2_000;

/** What policy says of the counters, asked as the admin API does. @throws where it does not answer. */
export const askBudgets = async (
  bus: Pick<NatsBus, 'request'>,
  counters: readonly string[],
): Promise<readonly CounterReading[]> => {
  const question = encoder.encode(JSON.stringify({ counters }));
  const outcome = await bus.request(subjects.budgets, question, requestTimeoutMs);
  if (outcome.outcome !== 'answered') throw new Error(`policy did not answer: ${outcome.outcome}`);
  const answer: Answer = JSON.parse(decoder.decode(outcome.data));
  if (!answer.counters) throw new Error(answer.error ?? 'an answer without counters');
  return answer.counters.map(({ counter, spent, held }) => ({
    counter,
    spent: BigInt(spent),
    held: BigInt(held),
  }));
};

export const openBudgetReader = async (natsUrl: string): Promise<BudgetReader> => {
  const bus = await connectNatsBus({
    servers: [natsUrl],
    name: 'budget-reader',
    onError: () => undefined,
    onClosed: () => undefined,
  });
  return {
    read: (counters) =>
      waitFor(() => askBudgets(bus, counters), { what: 'policy to tell its budgets', timeoutMs: 15_000 }),
    close: () => bus.close(1_000),
  };
};
