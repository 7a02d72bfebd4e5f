import type { ThresholdAlert } from '../core/threshold-alerts.ts';

export interface AlertOutboxOptions {
  readonly publish: (
    subject: string,
    payload: Uint8Array,
    id: string,
  ) => Promise<'stored' | 'already_stored'>;
  readonly onSent: (outcome: 'stored' | 'already_stored') => void;
  readonly onTrouble: (error: unknown) => void;
  /** Resolves after the time, or as soon as the signal is aborted. */
  readonly pause: (pauseMs: number, signal: AbortSignal) => Promise<void>;
}

/** Alerts on their way to the stream. They wait for it, and the ledger does not wait for them. */
export interface AlertOutbox {
  /** Alerts that are not stored, with those that were dropped: only the ledger has them. */
  readonly pending: number;
  /** Some were dropped, and the others are stored. */
  readonly hasLost: boolean;
  add(alerts: readonly ThresholdAlert[]): void;
  /** Resolves when there is room for a good many, or when none is taken at the moment. */
  room(): Promise<void>;
  /** What was dropped is about to be added again. */
  begin(): void;
  stop(): Promise<void>;
}

const maxWaiting = 10_000;
const roomy = maxWaiting / 2;
const pauseMs = 1_000;
const encoder = new TextEncoder();

class Outbox implements AlertOutbox {
  #options: AlertOutboxOptions;
  #waiting: ThresholdAlert[] = [];
  #dropped = 0;
  #sending: Promise<void> | undefined;
  #stopping = new AbortController();
  #isAway = false;
  #tried = Promise.withResolvers<void>();

  constructor(options: AlertOutboxOptions) {
    this.#options = options;
  }

  get pending(): number {
    return this.#waiting.length + this.#dropped;
  }

  get hasLost(): boolean {
    return this.#dropped > 0 && this.#waiting.length === 0;
  }

  begin(): void {
    this.#dropped = 0;
  }

  async room(): Promise<void> {
    while (this.#waiting.length > roomy && !this.#isAway && !this.#stopping.signal.aborted)
      await this.#tried.promise;
  }

  add(alerts: readonly ThresholdAlert[]): void {
    if (alerts.length === 0) return;
    const room = Math.max(0, maxWaiting - this.#waiting.length);
    this.#waiting.push(...alerts.slice(0, room));
    this.#dropped += Math.max(0, alerts.length - room);
    this.#sending ??= this.#send().finally(() => {
      this.#sending = undefined;
    });
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#sending;
  }

  async #send(): Promise<void> {
    const { publish, onSent, onTrouble, pause } = this.#options;
    const { signal } = this.#stopping;
    for (let [next] = this.#waiting; next && !signal.aborted; [next] = this.#waiting) {
      try {
        const { subject, event } = next;
        onSent(await publish(subject, encoder.encode(JSON.stringify(event)), event.id));
        this.#waiting.shift();
        this.#hasTried(true);
      } catch (error) {
        this.#hasTried(false);
        onTrouble(error);
        await pause(pauseMs, signal);
      }
    }
  }

  #hasTried(wasTaken: boolean): void {
    this.#isAway = !wasTaken;
    this.#tried.resolve();
    this.#tried = Promise.withResolvers<void>();
  }
}

export const createAlertOutbox = (options: AlertOutboxOptions): AlertOutbox => new Outbox(options);
