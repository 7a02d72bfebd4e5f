import { type Env, readSettings } from '@weir/runtime';

export interface PolicySettings {
  /**
   * Other replicas know the configuration already: a new one joins them when it does too, or after this time,
   * in milliseconds.
   */
  readonly configWaitMs: number;
  /** Where limits and budgets are kept. Absent: in this process, which then has to be the only replica. */
  readonly redisUrl?: string;
  /** How long a request may wait for the limit store. */
  readonly storeTimeoutMs: number;
  /** What a request holds is given back this long after it was last heard of, which is each 15 s while it runs. */
  readonly holdTtlMs: number;
}

export const parseSettings = (env: Env): PolicySettings => {
  const settings = readSettings(env);
  const redisUrl = settings.text('WEIR_REDIS_URL', '');
  const parsed = {
    configWaitMs: settings.integer('WEIR_POLICY_CONFIG_WAIT_MS', 1_000, { max: 60_000 }),
    storeTimeoutMs: settings.integer('WEIR_POLICY_STORE_TIMEOUT_MS', 40, { min: 1, max: 10_000 }),
    holdTtlMs: settings.integer('WEIR_POLICY_HOLD_TTL_MS', 60_000, { min: 20_000, max: 3_600_000 }),
    ...(redisUrl === '' ? {} : { redisUrl }),
  };
  settings.done();
  return parsed;
};
