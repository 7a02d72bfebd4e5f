import type { BudgetHold, Reservation, SettledRequest } from '../core/limit-store.ts';

/** What a hold keeps: parallel lists, which Lua reads with fewer tables. Amounts as text: a JSON number would lose digits. */
export interface KeptHold {
  readonly outputCap?: number;
  readonly fallback?: true;
  readonly bucketKeys: readonly string[];
  readonly perMinute: readonly number[];
  readonly correctable: readonly boolean[];
  readonly counters: readonly string[];
  readonly amounts: readonly string[];
}

const keptOf = ({ outputCap, fallback, buckets, budgets }: Reservation): KeptHold => ({
  ...(outputCap === undefined ? {} : { outputCap }),
  ...(fallback ? { fallback } : {}),
  bucketKeys: buckets.map(({ key }) => key),
  perMinute: buckets.map(({ perMinute }) => perMinute),
  correctable: buckets.map(({ correctable }) => correctable),
  counters: budgets.map(({ counter }) => counter),
  amounts: budgets.map(({ amount }) => amount.toString()),
});

const carryOf = ({ carry }: BudgetHold): readonly [string, string, string] | false =>
  carry !== undefined && [carry.counter, carry.limit.toString(), carry.most.toString()];

const termsOf = ({ buckets, slots, budgets }: Reservation) => ({
  capacities: buckets.map(({ capacity }) => capacity),
  costs: buckets.map(({ cost }) => cost),
  bucketsEnforced: buckets.map(({ enforce }) => enforce),
  slotLimits: slots.map(({ limit }) => limit),
  slotsEnforced: slots.map(({ enforce }) => enforce),
  limits: budgets.map(({ limit }) => limit.toString()),
  budgetsEnforced: budgets.map(({ enforce }) => enforce),
  ...(budgets.some(({ carry }) => carry !== undefined) ? { carries: budgets.map(carryOf) } : {}),
});

/** Of one reservation, for `reserve.lua`. */
export const reserveArguments = (reservation: Reservation): (string | number)[] => {
  const { id, ttlMs, slots, isCopy = false } = reservation;
  const slotKeys = slots.length === 0 ? '' : JSON.stringify(slots.map(({ key }) => key));
  const [kept, terms] = [JSON.stringify(keptOf(reservation)), JSON.stringify(termsOf(reservation))];
  return [id, ttlMs, slotKeys, kept, terms, isCopy ? 1 : 0];
};

/** For `settle.lua`: the sum for each counter, and what each record says of its request. */
export const settleArguments = (records: readonly SettledRequest[]): string[] => {
  const sums = new Map<string, bigint>();
  for (const { charges } of records) {
    for (const [counter, delta] of charges) sums.set(counter, (sums.get(counter) ?? 0n) + delta);
  }
  return [
    JSON.stringify([...sums.keys()]),
    JSON.stringify(Array.from(sums.values(), String)),
    JSON.stringify(records.map(({ id }) => id)),
    JSON.stringify(records.map(({ tokens }) => tokens ?? false)),
    JSON.stringify(records.map(({ ends }) => ends)),
  ];
};
