import { type ProfileName, profileNames } from './core/engine/profiles.ts';
import type { LiveConfig } from './core/live-config.ts';

export interface SimulatorSettings extends LiveConfig {
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  /** Told in the header `x-sim-instance`. */
  readonly instance: string;
  readonly seed: number;
  /** Identical requests get identical answers, byte by byte. */
  readonly deterministic: boolean;
  /** Required of every API call when set. */
  readonly apiKey: string | undefined;
  readonly embeddingDimensions: number;
  readonly maxBodyBytes: number;
  /** Calls that the log remembers. */
  readonly maxLoggedCalls: number;
}

export const defaultSettings: SimulatorSettings = {
  host: '127.0.0.1',
  port: 0,
  instance: 'sim',
  seed: 1,
  deterministic: true,
  apiKey: undefined,
  profile: 'instant',
  speedup: 1,
  ttftMs: 50,
  itlMs: 20,
  models: ['sim-gpt', 'sim-gpt-mini', 'sim-claude', 'sim-embed'],
  outputMedian: 20,
  outputSigma: 0.5,
  embeddingDimensions: 64,
  embeddingsFloatsOnly: false,
  metricsLagMs: 0,
  metrics: 'current',
  healthStatus: 200,
  fault: undefined,
  maxBodyBytes: 64 * 1024 * 1024,
  maxLoggedCalls: 200_000,
};

type Env = Readonly<Record<string, string | undefined>>;

const readNumber = (env: Env, name: string, fallback: number): number => {
  const text = env[name];
  if (text === undefined || text === '') return fallback;
  const value = Number(text);
  if (!Number.isFinite(value) || value < 0) throw new Error(`${name}: expected a number, found "${text}"`);
  return value;
};

const readFlag = (env: Env, name: string, fallback: boolean): boolean => {
  const text = env[name];
  if (text === undefined || text === '') return fallback;
  if (text === 'true' || text === '1') return true;
  if (text === 'false' || text === '0') return false;
  throw new Error(`${name}: expected true or false, found "${text}"`);
};

const readProfile = (env: Env): ProfileName => {
  const text = env['WEIR_SIM_PROFILE'] ?? defaultSettings.profile;
  const profile = profileNames.find((name) => name === text);
  if (profile === undefined) throw new Error(`WEIR_SIM_PROFILE: expected one of ${profileNames.join(', ')}`);
  return profile;
};

const readModels = (env: Env): readonly string[] => {
  const text = env['WEIR_SIM_MODELS'];
  if (text === undefined) return defaultSettings.models;
  return text
    .split(',')
    .map((model) => model.trim())
    .filter((model) => model !== '');
};

/** Reads `WEIR_SIM_*`. Throws on a value that cannot be meant. */
export const readSettings = (env: Env): SimulatorSettings => ({
  ...defaultSettings,
  host: env['WEIR_SIM_HOST'] ?? defaultSettings.host,
  port: readNumber(env, 'WEIR_SIM_PORT', 8090),
  seed: readNumber(env, 'WEIR_SIM_SEED', defaultSettings.seed),
  deterministic: readFlag(env, 'WEIR_SIM_DETERMINISTIC', defaultSettings.deterministic),
  apiKey: env['WEIR_SIM_API_KEY'] || undefined,
  maxLoggedCalls: readNumber(env, 'WEIR_SIM_MAX_LOGGED_CALLS', defaultSettings.maxLoggedCalls),
  profile: readProfile(env),
  speedup: readNumber(env, 'WEIR_SIM_SPEEDUP', defaultSettings.speedup),
  ttftMs: readNumber(env, 'WEIR_SIM_TTFT_MS', defaultSettings.ttftMs),
  itlMs: readNumber(env, 'WEIR_SIM_ITL_MS', defaultSettings.itlMs),
  models: readModels(env),
  outputMedian: readNumber(env, 'WEIR_SIM_OUTPUT_MEDIAN', defaultSettings.outputMedian),
  embeddingsFloatsOnly: readFlag(
    env,
    'WEIR_SIM_EMBEDDINGS_FLOATS_ONLY',
    defaultSettings.embeddingsFloatsOnly,
  ),
  metricsLagMs: readNumber(env, 'WEIR_SIM_METRICS_LAG_MS', defaultSettings.metricsLagMs),
});
