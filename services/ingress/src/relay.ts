import { encodeEnvelope, type Packet, partsOfHop, subjects } from '@weir/contracts';
import {
  type BodyServer,
  type Bus,
  type BusMessage,
  type Candidate,
  type HoldNotices,
  PassingMap,
  type ReplyInbox,
} from '@weir/messaging';
import type { Command, Consumed } from './core/command.ts';
import { createMeshLateness } from './core/mesh-lateness.ts';
import { PendingRequest } from './core/pending-request.ts';
import type { RequestTiming } from './core/request-timing.ts';
import type { ResubmitBudget } from './core/resubmit-budget.ts';
import type { Exchange } from './http/exchange.ts';

interface Flight {
  readonly exchange: Exchange;
  readonly pending: PendingRequest;
  readonly body: Uint8Array;
  readonly onEnd: (exchange: Exchange) => void;
}

/** Carries requests to the mesh and their answers back: the shell around {@link PendingRequest}. */
export interface Relay {
  readonly size: number;
  /** `onEnd` is called once, when the client has its answer, or is gone. */
  start(exchange: Exchange, body: Uint8Array, onEnd: (exchange: Exchange) => void): void;
  clientGone(request: string): void;
  /** Looks at the clock for every request. Call it about each 100 ms. */
  tick(): void;
  /** Tells the adapters at work that this ingress lives. Call it each second. */
  keepAlive(): void;
  /** `weir.v1.hop.<instance>…` */
  onHop(message: BusMessage): void;
  reconnected(): void;
}

export interface RelayDeps {
  readonly instance: string;
  readonly bus: Bus;
  readonly inbox: ReplyInbox;
  readonly bodies: BodyServer;
  readonly holds: Pick<HoldNotices, 'release'>;
  readonly timing: RequestTiming;
  readonly budget: ResubmitBudget;
  readonly now: () => number;
  readonly onResubmit: () => void;
  /** Runs accounts of ended requests, when there is time. */
  readonly later: (work: () => void) => void;
  /** A bug met one request; it has been ended, the others go on. */
  readonly onBug: (error: unknown, request: string) => void;
}

/** An adapter may reconnect later than we do: for this long its absence says nothing. */
const settleAfterReconnectMs = 2_500;

/** Beats come each second. */
const confirmWithinMs = 1_800;

class MeshRelay implements Relay {
  #deps: RelayDeps;
  #flights = new PassingMap<string, Flight>();
  #lateness = createMeshLateness();
  #tickedAt = Number.POSITIVE_INFINITY;
  #reconnectedAt = Number.NEGATIVE_INFINITY;
  /** Adapters that missed a beat, and when. */
  #missedBeats = new Map<string, number>();

  constructor(deps: RelayDeps) {
    this.#deps = deps;
  }

  get size(): number {
    return this.#flights.size;
  }

  start(exchange: Exchange, body: Uint8Array, onEnd: (exchange: Exchange) => void): void {
    const { meta } = exchange;
    const now = this.#deps.now();
    const { timing, budget, inbox, bodies } = this.#deps;
    budget.earn();
    const lateness = this.#lateness;
    const pending = new PendingRequest({ timing, budget, lateness, deadline: meta.deadline, now });
    const flight = { exchange, pending, body, onEnd };
    this.#flights.set(meta.id, flight);
    inbox.open(meta.id, (packet) => this.#onPacket(flight, packet));
    if (meta.body.where === 'ingress') bodies.offer(meta.id, body);
    this.#run(flight, [{ do: 'submit', submission: 0 }]);
  }

  clientGone(request: string): void {
    const flight = this.#flights.get(request);
    if (flight) this.#run(flight, flight.pending.clientGone(this.#deps.now()));
  }

  tick(): void {
    const now = this.#deps.now();
    // What was said while this process had no turn is read behind its timers.
    this.#lateness.note(now - this.#tickedAt, now);
    this.#tickedAt = now;
    // While the bus is away nothing is submitted into the void; only deadlines count.
    const { connected } = this.#deps.bus;
    for (const flight of this.#flights.values()) {
      if (connected || now >= flight.exchange.meta.deadline) this.#run(flight, flight.pending.tick(now));
      flight.exchange.heartbeat(now);
    }
  }

  keepAlive(): void {
    const adapters = new Set<string>();
    for (const { pending } of this.#flights.values()) {
      for (const { instance } of pending.candidates) adapters.add(instance);
    }
    for (const adapter of adapters) this.#deps.inbox.keepAlive(adapter);
  }

  onHop(message: BusMessage): void {
    if (!message.noResponders) return;
    const { next, request } = partsOfHop(message.subject);
    const now = this.#deps.now();
    const flight = this.#flights.get(request);
    if (flight) return this.#run(flight, flight.pending.nobodyListens(now, next));
    if (request !== 'keep-alive' || now - this.#reconnectedAt < settleAfterReconnectMs) return;
    if (!this.#isConfirmed(next, now)) return;
    for (const working of this.#flights.values()) {
      this.#run(working, working.pending.adapterGone(next, now));
    }
  }

  reconnected(): void {
    const now = this.#deps.now();
    this.#reconnectedAt = now;
    for (const flight of this.#flights.values()) this.#run(flight, flight.pending.reconnected(now));
  }

  /** One beat without a listener may be an adapter that reconnects; two in a row are its death. */
  #isConfirmed(adapter: string, now: number): boolean {
    const missedAt = this.#missedBeats.get(adapter) ?? Number.NEGATIVE_INFINITY;
    for (const [other, at] of this.#missedBeats)
      if (now - at > confirmWithinMs) this.#missedBeats.delete(other);
    if (now - missedAt < confirmWithinMs) return true;
    this.#missedBeats.set(adapter, now);
    return false;
  }

  /** False: whoever sent it may stop. */
  #onPacket(flight: Flight, packet: Packet): boolean {
    const { pending, exchange } = flight;
    this.#run(flight, pending.packet(packet, this.#deps.now()));
    if (pending.stage === 'streaming') exchange.flush((bytes) => this.#run(flight, pending.consume(bytes)));
    // Under tag 0 a cancel is about the request, and not about one copy of it.
    return packet.tag === 0 || pending.mayAnswer(packet.tag);
  }

  #submit(flight: Flight, submission: number): void {
    const { bus, instance } = this.#deps;
    const { meta } = flight.exchange;
    const inline = meta.body.where === 'inline' ? flight.body : new Uint8Array(0);
    if (submission > 0) this.#deps.onResubmit();
    const hop = subjects.hop(instance, 'policy', instance, meta.id);
    bus.publish(subjects.admit, encodeEnvelope({ ...meta, submission }, inline), hop);
  }

  /** Runs in timers and bus callbacks: what is thrown here must cost one request only. */
  #run(flight: Flight, commands: readonly Command[]): void {
    try {
      for (const command of commands) this.#obey(flight, command);
    } catch (error) {
      this.#deps.onBug(error, flight.exchange.meta.id);
      flight.exchange.response.destroy();
      this.#close(flight);
    }
  }

  #obey(flight: Flight, command: Command): void {
    const { exchange } = flight;
    switch (command.do) {
      case 'submit':
        this.#submit(flight, command.submission);
        break;
      case 'cancel':
        this.#deps.inbox.cancel(command.candidate.instance, command.candidate.tag, exchange.meta.id);
        break;
      case 'leave-queue':
        this.#deps.inbox.cancel(command.scheduler, 0, exchange.meta.id);
        break;
      case 'head':
        exchange.head(command.head, command.candidate);
        break;
      case 'data':
        exchange.data(command.bytes);
        break;
      case 'usage':
        exchange.usage(command.usage);
        break;
      case 'grant':
        this.#grant(exchange, command.candidate, command.consumed);
        break;
      case 'end':
        exchange.end();
        break;
      case 'fail':
        exchange.fail(command.error);
        break;
      case 'release':
        this.#deps.holds.release(exchange.meta.id);
        break;
      case 'close':
        this.#close(flight);
        break;
    }
  }

  #grant(exchange: Exchange, { instance, tag }: Candidate, consumed: Consumed): void {
    this.#deps.inbox.grant(instance, tag, exchange.meta.id, consumed);
  }

  #close(flight: Flight): void {
    const { id } = flight.exchange.meta;
    if (!this.#flights.delete(id)) return;
    this.#deps.inbox.close(id);
    this.#deps.bodies.withdraw(id);
    // When many clients go at once, their upstream calls are stopped first and accounted for after.
    this.#deps.later(() => flight.onEnd(flight.exchange));
  }
}

export const createRelay = (deps: RelayDeps): Relay => new MeshRelay(deps);
