import { type Env, readSettings } from '@weir/runtime';

export interface MeteringSettings {
  /** The installation: source of the events that come from here. */
  readonly source: string;
  /** Most attempts that have begun and not ended that are waited for. */
  readonly maxOpenIntents: number;
  /** Accounts that are remembered; what is older costs a look into the ledger. */
  readonly maxAccounts: number;
  /** How long after its deadline the account of an attempt may still come. */
  readonly intentGraceMs: number;
  /** How long a replica that is not heard of keeps the ledger from the others. */
  readonly leaseMs: number;
  /** Streams that may lose what they acknowledged are refused. */
  readonly requireDurable: boolean;
}

/** @throws SettingsError */
export const readMeteringSettings = (env: Env): MeteringSettings => {
  const settings = readSettings(env);
  const source = settings.text('WEIR_SOURCE', '/gateways/weir');
  const maxOpenIntents = settings.integer('WEIR_METERING_MAX_OPEN_INTENTS', 100_000, { min: 1 });
  const maxAccounts = settings.integer('WEIR_METERING_MAX_ACCOUNTS', 200_000, { min: 1_000 });
  const intentGraceMs = settings.integer('WEIR_METERING_INTENT_GRACE_MS', 120_000);
  const leaseMs = settings.integer('WEIR_METERING_LEASE_MS', 5_000, { min: 500 });
  const requireDurable = settings.flag('WEIR_REQUIRE_DURABLE', false);
  settings.done();
  return { source, maxOpenIntents, maxAccounts, intentGraceMs, leaseMs, requireDurable };
};
