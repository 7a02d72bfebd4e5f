export const budgetUnits = ['tokens', 'requests', 'money'] as const;

/** Money is counted in nano-units of the price book's currency. */
export type BudgetUnit = (typeof budgetUnits)[number];

/**
 * One counter of one budget in one period. Its text is the name of the counter wherever spend is added up, so that
 * nobody who adds up has to know what the budget was.
 */
export interface BudgetCounter {
  readonly unit: BudgetUnit;
  /**
   * Where the budget stands and what shares it: `org:acme`, `team:acme/web`, `key:acme/k1`, or on a route
   * `route:<route>`, followed by `/<kind>:<value>` where it is kept for each value: `route:chat/header:3fe2…`.
   */
  readonly scope: string;
  /** Name of the budget, unique in its place. */
  readonly budget: string;
  /** Seconds since the epoch; the period is half-open. */
  readonly startsAt: number;
  readonly endsAt: number;
}

const unitLetters = { tokens: 't', requests: 'r', money: 'm' } as const;

/** `m|org:acme|monthly|1761955200|1764547200` */
export const counterText = (counter: BudgetCounter): string =>
  [unitLetters[counter.unit], counter.scope, counter.budget, counter.startsAt, counter.endsAt].join('|');

const unitOfLetter = (letter: string | undefined): BudgetUnit | undefined =>
  budgetUnits.find((unit) => unitLetters[unit] === letter);

/** Undefined when the text is no counter. */
export const readCounter = (text: string): BudgetCounter | undefined => {
  const [letter, scope, budget, start, end, ...rest] = text.split('|');
  const unit = unitOfLetter(letter);
  const startsAt = Number(start);
  const endsAt = Number(end);
  if (!unit || !scope || !budget || rest.length > 0) return undefined;
  if (!Number.isSafeInteger(startsAt) || !Number.isSafeInteger(endsAt) || endsAt <= startsAt)
    return undefined;
  return { unit, scope, budget, startsAt, endsAt };
};
