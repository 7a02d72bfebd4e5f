import { createTestKey, type Mesh, startMesh } from '@weir/testing';
import type { NamedProcess } from '../process/process-stats.ts';
import { profileEnvironment } from '../profile/profile-environment.ts';
import { type Competitor, chatPath, type StartSettings } from './competitor.ts';

const monitorTimeoutMs = 2_000;
const nanosPerSecond = 1_000_000_000;

/** What a small deployment runs with: a key to check, one upstream, the access log on. */
const configFor = (upstreamPort: number, key: { id: string; sha256: string }): object => ({
  version: 1,
  upstreams: {
    instant: {
      provider: 'openai',
      targets: [`http://127.0.0.1:${upstreamPort}/v1`],
      // The largest step of paced streams is 512.
      connectionPool: { maxConnections: 1_024 },
    },
  },
  tenants: [{ org: 'bench', keys: [key] }],
});

const processesOf = (mesh: Mesh): NamedProcess[] => {
  const services = Object.values(mesh.services).flatMap((replicas) =>
    replicas.map(({ name, pid }, index) => ({
      role: replicas.length > 1 ? `${name}-${index + 1}` : name,
      pid,
    })),
  );
  return [...services, { role: 'nats-server', pid: mesh.nats().pid() }];
};

interface ServerVariables {
  readonly version: string;
  readonly jetstream?: {
    readonly config?: { readonly sync_interval?: number; readonly sync_always?: boolean };
  };
}

const describeBus = async (mesh: Mesh): Promise<string> => {
  const answer = await fetch(`${mesh.nats().monitorUrl()}/varz`, {
    signal: AbortSignal.timeout(monitorTimeoutMs),
  });
  const { version, jetstream } = (await answer.json()) as ServerVariables;
  const { sync_always: always, sync_interval: intervalNanos } = jetstream?.config ?? {};
  const sync = intervalNanos === undefined ? 'unknown' : `each ${intervalNanos / nanosPerSecond} s`;
  return `nats-server ${version}, one server, JetStream on files, fsync ${always === true ? 'always' : sync}`;
};

const start = (settings: StartSettings, key: ReturnType<typeof createTestKey>): Promise<Mesh> => {
  const { profile } = settings;
  return startMesh({
    simulators: 0,
    config: configFor(settings.upstreamPort, key.entry),
    env: {
      NODE_ENV: 'production',
      WEIR_LOG_LEVEL: 'info',
      ...(profile === undefined ? {} : profileEnvironment(profile.folder, `/services/${profile.role}/`)),
    },
  });
};

/** One replica of each service and a bus. */
export const weir: Competitor = {
  name: 'weir',
  start: async (settings) => {
    const key = createTestKey('bench');
    const mesh = await start(settings, key);
    return {
      target: {
        port: Number(new URL(mesh.baseUrl).port),
        path: chatPath,
        headers: { authorization: `Bearer ${key.secret}` },
      },
      processes: processesOf(mesh),
      notes: [`Weir: one replica of each service, a checked key, access log on; ${await describeBus(mesh)}.`],
      stop: mesh.stop,
    };
  },
};
