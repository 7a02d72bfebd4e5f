import type { Strategy } from '@weir/contracts';

/** How a scheduler chooses, and what it knows when it does. */
export interface Policy {
  /** A strategy of the product, or a baseline that only the simulation has. */
  readonly chooses: Strategy | 'random';
  /** The better of two random targets instead of the best of all. */
  readonly takesTwo: 'never' | 'always' | 'when-late';
  /** Counts what it has sent itself until a report shows it. */
  readonly reserves: boolean;
  /** Tells the other schedulers, too. */
  readonly gossips: boolean;
  /** Reads every worker's counters at each decision: what no real scheduler can. */
  readonly isExact: boolean;
}

const product: Policy = {
  chooses: 'least-tokens-queued',
  takesTwo: 'when-late',
  reserves: true,
  gossips: true,
  isExact: false,
};
const exact: Policy = { ...product, takesTwo: 'never', isExact: true };

export const policies = {
  random: { ...product, chooses: 'random' },
  'round-robin': { ...product, chooses: 'round-robin' },
  'p2c-least-requests': { ...exact, chooses: 'least-requests', takesTwo: 'always' },
  'least-requests': { ...exact, chooses: 'least-requests' },
  'p2c-ltq': { ...exact, takesTwo: 'always' },
  ltq: exact,
  'reports-only': { ...product, takesTwo: 'never', reserves: false, gossips: false },
  'own-reservations': { ...product, takesTwo: 'never', gossips: false },
  full: product,
} as const satisfies Record<string, Policy>;

export type PolicyName = keyof typeof policies;

export const policyNames = Object.keys(policies) as PolicyName[];

export const policyTitles: Readonly<Record<PolicyName, string>> = {
  random: 'random',
  'round-robin': 'round-robin',
  'p2c-least-requests': 'least requests of two, exact',
  'least-requests': 'least requests, exact',
  'p2c-ltq': 'least tokens queued of two, exact',
  ltq: 'least tokens queued, exact',
  'reports-only': 'reports only',
  'own-reservations': 'reports and own reservations',
  full: 'least tokens queued, as built',
};
