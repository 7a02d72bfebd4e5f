import type { AttemptAccount } from './attempt-account.ts';

/** The accounts of attempts that the ledger has, as far back as memory goes. */
export interface RecentAccounts {
  readonly size: number;
  /** An attempt that began later than this and is not here has no account. What began earlier may have one. */
  readonly floor: number;
  /** Latest start of all accounts that there ever were. Undefined: there were none. */
  readonly latestStart: number | undefined;
  get(key: string): AttemptAccount | undefined;
  set(key: string, account: AttemptAccount): void;
  /** Forgets the accounts that were set longest ago, down to the limit, and raises the floor accordingly. */
  trim(): void;
}

export interface RecentAccountsOptions {
  readonly limit: number;
  /** Latest start of the accounts that are not here from the beginning. Absent: there are none. */
  readonly latestForgotten?: number;
}

const later = (one: number | undefined, other: number): number =>
  one === undefined ? other : Math.max(one, other);

export const createRecentAccounts = ({ limit, latestForgotten }: RecentAccountsOptions): RecentAccounts => {
  const accounts = new Map<string, AttemptAccount>();
  let floor = latestForgotten ?? Number.NEGATIVE_INFINITY;
  let latestStart = latestForgotten;
  return {
    get size() {
      return accounts.size;
    },
    get floor() {
      return floor;
    },
    get latestStart() {
      return latestStart;
    },
    get: (key) => accounts.get(key),
    set: (key, account) => {
      accounts.delete(key);
      accounts.set(key, account);
      latestStart = later(latestStart, account.startedAt);
    },
    trim: () => {
      for (const [key, { startedAt }] of accounts) {
        if (accounts.size <= limit) return;
        accounts.delete(key);
        floor = Math.max(floor, startedAt);
      }
    },
  };
};
