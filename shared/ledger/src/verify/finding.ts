/** The invariants of the ledger, by what each promises. */
export const invariants = {
  I1: 'each USAGE event is covered once, and the chain is whole',
  I2: 'the deltas of an attempt add up to its latest amount',
  I3: 'each attempt has an account by its deadline',
  I4: 'the limit store has spent what the ledger says',
  I5: 'what keys, teams and organisations are billed is the same',
  I6: 'what a sink holds is what the ledger says',
  I7: 'providers counted the same',
  I8: 'providers report what was used',
} as const;

export type InvariantId = keyof typeof invariants;

/** One place where an invariant does not hold. */
export interface Finding {
  readonly invariant: InvariantId;
  readonly what: string;
  /** Such as `LEDGER 17`, `USAGE 5.2` (sequence and part), `org acme`. */
  readonly where: string;
  readonly expected: string;
  readonly found: string;
}

export type FindingDetails = Omit<Finding, 'invariant'>;

/** `warning` is for what is worth a look, and proves nothing. */
export type InvariantState = 'ok' | 'failed' | 'warning' | 'not_checked';

export interface InvariantReport {
  readonly invariant: InvariantId;
  readonly promise: string;
  readonly state: InvariantState;
  /** Why it was not checked, or what was left out. */
  readonly note?: string;
  /** All that were found; `findings` has the first of them. */
  readonly found: number;
  readonly findings: readonly Finding[];
}

export const maxFindings = 20;

/** What was found about one invariant. Keeps the first, counts the rest: a broken ledger is broken in many places. */
export interface FindingLog {
  readonly count: number;
  readonly kept: readonly Finding[];
  add(details: FindingDetails): void;
  /** Adds when the two differ. */
  compare(what: string, where: string, values: { expected: unknown; found: unknown }): void;
}

const maxValueCharacters = 200;
const textOf = (value: unknown): string =>
  (value === undefined ? 'nothing' : typeof value === 'object' ? JSON.stringify(value) : String(value)).slice(
    0,
    maxValueCharacters,
  );

export const createFindingLog = (invariant: InvariantId): FindingLog => {
  const kept: Finding[] = [];
  let count = 0;
  const add = (details: FindingDetails): void => {
    count += 1;
    if (kept.length < maxFindings) kept.push({ invariant, ...details });
  };
  return {
    get count() {
      return count;
    },
    kept,
    add,
    compare: (what, where, { expected, found }) => {
      if (expected !== found) add({ what, where, expected: textOf(expected), found: textOf(found) });
    },
  };
};

export const toInvariantReport = (
  invariant: InvariantId,
  { count, kept }: Pick<FindingLog, 'count' | 'kept'>,
  given: { readonly note?: string | undefined; readonly checked?: boolean; readonly proves?: boolean } = {},
): InvariantReport => {
  const { note, checked = true, proves = true } = given;
  const bad = proves ? 'failed' : 'warning';
  return {
    invariant,
    promise: invariants[invariant],
    state: count > 0 ? bad : checked ? 'ok' : 'not_checked',
    ...(note === undefined ? {} : { note }),
    found: count,
    findings: kept,
  };
};
