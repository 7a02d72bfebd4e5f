import { defaultTiming } from '../../../services/ingress/src/core/request-timing.ts';
import type { EventQueue } from './event-queue.ts';
import type { Fault } from './faults.ts';
import type { Mesh, Station } from './mesh.ts';
import type { Scheduler } from './scheduler.ts';

/** The ingress asks after an adapter each second, and believes the second "no". */
const deathNoticedMs = 2_000;
/** The engine's silence within an answer that the adapter bears, as `timeouts.idleMs` is unless set. */
const idleMs = 120_000;
/** Until the bus has taken a killed process out of its queue group. */
const groupNoticedMs = 20;
const replacedMs = 2_000;
/** A new scheduler has heard every worker before it takes requests. */
const warmUpMs = 1_000;

interface Parts {
  readonly queue: EventQueue;
  readonly mesh: Mesh;
  readonly stations: ReadonlyMap<string, Station>;
  /** Members of the queue group. */
  readonly group: Scheduler[];
  readonly all: readonly Scheduler[];
  addScheduler(): Scheduler;
}

/** Nothing comes of what it runs: answers break off, and the rest is submitted again when its client's side notices. */
const abandon = ({ queue, mesh }: Parts, station: Station, noticedMs: number): void => {
  for (const flight of station.flights.values()) {
    if (flight.startedAt === undefined) queue.after(noticedMs, () => mesh.resubmit(flight));
    else mesh.breakOff(flight);
  }
  station.flights.clear();
};

const end = (parts: Parts, station: Station, link: Station['link'], noticedMs: number): void => {
  station.link = link;
  station.reports = false;
  station.worker.setSpeed(0);
  abandon(parts, station, noticedMs);
};

const stall = ({ queue, mesh }: Parts, station: Station): void => {
  station.worker.setSpeed(0);
  const begun = [...station.flights].filter(([, { startedAt }]) => startedAt !== undefined);
  queue.after(idleMs, () => {
    for (const [id, flight] of begun) {
      if (!station.flights.delete(id)) continue;
      station.worker.drop(id);
      mesh.breakOff(flight);
    }
  });
};

const killScheduler = (parts: Parts, position: number): void => {
  const { queue, group, all, addScheduler } = parts;
  const killed = all[position];
  if (!killed?.isAlive) return;
  killed.isAlive = false;
  queue.after(groupNoticedMs, () => group.splice(group.indexOf(killed), 1));
  queue.after(replacedMs, () => {
    const next = addScheduler.call(parts);
    queue.after(warmUpMs, () => group.push(next));
  });
};

export const createFaultInjector = (parts: Parts): ((fault: Fault) => void) => {
  const { queue, stations } = parts;
  const workers = [...stations.values()];
  return (fault) => {
    if (fault.kind === 'kill-scheduler') return killScheduler(parts, fault.scheduler);
    const station = workers[fault.worker];
    if (station === undefined) return;
    switch (fault.kind) {
      case 'kill':
        return end(parts, station, 'gone', deathNoticedMs);
      case 'hang':
        return end(parts, station, 'silent', defaultTiming.silenceMs);
      case 'stall':
        return stall(parts, station);
      case 'slow':
        return station.worker.setSpeed(fault.speed);
      case 'freeze':
        station.frozen = station.worker.report();
        return;
      case 'mute':
        station.reports = false;
        queue.after(fault.forMs, () => {
          station.reports = station.link === 'up';
        });
        return;
      case 'deaf':
        station.hears = false;
        queue.after(fault.forMs, () => {
          station.hears = true;
        });
    }
  };
};
