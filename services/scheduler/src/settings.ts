import { type Env, readSettings } from '@weir/runtime';

export interface SchedulerSettings {
  /** The installation: source of the events that come from here. */
  readonly source: string;
  /** Most attempts that wait for their backoff at a time. Each holds its body: 64 KiB at most. */
  readonly maxDelayed: number;
}

/** @throws SettingsError */
export const readSchedulerSettings = (env: Env): SchedulerSettings => {
  const settings = readSettings(env);
  const maxDelayed = settings.integer('WEIR_SCHEDULER_MAX_DELAYED', 2_000, { min: 1, max: 100_000 });
  const source = settings.text('WEIR_SOURCE', '/gateways/weir');
  settings.done();
  return { source, maxDelayed };
};
