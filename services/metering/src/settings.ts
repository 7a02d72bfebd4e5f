import { type Env, readSettings } from '@weir/runtime';

export interface MeteringSettings {
  /** Name of the durable consumer; all replicas share it. */
  readonly durable: string;
  /** Most attempts that have begun and not ended that are kept track of. */
  readonly maxOpenIntents: number;
}

/** @throws SettingsError */
export const readMeteringSettings = (env: Env): MeteringSettings => {
  const settings = readSettings(env);
  const durable = settings.text('WEIR_METERING_DURABLE', 'metering');
  const maxOpenIntents = settings.integer('WEIR_METERING_MAX_OPEN_INTENTS', 100_000, { min: 1 });
  settings.done();
  return { durable, maxOpenIntents };
};
