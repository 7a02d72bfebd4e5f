import type { KeyConfig, Principal, RouteConfig, WeirConfig } from '@weir/contracts';

/** What policy knows of one API key. */
export interface KnownKey {
  readonly principal: Principal;
  /** Patterns of models and of routes that it may use. */
  readonly models: readonly string[];
  readonly routes: readonly string[];
  /** Milliseconds since the epoch. Absent: never. */
  readonly expiresAt?: number;
}

/** The configuration, arranged for one look-up a request. */
export interface AdmissionIndex {
  readonly config: WeirConfig;
  /** By SHA-256 of the key, hex. */
  readonly keys: ReadonlyMap<string, KnownKey>;
  readonly routes: ReadonlyMap<string, RouteConfig>;
}

/** The team of keys that belong to none. */
const noTeam = '_';

const toKnownKey = (key: KeyConfig, org: string, team: string, tier: string | undefined): KnownKey => ({
  principal: { org, team, key: key.id, ...(tier === undefined ? {} : { tier }) },
  models: key.models,
  routes: key.routes,
  ...(key.expiresAt === undefined ? {} : { expiresAt: Date.parse(key.expiresAt) }),
});

export const buildAdmissionIndex = (config: WeirConfig): AdmissionIndex => {
  const keys = new Map<string, KnownKey>();
  for (const { org, tier, keys: ownKeys, teams } of config.tenants) {
    for (const { team, keys: teamKeys } of [{ team: noTeam, keys: ownKeys }, ...teams]) {
      for (const key of teamKeys) keys.set(key.sha256, toKnownKey(key, org, team, tier));
    }
  }
  return { config, keys, routes: new Map(config.routes.map((route) => [route.name, route])) };
};
