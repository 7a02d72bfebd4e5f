/**
 * What a scheduler tells the others: the attempts that it has just sent to adapters and that no report shows yet.
 * One without reservations says that the scheduler is there, and what waits at it. A lost one is made good by the next load report.
 */
export interface ReservationGossip {
  readonly v: 1;
  /** The scheduler that made the reservations; its name in the watermarks of load reports. */
  readonly scheduler: string;
  /** In order of dispatch for each adapter instance. */
  readonly reservations: readonly GossipedReservation[];
  /** Requests that wait at this scheduler, by pool. Absent: none. */
  readonly waiting?: Readonly<Record<string, number>>;
  /** It takes nothing any more. Absent means false. */
  readonly leaving?: boolean;
}

export interface GossipedReservation {
  readonly pool: string;
  /** Adapter instance. */
  readonly instance: string;
  readonly target: string;
  /** The scheduler's dispatch number for the instance, over all pools. */
  readonly dispatch: number;
  /** Input tokens. */
  readonly tokens: number;
}
