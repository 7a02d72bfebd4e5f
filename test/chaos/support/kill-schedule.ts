import { setTimeout as delay } from 'node:timers/promises';
import type { Mesh, MeshService, ServiceName } from '@weir/testing';
import type { SeededRandom } from './seeded-random.ts';

export type Victim = Exclude<ServiceName, 'simulator'> | 'nats' | 'redis';

export interface KillSchedule {
  /** Replicas that were not killed. */
  readonly live: (name: ServiceName) => readonly MeshService[];
  /** Who was killed, in order. */
  readonly killed: readonly Victim[];
  /** Ends the killing, and resolves when everything that was killed runs again. */
  stop(): Promise<void>;
}

export interface KillScheduleOptions {
  readonly mesh: Mesh;
  readonly victims: readonly Victim[];
  readonly random: SeededRandom;
  /** Between the return of one victim and the end of the next, milliseconds. */
  readonly pauseMs: readonly [from: number, below: number];
  /** How long a victim stays away. */
  readonly awayMs: readonly [from: number, below: number];
}

/**
 * Kills one process after the other by SIGKILL, as the seed says, and starts it again: services, NATS and Redis alike.
 * The next one may die while the last is still on its way back.
 */
export const startKillSchedule = (options: KillScheduleOptions): KillSchedule => {
  const { mesh, victims, random, pauseMs, awayMs } = options;
  const dead = new Set<string>();
  const killed: Victim[] = [];
  const returning = new Map<Victim, Promise<void>>();
  const stopping = new AbortController();
  const live = (name: ServiceName): readonly MeshService[] =>
    mesh.services[name].filter(({ instance }) => !dead.has(instance));
  const pause = ([from, below]: readonly [number, number]): Promise<unknown> =>
    delay(random.between(from, below), undefined, { signal: stopping.signal }).catch(() => undefined);

  const killServer = async (kill: () => Promise<void>, restart: () => Promise<void>): Promise<void> => {
    await kill();
    await pause(awayMs);
    await restart();
  };
  const killService = async (name: ServiceName): Promise<void> => {
    const service = random.pick(live(name));
    dead.add(service.instance);
    service.kill('SIGKILL');
    await service.exited;
    await pause(awayMs);
    await mesh.add(name);
  };
  const killOne = (victim: Victim): Promise<void> => {
    if (victim === 'nats') return killServer(mesh.nats().kill, mesh.nats().restart);
    if (victim === 'redis') return killServer(() => mesh.redis().kill('SIGKILL'), mesh.redis().restart);
    return killService(victim);
  };
  const run = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      await pause(pauseMs);
      const victim = random.pick(victims);
      if (stopping.signal.aborted || returning.has(victim)) continue;
      killed.push(victim);
      returning.set(
        victim,
        killOne(victim).finally(() => returning.delete(victim)),
      );
    }
  };
  const running = run();
  return {
    live,
    killed,
    stop: async () => {
      stopping.abort();
      await running;
      await Promise.all(returning.values());
    },
  };
};
