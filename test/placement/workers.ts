import { connectNatsBus, type NatsBus } from '@weir/messaging';
import { type Mesh, type MeshService, startMesh } from '@weir/testing';
import { createSimulatorAdmin } from '../e2e/support/simulator-admin.ts';
import type { CallerTarget } from './open-load.ts';
import { openReportValve, type ReportValve } from './report-valve.ts';
import { keys, type Placement, toConfig } from './site-config.ts';

export const workers = 8;
/** Half the speed of the profile, so that what this machine itself adds stays small beside it. */
export const speedup = 0.5;

/** What becomes of a worker's own metrics: see the simulator. */
export type MetricsMode = 'current' | 'frozen' | 'stalled' | 'failing';

export interface CallerKind {
  readonly key?: keyof typeof keys;
  readonly kind?: 'urgent' | 'guarded';
}

export interface Site {
  readonly mesh: Mesh;
  /** For questions to the mesh. */
  readonly bus: NatsBus;
  /** The agent of each worker, by position. Empty where adapters serve all of them. */
  readonly agents: readonly MeshService[];
  target(placement: Placement, caller?: CallerKind): CallerTarget;
  setSpeed(worker: number, speed: number): Promise<void>;
  setMetrics(worker: number, mode: MetricsMode): Promise<void>;
  /** Whether the schedulers get the load reports of a worker's agent. @throws where there are no agents. */
  setReports(worker: number, arrive: boolean): Promise<void>;
  /** Sends a signal to the process of a worker. */
  signal(worker: number, signal: NodeJS.Signals): void;
  stop(): Promise<void>;
}

/** Who leads to the workers: two adapters that each serve them all, or an agent beside each, for `guarded` alone. */
export type Way = 'adapters' | 'agents';

const configure = (mesh: Mesh, worker: number, update: object): Promise<void> =>
  createSimulatorAdmin(mesh.simulators[worker]?.url ?? '').configure(update);

const startAgents = (mesh: Mesh): Promise<MeshService[]> =>
  Promise.all(
    mesh.simulators.map((_worker, position) =>
      mesh.add('adapter', { WEIR_ADAPTER_POOL: 'guarded', WEIR_ADAPTER_TARGET: `t${position}` }),
    ),
  );

const toSite = (mesh: Mesh, valve: ReportValve, bus: NatsBus, agents: readonly MeshService[]): Site => ({
  mesh,
  bus,
  agents,
  target: (placement, { key = 'demo', kind } = {}) => ({
    baseUrl: mesh.baseUrl,
    model: placement,
    headers: {
      authorization: `Bearer ${keys[key].secret}`,
      ...(kind === undefined ? {} : { 'x-class': kind }),
    },
  }),
  setSpeed: (worker, speed) => configure(mesh, worker, { speedup: speed * speedup }),
  setMetrics: (worker, metrics) => configure(mesh, worker, { metrics }),
  setReports: async (worker, arrive) => {
    const agent = agents[worker];
    if (!agent) throw new Error(`worker ${worker} has no agent`);
    await valve.set('guarded', agent.instance, arrive);
    await mesh.nats().reload();
  },
  signal: (worker, signal) => mesh.services.simulator[worker]?.kill(signal),
  stop: async () => {
    await bus.close(1_000);
    await mesh.stop();
    await valve.close();
  },
});

export const startSite = async (schedulers: number, way: Way = 'adapters'): Promise<Site> => {
  const valve = await openReportValve();
  try {
    const mesh = await startMesh({
      simulators: workers,
      replicas: { scheduler: schedulers, adapter: way === 'agents' ? 0 : 2 },
      env: { WEIR_SIM_PROFILE: '8b-h100', WEIR_SIM_SPEEDUP: String(speedup) },
      natsConfigFile: valve.configFile,
      config: toConfig,
    });
    try {
      const bus = await connectNatsBus({
        servers: [mesh.nats().url],
        name: 'placement',
        onError: () => undefined,
        onClosed: () => undefined,
      });
      return toSite(mesh, valve, bus, way === 'agents' ? await startAgents(mesh) : []);
    } catch (error) {
      await mesh.stop();
      throw error;
    }
  } catch (error) {
    await valve.close();
    throw error;
  }
};
