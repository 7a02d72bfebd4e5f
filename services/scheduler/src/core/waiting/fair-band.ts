import type { Ticket } from './ticket.ts';

/** What one tenant has waiting, in order of arrival. */
interface Flow<Payload> {
  readonly tickets: Ticket<Payload>[];
  /** Virtual time at which all that was served to the tenant so far would be paid for. */
  paidUntil: number;
}

/**
 * The requests of one priority. Tenants take turns by the tokens they were served, not by how many requests they send:
 * start-time fair queuing (Goyal, Vin, Cheng 1996). What a tenant did not use while it had nothing to do is not saved up.
 */
export class FairBand<Payload> {
  size = 0;
  #flows = new Map<string, Flow<Payload>>();
  /** Start of what was served last, in tokens for each tenant. */
  #virtual = 0;

  add(ticket: Ticket<Payload>): void {
    const flow = this.#flows.get(ticket.tenant) ?? { tickets: [], paidUntil: this.#virtual };
    this.#flows.set(ticket.tenant, flow);
    // Nearly always the place is at the end.
    let place = flow.tickets.length;
    while (place > 0 && (flow.tickets[place - 1]?.arrivedAt ?? 0) > ticket.arrivedAt) place -= 1;
    flow.tickets.splice(place, 0, ticket);
    this.size += 1;
  }

  /** Whose turn it is: the tenant that was served least; among equals the one that came first. */
  head(): Ticket<Payload> | undefined {
    let best: Ticket<Payload> | undefined;
    let least = Number.POSITIVE_INFINITY;
    for (const { tickets, paidUntil } of this.#flows.values()) {
      const [first] = tickets;
      if (!first) continue;
      const start = Math.max(paidUntil, this.#virtual);
      if (start > least || (start === least && best && first.arrivedAt >= best.arrivedAt)) continue;
      best = first;
      least = start;
    }
    return best;
  }

  /** The one that came first, whosesoever it is. */
  oldest(): Ticket<Payload> | undefined {
    let oldest: Ticket<Payload> | undefined;
    for (const { tickets } of this.#flows.values()) {
      const [first] = tickets;
      if (first && (!oldest || first.arrivedAt < oldest.arrivedAt)) oldest = first;
    }
    return oldest;
  }

  /** The one that came last, of a tenant, or else of the one that has most waiting. */
  last(tenant: string | undefined): Ticket<Payload> | undefined {
    if (tenant !== undefined) return this.#flows.get(tenant)?.tickets.at(-1);
    let longest: Ticket<Payload>[] = [];
    for (const { tickets } of this.#flows.values()) if (tickets.length > longest.length) longest = tickets;
    return longest.at(-1);
  }

  /** It is served: its tenant pays for it. */
  serve(ticket: Ticket<Payload>): void {
    const flow = this.#flows.get(ticket.tenant);
    if (!flow?.tickets.includes(ticket)) return;
    // Not the start of this very ticket: one that is served out of turn must not make the others pay.
    this.#virtual = this.#lowestStart();
    flow.paidUntil = Math.max(flow.paidUntil, this.#virtual) + ticket.tokens;
    this.remove(ticket);
  }

  /** It goes without being served. */
  remove(ticket: Ticket<Payload>): boolean {
    const flow = this.#flows.get(ticket.tenant);
    const at = flow?.tickets.indexOf(ticket) ?? -1;
    if (!flow || at < 0) return false;
    flow.tickets.splice(at, 1);
    this.size -= 1;
    this.#forgetPaid();
    return true;
  }

  *all(): Iterable<Ticket<Payload>> {
    for (const { tickets } of this.#flows.values()) yield* tickets;
  }

  #lowestStart(): number {
    let lowest = Number.POSITIVE_INFINITY;
    for (const { tickets, paidUntil } of this.#flows.values()) {
      if (tickets.length > 0) lowest = Math.min(lowest, Math.max(paidUntil, this.#virtual));
    }
    return lowest;
  }

  /** Tenants come and go: one without tickets that owes nothing is like one that was never there. */
  #forgetPaid(): void {
    // Nobody competes any more, so what was served is settled.
    const isOver = this.size === 0;
    for (const [tenant, { tickets, paidUntil }] of this.#flows) {
      if (isOver || (tickets.length === 0 && paidUntil <= this.#virtual)) this.#flows.delete(tenant);
    }
    if (isOver) this.#virtual = 0;
  }
}
