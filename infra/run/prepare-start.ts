import { readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { WeirConfig } from '@weir/contracts';
import { loadConfig } from '@weir/runtime';
import { findNatsServer, type NatsServerBinary } from '../nats/find-nats-server.ts';
import { addProviderUpstreams } from './add-provider-upstreams.ts';
import { freePort, isPortFree } from './free-port.ts';
import { StartFailure } from './run-task.ts';
import { checkout, type Layout, layouts } from './service-process.ts';
import { type StateFolder, takeStateFolder } from './state-folder.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** Everything that is decided, checked and fetched before the first process starts. */
export interface StartPlan {
  readonly layout: Layout;
  readonly natsServer: NatsServerBinary;
  readonly natsPort: number | undefined;
  readonly configFile: string;
  readonly config: WeirConfig;
  readonly ingressPort: number;
  readonly baseUrl: string;
  readonly adminPort: number;
  readonly adminUrl: string;
  readonly adminDatabase: string;
  /** Undefined: the environment has a credential. */
  readonly adminTokenFile: string | undefined;
  readonly simulatorPort: number;
  readonly simulatorUrl: string;
  readonly state: StateFolder;
}

interface ChosenConfig {
  readonly file: string;
  readonly config: WeirConfig;
}

const defaultAdminPort = 8081;

const quickstart = join(checkout, 'examples', 'quickstart', 'weir.yaml');

const readPort = (env: Environment, name: string): number | undefined => {
  const text = env[name] ?? '';
  if (text === '') return undefined;
  const port = /^\d{1,5}$/.test(text) ? Number(text) : -1;
  if (port < 1 || port > 65_535)
    throw new StartFailure(`${name}=${text} is not a port; use a number from 1 to 65535`);
  return port;
};

const readLayout = (env: Environment): Layout => {
  const asked = env['WEIR_LAYOUT'] ?? '';
  const text = asked === '' ? 'mesh' : asked;
  const layout = layouts.find((known) => known === text);
  if (layout === undefined)
    throw new StartFailure(`WEIR_LAYOUT=${text} is no layout; use ${layouts.join(' or ')}`);
  return layout;
};

const requireFreePort = async (port: number, name: string, example: number): Promise<void> => {
  if (await isPortFree(port)) return;
  throw new StartFailure(`port ${port} is in use; free it, or choose another with ${name}=${example}`);
};

const checkConfig = async (file: string, env: Environment): Promise<WeirConfig> => {
  const loaded = await loadConfig(file, env);
  if (loaded.outcome === 'failed') throw new StartFailure(`the configuration is wrong:\n${loaded.message}`);
  return loaded.config;
};

/** The file that the services will read: the one asked for, or a copy of it with the providers' upstreams. */
const chooseConfig = async (env: Environment, stateFolder: string): Promise<ChosenConfig> => {
  // npm runs scripts in the package's folder; INIT_CWD is where the person typed.
  const asked = env['WEIR_CONFIG'] ?? '';
  const askedFile = asked === '' ? quickstart : resolve(env['INIT_CWD'] ?? process.cwd(), asked);
  const askedConfig = await checkConfig(askedFile, env);
  const derived = addProviderUpstreams(await readFile(askedFile, 'utf8'), env);
  if (derived.outcome === 'unchanged') return { file: askedFile, config: askedConfig };
  const file = join(stateFolder, 'weir.yaml');
  await writeFile(file, derived.yaml);
  return { file, config: await checkConfig(file, env) };
};

/** Whoever gives a credential means that one, and no other. */
const hasAdminCredential = (env: Environment): boolean =>
  ['WEIR_ADMIN_TOKEN', 'WEIR_ADMIN_TOKENS'].some((name) => (env[name] ?? '') !== '');

export const prepareStart = async (env: Environment): Promise<StartPlan> => {
  const layout = readLayout(env);
  const state = await takeStateFolder(resolve(checkout, env['WEIR_STATE'] ?? '.weir'));
  const simulatorPort = await freePort();
  const simulatorUrl = `http://127.0.0.1:${simulatorPort}`;
  const { file: configFile, config } = await chooseConfig({ ...env, WEIR_SIM_URL: simulatorUrl }, state.path);
  const ingressPort = readPort(env, 'WEIR_PORT') ?? config.listeners.http.port;
  await requireFreePort(ingressPort, 'WEIR_PORT', ingressPort + 1);
  const adminPort = readPort(env, 'WEIR_ADMIN_PORT') ?? defaultAdminPort;
  await requireFreePort(adminPort, 'WEIR_ADMIN_PORT', adminPort + 1);
  const natsPort = readPort(env, 'WEIR_NATS_PORT');
  if (natsPort !== undefined) await requireFreePort(natsPort, 'WEIR_NATS_PORT', natsPort + 1);
  return {
    layout,
    natsServer: await findNatsServer(env),
    natsPort,
    configFile,
    config,
    ingressPort,
    baseUrl: `http://127.0.0.1:${ingressPort}`,
    adminPort,
    adminUrl: `http://127.0.0.1:${adminPort}`,
    adminDatabase: state.adminDatabase,
    adminTokenFile: hasAdminCredential(env) ? undefined : state.adminTokenFile,
    simulatorPort,
    simulatorUrl,
    state,
  };
};
