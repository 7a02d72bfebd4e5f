import type { BusMessage } from '@weir/messaging';
import type { LimitStore } from '../core/limit-store.ts';

/** What a question on `subjects.budgets` asks. */
interface StatusQuestion {
  readonly counters: readonly string[];
  /** Holds are listed, too. Reading them costs the store more. */
  readonly holds?: boolean;
}

const maxCounters = 500;
const maxHolds = 100;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

const readQuestion = (data: Uint8Array): StatusQuestion | undefined => {
  try {
    const value: unknown = JSON.parse(decoder.decode(data));
    const counters = (value as Partial<StatusQuestion> | null)?.counters;
    if (!Array.isArray(counters) || counters.length > maxCounters) return undefined;
    return counters.every((counter) => typeof counter === 'string') ? (value as StatusQuestion) : undefined;
  } catch {
    return undefined;
  }
};

type StatusStore = Pick<LimitStore, 'read' | 'holdsOf' | 'position'>;

const holdsOf = async (store: StatusStore, counter: string) => {
  const { holds, complete } = await store.holdsOf(counter, maxHolds);
  return {
    holds: holds.map(({ id, amount, expiresAt }) => ({ id, amount: String(amount), expiresAt })),
    complete,
  };
};

const answer = async (store: StatusStore, question: StatusQuestion): Promise<object> => {
  // Read before and after: numbers that belong to no one position say so.
  const before = await store.position();
  const states = await store.read(question.counters);
  const after = await store.position();
  const counters = [];
  for (const { counter, spent, held } of states) {
    const listed = question.holds === true ? await holdsOf(store, counter) : {};
    counters.push({ counter, spent: String(spent), held: String(held), ...listed });
  }
  const isSteady = before !== undefined && before.watermark === after?.watermark;
  return { counters, ...(isSteady ? { watermark: before.watermark, epoch: before.epoch } : {}) };
};

/** What is spent and held: enforced is what the ledger says plus the live holds, each by its request id. */
export const createBudgetStatus =
  ({ store }: { store: StatusStore }) =>
  async (message: Pick<BusMessage, 'data' | 'respond'>): Promise<void> => {
    const respond = (value: object): void => message.respond(encoder.encode(JSON.stringify(value)));
    const question = readQuestion(message.data);
    if (!question) return respond({ error: `ask for {"counters": […]}, at most ${maxCounters}` });
    try {
      respond(await answer(store, question));
    } catch (error) {
      respond({ error: error instanceof Error ? error.message : String(error) });
    }
  };
