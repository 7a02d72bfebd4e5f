import type { LoadReport } from '@weir/contracts';
import { defaultTiming } from '../../../services/ingress/src/core/request-timing.ts';
import type { Random } from '../../../services/simulator/src/core/seeded-random.ts';
import type { EventQueue } from './event-queue.ts';
import type { Recorder } from './recorder.ts';
import type { Scheduler } from './scheduler.ts';
import type { Run, Worker } from './worker.ts';
import type { Request } from './workload.ts';

/** A worker as the bus sees it. */
export interface Station {
  readonly worker: Worker;
  /** `gone`: the bus knows that nobody listens. `silent`: it does not, and nobody does. */
  link: 'up' | 'gone' | 'silent';
  reports: boolean;
  hears: boolean;
  /** What it reports instead of what is so. */
  frozen: LoadReport | undefined;
  /** Tokens that were sent and have not arrived. */
  tokensOnTheWay: number;
  readonly flights: Map<number, Flight>;
}

/** One request between its client and its last token. */
export interface Flight {
  readonly request: Request;
  submission: number;
  nobodySince: number | undefined;
  excluded: ReadonlySet<string>;
  startedAt: number | undefined;
}

/** What can be done with a request for which a scheduler finds no room. Each is for once. */
export interface Ways {
  /** Asks the same scheduler again. */
  readonly place: () => void;
  /** Tells the client. */
  readonly fail: () => void;
}

/** Who lets requests wait decides here when they are placed. */
export type OnNoRoom = (flight: Flight, ways: Ways) => void;

export interface MeshInput {
  readonly queue: EventQueue;
  readonly recorder: Recorder;
  readonly stations: ReadonlyMap<string, Station>;
  /** Those that the queue group knows; the dead may be among them for a moment. */
  readonly schedulers: () => readonly Scheduler[];
  /** Before a decision: what an exact policy is shown. */
  readonly prepare: (scheduler: Scheduler) => void;
  readonly gossips: boolean;
  readonly lossShare: number;
  readonly dispatchMs: number;
  readonly gossipMs: number;
  /** Undefined: an engine has all the time it wants to begin an answer. */
  readonly headMs: number | undefined;
  readonly random: Random;
  /** The real clock, in microseconds. */
  readonly clock: () => number;
  readonly onNoRoom: OnNoRoom;
}

/** Policy of the ingress towards what is lost, and the ways between the parts. */
export class Mesh {
  /** Requests that are neither answered nor failed. */
  outstanding = 0;
  readonly #input: MeshInput;
  #runs = 0;

  constructor(input: MeshInput) {
    this.#input = input;
  }

  submit(request: Request): void {
    this.outstanding += 1;
    this.#send({ request, submission: 0, nobodySince: undefined, excluded: new Set(), startedAt: undefined });
  }

  /** What was lost comes again, twice at most. */
  resubmit(flight: Flight): void {
    if (flight.submission >= defaultTiming.maxResubmissions) return this.#fail();
    flight.submission += 1;
    this.#send(flight);
  }

  /** A started answer ends in an error. */
  breakOff(flight: Flight): void {
    const { recorder } = this.#input;
    const { at, promptTokens } = flight.request;
    const firstTokenMs = (flight.startedAt ?? at) - at;
    recorder.served.push({ at, promptTokens, firstTokenMs, tokenMs: undefined });
    recorder.broken += 1;
    this.outstanding -= 1;
  }

  /** To one of the queue group, at random. */
  #send(flight: Flight): void {
    const { schedulers, random } = this.#input;
    const group = schedulers();
    const scheduler = group[Math.floor(random() * group.length)];
    if (scheduler === undefined) return this.#fail();
    if (scheduler.isAlive) this.#place(scheduler, flight);
    else this.#lose(flight);
  }

  #place(scheduler: Scheduler, flight: Flight): void {
    const { queue, recorder, stations, prepare, dispatchMs, clock, onNoRoom } = this.#input;
    const { promptTokens } = flight.request;
    prepare(scheduler);
    this.#measureView(scheduler);
    const startedAt = clock();
    const placement = scheduler.place(promptTokens, flight.excluded, queue.now);
    recorder.decisionMicros.push(clock() - startedAt);
    const station = placement && stations.get(placement.target);
    if (placement === undefined || station === undefined) {
      return onNoRoom(flight, {
        place: () => this.#place(scheduler, flight),
        fail: () => this.#fail(),
      });
    }
    station.tokensOnTheWay += promptTokens;
    queue.after(dispatchMs, () => this.#arrive(scheduler, station, flight, placement.dispatch));
    this.#gossip(scheduler, { ...placement, tokens: promptTokens });
  }

  #gossip(from: Scheduler, { target, ...rest }: { target: string; dispatch: number; tokens: number }): void {
    const { queue, schedulers, gossips, lossShare, gossipMs, random } = this.#input;
    if (!gossips) return;
    for (const peer of schedulers()) {
      if (peer === from || random() < lossShare) continue;
      queue.after(gossipMs, () => peer.hear(from.name, target, rest, queue.now));
    }
  }

  #measureView(scheduler: Scheduler): void {
    const { queue, recorder, stations } = this.#input;
    const view = scheduler.core.view(queue.now);
    let sum = 0;
    for (const { target, pendingTokens } of view) {
      const station = stations.get(target);
      if (station === undefined) continue;
      sum += Math.abs(pendingTokens - station.worker.pendingTokens - station.tokensOnTheWay);
    }
    if (view.length > 0) recorder.viewErrors.push(sum / view.length);
  }

  #arrive(scheduler: Scheduler, station: Station, flight: Flight, dispatch: number): void {
    station.tokensOnTheWay -= flight.request.promptTokens;
    if (station.link === 'silent' || !station.hears) return this.#lose(flight);
    if (station.link === 'gone') {
      scheduler.core.gone(station.worker.name);
      return this.#backOff(flight);
    }
    this.#runs += 1;
    const id = this.#runs;
    station.flights.set(id, flight);
    station.worker.take(this.#toRun(id, station, flight, { scheduler: scheduler.name, dispatch }));
    if (this.#input.headMs !== undefined) this.#watchHead(id, station, flight, this.#input.headMs);
  }

  #toRun(id: number, station: Station, flight: Flight, origin: Pick<Run, 'scheduler' | 'dispatch'>): Run {
    const { queue } = this.#input;
    return {
      id,
      request: flight.request,
      ...origin,
      firstToken: () => {
        flight.startedAt = queue.now;
      },
      finished: () => {
        station.flights.delete(id);
        this.#finish(flight);
      },
      refused: () => {
        station.flights.delete(id);
        this.#fail();
      },
    };
  }

  /** The adapter hands back what its engine does not begin, and says where it was. */
  #watchHead(id: number, station: Station, flight: Flight, headMs: number): void {
    this.#input.queue.after(headMs, () => {
      if (flight.startedAt !== undefined || !station.flights.delete(id)) return;
      station.worker.drop(id);
      flight.excluded = new Set([...flight.excluded, station.worker.name]);
      this.#send(flight);
    });
  }

  /** The client hears nothing; each silence is waited for longer than the one before it. */
  #lose(flight: Flight): void {
    const waitMs = defaultTiming.hopTimeoutMs * 2 ** flight.submission;
    this.#input.queue.after(waitMs, () => this.resubmit(flight));
  }

  /** Nothing of it has begun, and the client's side knows: this is no resubmission. */
  #backOff(flight: Flight): void {
    const { queue } = this.#input;
    flight.nobodySince ??= queue.now;
    if (queue.now - flight.nobodySince > defaultTiming.nobodyWindowMs) return this.#fail();
    queue.after(defaultTiming.nobodyBackoffMs, () => this.#send(flight));
  }

  #finish({ request, startedAt }: Flight): void {
    const { queue, recorder } = this.#input;
    const { at, promptTokens, outputTokens } = request;
    const first = startedAt ?? queue.now;
    const tokenMs = outputTokens > 1 ? (queue.now - first) / (outputTokens - 1) : undefined;
    recorder.served.push({ at, promptTokens, firstTokenMs: first - at, tokenMs });
    this.outstanding -= 1;
  }

  #fail(): void {
    this.#input.recorder.failed += 1;
    this.outstanding -= 1;
  }
}
