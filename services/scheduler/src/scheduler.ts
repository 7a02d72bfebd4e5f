import type { LoadReport, WeirConfig } from '@weir/contracts';
import type { Bus, BusMessage, HoldNotices } from '@weir/messaging';
import type { Logger, Tracer } from '@weir/runtime';
import { createHealthBoard, type HealthBoard } from './core/health/health-board.ts';
import { createPeers } from './core/peers.ts';
import { createPoolView, type PoolView } from './core/pool-view.ts';
import { createPrefixMemory } from './core/prefix-memory.ts';
import { createRetryBudget } from './core/retry-budget.ts';
import { createTurns } from './core/turns.ts';
import type { Delays } from './delays.ts';
import { createGossipWriter } from './gossip-writer.ts';
import { createGossip } from './handlers/gossip.ts';
import { createLoadReport } from './handlers/load-report.ts';
import { createNoAdapter } from './handlers/no-adapter.ts';
import { createQueueControl } from './handlers/queue-control.ts';
import { createSchedule, type Schedule } from './handlers/schedule.ts';
import { createTargets } from './handlers/targets.ts';
import { createPlacing } from './placing.ts';
import { createRefuse } from './refuse.ts';
import type { SchedulerMetrics } from './scheduler-metrics.ts';
import { createWaitingRoom, type WaitingRoom } from './waiting-room.ts';

export interface SchedulerDependencies {
  readonly bus: Pick<Bus, 'publish'>;
  readonly holds: Pick<HoldNotices, 'finish' | 'release' | 'extend'>;
  /** Our own instance. */
  readonly self: string;
  /** Whether an adapter shares our process. Absent: none does. */
  readonly isNearby?: (instance: string) => boolean;
  /** Undefined until there is one. */
  readonly config: () => WeirConfig | undefined;
  /** Percent of a route's requests that its canary gets. */
  readonly canaryWeightOf: (route: string) => number;
  readonly delays: Pick<Delays, 'add'>;
  readonly metrics: SchedulerMetrics;
  readonly tracer: Tracer;
  readonly logger: Pick<Logger, 'error'>;
  readonly now: () => number;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** Runs it behind what this turn of the event loop still does. */
  readonly atEndOfTurn: (run: () => void) => void;
  /** Called after each load report that was taken over. */
  readonly onReport: () => void;
}

type Handle<Part extends keyof BusMessage> = (message: Pick<BusMessage, Part>) => void;

/** A scheduler without its subscriptions and timers. */
export interface Scheduler extends Schedule {
  readonly pools: PoolView;
  readonly health: HealthBoard;
  readonly room: WaitingRoom;
  /** `weir.v1.load.…` */
  readonly onLoad: Handle<'subject' | 'data'>;
  /** `weir.v1.gossip.…` */
  readonly onGossip: Handle<'subject' | 'data'>;
  /** `weir.v1.hop.<self>.…` */
  readonly onHop: Handle<'subject' | 'noResponders'>;
  /** `weir.v1.control.<self>.…` */
  readonly onControl: Handle<'subject' | 'data' | 'noResponders'>;
  /** `weir.v1.targets` */
  readonly onTargets: Handle<'data' | 'respond'>;
  /** Tells the peers that this scheduler is there. Call it each second. */
  readonly beat: () => void;
  /** Tells them that it goes. */
  readonly leave: () => void;
}

export const createScheduler = (given: SchedulerDependencies): Scheduler => {
  const { bus, self, config, metrics, now } = given;
  const pools = createPoolView(self, given.isNearby);
  const health = createHealthBoard(given.random);
  const peers = createPeers(self);
  const refuse = createRefuse(given);
  const gossip = createGossipWriter({ ...given, peers, waiting: () => room.waiting() });
  const prefixes = createPrefixMemory();
  const retries = createRetryBudget();
  const turnOf = createTurns().next;
  const placing = createPlacing({ ...given, pools, health, gossip, prefixes, retries, turnOf, refuse });
  const room = createWaitingRoom({ ...given, peers, placing, refuse, tellPeers: gossip.beat });
  const onReport = (report: LoadReport): void => {
    given.onReport();
    const upstream = config()?.upstreams[report.pool];
    if (upstream) health.observe(report, upstream, now());
    // There may be room again.
    room.pump();
  };
  return {
    ...createSchedule({ ...given, placing, room, refuse }),
    pools,
    health,
    room,
    onLoad: createLoadReport({ pools, metrics, now, onReport }),
    onGossip: createGossip({ self, pools, peers, onNewPeer: gossip.beat, metrics, now }),
    onHop: createNoAdapter({ bus, pools, peers, metrics }),
    onControl: createQueueControl(room),
    onTargets: createTargets({ self, config, pools, health, now }),
    beat: gossip.beat,
    leave: gossip.leave,
  };
};
