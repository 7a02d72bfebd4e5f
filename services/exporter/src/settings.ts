import { type Env, readSettings } from '@weir/runtime';

export interface ExporterSettings {
  /** A replica that was not heard of for this long is succeeded. */
  readonly leaseMs: number;
}

/** @throws SettingsError */
export const readExporterSettings = (env: Env): ExporterSettings => {
  const settings = readSettings(env);
  const leaseMs = settings.integer('WEIR_EXPORTER_LEASE_MS', 5_000, { min: 100, max: 600_000 });
  settings.done();
  return { leaseMs };
};
