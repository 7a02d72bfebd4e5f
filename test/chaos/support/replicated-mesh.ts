import { type Mesh, type MeshOptions, type MeshService, startMesh, waitFor } from '@weir/testing';
import { afterAll, afterEach, beforeAll } from 'vitest';
import { createSimulatorAdmin } from '../../e2e/support/simulator-admin.ts';

export const replicated = ['ingress', 'policy', 'scheduler', 'adapter', 'metering'] as const;
/** The same in fewer processes. */
export const replicatedTogether = ['all-in-one', 'metering'] as const;

type Replicated = (typeof replicated | typeof replicatedTogether)[number];

export interface ReplicatedMesh {
  readonly mesh: Mesh;
  /** Where clients may go: the ingresses that were not ended. */
  readonly baseUrls: () => readonly string[];
  /** Sends the signal to one of the replicas that are there. */
  readonly end: (name: Replicated, signal: 'SIGKILL' | 'SIGTERM') => MeshService;
}

const replicas = 2;

/** One mesh for all tests of a file, two of each service. What one test ends is there again for the next. */
export const useReplicatedMesh = (
  options: Pick<MeshOptions, 'config' | 'redis' | 'env'> = {},
  names: readonly Replicated[] = replicated,
): (() => ReplicatedMesh) => {
  let current: Mesh | undefined;
  const ended = new Set<MeshService>();
  const running = (): Mesh => {
    if (current === undefined) throw new Error('the mesh is not up');
    return current;
  };
  const live = (name: Replicated): readonly MeshService[] =>
    running().services[name].filter((service) => !ended.has(service));
  beforeAll(async () => {
    current = await startMesh({
      ...options,
      replicas: Object.fromEntries(names.map((name) => [name, replicas])),
      // A balancer notices within half a second that an ingress is to go.
      env: { WEIR_SIM_PROFILE: 'paced', WEIR_LAME_DUCK_MS: '500', ...options.env },
    });
  });
  afterEach(async () => {
    const missing = names.flatMap((name) => Array(replicas - live(name).length).fill(name));
    await Promise.all(missing.map((name) => running().add(name)));
  });
  afterAll(() => current?.stop());
  return () => ({
    mesh: running(),
    baseUrls: () => [...live('ingress'), ...live('all-in-one')].map(({ url }) => url ?? ''),
    end: (name, signal) => {
      const [victim] = live(name);
      if (!victim) throw new Error(`there is no ${name}`);
      ended.add(victim);
      victim.kill(signal);
      return victim;
    },
  });
};

/** No call to the provider is under way any more. */
export const untilNothingRuns = ({ mesh }: ReplicatedMesh): Promise<unknown> => {
  const simulator = createSimulatorAdmin(mesh.simulators[0]?.url ?? '');
  return waitFor(async () => (await simulator.active()) === 0, {
    timeoutMs: 20_000,
    what: 'no upstream call under way',
  });
};
