/** Where the exporter finds a secret. The secret itself is never in the configuration. */
export type SecretConfig =
  | {
      /** Name of an environment variable of the exporter. */
      readonly fromEnv: string;
    }
  | {
      /** Path of a file that the exporter can read. */
      readonly fromFile: string;
    };

interface ExportBase {
  /** A subject token, unique. How far the sink has come is kept under this name. */
  readonly name: string;
  /** Patterns of the organisations whose events it gets. */
  readonly orgs: readonly string[];
  /** Where a sink begins that has nothing yet: at the oldest event, or at what comes from now on. */
  readonly startAt: 'first' | 'new';
  /** Most events in one delivery. */
  readonly batchSize: number;
  /** Longest time for one delivery to be answered. */
  readonly timeoutMs: number;
  /** Longest pause between two tries, unless the sink asks for a longer one. */
  readonly maxPauseMs: number;
}

/** Tables of usage, made and kept by the exporter. */
export interface PostgresExportConfig extends ExportBase {
  readonly kind: 'postgres';
  /** `postgres://user:password@host/database`. */
  readonly url: SecretConfig;
  /** Schema of the tables. */
  readonly schema: string;
}

/** The rated events as they are. https://openmeter.io/docs/api */
export interface OpenMeterExportConfig extends ExportBase {
  readonly kind: 'openmeter';
  readonly url: string;
  /** Absent: it asks for none. */
  readonly token?: SecretConfig;
}

export const lagoQuantities = ['inputTokens', 'outputTokens', 'requests', 'amount', 'charge'] as const;

/** What is counted: tokens, requests, or money: what the provider is owed, or what the tenant is billed. */
export type LagoQuantity = (typeof lagoQuantities)[number];

export interface LagoMetricConfig {
  readonly of: LagoQuantity;
  /** Code of the billable metric. */
  readonly code: string;
}

/** One event for each metric of each record. https://getlago.com/docs/api-reference/events/batch */
export interface LagoExportConfig extends ExportBase {
  readonly kind: 'lago';
  readonly url: string;
  readonly apiKey: SecretConfig;
  /** At least one. */
  readonly metrics: readonly LagoMetricConfig[];
  /** Organisation → `external_subscription_id`. Absent ones: the organisation's own name. */
  readonly subscriptions: Readonly<Record<string, string>>;
}

export const webhookContents = ['usage', 'alerts'] as const;

export type WebhookContent = (typeof webhookContents)[number];

/** Signed HTTP calls. https://www.standardwebhooks.com */
export interface WebhookExportConfig extends ExportBase {
  readonly kind: 'webhook';
  readonly url: string;
  /** `whsec_` and base64 of 24 to 64 bytes. */
  readonly secret: SecretConfig;
  readonly send: readonly WebhookContent[];
}

/** Somewhere outside that gets what the ledger holds, and keeps getting it. */
export type ExportConfig =
  | PostgresExportConfig
  | OpenMeterExportConfig
  | LagoExportConfig
  | WebhookExportConfig;
