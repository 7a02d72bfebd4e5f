export const splitKinds = ['request', 'key', 'team', 'org'] as const;

/** Requests that always go the same way: each its own, or those of one key, team, org, or one value of a header. */
export type SplitKey = (typeof splitKinds)[number] | `header:${string}`;

/** Where requests go. One of the four at most; none of them: every upstream that fits. */
export interface WayConfig {
  /** Names of upstreams, the preferred first. Empty: every upstream that speaks the API and has the model. */
  readonly upstreams: readonly string[];
  /** Shares of upstreams. Absent: none. */
  readonly split?: readonly SplitShareConfig[];
  /** What has a place of its own in the split. Absent: `request`. */
  readonly splitBy?: SplitKey;
  readonly abTest?: AbTestConfig;
}

export interface SplitShareConfig {
  /** Unique within the split. */
  readonly upstream: string;
  /** Share of the requests, out of the sum of all weights, 0 to 1,000; 0: none at all. */
  readonly weight: number;
}

/** Callers in groups, each with an upstream of its own. */
export interface AbTestConfig {
  /** Lower-case name of a header whose value names the variant. Absent: `by` alone decides. */
  readonly header?: string;
  /** Who stays with a variant, where no header names one. */
  readonly by: SplitKey;
  /** Names and upstreams are unique. */
  readonly variants: readonly AbVariantConfig[];
}

export interface AbVariantConfig extends SplitShareConfig {
  /** A subject token. */
  readonly name: string;
}

/** A rule of a route: where requests go that fulfil all its conditions. */
export interface RouteRuleConfig extends WayConfig {
  /** For explanations. Absent: its position. */
  readonly name?: string;
  readonly match: RuleMatchConfig;
}

/** At least one; every condition that is given must hold. */
export interface RuleMatchConfig {
  /** Lower-case name → pattern of the value; `*` asks for presence only. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Patterns of the client's model name. Absent: any. */
  readonly models?: readonly string[];
  /** Tiers of tenants. Absent: any. */
  readonly tiers?: readonly string[];
}
