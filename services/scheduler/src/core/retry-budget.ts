import type { RetryBudgetConfig } from '@weir/contracts';

/**
 * Keeps retries a share of the requests, so that a failing upstream is not given a multiple of its load. Each replica
 * sees its part of both, so the share holds for all of them together.
 * A machine: times are passed in, milliseconds since the epoch.
 */
export interface RetryBudget {
  /** A request of the route was sent for the first time. */
  count(route: string, now: number): void;
  /** Takes one retry, if the budget has room for it. */
  spend(route: string, budget: RetryBudgetConfig, now: number): boolean;
}

const slotMs = 1_000;
const slots = 10;

/** Requests and retries of the last ten seconds, by the second. */
class Window {
  requests = 0;
  retries = 0;
  #slots = Array.from({ length: slots }, () => ({ requests: 0, retries: 0 }));
  #second = 0;

  add(now: number, requests: number, retries: number): void {
    this.advance(now);
    const slot = this.#slots[this.#second % slots];
    if (!slot) return;
    slot.requests += requests;
    slot.retries += retries;
    this.requests += requests;
    this.retries += retries;
  }

  /** A clock that goes back stays in the second that it was in. */
  advance(now: number): void {
    const second = Math.floor(now / slotMs);
    for (let step = 0; this.#second < second && step < slots; step += 1) {
      this.#second = Math.max(this.#second + 1, second - slots + 1);
      const slot = this.#slots[this.#second % slots];
      if (!slot) continue;
      this.requests -= slot.requests;
      this.retries -= slot.retries;
      slot.requests = 0;
      slot.retries = 0;
    }
  }
}

/** There is a window for each route of the configuration. */
export const createRetryBudget = (): RetryBudget => {
  const windows = new Map<string, Window>();
  const windowOf = (route: string): Window => {
    const known = windows.get(route) ?? new Window();
    windows.set(route, known);
    return known;
  };
  return {
    count: (route, now) => windowOf(route).add(now, 1, 0),
    spend: (route, { percent, minRetries }, now) => {
      const window = windowOf(route);
      window.advance(now);
      if (window.retries >= Math.max(minRetries, (window.requests * percent) / 100)) return false;
      window.add(now, 0, 1);
      return true;
    },
  };
};
