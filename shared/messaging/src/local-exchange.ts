import type { BusStatus, BusSubscription, Handler, RequestOutcome, SubscribeOptions } from './bus.ts';
import type { NatsBus } from './nats-bus.ts';

/**
 * Hands messages over between the services of one process, without the way to the server and back. Only subscriptions
 * that say so (`SubscribeOptions.nearby`) take part; all else goes over the bus, as does what other processes send or are
 * sent. A service cannot tell the difference: nothing arrives before the publish has returned, messages keep their order,
 * and what a handler throws is reported.
 */
export interface LocalExchange {
  /** The same bus, for one of the services. `onError`: what its handlers throw. */
  join(bus: NatsBus, onError: ReportError): NatsBus;
  /** Whether somebody nearby takes what is published there, and nobody else need hear of it. */
  takes(subject: string): boolean;
}

type ReportError = (error: unknown, where: string) => void;

interface Desk {
  readonly handler: Handler;
  readonly nearby: 'only' | 'also';
  readonly respond: (subject: string, payload: Uint8Array) => void;
  readonly onError: ReportError;
}

interface Delivery {
  readonly desk: Desk;
  readonly subject: string;
  readonly data: Uint8Array;
  readonly reply: string | undefined;
}

/** Then sockets and timers have their turn: two services that answer each other for ever must not stop the process. */
const perTurn = 256;
const wildcard = '.*';
const mostWildcards = 2;
const none: readonly Desk[] = [];

/** How many wildcards end the pattern, and what is before them. */
const keyOf = (pattern: string): string => {
  let literal = pattern;
  let wildcards = 0;
  for (; literal.endsWith(wildcard); wildcards += 1) literal = literal.slice(0, -wildcard.length);
  if (/[*>]/.test(literal) || wildcards > mostWildcards) {
    throw new TypeError(
      `no subject for nearby messages: ${pattern}; use at most ${mostWildcards} ".*" at its end`,
    );
  }
  return `${wildcards} ${literal}`;
};

const handOver = ({ desk, subject, data, reply }: Delivery): void => {
  const fail = (error: unknown): void => desk.onError(error, `handler of ${subject}`);
  const respond = (payload: Uint8Array): void => {
    if (reply !== undefined) desk.respond(reply, payload);
  };
  try {
    const pending = desk.handler({ subject, data, reply, noResponders: false, respond });
    if (pending) pending.catch(fail);
  } catch (thrown) {
    fail(thrown);
  }
};

class Exchange implements LocalExchange {
  /** By `keyOf` their pattern. No two patterns that are in use take the same subject. */
  #desks = new Map<string, readonly Desk[]>();
  /** Bounded by what `perTurn` handlers and one turn of the loop publish. */
  #waiting: Delivery[] = [];
  #isDue = false;

  join(bus: NatsBus, onError: ReportError): NatsBus {
    return new JoinedBus(this, bus, onError);
  }

  takes(subject: string): boolean {
    return this.#desksOf(subject).some(({ nearby }) => nearby === 'only');
  }

  /** Returns how to close it. What waits for it then is still handed over. */
  open(pattern: string, desk: Desk): () => void {
    const key = keyOf(pattern);
    this.#desks.set(key, [...(this.#desks.get(key) ?? []), desk]);
    return () => {
      const left = (this.#desks.get(key) ?? []).filter((other) => other !== desk);
      if (left.length > 0) this.#desks.set(key, left);
      else this.#desks.delete(key);
    };
  }

  /** True: whoever is meant has it, and the bus need not. */
  offer(subject: string, data: Uint8Array, reply: string | undefined): boolean {
    let isTaken = false;
    for (const desk of this.#desksOf(subject)) {
      // Of several that could have it alone the first does: a queue is no more even than that.
      if (isTaken && desk.nearby === 'only') continue;
      isTaken ||= desk.nearby === 'only';
      this.#waiting.push({ desk, subject, data, reply });
    }
    if (this.#waiting.length > 0 && !this.#isDue) {
      this.#isDue = true;
      queueMicrotask(this.#deliver);
    }
    return isTaken;
  }

  #desksOf(subject: string): readonly Desk[] {
    let end = subject.length;
    for (let wildcards = 0; wildcards <= mostWildcards && end > 0; wildcards += 1) {
      const found = this.#desks.get(`${wildcards} ${subject.slice(0, end)}`);
      if (found) return found;
      end = subject.lastIndexOf('.', end - 1);
    }
    return none;
  }

  #deliver = (): void => {
    let handed = 0;
    for (let next = this.#waiting[0]; next !== undefined && handed < perTurn; next = this.#waiting[handed]) {
      handed += 1;
      handOver(next);
    }
    this.#waiting.splice(0, handed);
    this.#isDue = this.#waiting.length > 0;
    if (this.#isDue) setImmediate(this.#deliver);
  };
}

class JoinedBus implements NatsBus {
  #exchange: Exchange;
  #bus: NatsBus;
  #onError: ReportError;
  #closers = new Set<() => void>();

  constructor(exchange: Exchange, bus: NatsBus, onError: ReportError) {
    this.#exchange = exchange;
    this.#bus = bus;
    this.#onError = onError;
  }

  get connection(): NatsBus['connection'] {
    return this.#bus.connection;
  }

  get connected(): boolean {
    return this.#bus.connected;
  }

  get maxPayloadBytes(): number {
    return this.#bus.maxPayloadBytes;
  }

  publish(subject: string, payload: Uint8Array, replyTo?: string): void {
    const isWithinBounds = payload.byteLength <= this.#bus.maxPayloadBytes;
    if (isWithinBounds && this.#exchange.offer(subject, payload, replyTo)) return;
    this.#bus.publish(subject, payload, replyTo);
  }

  subscribe(subject: string, handler: Handler, options?: SubscribeOptions): BusSubscription {
    const subscription = this.#bus.subscribe(subject, handler, options);
    if (options?.nearby === undefined) return subscription;
    const close = this.#exchange.open(subject, {
      handler,
      nearby: options.nearby,
      respond: (to, payload) => this.publish(to, payload),
      onError: this.#onError,
    });
    this.#closers.add(close);
    const leave = (): void => {
      this.#closers.delete(close);
      close();
    };
    return {
      drain: () => {
        leave();
        return subscription.drain();
      },
      close: () => {
        leave();
        subscription.close();
      },
    };
  }

  request(subject: string, payload: Uint8Array, timeoutMs: number): Promise<RequestOutcome> {
    return this.#bus.request(subject, payload, timeoutMs);
  }

  flush(timeoutMs: number): Promise<void> {
    return this.#bus.flush(timeoutMs);
  }

  onStatus(listener: (status: BusStatus) => void): void {
    this.#bus.onStatus(listener);
  }

  close(timeoutMs: number): Promise<void> {
    for (const close of this.#closers) close();
    this.#closers.clear();
    return this.#bus.close(timeoutMs);
  }
}

export const createLocalExchange = (): LocalExchange => new Exchange();
