import type { LoadReport } from '@weir/contracts';
import { type EngineProfile, engineProfiles } from '../../../services/simulator/src/core/engine/profiles.ts';
import { createRandom, type Random } from '../../../services/simulator/src/core/seeded-random.ts';
import type { Policy } from '../policies.ts';
import { createEventQueue, type EventQueue } from './event-queue.ts';
import { createFaultInjector } from './fault-injector.ts';
import type { Fault } from './faults.ts';
import { Mesh, type OnNoRoom, type Station } from './mesh.ts';
import { Recorder, type Recording } from './recorder.ts';
import { Scheduler } from './scheduler.ts';
import { Worker } from './worker.ts';
import { type Arrivals, drawRequests } from './workload.ts';

export interface Simulation {
  readonly policy: Policy;
  readonly seed: number;
  readonly arrivals: Arrivals;
  readonly schedulers: number;
  /** Speed of each worker; 1 is that of the profile. */
  readonly speeds: readonly number[];
  /** Weights of the workers' targets in the configuration. Absent: 1 each. */
  readonly weights?: readonly number[] | undefined;
  /** Reports say how fast a worker is. Absent: they do, as an adapter's. */
  readonly tellsPace?: boolean | undefined;
  readonly reportEachMs: number;
  /** Share of reports and of gossip that each receiver misses. */
  readonly lossShare: number;
  readonly faults: readonly Fault[];
  readonly headMs?: number | undefined;
}

/** One-way delays within a cluster; gossip waits for the end of a turn of the event loop. Scheduling reference, §3.9. */
const delays = { dispatchMs: 1, reportMs: 1, gossipMs: 2 };
const sampleEachMs = 100;
/** Longer than reservations live. */
const settleMs = 3_000;

const profile: EngineProfile = engineProfiles['8b-h100'];

/** Draws of one part do not shift those of another. */
const splitRandom = (seed: number, part: number): Random => createRandom(seed * 1_000 + part);

const createStations = (simulation: Simulation, queue: EventQueue): Map<string, Station> =>
  new Map(
    simulation.speeds.map((speed, position) => {
      const name = `worker-${position}`;
      const random = splitRandom(simulation.seed, 100 + position);
      const tellsPace = simulation.tellsPace ?? true;
      const worker = new Worker({ name, queue, profile, speed, random, tellsPace });
      return [
        name,
        {
          worker,
          link: 'up',
          reports: true,
          hears: true,
          frozen: undefined,
          tokensOnTheWay: 0,
          flights: new Map(),
        },
      ];
    }),
  );

const reportOf = ({ worker, frozen }: Station): LoadReport => {
  const current = worker.report();
  return frozen ? { ...frozen, sequence: current.sequence } : current;
};

const leakedIn = (
  stations: ReadonlyMap<string, Station>,
  schedulers: readonly Scheduler[],
  now: number,
): number => {
  let leaked = 0;
  for (const { worker, link } of stations.values()) {
    if (link === 'up') leaked += worker.running + Math.abs(worker.pendingTokens);
  }
  for (const { core, isAlive } of schedulers) {
    for (const { target, pendingTokens, running, host } of isAlive ? core.view(now) : []) {
      // What a frozen report says is believed, and is no reservation.
      const said = stations.get(target)?.frozen?.targets[0] ?? { pendingTokens: 0, running: 0 };
      leaked += Math.abs(pendingTokens - said.pendingTokens);
      leaked += Math.abs(running - said.running) + Math.abs(host.running - said.running);
    }
  }
  return leaked;
};

/** As the product does as long as nothing may wait. */
const refuse: OnNoRoom = (_flight, { fail }) => fail();

/** Everything of one run that lasts as long as it. */
class World {
  readonly queue = createEventQueue();
  readonly recorder = new Recorder();
  readonly stations: Map<string, Station>;
  readonly group: Scheduler[] = [];
  readonly all: Scheduler[] = [];
  readonly mesh: Mesh;
  leaked: number | undefined;
  readonly #simulation: Simulation;
  readonly #reportRandom: Random;
  #restAt = Number.POSITIVE_INFINITY;

  constructor(simulation: Simulation, clock: () => number, onNoRoom: OnNoRoom) {
    this.#simulation = simulation;
    this.#reportRandom = splitRandom(simulation.seed, 2);
    this.stations = createStations(simulation, this.queue);
    for (let index = 0; index < simulation.schedulers; index += 1) this.group.push(this.addScheduler());
    const { policy, lossShare, headMs } = simulation;
    this.mesh = new Mesh({
      queue: this.queue,
      recorder: this.recorder,
      stations: this.stations,
      schedulers: () => this.group,
      prepare: (scheduler) => {
        if (policy.isExact) this.#showAll(scheduler);
      },
      gossips: policy.gossips,
      lossShare,
      ...delays,
      headMs,
      random: splitRandom(simulation.seed, 3),
      clock,
      onNoRoom,
    });
  }

  addScheduler(): Scheduler {
    const { policy, weights, seed } = this.#simulation;
    const targets = [...this.stations.keys()].map((name, position) => ({
      name,
      url: `http://${name}`,
      weight: weights?.[position] ?? 1,
    }));
    const position = this.all.length;
    const random = splitRandom(seed, 200 + position);
    const scheduler = new Scheduler({ name: `scheduler-${position}`, targets, policy, random });
    this.all.push(scheduler);
    return scheduler;
  }

  start(): void {
    const { arrivals, seed, faults } = this.#simulation;
    for (const scheduler of this.all) this.#showAll(scheduler);
    for (const station of this.stations.values()) this.#reportOf(station);
    this.#sample();
    const inject = createFaultInjector(this);
    for (const fault of faults) this.queue.at(fault.atMs, () => inject(fault));
    for (const request of drawRequests(arrivals, seed)) {
      this.queue.at(request.at, () => this.mesh.submit(request));
    }
  }

  #isAtRest(): boolean {
    const isBusy = this.mesh.outstanding > 0 || this.queue.now < this.#simulation.arrivals.forMs;
    if (isBusy) this.#restAt = Number.POSITIVE_INFINITY;
    else this.#restAt = Math.min(this.#restAt, this.queue.now);
    return this.queue.now - this.#restAt > settleMs;
  }

  #showAll(scheduler: Scheduler): void {
    for (const { worker, reports } of this.stations.values()) {
      if (reports) scheduler.apply(worker.report(), this.queue.now);
    }
  }

  /** Not later than at rest: what is not heard of any more is not counted any more. The last report is not lost. */
  #countLeaked(): number {
    for (const station of this.stations.values()) {
      if (!station.reports) continue;
      const report = reportOf(station);
      for (const scheduler of this.all) scheduler.apply(report, this.queue.now);
    }
    return leakedIn(this.stations, this.all, this.queue.now);
  }

  /** At a steady beat that is the worker's own. */
  #reportOf(station: Station): void {
    const { reportEachMs, lossShare } = this.#simulation;
    const random = this.#reportRandom;
    const beat = (): void => {
      if (this.#isAtRest()) {
        this.leaked ??= this.#countLeaked();
        return;
      }
      this.queue.after(reportEachMs, beat);
      if (!station.reports) return;
      const report = reportOf(station);
      for (const scheduler of this.all) {
        if (random() < lossShare) continue;
        this.queue.after(delays.reportMs, () => scheduler.apply(report, this.queue.now));
      }
    };
    this.queue.at(random() * reportEachMs, beat);
  }

  #sample(): void {
    if (this.#isAtRest()) return;
    if (this.queue.now < this.#simulation.arrivals.forMs) {
      const up = [...this.stations.values()].filter(({ link }) => link === 'up');
      this.recorder.sampleQueues(up.map(({ worker }) => worker.pendingTokens));
    }
    this.queue.after(sampleEachMs, () => this.#sample());
  }
}

export type { World };

/** One run, from idle to idle. `clock` is the real one, in microseconds, and decides nothing. */
export const simulate = (simulation: Simulation, clock: () => number, onNoRoom = refuse): Recording => {
  const world = new World(simulation, clock, onNoRoom);
  world.start();
  world.queue.runAll();
  if (world.leaked === undefined) throw new Error('the run did not come to rest');
  return world.recorder.close(world.leaked);
};
