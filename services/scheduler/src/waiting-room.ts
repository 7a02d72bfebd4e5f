import { type Envelope, encodeEnvelope, subjects, type WeirConfig, type WireError } from '@weir/contracts';
import { type Bus, endHold, type HoldNotices } from '@weir/messaging';
import { refuseLate } from './core/attempt-time.ts';
import type { Peers } from './core/peers.ts';
import * as refusals from './core/refusals.ts';
import { DrainRate } from './core/waiting/drain-rate.ts';
import type { Ticket } from './core/waiting/ticket.ts';
import { toTicket } from './core/waiting/to-ticket.ts';
import { WaitingQueue } from './core/waiting/waiting-queue.ts';
import type { Placed, Placing } from './placing.ts';
import { queuedPacket } from './queued-packet.ts';
import type { Refuse } from './refuse.ts';
import type { SchedulerMetrics } from './scheduler-metrics.ts';

export interface WaitingRoomDependencies {
  readonly bus: Pick<Bus, 'publish'>;
  readonly holds: Pick<HoldNotices, 'finish' | 'release' | 'extend'>;
  readonly self: string;
  readonly peers: Pick<Peers, 'ownerOf' | 'successorOf' | 'holderOf'>;
  readonly config: () => WeirConfig | undefined;
  readonly placing: Pick<Placing, 'placeWaiting'>;
  readonly refuse: Refuse;
  /** Tells the peers at once that requests wait here, or no more. */
  readonly tellPeers: () => void;
  readonly metrics: Pick<SchedulerMetrics, 'countDecision' | 'observeWait'>;
  readonly now: () => number;
}

/** The requests that wait for a target with room. */
export interface WaitingRoom {
  /** Whether requests wait for a pool, here or at a peer. */
  isGated(pool: string): boolean;
  /** Keeps a request, or hands it to the replica that keeps the queue of its pool. Returns the refusal if neither can. */
  wait(
    envelope: Envelope,
    saturated: Omit<Extract<Placed, { outcome: 'saturated' }>, 'outcome'>,
    how: { readonly isForwarded: boolean },
  ): WireError | undefined;
  /** Nobody waits for the answer any more. */
  cancel(request: string): void;
  /** The server says that the ingress of a ticket does not listen. */
  unheard(tag: number): void;
  /** Serves those whose turn it is, as far as there is room. Call it when there may be. */
  pump(): void;
  /** Looks at the clock. Call it each 50 ms or so. */
  tick(): void;
  /** What waits, by pool; for the peers. */
  waiting(): Readonly<Record<string, number>>;
  /** What waits, by pool and priority. */
  depths(): Iterable<readonly [pool: string, depths: readonly number[]]>;
  /** Hands everything to the peers, or back to the ingresses: also what comes from here on. */
  close(): void;
}

interface Waiter {
  readonly envelope: Envelope;
  /** Names the ticket in the reply subject of its beats. */
  readonly tag: number;
  /** When the server last said that no ingress hears its beats. */
  missedAt: number;
}

interface Room {
  readonly queue: WaitingQueue<Waiter>;
  readonly rate: DrainRate;
}

type Ticketed = Ticket<Waiter>;

const beatMs = 1_000;
const extendMs = 15_000;
/** One missed beat may have met an ingress that reconnects; the next one missed, too, is its death. */
const confirmWithinMs = 1_800;

class Waiting implements WaitingRoom {
  readonly #deps: WaitingRoomDependencies;
  /** Of pools at which something waits. */
  readonly #rooms = new Map<string, Room>();
  /** Of pools at which something waited once. */
  readonly #rates = new Map<string, DrainRate>();
  #lastTag = 0;
  #beatAt = 0;
  #extendAt = 0;
  #isClosed = false;

  constructor(deps: WaitingRoomDependencies) {
    this.#deps = deps;
  }

  /** A function of its own, as it is passed on. */
  readonly isGated = (pool: string): boolean =>
    this.#rooms.has(pool) || this.#deps.peers.holderOf(pool, this.#deps.now()) !== undefined;

  wait(...[envelope, saturated, { isForwarded }]: Parameters<WaitingRoom['wait']>): WireError | undefined {
    const { self, peers, refuse, now, config } = this.#deps;
    const { pool } = saturated;
    const upstream = config()?.upstreams[pool];
    if (!upstream || upstream.queue.maxWaiting === 0) {
      return refuse(envelope.meta, refusals.saturated(envelope.meta.model));
    }
    if (this.#isClosed) return this.#handOver(envelope, pool);
    // What a peer has sent us stays here: two that disagree for a moment must not play ball.
    const owner = isForwarded ? self : (peers.holderOf(pool, now()) ?? peers.ownerOf(pool, now()));
    if (owner !== self && !this.#rooms.has(pool)) return this.#forward(envelope, owner);
    const timeoutMs = saturated.queueTimeoutMs ?? upstream.queue.timeoutMs;
    return this.#enqueue(envelope, pool, timeoutMs, upstream.queue);
  }

  cancel(request: string): void {
    for (const [pool, { queue }] of this.#rooms) {
      const ticket = queue.remove(request);
      if (!ticket) continue;
      this.#leave(ticket);
      this.#closeIfEmpty(pool);
      return;
    }
  }

  unheard(tag: number): void {
    const now = this.#deps.now();
    for (const { queue } of this.#rooms.values()) {
      for (const { id, payload } of queue.tickets()) {
        if (payload.tag !== tag) continue;
        if (now - payload.missedAt < confirmWithinMs) this.cancel(id);
        else payload.missedAt = now;
        return;
      }
    }
  }

  pump(): void {
    for (const pool of this.#rooms.keys()) this.#pump(pool);
  }

  tick(): void {
    const now = this.#deps.now();
    for (const [pool, { queue, rate }] of this.#rooms) {
      for (const { ticket, reason } of queue.expire(now)) {
        const { meta } = ticket.payload.envelope;
        const waitMs = rate.waitMs(queue.size + 1, now);
        const timedOut = refusals.queueTimeout(meta.model, now - ticket.since, waitMs);
        const late = refuseLate(meta, now) ?? refusals.deadlinePassed;
        this.#deps.refuse(meta, reason === 'queue_timeout' ? timedOut : late);
      }
      this.#giveToOwner(pool, queue, now);
      this.#pump(pool);
    }
    if (now >= this.#beatAt) this.#beat(now);
    if (now >= this.#extendAt) this.#extend(now);
  }

  waiting(): Readonly<Record<string, number>> {
    const counts: Record<string, number> = {};
    for (const [pool, { queue }] of this.#rooms) counts[pool] = queue.size;
    return counts;
  }

  *depths(): Iterable<readonly [string, readonly number[]]> {
    for (const [pool, { queue }] of this.#rooms) yield [pool, queue.depths()];
  }

  close(): void {
    this.#isClosed = true;
    for (const [pool, { queue }] of this.#rooms) {
      for (const { payload } of queue.inOrder()) this.#handOver(payload.envelope, pool);
      this.#rooms.delete(pool);
    }
  }

  #enqueue(
    envelope: Envelope,
    pool: string,
    timeoutMs: number,
    bounds: WeirConfig['upstreams'][string]['queue'],
  ): WireError | undefined {
    const { meta, body } = envelope;
    const now = this.#deps.now();
    const room = this.#rooms.get(pool) ?? { queue: new WaitingQueue<Waiter>(), rate: this.#rateOf(pool) };
    // The body is a view into a buffer that is used again.
    const kept: Envelope = { meta, body: body.slice() };
    const payload: Waiter = { envelope: kept, tag: this.#nextTag(), missedAt: Number.NEGATIVE_INFINITY };
    const ticket = toTicket({ meta, bodyBytes: body.byteLength, timeoutMs, now, payload });
    const enqueued = room.queue.add(ticket, bounds);
    if (enqueued.outcome === 'full') return this.#refuseFull(meta, room, now);
    if (enqueued.outcome === 'known') this.#tellQueued(ticket, undefined);
    if (enqueued.outcome !== 'waits') return undefined;
    for (const { payload: other } of enqueued.displaced) this.#refuseFull(other.envelope.meta, room, now);
    this.#deps.metrics.countDecision('queued');
    this.#tellQueued(ticket, undefined);
    if (!this.#rooms.has(pool)) {
      this.#rooms.set(pool, room);
      this.#deps.tellPeers();
    }
    this.#pump(pool);
    return undefined;
  }

  #refuseFull(meta: Envelope['meta'], { queue, rate }: Room, now: number): WireError {
    return this.#deps.refuse(meta, refusals.queueFull(meta.model, rate.waitMs(queue.size + 1, now)));
  }

  #pump(pool: string): void {
    const room = this.#rooms.get(pool);
    if (!room) return;
    const { placing, metrics, now } = this.#deps;
    const { queue, rate } = room;
    for (let head = queue.head(now()); head; head = queue.head(now())) {
      const placed = placing.placeWaiting(head.payload.envelope, pool);
      // Strictly in order: what comes behind it does not overtake, or a large request would never find room.
      if (placed.outcome === 'saturated' || placed.outcome === 'delayed') break;
      queue.serve(head);
      if (placed.outcome !== 'placed') continue;
      rate.note(now());
      metrics.observeWait(pool, now() - head.since);
    }
    this.#closeIfEmpty(pool);
  }

  #closeIfEmpty(pool: string): void {
    if (this.#rooms.get(pool)?.queue.size !== 0) return;
    this.#rooms.delete(pool);
    this.#deps.tellPeers();
  }

  #leave({ payload: { envelope } }: Ticketed): void {
    this.#deps.metrics.countDecision('client_disconnected');
    endHold(this.#deps.holds, envelope.meta);
  }

  /** Replicas came or went, and another one keeps the queue now. */
  #giveToOwner(pool: string, queue: WaitingQueue<Waiter>, now: number): void {
    const { self, peers } = this.#deps;
    const owner = peers.ownerOf(pool, now);
    if (owner === self) return;
    for (const { id, payload } of queue.inOrder()) {
      queue.remove(id);
      this.#forward(payload.envelope, owner);
    }
  }

  #handOver(envelope: Envelope, pool: string): WireError | undefined {
    const { peers, refuse, now } = this.#deps;
    const successor = peers.successorOf(pool, now());
    if (successor === undefined) return refuse(envelope.meta, refusals.lostQueue);
    return this.#forward(envelope, successor);
  }

  #forward({ meta, body }: Envelope, owner: string): undefined {
    const { bus, self, metrics } = this.#deps;
    const hop = subjects.hop(self, owner, meta.ingress, meta.id);
    bus.publish(subjects.queue(owner), encodeEnvelope(meta, body), hop);
    metrics.countDecision('forwarded');
  }

  #beat(now: number): void {
    this.#beatAt = now + beatMs;
    for (const { queue } of this.#rooms.values()) {
      for (const [ahead, ticket] of queue.inOrder().entries()) this.#tellQueued(ticket, ahead + 1);
    }
  }

  #tellQueued({ payload: { envelope, tag } }: Ticketed, position: number | undefined): void {
    const { bus, self } = this.#deps;
    const packet = queuedPacket({ scheduler: self, ...(position === undefined ? {} : { position }) });
    // Answered with a cancel by an ingress that does not know the request, and by the server when there is none.
    bus.publish(envelope.meta.replyTo, packet, subjects.control(self, tag));
  }

  #extend(now: number): void {
    this.#extendAt = now + extendMs;
    const held: string[] = [];
    for (const { queue } of this.#rooms.values()) {
      for (const { id, payload } of queue.tickets()) if (payload.envelope.meta.grant?.held) held.push(id);
    }
    this.#deps.holds.extend(held);
  }

  #rateOf(pool: string): DrainRate {
    const rate = this.#rates.get(pool) ?? new DrainRate();
    this.#rates.set(pool, rate);
    return rate;
  }

  #nextTag(): number {
    this.#lastTag = (this.#lastTag % 0xffff_fffe) + 1;
    return this.#lastTag;
  }
}

export const createWaitingRoom = (deps: WaitingRoomDependencies): WaitingRoom => new Waiting(deps);
