import type { Api } from '../envelope.ts';
import type { AffinityConfig } from './affinity-config.ts';
import type { CanaryConfig } from './canary-config.ts';
import type { EngineMetricsConfig } from './engine-metrics-config.ts';
import type { ExportConfig } from './export-config.ts';
import type { CircuitBreakerConfig, HealthCheckConfig, OutlierDetectionConfig } from './health-config.ts';
import type { BudgetConfig, RateLimitConfig } from './limit-config.ts';
import type { PricingConfig } from './pricing-config.ts';
import type { QueueConfig } from './queue-config.ts';
import type { FallbackConfig, RetryConfig } from './retry-config.ts';
import type { UpstreamTlsConfig } from './tls-config.ts';
import type { RouteRuleConfig, WayConfig } from './traffic-config.ts';

/**
 * The configuration of a mesh, checked and with every default filled in.
 * Patterns are globs: `*` stands for any run of characters, everything else for itself.
 */
export interface WeirConfig {
  readonly version: 1;
  readonly listeners: ListenersConfig;
  /** By name; a subject token. At least one. */
  readonly upstreams: Readonly<Record<string, UpstreamConfig>>;
  /** In order of matching: those of the file, then the built-in ones. Names are unique subject tokens. */
  readonly routes: readonly RouteConfig[];
  /** Organisations are unique. */
  readonly tenants: readonly TenantConfig[];
  readonly pricing: PricingConfig;
  /** Names are unique. */
  readonly exports: readonly ExportConfig[];
  readonly observability: ObservabilityConfig;
}

export interface ListenersConfig {
  readonly http: HttpListenerConfig;
}

/** Where and how clients connect. */
export interface HttpListenerConfig {
  readonly host: string;
  /** 0 to 65535; 0 lets the system choose. */
  readonly port: number;
  /** Largest request body. A route may set its own. */
  readonly bodyLimitBytes: number;
  /** Largest sum of request line and headers. */
  readonly headerLimitBytes: number;
  /** Default deadline of a request, from its head to the last byte of the answer. A route may set its own. */
  readonly requestTimeoutMs: number;
  /** Longest time for a client to send its head. */
  readonly headersTimeoutMs: number;
  /** How long an idle connection is kept for another request. */
  readonly keepAliveTimeoutMs: number;
  /** Deepest nesting of a JSON body. */
  readonly jsonDepthLimit: number;
  /** Most client connections at a time; a further one is closed. */
  readonly maxConnections: number;
  /** Addresses and CIDR ranges whose `X-Forwarded-For` is believed. Empty: nobody's. */
  readonly trustedProxies: readonly string[];
}

export const providers = ['openai', 'anthropic', 'openai-compatible', 'generic'] as const;

/** What an upstream speaks. `openai-compatible` is any server with the OpenAI API that is not OpenAI's own. */
export type Provider = (typeof providers)[number];

export const strategies = [
  'least-tokens-queued',
  'least-requests',
  'least-latency',
  'round-robin',
  'weighted',
  'session',
  'prefix',
] as const;

/** How a target of an upstream is chosen. */
export type Strategy = (typeof strategies)[number];

/** A pool of targets that serve the same models. */
export interface UpstreamConfig {
  readonly provider: Provider;
  /** At least one; names are unique within the upstream. */
  readonly targets: readonly TargetConfig[];
  readonly strategy: Strategy;
  /** Present with strategy `session` alone. */
  readonly affinity?: AffinityConfig;
  /** How fast a target that has just started gets its share, milliseconds: a time constant. 0: at once. */
  readonly slowStartMs: number;
  /** Literal names or patterns of the upstream's own models. Empty means any. `GET /v1/models` lists the literal ones. */
  readonly models: readonly string[];
  /** The client's model name → the upstream's. */
  readonly aliases: Readonly<Record<string, string>>;
  /** Model name to look prices up by. Absent: the model that was served, or else the one that was asked for. */
  readonly priceAs?: string;
  /** Absent: the upstream needs none. */
  readonly credentials?: CredentialsConfig;
  /** Absent: https targets need a certificate of an authority that the system trusts, for the host of their URL. */
  readonly tls?: UpstreamTlsConfig;
  readonly timeouts: UpstreamTimeoutsConfig;
  /** Per target. */
  readonly connectionPool: ConnectionPoolConfig;
  /** Requests that wait while every target is busy. */
  readonly queue: QueueConfig;
  /** Absent: targets are not asked. */
  readonly healthCheck?: HealthCheckConfig;
  /** Absent: a target is given requests however often it fails. */
  readonly circuitBreaker?: CircuitBreakerConfig;
  /** Absent: no target is left out. */
  readonly outlierDetection?: OutlierDetectionConfig;
  /** Whether a call whose client went away is stopped, or read to its end for the sake of its usage. */
  readonly onDisconnect: 'abort' | 'drain';
  /** Lower-case patterns of client headers that travel to the upstream, beside those that always do. */
  readonly forwardHeaders: readonly string[];
  /** Whether streams are made to report usage (`stream_options.include_usage`). Off for servers that refuse it. */
  readonly askUsage: boolean;
  /** Who answers `count_tokens`: the upstream, or our own estimate. */
  readonly countTokens: 'upstream' | 'estimate';
  /** `encode-base64`: the upstream ignores `encoding_format: base64`, so the adapter encodes its floats. */
  readonly embeddings: 'as-is' | 'encode-base64';
  /** How adapters read the load of the engine. Absent: the agent of a worker does it by default, others do not. */
  readonly engineMetrics?: EngineMetricsConfig | false;
  /** Requests that one adapter has at one target at a time; one more goes to another target. Absent: no limit. */
  readonly maxRequestsPerTarget?: number;
  /** `respect`: what the provider says of its rate limits is learned, and a target is left alone while it has none left. */
  readonly providerQuota: 'ignore' | 'respect';
}

export interface TargetConfig {
  /** A subject token; `t0`, `t1`… by position unless named. */
  readonly name: string;
  /** Base URL, http or https, without credentials, query, fragment or a slash at the end. */
  readonly url: string;
  /** Relative speed, above 0; for `weighted` the share of the requests. */
  readonly weight: number;
}

/** Where the adapter finds the provider's key. The key itself is never in the configuration. */
export type CredentialsConfig =
  | {
      /** Name of an environment variable of the adapter. */
      readonly fromEnv: string;
    }
  | {
      /** Path of a file that the adapter can read. */
      readonly fromFile: string;
    };

export interface UpstreamTimeoutsConfig {
  readonly connectMs: number;
  /** From the request to the first byte of the answer's head. */
  readonly headMs: number;
  /** Longest silence within the answer's body. */
  readonly idleMs: number;
  /** From the request to the last byte of the answer. Absent: the deadline of the request alone. */
  readonly totalMs?: number;
}

export interface ConnectionPoolConfig {
  readonly maxConnections: number;
  /** Most calls that wait for a connection. */
  readonly maxPending: number;
  readonly idleTimeoutMs: number;
  /** Requests on one connection at a time. */
  readonly pipelining: number;
  /** Calls of one connection, after which it is closed. Absent: it is closed when it is idle. */
  readonly maxRequestsPerConnection?: number;
}

/** What to do with the requests that match. */
export interface RouteConfig extends WayConfig {
  readonly name: string;
  readonly match: RouteMatchConfig;
  /** API of the client. Absent: read off the end of the path, `generic` when that says nothing. */
  readonly api?: Api;
  /** Taken off the front of the path before it travels on. Absent: nothing is. */
  readonly stripPrefix?: string;
  /** Lower-case name of the client header that names the model, for bodies without one. Absent: none does. */
  readonly modelHeader?: string;
  /** In place of the other ways. Absent: none. */
  readonly canary?: CanaryConfig;
  /** The first that a request fulfils says where it goes, in place of the route. Absent: none. */
  readonly rules?: readonly RouteRuleConfig[];
  /** `none` lets anonymous callers in. */
  readonly authentication: 'key' | 'none';
  /** Deadline of a request. Absent: `listeners.http.requestTimeoutMs`. */
  readonly timeoutMs?: number;
  /** Largest body. Absent: `listeners.http.bodyLimitBytes`. */
  readonly bodyLimitBytes?: number;
  readonly retry: RetryConfig;
  /** Absent: none. */
  readonly fallback?: FallbackConfig;
  readonly headers: HeaderRulesConfig;
  /** Place in the queue: 0 is served first, 9 last. Absent: 5. */
  readonly priority?: number;
  /** How long its requests may wait for a target. Absent: the upstream's `queue.timeoutMs`. */
  readonly queueTimeoutMs?: number;
  /** All of them apply, with those of organisation, team and key. */
  readonly rateLimits: readonly RateLimitConfig[];
  readonly budgets: readonly BudgetConfig[];
  /** Without the limit store: refuse (503), or let a local share of each limit through. */
  readonly failureMode: 'closed' | 'open';
}

/** Every condition that is given must hold. */
export interface RouteMatchConfig {
  /** The whole path, without query. Never together with `pathPrefix`. */
  readonly path?: string;
  /** The path's first segments: `/v1` and `/v1/` match `/v1/chat`, neither matches `/v10`; only `/v1` matches `/v1`. */
  readonly pathPrefix?: string;
  /** Upper-case. Absent: any. */
  readonly methods?: readonly string[];
  /** Lower-case name → pattern of the value; `*` asks for presence only. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Patterns of the client's model name. Absent: any. */
  readonly models?: readonly string[];
  /** Tiers of tenants. Absent: any. */
  readonly tiers?: readonly string[];
}

/** Changes of the request's headers on the way to the upstream. Names are lower-case. */
export interface HeaderRulesConfig {
  readonly set: Readonly<Record<string, string>>;
  readonly remove: readonly string[];
}

export interface TenantConfig {
  /** The organisation; a subject token. */
  readonly org: string;
  /** Service tier, for routing and priority. Absent: none. */
  readonly tier?: string;
  /** Keys that belong to no team. */
  readonly keys: readonly KeyConfig[];
  readonly teams: readonly TeamConfig[];
  /** Patterns that hold for all its keys, on top of their own. */
  readonly models: readonly string[];
  readonly routes: readonly string[];
  readonly rateLimits: readonly RateLimitConfig[];
  readonly budgets: readonly BudgetConfig[];
  readonly metadata: Readonly<Record<string, string>>;
}

export interface TeamConfig {
  /** A subject token, unique within the organisation. */
  readonly team: string;
  readonly keys: readonly KeyConfig[];
  /** Patterns that hold for all its keys, on top of their own. */
  readonly models: readonly string[];
  readonly routes: readonly string[];
  readonly rateLimits: readonly RateLimitConfig[];
  readonly budgets: readonly BudgetConfig[];
  readonly metadata: Readonly<Record<string, string>>;
}

/** An API key of a tenant. */
export interface KeyConfig {
  /** Names the key in usage and logs; a subject token, unique within the organisation. */
  readonly id: string;
  /** SHA-256 of the key, 64 lower-case hex digits, unique over all tenants. */
  readonly sha256: string;
  /** Patterns of the client's model names that the key may use. */
  readonly models: readonly string[];
  /** Patterns of the route names that the key may use. */
  readonly routes: readonly string[];
  /** ISO 8601 with offset; refused from then on. Absent: never. */
  readonly expiresAt?: string;
  /** Service tier. Absent: that of the organisation. */
  readonly tier?: string;
  readonly rateLimits: readonly RateLimitConfig[];
  readonly budgets: readonly BudgetConfig[];
  readonly metadata: Readonly<Record<string, string>>;
}

export interface ObservabilityConfig {
  /** Prefix of the service names in telemetry. Absent: `weir`. */
  readonly serviceName?: string;
  /** One log line for each request. */
  readonly accessLog: boolean;
}
