import type { WeirConfig } from '@weir/contracts';
import type { Logger } from '@weir/runtime';
import type { LiveUpstream } from './attempt/attempt-deps.ts';
import { providerRegistry } from './providers/registry.ts';
import { resolveCredential } from './upstream/credentials.ts';
import { createHttpClient } from './upstream/http-client.ts';

/** The upstreams of the configuration in force, with their connections. */
export interface LiveUpstreams {
  get(name: string): LiveUpstream | undefined;
  all(): Iterable<LiveUpstream>;
  apply(config: WeirConfig): Promise<void>;
  close(): Promise<void>;
}

export const createLiveUpstreams = (
  env: Readonly<Record<string, string | undefined>>,
  logger: Logger,
): LiveUpstreams => {
  let live = new Map<string, LiveUpstream>();

  const open = async (name: string, config: WeirConfig): Promise<LiveUpstream | undefined> => {
    const upstream = config.upstreams[name];
    if (!upstream) return undefined;
    const resolved = await resolveCredential(upstream.credentials, env);
    if (resolved.outcome === 'missing')
      logger.error({ upstream: name }, `no credential: ${resolved.message}`);
    const rules = new Map(config.routes.map((route) => [route.name, route.headers]));
    // A pool whose settings did not change keeps its connections.
    const before = live.get(name);
    const unchanged = before && JSON.stringify(before.config) === JSON.stringify(upstream);
    return {
      name,
      config: upstream,
      provider: providerRegistry[upstream.provider],
      client: unchanged ? before.client : createHttpClient(upstream),
      credential: resolved.outcome === 'resolved' ? resolved.credential : undefined,
      rulesOf: (route) => rules.get(route),
    };
  };

  const retire = (old: LiveUpstream): void => {
    // Attempts under way keep their own reference; undici lets them end before it closes.
    old.client
      .retire()
      .catch((error) => logger.warn({ err: error, upstream: old.name }, 'closing connections'));
  };

  const swap = async (config: WeirConfig): Promise<void> => {
    const opened = await Promise.all(Object.keys(config.upstreams).map((name) => open(name, config)));
    const next = new Map(opened.flatMap((upstream) => (upstream ? [[upstream.name, upstream]] : [])));
    const kept = new Set([...next.values()].map(({ client }) => client));
    const retired = [...live.values()].filter(({ client }) => !kept.has(client));
    live = next;
    for (const old of retired) retire(old);
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
      await Promise.all([...live.values()].map(({ client }) => client.close()));
    },
  };
};
