import type { WeirConfig } from '@weir/contracts';
import type { Logger } from '@weir/runtime';
import type { LiveUpstream } from './attempt/attempt-deps.ts';
import { providerRegistry } from './providers/registry.ts';
import { createRetiredUpstreams } from './retired-upstreams.ts';
import { resolveCredential } from './upstream/credentials.ts';
import { createHttpClient } from './upstream/http-client.ts';
import { readTls, type TlsOptions } from './upstream/read-tls.ts';

/** The upstreams of the configuration in force, with their connections. */
export interface LiveUpstreams {
  get(name: string): LiveUpstream | undefined;
  all(): Iterable<LiveUpstream>;
  /** A configuration with TLS files that cannot be used is refused: the upstreams before it stay. */
  apply(config: WeirConfig): Promise<void>;
  close(): Promise<void>;
}

type TlsByUpstream = ReadonlyMap<string, TlsOptions>;

/** Undefined when some of it cannot be used. */
const readAllTls = async (
  { upstreams }: WeirConfig,
  serves: (upstream: string) => boolean,
  logger: Pick<Logger, 'error'>,
): Promise<TlsByUpstream | undefined> => {
  const found = new Map<string, TlsOptions>();
  let isUsable = true;
  for (const [upstream, { tls }] of Object.entries(upstreams)) {
    const reading = tls && serves(upstream) ? await readTls(tls) : undefined;
    if (reading?.outcome === 'read') found.set(upstream, reading.options);
    if (reading?.outcome !== 'unusable') continue;
    isUsable = false;
    const kept = 'configuration refused, the upstreams before it stay in force';
    logger.error({ upstream }, `${kept}: tls: ${reading.problem}`);
  }
  return isUsable ? found : undefined;
};

const isSame = (left: unknown, right: unknown): boolean => JSON.stringify(left) === JSON.stringify(right);

const unverified =
  'tls.verify is false: any certificate will do, and whoever stands between reads every request and the credential';

interface Opening {
  readonly config: WeirConfig;
  readonly tls: TlsOptions | undefined;
  readonly before: LiveUpstream | undefined;
}

const openUpstream = async (
  name: string,
  { config, tls, before }: Opening,
  env: Readonly<Record<string, string | undefined>>,
  logger: Pick<Logger, 'error' | 'warn'>,
): Promise<LiveUpstream | undefined> => {
  const upstream = config.upstreams[name];
  if (!upstream) return undefined;
  const resolved = await resolveCredential(upstream.credentials, env);
  if (resolved.outcome === 'missing') logger.error({ upstream: name }, `no credential: ${resolved.message}`);
  if (tls?.rejectUnauthorized === false) logger.warn({ upstream: name }, unverified);
  const rules = new Map(config.routes.map((route) => [route.name, route.headers]));
  // A pool whose settings did not change keeps its connections.
  const unchanged = before && isSame(before.config, upstream) && isSame(before.tls, tls);
  return {
    name,
    config: upstream,
    provider: providerRegistry[upstream.provider],
    client: unchanged ? before.client : createHttpClient(upstream, tls),
    tls,
    credential: resolved.outcome === 'resolved' ? resolved.credential : undefined,
    rulesOf: (route) => rules.get(route),
  };
};

/** Some revisions in a row of a configuration with many upstreams. */
const maxLingering = 1_000;

interface LiveUpstreamsOptions {
  /** Which upstreams are called from here. Absent: all. */
  readonly serves?: (upstream: string) => boolean;
  /** How long connections that were replaced still take calls. */
  readonly lingerMs: number;
}

export const createLiveUpstreams = (
  env: Readonly<Record<string, string | undefined>>,
  logger: Logger,
  { serves = () => true, lingerMs }: LiveUpstreamsOptions,
): LiveUpstreams => {
  let live = new Map<string, LiveUpstream>();
  const retired = createRetiredUpstreams({ lingerMs, maxLingering, logger });

  const swap = async (config: WeirConfig): Promise<void> => {
    const tls = await readAllTls(config, serves, logger);
    if (tls === undefined) return;
    const open = (name: string) =>
      openUpstream(name, { config, tls: tls.get(name), before: live.get(name) }, env, logger);
    const opened = await Promise.all(Object.keys(config.upstreams).map(open));
    const next = new Map(opened.flatMap((upstream) => (upstream ? [[upstream.name, upstream]] : [])));
    const kept = new Set([...next.values()].map(({ client }) => client));
    const replaced = [...live.values()].filter(({ client }) => !kept.has(client));
    live = next;
    for (const old of replaced) retired.add(old);
  };

  let swapped = Promise.resolve();
  return {
    get: (name) => live.get(name),
    all: () => live.values(),
    apply: (config) => {
      // In turn: reading a credential takes time, and an older revision must not overtake a newer one.
      const applied = swapped.then(() => swap(config));
      swapped = applied.catch(() => undefined);
      return applied;
    },
    close: async () => {
      await Promise.all([retired.close(), ...[...live.values()].map(({ client }) => client.close())]);
    },
  };
};
