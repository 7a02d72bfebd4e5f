import type { Mesh } from '@weir/testing';
import { findRedisServer } from '../../../infra/redis/find-redis-server.ts';
import type { NamedProcess } from '../process/process-stats.ts';

const monitorTimeoutMs = 2_000;
const nanosPerSecond = 1_000_000_000;

export const meshProcesses = (mesh: Mesh, redis: boolean): NamedProcess[] => {
  const services = Object.values(mesh.services).flatMap((replicas) =>
    replicas.map(({ name, pid }, index) => ({
      role: replicas.length > 1 ? `${name}-${index + 1}` : name,
      pid,
    })),
  );
  return [
    ...services,
    { role: 'nats-server', pid: mesh.nats().pid() },
    ...(redis ? [{ role: 'redis-server', pid: mesh.redis().pid() }] : []),
  ];
};

interface ServerVariables {
  readonly version: string;
  readonly jetstream?: {
    readonly config?: { readonly sync_interval?: number; readonly sync_always?: boolean };
  };
}

/** As the server itself says: when it calls fsync decides what an acknowledgement is worth. */
export const describeBus = async (mesh: Mesh): Promise<string> => {
  const answer = await fetch(`${mesh.nats().monitorUrl()}/varz`, {
    signal: AbortSignal.timeout(monitorTimeoutMs),
  });
  const { version, jetstream } = (await answer.json()) as ServerVariables;
  const { sync_always: always, sync_interval: intervalNanos } = jetstream?.config ?? {};
  const sync = intervalNanos === undefined ? 'unknown' : `each ${intervalNanos / nanosPerSecond} s`;
  return `nats-server ${version}, one server, JetStream on files, fsync ${always === true ? 'always' : sync}`;
};

/** As `startMesh` starts it: `appendfsync` stays at its default, `everysec`. */
export const describeLimitStore = async (): Promise<string> => {
  const { version } = await findRedisServer();
  return `redis-server ${version}, one server, append-only file, fsync each second`;
};
