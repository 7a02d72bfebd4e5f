import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../../infra/run/free-port.ts';
import { serviceEnvironment } from '../../../infra/run/service-environment.ts';
import { checkout, requestPath, startServiceProcess } from '../../../infra/run/service-process.ts';
import { attachMesh, isAttached } from './attach-mesh.ts';
import { type Mesh, type MeshService, noServices, type ServiceName } from './mesh.ts';
import { startNats, type TestNats } from './start-nats.ts';
import { startRedis } from './start-redis.ts';
import { createOutputTail, testLeash } from './test-process.ts';

/** The path of a YAML file, or the configuration itself; a function gets the URLs of the simulators. */
export type MeshConfig = string | object | ((simulatorUrls: readonly string[]) => object);

export interface MeshOptions {
  /**
   * How many of each; one unless given, and none of admin and exporter. With an `all-in-one`, none of the services that it
   * is.
   */
  readonly replicas?: Partial<Record<Exclude<ServiceName, 'simulator'>, number>>;
  /** How many simulators; the configuration sees them as WEIR_SIM_URL, WEIR_SIM_URL_2, … One unless given. */
  readonly simulators?: number;
  /** examples/quickstart unless given. */
  readonly config?: MeshConfig;
  /** For every service, on top of the test's own environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** All that take clients listen on one port. */
  readonly sharedPort?: boolean;
  /** Limits are kept in a Redis, as several policies need; in the policy itself unless given. */
  readonly redis?: boolean;
  /** Of the nats-server, instead of infra/nats/nats.conf. */
  readonly natsConfigFile?: string;
}

interface Site {
  readonly nats: TestNats;
  readonly configFile: string;
  readonly simulatorPorts: readonly number[];
  readonly env: Readonly<Record<string, string>>;
  /** Of all that take clients; undefined: each has its own. */
  readonly sharedPort: number | undefined;
  readonly services: Record<ServiceName, MeshService[]>;
}

const meshServices = ['policy', 'scheduler', 'adapter', 'metering', 'ingress'] as const;
/** Started for the tests that ask for them. */
const extraServices = ['all-in-one', 'admin', 'exporter'] as const;
const takesClients: readonly ServiceName[] = ['ingress', 'all-in-one'];
const readyTimeoutMs = 60_000;
const stopTimeoutMs = 10_000;

const urlOf = (port: number): string => `http://127.0.0.1:${port}`;

const writeConfig = async (
  config: MeshConfig,
  folder: string,
  simulatorPorts: readonly number[],
): Promise<string> => {
  if (typeof config === 'string') return config;
  const value = typeof config === 'function' ? config(simulatorPorts.map(urlOf)) : config;
  const file = join(folder, 'weir.yaml');
  await writeFile(file, JSON.stringify(value, null, 2));
  return file;
};

const simulatorVariables = (ports: readonly number[]): Record<string, string> =>
  Object.fromEntries(ports.slice(1).map((port, index) => [`WEIR_SIM_URL_${index + 2}`, urlOf(port)]));

const startReplica = async (
  site: Site,
  name: ServiceName,
  simulatorPort: number,
  ownEnv: Readonly<Record<string, string>> = {},
): Promise<MeshService> => {
  const ingressPort = takesClients.includes(name) ? (site.sharedPort ?? (await freePort())) : 0;
  const adminPort = name === 'admin' ? await freePort() : 0;
  const tail = createOutputTail();
  const owned = startServiceProcess({
    name,
    env: serviceEnvironment({
      name,
      inherited: { ...process.env, ...simulatorVariables(site.simulatorPorts), ...site.env, ...ownEnv },
      natsUrl: site.nats.url,
      configFile: site.configFile,
      ingressPort,
      adminPort,
      // The ledger has it all: a test that wants it to last says so in `env`.
      adminDatabase: site.env['WEIR_ADMIN_DB'] ?? ':memory:',
      simulatorPort,
      simulatorUrl: urlOf(site.simulatorPorts[0] ?? 0),
    }),
    leash: testLeash(),
    readyTimeoutMs,
    onOutput: tail.write,
  });
  const started = await owned.started;
  if (started.outcome === 'failed') {
    await owned.stop(0);
    throw new Error(`${name} did not start: ${started.reason}\n${tail.text().slice(-4_000)}`);
  }
  const service: MeshService = {
    name,
    instance: started.instance,
    pid: owned.pid,
    healthUrl: urlOf(started.healthPort),
    kill: owned.kill,
    exited: owned.exited,
    log: tail.text,
    ...(takesClients.includes(name) ? { url: urlOf(ingressPort) } : {}),
    ...(name === 'admin' ? { url: urlOf(adminPort) } : {}),
    ...(name === 'simulator' ? { url: urlOf(simulatorPort) } : {}),
  };
  site.services[name].push(service);
  return service;
};

const stopServices = async (site: Site): Promise<void> => {
  const all = Object.values(site.services).flat();
  for (const service of all) service.kill('SIGTERM');
  const escalate = setTimeout(() => {
    for (const service of all) service.kill('SIGKILL');
  }, stopTimeoutMs);
  await Promise.all(all.map((service) => service.exited));
  clearTimeout(escalate);
};

const startReplicas = async (site: Site, replicas: MeshOptions['replicas']): Promise<void> => {
  const [firstSimulatorPort = 0] = site.simulatorPorts;
  const isTogether = (replicas?.['all-in-one'] ?? 0) > 0;
  const usualOf = (name: ServiceName): number => (isTogether && requestPath.includes(name) ? 0 : 1);
  const starting = [
    ...site.simulatorPorts.map((port) => startReplica(site, 'simulator', port)),
    ...meshServices.flatMap((name) =>
      Array.from({ length: replicas?.[name] ?? usualOf(name) }, () =>
        startReplica(site, name, firstSimulatorPort),
      ),
    ),
    ...extraServices.flatMap((name) =>
      Array.from({ length: replicas?.[name] ?? 0 }, () => startReplica(site, name, firstSimulatorPort)),
    ),
  ];
  // All of them settle first: one that is still starting could not be stopped.
  const failed = (await Promise.allSettled(starting)).find((result) => result.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
};

const baseUrlsOf = (services: Site['services']): string[] =>
  takesClients.flatMap((name) => services[name].map(({ url }) => url ?? ''));

const startOwnMesh = async (options: MeshOptions): Promise<Mesh> => {
  const folder = await mkdtemp(join(tmpdir(), 'weir-mesh-'));
  const simulatorPorts = await Promise.all(Array.from({ length: options.simulators ?? 1 }, () => freePort()));
  const config = options.config ?? join(checkout, 'examples', 'quickstart', 'weir.yaml');
  const configFile = await writeConfig(config, folder, simulatorPorts);
  const nats = await startNats({ configFile: options.natsConfigFile });
  const redis = options.redis === true ? await startRedis({ persist: true }) : undefined;
  const services = noServices();
  // No balancer stands before it: an end would only take longer.
  const quickEnd = { WEIR_LAME_DUCK_MS: '0' };
  const env = {
    ...quickEnd,
    ...(options.sharedPort ? { WEIR_REUSE_PORT: 'true' } : {}),
    ...(redis ? { WEIR_REDIS_URL: redis.url } : {}),
    ...options.env,
  };
  const sharedPort = options.sharedPort ? await freePort() : undefined;
  const site: Site = { nats, configFile, simulatorPorts, env, sharedPort, services };
  const stop = async (): Promise<void> => {
    await stopServices(site);
    await redis?.stop();
    await nats.stop();
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await startReplicas(site, options.replicas);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    attached: false,
    get baseUrls() {
      return baseUrlsOf(services);
    },
    baseUrl: baseUrlsOf(services)[0] ?? '',
    get adminUrl() {
      return services.admin.at(-1)?.url ?? '';
    },
    simulators: simulatorPorts.map((port) => ({ url: urlOf(port) })),
    services,
    add: (name, ownEnv) => startReplica(site, name, simulatorPorts[0] ?? 0, ownEnv),
    nats: () => nats,
    redis: () => {
      if (!redis) throw new Error('this mesh was started without Redis');
      return redis;
    },
    stop,
  };
};

/**
 * A whole mesh of real processes on a real nats-server, on free loopback ports. With WEIR_E2E_BASE_URL set,
 * the mesh that runs there instead. What a test forgets to stop dies with the test worker.
 */
export const startMesh = async (options: MeshOptions = {}): Promise<Mesh> =>
  isAttached() ? attachMesh() : startOwnMesh(options);
