import { type RatedEvent, type RatedUsage, subjects } from '@weir/contracts';
import { connectNatsBus, type NatsBus } from '@weir/messaging';
import { waitFor } from '@weir/testing';
import { askBudgets, type CounterReading } from '../../chaos/support/budget-state.ts';

/** What policy says of a budget counter, in its unit. */
export type CounterState = Omit<CounterReading, 'counter'>;

/** What an organisation is billed, as a subscriber hears it, and what policy makes of it. */
export interface BillingWatch {
  readonly bus: NatsBus;
  /** The record of a request that had one attempt. */
  readonly recordOf: (requestId: string) => Promise<RatedUsage>;
  /** The counters that a record is charged to, by the name of their budget, once nothing is held of them. */
  readonly settledBudgetsOf: (record: RatedUsage) => Promise<Readonly<Record<string, CounterState>>>;
  readonly close: () => Promise<void>;
}

const timeoutMs = 2_000;
const decoder = new TextDecoder();

const budgetOf = (counter: string): string => counter.split('|')[2] ?? '';

export const openBillingWatch = async (natsUrl: string, org: string): Promise<BillingWatch> => {
  const ignore = () => undefined;
  const bus = await connectNatsBus({
    name: 'billing-watch',
    servers: [natsUrl],
    onError: ignore,
    onClosed: ignore,
  });
  const records: RatedUsage[] = [];
  bus.subscribe(subjects.ratedOf(org), ({ data }) => {
    const event: RatedEvent = JSON.parse(decoder.decode(data));
    records.push(event.data);
  });
  await bus.flush(timeoutMs);
  return {
    bus,
    recordOf: (requestId) =>
      waitFor(() => records.find((record) => record.requestId === requestId), {
        what: `the record of ${requestId}`,
      }),
    settledBudgetsOf: ({ requestId, charges = [] }) =>
      waitFor(
        async () => {
          const states = await askBudgets(bus, charges);
          if (states.length !== charges.length || states.some(({ held }) => held !== 0n)) return undefined;
          return Object.fromEntries(
            states.map(({ counter, spent, held }) => [budgetOf(counter), { spent, held }]),
          );
        },
        { what: `the budgets of ${requestId} to hold nothing` },
      ),
    close: () => bus.close(1_000),
  };
};
