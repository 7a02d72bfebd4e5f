import type { CircuitBreakerConfig } from '@weir/contracts';

/** What came of attempts at one target since it was last looked at. */
export interface OutcomeNews {
  readonly succeeded: number;
  readonly failed: number;
  /** Failures since the last success. */
  readonly consecutiveFailures: number;
}

export type CircuitState = 'closed' | 'open' | 'half-open';

interface Second {
  readonly at: number;
  succeeded: number;
  failed: number;
}

/** A probe whose outcome never came is forgotten: its scheduler's message, or its adapter, is gone. */
const probeLifeMs = 30_000;
/** Half of the time is fixed and half is drawn, so that replicas do not probe together. */
const fixedShare = 0.5;

/**
 * Closed: all goes on. Open: nothing is sent until a time. Half-open: a few at a time, until enough of them succeed or
 * one fails. A machine: times are milliseconds since the epoch, and passed in.
 */
export class Circuit {
  readonly #random: () => number;
  #isClosed = true;
  #openUntil = 0;
  /** How often it has opened since it was last closed. */
  #times = 0;
  #window: Second[] = [];
  #probes = 0;
  #probedAt = 0;
  #succeededInRow = 0;

  constructor(random: () => number) {
    this.#random = random;
  }

  state(now: number): CircuitState {
    if (this.#isClosed) return 'closed';
    return now < this.#openUntil ? 'open' : 'half-open';
  }

  /** When an open circuit lets the next request through. */
  get openUntil(): number {
    return this.#openUntil;
  }

  admits(now: number, { halfOpenMaxRequests }: CircuitBreakerConfig): boolean {
    const state = this.state(now);
    if (state !== 'half-open') return state === 'closed';
    return this.#probes < halfOpenMaxRequests || now - this.#probedAt > probeLifeMs;
  }

  /** A request goes to the target. */
  sent(now: number): void {
    if (this.state(now) !== 'half-open') return;
    this.#probes = now - this.#probedAt > probeLifeMs ? 1 : this.#probes + 1;
    this.#probedAt = now;
  }

  observe(news: OutcomeNews, now: number, config: CircuitBreakerConfig): void {
    const state = this.state(now);
    // What ends while it is open was sent before it opened.
    if (state === 'open') return;
    if (state === 'half-open') this.#judgeProbes(news, now, config);
    else this.#judge(news, now, config);
  }

  #judge(news: OutcomeNews, now: number, config: CircuitBreakerConfig): void {
    const { failed, consecutiveFailures } = news;
    this.#count(news, now, config.windowMs);
    if (failed === 0) return;
    if (consecutiveFailures >= config.failureThreshold || this.#isRateExceeded(config))
      this.#open(now, config);
  }

  #judgeProbes({ succeeded, failed }: OutcomeNews, now: number, config: CircuitBreakerConfig): void {
    if (succeeded + failed === 0) return;
    this.#probes = Math.max(0, this.#probes - succeeded - failed);
    if (failed > 0) return this.#open(now, config);
    this.#succeededInRow += succeeded;
    if (this.#succeededInRow < config.successThreshold) return;
    this.#isClosed = true;
    this.#times = 0;
    this.#window = [];
  }

  #open(now: number, { openMs, maxOpenMs }: CircuitBreakerConfig): void {
    this.#isClosed = false;
    this.#times += 1;
    this.#probes = 0;
    this.#succeededInRow = 0;
    const longest = Math.min(openMs * this.#times, maxOpenMs);
    this.#openUntil = now + Math.round(longest * (fixedShare + (1 - fixedShare) * this.#random()));
  }

  #count({ succeeded, failed }: OutcomeNews, now: number, windowMs: number): void {
    const keep = this.#window.findIndex(({ at }) => now - at <= windowMs);
    this.#window.splice(0, keep < 0 ? this.#window.length : keep);
    if (succeeded + failed === 0) return;
    const last = this.#window.at(-1);
    if (last && now - last.at < 1_000) {
      last.succeeded += succeeded;
      last.failed += failed;
    } else this.#window.push({ at: now, succeeded, failed });
  }

  #isRateExceeded({ failureRatePercent, minRequests }: CircuitBreakerConfig): boolean {
    let failed = 0;
    let all = 0;
    for (const second of this.#window) {
      failed += second.failed;
      all += second.failed + second.succeeded;
    }
    return all >= minRequests && failed * 100 >= all * failureRatePercent;
  }
}
