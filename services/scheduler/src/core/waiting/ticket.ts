/** One request that waits. All times are milliseconds since the epoch. */
export interface Ticket<Payload> {
  /** Of the request. */
  readonly id: string;
  /** Whose request it is: those of one tenant wait behind each other. */
  readonly tenant: string;
  /** 0 to 9; 0 is served first. */
  readonly priority: number;
  /** When the request came in: the order within a tenant, also after it came back from a failed attempt. */
  readonly arrivedAt: number;
  /** When the wait began. */
  readonly since: number;
  /** When it has waited for too long. */
  readonly timeoutAt: number;
  /** When nobody needs the answer any more. */
  readonly deadline: number;
  /** Memory that it holds. */
  readonly bytes: number;
  /** What serving it costs, in tokens: tenants of one priority take turns by this. */
  readonly tokens: number;
  readonly payload: Payload;
}

export const priorities = 10;

/** Of a request whose route says nothing. */
export const usualPriority = 5;
