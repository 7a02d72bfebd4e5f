import type { LoadReport } from '@weir/contracts';
import {
  createLoadTracker,
  type LoadTicket,
  type LoadTracker,
} from '../../../services/adapter/src/core/load-tracker.ts';
import {
  createTargetPaces,
  type PaceTicket,
  type TargetPaces,
} from '../../../services/adapter/src/core/target-paces.ts';
import type { Step } from '../../../services/simulator/src/core/engine/begin-step.ts';
import { createEngine, type Engine } from '../../../services/simulator/src/core/engine/engine.ts';
import type { EngineProfile } from '../../../services/simulator/src/core/engine/profiles.ts';
import type { Random } from '../../../services/simulator/src/core/seeded-random.ts';
import type { EventQueue } from './event-queue.ts';
import { pool } from './product-core.ts';
import type { Request } from './workload.ts';

/** A request on its way to a worker, and what becomes of it there. */
export interface Run {
  readonly id: number;
  readonly request: Request;
  readonly scheduler: string;
  /** 0: the scheduler does not number what it sends. */
  readonly dispatch: number;
  firstToken(): void;
  finished(): void;
  /** The engine has no room for it. */
  refused(): void;
}

interface Held {
  readonly run: Run;
  readonly ticket: LoadTicket;
  readonly pace: PaceTicket;
  isStarted: boolean;
}

/** As `WEIR_ADAPTER_CAPACITY` is unless set. */
const capacity = 2_000;

export interface WorkerInput {
  readonly name: string;
  readonly queue: EventQueue;
  readonly profile: EngineProfile;
  readonly speed: number;
  readonly random: Random;
  /** Reports say how fast it is, as the adapter sees it. */
  readonly tellsPace: boolean;
}

/** A GPU worker with the adapter beside it: the simulator's engine and the adapter's counters, in virtual time. */
export class Worker {
  readonly name: string;
  /** Of the profile's: at 2 a step takes half its time, at 0 none ends any more. */
  #speed: number;
  readonly #queue: EventQueue;
  readonly #engine: Engine;
  readonly #tracker: LoadTracker;
  readonly #paces: TargetPaces = createTargetPaces();
  readonly #tellsPace: boolean;
  readonly #held = new Map<number, Held>();
  #isStepping = false;
  #pendingTokens = 0;

  constructor({ name, queue, profile, speed, random, tellsPace }: WorkerInput) {
    this.name = name;
    this.#queue = queue;
    this.#speed = speed;
    this.#engine = createEngine(profile, random);
    this.#tracker = createLoadTracker({ instance: name, epoch: 1, capacity });
    this.#tellsPace = tellsPace;
  }

  /** Prompt tokens of what has no first token yet. */
  get pendingTokens(): number {
    return this.#pendingTokens;
  }

  /** What the adapter's counters say is under way. */
  get running(): number {
    return this.#tracker.total;
  }

  take(run: Run): void {
    const { promptTokens, outputTokens } = run.request;
    const { scheduler, dispatch } = run;
    const target = { pool, target: this.name, tokens: promptTokens };
    const ticket = this.#tracker.take({ ...target, scheduler, dispatch });
    const intake = this.#engine.add({ id: run.id, promptTokens, outputTokens, priority: 0, blockHashes: [] });
    if (intake.outcome === 'refused') {
      ticket.release();
      return run.refused();
    }
    const pace = this.#paces.take({ ...target, answersAtOnce: true });
    pace.called(this.#queue.now);
    this.#pendingTokens += promptTokens;
    this.#held.set(run.id, { run, ticket, pace, isStarted: false });
    if (!this.#isStepping) this.#step();
  }

  /** Ends a run that its client has given up on. */
  drop(id: number): void {
    const held = this.#held.get(id);
    if (held === undefined) return;
    this.#engine.remove(id);
    this.#end(held);
  }

  setSpeed(speed: number): void {
    this.#speed = speed;
  }

  report(): LoadReport {
    const report = this.#tracker.report(pool, [this.name], 'ready');
    if (!this.#tellsPace) return report;
    const pace = this.#paces.of(pool, this.name, this.#queue.now);
    return { ...report, targets: report.targets.map((load) => ({ ...load, ...pace })) };
  }

  /** Begins the next step. One that has begun ends, whatever the speed is meanwhile. */
  #step(): void {
    const step = this.#speed > 0 ? this.#engine.begin() : undefined;
    this.#isStepping = step !== undefined;
    if (step === undefined) return;
    this.#queue.after(step.durationMs / this.#speed, () => {
      if (this.#speed > 0) this.#finish(step);
    });
  }

  #finish(step: Step): void {
    for (const { id, generated, finished } of this.#engine.end(step)) {
      const held = this.#held.get(id);
      if (held === undefined) continue;
      if (generated === 1) this.#start(held);
      if (!finished) continue;
      this.#end(held);
      held.run.finished();
    }
    this.#step();
  }

  #start(held: Held): void {
    if (held.isStarted) return;
    held.isStarted = true;
    held.ticket.firstByte();
    held.pace.firstByte({ succeeded: true }, this.#queue.now);
    this.#pendingTokens -= held.run.request.promptTokens;
    held.run.firstToken();
  }

  #end({ run, ticket, pace, isStarted }: Held): void {
    if (!isStarted) this.#pendingTokens -= run.request.promptTokens;
    ticket.release();
    pace.end(this.#queue.now);
    this.#held.delete(run.id);
  }
}
