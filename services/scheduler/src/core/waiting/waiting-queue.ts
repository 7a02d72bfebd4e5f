import { FairBand } from './fair-band.ts';
import { priorities, type Ticket } from './ticket.ts';

export interface QueueBounds {
  readonly maxWaiting: number;
  readonly maxWaitingBytes: number;
  /** Share of `maxWaiting` that one tenant may take, above 0 and up to 1. */
  readonly maxTenantShare: number;
}

export type Enqueued<Payload> =
  | {
      readonly outcome: 'waits';
      /** What had to go for it: newer and less urgent. */
      readonly displaced: readonly Ticket<Payload>[];
    }
  /** The same request waits already. */
  | { readonly outcome: 'known' }
  | { readonly outcome: 'full'; readonly bound: Bound };

type Bound = 'count' | 'bytes' | 'tenant';

export interface Expired<Payload> {
  readonly ticket: Ticket<Payload>;
  readonly reason: 'queue_timeout' | 'request_deadline';
}

/** Each so many grants, the one that has waited longest goes first, whatever its priority: so nothing starves. */
const agedTurn = 8;
/** Whoever has waited for less than this is not starving. */
const agedAfterMs = 5_000;

/**
 * What waits for one pool: strict priorities, fair turns of tenants within one, order of arrival within a tenant.
 * A machine: times are passed in.
 */
export class WaitingQueue<Payload> {
  bytes = 0;
  readonly #bands = Array.from({ length: priorities }, () => new FairBand<Payload>());
  readonly #byId = new Map<string, Ticket<Payload>>();
  readonly #byTenant = new Map<string, number>();
  #served = 0;

  get size(): number {
    return this.#byId.size;
  }

  has(id: string): boolean {
    return this.#byId.has(id);
  }

  add(ticket: Ticket<Payload>, bounds: QueueBounds): Enqueued<Payload> {
    if (this.#byId.has(ticket.id)) return { outcome: 'known' };
    const displaced = this.#makeRoom(ticket, bounds);
    if (typeof displaced === 'string') return { outcome: 'full', bound: displaced };
    for (const other of displaced) this.remove(other.id);
    this.#byId.set(ticket.id, ticket);
    this.#byTenant.set(ticket.tenant, (this.#byTenant.get(ticket.tenant) ?? 0) + 1);
    this.bytes += ticket.bytes;
    this.#bandOf(ticket).add(ticket);
    return { outcome: 'waits', displaced };
  }

  /** Whose turn it is. */
  head(now: number): Ticket<Payload> | undefined {
    if (this.#served % agedTurn === agedTurn - 1) {
      const oldest = this.#oldest();
      if (oldest && now - oldest.since >= agedAfterMs) return oldest;
    }
    for (const band of this.#bands) if (band.size > 0) return band.head();
    return undefined;
  }

  /** It is served. */
  serve(ticket: Ticket<Payload>): void {
    if (!this.#byId.has(ticket.id)) return;
    this.#served += 1;
    this.#bandOf(ticket).serve(ticket);
    this.#forget(ticket);
  }

  /** It goes without being served. */
  remove(id: string): Ticket<Payload> | undefined {
    const ticket = this.#byId.get(id);
    if (!ticket) return undefined;
    this.#bandOf(ticket).remove(ticket);
    this.#forget(ticket);
    return ticket;
  }

  /** Takes out what has waited for too long. */
  expire(now: number): readonly Expired<Payload>[] {
    const expired: Expired<Payload>[] = [];
    for (const ticket of this.#byId.values()) {
      if (now >= ticket.deadline) expired.push({ ticket, reason: 'request_deadline' });
      else if (now >= ticket.timeoutAt) expired.push({ ticket, reason: 'queue_timeout' });
    }
    for (const { ticket } of expired) this.remove(ticket.id);
    return expired;
  }

  tickets(): Iterable<Ticket<Payload>> {
    return this.#byId.values();
  }

  /** In order of priority and arrival: the order of service but for the turns that tenants take. */
  inOrder(): readonly Ticket<Payload>[] {
    return this.#bands.flatMap((band) =>
      [...band.all()].sort((left, right) => left.arrivedAt - right.arrivedAt),
    );
  }

  /** How many wait at each priority. */
  depths(): readonly number[] {
    return this.#bands.map(({ size }) => size);
  }

  /** What has to go for a ticket, or the bound that it meets. Only less urgent ones make room. */
  #makeRoom(ticket: Ticket<Payload>, bounds: QueueBounds): readonly Ticket<Payload>[] | Bound {
    const bound = this.#boundMetBy(ticket, bounds);
    if (bound === undefined) return [];
    const last = this.#lastBehind(ticket.priority, bound === 'tenant' ? ticket.tenant : undefined);
    if (!last) return bound;
    return this.bytes - last.bytes + ticket.bytes <= bounds.maxWaitingBytes ? [last] : 'bytes';
  }

  #boundMetBy({ tenant, bytes }: Ticket<Payload>, bounds: QueueBounds): Bound | undefined {
    const share = Math.max(1, Math.floor(bounds.maxWaiting * bounds.maxTenantShare));
    if ((this.#byTenant.get(tenant) ?? 0) >= share) return 'tenant';
    if (this.size >= bounds.maxWaiting) return 'count';
    return this.bytes + bytes > bounds.maxWaitingBytes ? 'bytes' : undefined;
  }

  #lastBehind(priority: number, tenant: string | undefined): Ticket<Payload> | undefined {
    for (let at = priorities - 1; at > priority; at -= 1) {
      const last = this.#bands[at]?.last(tenant);
      if (last) return last;
    }
    return undefined;
  }

  #oldest(): Ticket<Payload> | undefined {
    let oldest: Ticket<Payload> | undefined;
    for (const band of this.#bands) {
      const first = band.oldest();
      if (first && (!oldest || first.since < oldest.since)) oldest = first;
    }
    return oldest;
  }

  #bandOf({ priority }: Ticket<Payload>): FairBand<Payload> {
    const band = this.#bands[priority];
    if (!band) throw new Error(`priority ${priority} is not one of 0 to ${priorities - 1}`);
    return band;
  }

  #forget(ticket: Ticket<Payload>): void {
    this.#byId.delete(ticket.id);
    this.bytes -= ticket.bytes;
    const left = (this.#byTenant.get(ticket.tenant) ?? 1) - 1;
    if (left > 0) this.#byTenant.set(ticket.tenant, left);
    else this.#byTenant.delete(ticket.tenant);
  }
}
