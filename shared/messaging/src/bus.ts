/** A message as a subscriber sees it. `data` is a view into a buffer that is reused: copy it to keep it. */
export interface BusMessage {
  readonly subject: string;
  readonly data: Uint8Array;
  /** Subject that the sender named for answers. */
  readonly reply: string | undefined;
  /** True when the server says that nobody listened to what was published with this subject as its reply. */
  readonly noResponders: boolean;
  respond(payload: Uint8Array): void;
}

export interface BusSubscription {
  /** Takes no new messages; resolves when those under way have been handed over. */
  drain(): Promise<void>;
  close(): void;
}

export type RequestOutcome =
  | { readonly outcome: 'answered'; readonly data: Uint8Array }
  | { readonly outcome: 'no_responders' }
  | { readonly outcome: 'timed_out' }
  | { readonly outcome: 'failed'; readonly cause: unknown };

export type BusStatus = 'connected' | 'disconnected';

export interface SubscribeOptions {
  /** Each message goes to one of those that name the same. */
  readonly queue?: string;
  /**
   * How what is published within this very process comes here, where services share one (`LocalExchange`). `only`: by
   * hand alone, as nobody else is meant, or any of the queue will do. `also`: by hand at once, and the copy that everybody
   * gets comes later. Absent: over the bus, as from any other process.
   */
  readonly nearby?: 'only' | 'also';
}

export type Handler = (message: BusMessage) => void | Promise<void>;

/**
 * The bus. A publish is never known to have arrived: whoever publishes owns a timer or a sequence for it.
 */
export interface Bus {
  readonly connected: boolean;
  /** Largest payload that the server takes, bytes. */
  readonly maxPayloadBytes: number;
  /**
   * Queues the payload and returns. Silently lost while disconnected.
   * @throws RangeError when the payload is larger than the server takes.
   */
  publish(subject: string, payload: Uint8Array, replyTo?: string): void;
  /** The handler runs inside the parser: it must be quick. What it throws or rejects with is caught and reported. */
  subscribe(subject: string, handler: Handler, options?: SubscribeOptions): BusSubscription;
  request(subject: string, payload: Uint8Array, timeoutMs: number): Promise<RequestOutcome>;
  /** A round trip to the server: everything published before has reached it. Rejects after `timeoutMs`. */
  flush(timeoutMs: number): Promise<void>;
  onStatus(listener: (status: BusStatus) => void): void;
  /** Drains what is left and closes; gives up waiting after `timeoutMs`. */
  close(timeoutMs: number): Promise<void>;
}
