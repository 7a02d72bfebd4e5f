/** Times of one request between its ingress and an adapter, milliseconds on one clock. */
export interface TicketTimes {
  /** The ingress publishes the envelope. */
  readonly submittedAt: number;
  /** Policy has admitted it and asks for a place. */
  readonly askedAt: number;
  /** A scheduler has chosen: the envelope is on its way to an adapter. */
  readonly grantedAt: number;
  /** The adapter has taken it. */
  readonly acceptedAt: number;
}

export type TicketStep = 'submittedAt' | 'askedAt' | 'grantedAt' | 'acceptedAt';

/** Puts together what is seen of requests, step by step. A machine: times are passed in. */
export interface TicketBook {
  note(request: string, step: TicketStep, at: number): void;
  /** Of requests that were accepted. */
  readonly complete: readonly TicketTimes[];
}

/** Requests that are not accepted yet; those that never are go as others come. */
const maxOpen = 10_000;

const isComplete = (times: Partial<TicketTimes>): times is TicketTimes =>
  times.submittedAt !== undefined &&
  times.askedAt !== undefined &&
  times.grantedAt !== undefined &&
  times.acceptedAt !== undefined;

export const createTicketBook = (): TicketBook => {
  const open = new Map<string, Partial<TicketTimes>>();
  const complete: TicketTimes[] = [];
  return {
    note: (request, step, at) => {
      const known = open.get(request);
      // What comes a second time is another submission or another attempt.
      if (known === undefined ? step !== 'submittedAt' : known[step] !== undefined) return;
      const times = { ...known, [step]: at };
      if (isComplete(times)) {
        open.delete(request);
        complete.push(times);
        return;
      }
      open.set(request, times);
      const [oldest] = open.keys();
      if (open.size > maxOpen && oldest !== undefined) open.delete(oldest);
    },
    complete,
  };
};
