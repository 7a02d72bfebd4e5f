import { subjects } from '@weir/contracts';
import type { Bus } from '@weir/messaging';
import type { CounterState } from '../core/budget-status.ts';
import { type Refusal, refuse } from '../core/refusal.ts';

export type BudgetStates =
  | { readonly outcome: 'answered'; readonly states: ReadonlyMap<string, CounterState> }
  | Refusal;

/** Each answer lists holds, and has to fit a message. */
const countersPerQuestion = 50;
const timeoutMs = 2_000;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

interface Answer {
  readonly counters?: readonly CounterState[];
  readonly error?: string;
}

const ask = async (bus: Bus, counters: readonly string[]): Promise<readonly CounterState[] | Refusal> => {
  const question = encoder.encode(JSON.stringify({ counters, holds: true }));
  const answer = await bus.request(subjects.budgets, question, timeoutMs);
  if (answer.outcome === 'no_responders') return refuse('no_policy', 'No policy service runs: nobody knows.');
  if (answer.outcome !== 'answered')
    return refuse('no_policy', `Policy did not answer within ${timeoutMs} ms: try again.`);
  const read: Answer = JSON.parse(decoder.decode(answer.data));
  return read.counters ?? refuse('no_policy', `Policy cannot tell: ${read.error ?? 'no reason given'}.`);
};

/** Asks policy, which alone knows, what is spent and held. */
export const readBudgetStates = async (bus: Bus, counters: readonly string[]): Promise<BudgetStates> => {
  const states = new Map<string, CounterState>();
  for (let from = 0; from < counters.length; from += countersPerQuestion) {
    const answered = await ask(bus, counters.slice(from, from + countersPerQuestion));
    if ('outcome' in answered) return answered;
    for (const state of answered) states.set(state.counter, state);
  }
  return { outcome: 'answered', states };
};
