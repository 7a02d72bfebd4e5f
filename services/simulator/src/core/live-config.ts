import { type ProfileName, profileNames } from './engine/profiles.ts';
import { type FaultRule, parseFault } from './fault.ts';

/** `frozen`: it shows for ever what it showed at that moment. `stalled`: no answer. `failing`: status 500. */
export const metricsModes = ['current', 'frozen', 'stalled', 'failing'] as const;

export type MetricsMode = (typeof metricsModes)[number];

/** What may be changed while the simulator runs. */
export interface LiveConfig {
  readonly profile: ProfileName;
  /** How much faster than the profile the engine runs. */
  readonly speedup: number;
  /** Of the `paced` profile: time to the first token, and between tokens. */
  readonly ttftMs: number;
  readonly itlMs: number;
  /** Known models; any other is a 404. Empty: every model is known. */
  readonly models: readonly string[];
  readonly outputMedian: number;
  readonly outputSigma: number;
  /** Ignores `encoding_format: base64`, as some servers do. */
  readonly embeddingsFloatsOnly: boolean;
  /** `/metrics` shows numbers up to this old. */
  readonly metricsLagMs: number;
  /** What becomes of `/metrics`; inference goes on whatever it is. */
  readonly metrics: MetricsMode;
  /** What `GET /health` answers with. */
  readonly healthStatus: number;
  readonly fault: FaultRule | undefined;
}

export type ConfigUpdate = { readonly [Key in keyof LiveConfig]?: LiveConfig[Key] };

export type ParsedUpdate =
  | { readonly outcome: 'parsed'; readonly update: ConfigUpdate }
  | { readonly outcome: 'invalid'; readonly problems: readonly string[] };

type Parsed = { readonly value: unknown } | { readonly problem: string };
type Parse = (value: unknown) => Parsed;

const numberWithin =
  (low: number, high: number): Parse =>
  (value) =>
    typeof value === 'number' && value >= low && value <= high
      ? { value }
      : { problem: `expected a number from ${low} to ${high}` };

const maxMs = 86_400_000;
const milliseconds = numberWithin(0, maxMs);

const oneOf =
  (names: readonly string[]): Parse =>
  (value) =>
    names.some((name) => name === value) ? { value } : { problem: `expected one of ${names.join(', ')}` };

const parseModels: Parse = (value) =>
  Array.isArray(value) && value.every((model) => typeof model === 'string')
    ? { value }
    : { problem: 'expected an array of strings' };

const parseBoolean: Parse = (value) =>
  typeof value === 'boolean' ? { value } : { problem: 'expected true or false' };

/** From 200: what is below is not the end of an answer. */
const parseStatus: Parse = (value) =>
  Number.isInteger(value) ? numberWithin(200, 599)(value) : { problem: 'expected a status of HTTP' };

/** `null` takes the fault away. */
const parseRule: Parse = (value) => {
  if (value === null) return { value: undefined };
  const { name, rate = 1, count } = (value ?? {}) as { name?: unknown; rate?: unknown; count?: unknown };
  if (typeof name !== 'string') return { problem: 'expected { name, rate, count } or null' };
  const parsed = parseFault(name);
  if (parsed.outcome === 'unknown') return { problem: parsed.problem };
  if (typeof rate !== 'number' || rate < 0 || rate > 1)
    return { problem: 'rate: expected a number from 0 to 1' };
  if (count === undefined) return { value: { name, fault: parsed.fault, rate } };
  if (!Number.isInteger(count) || (count as number) < 0) return { problem: 'count: expected a whole number' };
  return { value: { name, fault: parsed.fault, rate, count } };
};

const parsers: Record<keyof LiveConfig, Parse> = {
  profile: oneOf(profileNames),
  speedup: numberWithin(0.001, 1_000_000),
  ttftMs: milliseconds,
  itlMs: milliseconds,
  models: parseModels,
  outputMedian: numberWithin(1, 100_000),
  outputSigma: numberWithin(0, 5),
  embeddingsFloatsOnly: parseBoolean,
  metricsLagMs: milliseconds,
  metrics: oneOf(metricsModes),
  healthStatus: parseStatus,
  fault: parseRule,
};

const isKey = (key: string): key is keyof LiveConfig => Object.hasOwn(parsers, key);

/** All or nothing: one bad field refuses the whole update. */
export const parseConfigUpdate = (body: unknown): ParsedUpdate => {
  if (typeof body !== 'object' || body === null)
    return { outcome: 'invalid', problems: ['expected an object'] };
  const update: Record<string, unknown> = {};
  const problems: string[] = [];
  for (const [key, value] of Object.entries(body)) {
    const parsed: Parsed = isKey(key) ? parsers[key](value) : { problem: 'no such setting' };
    if ('problem' in parsed) problems.push(`${key}: ${parsed.problem}`);
    else update[key] = parsed.value;
  }
  return problems.length > 0 ? { outcome: 'invalid', problems } : { outcome: 'parsed', update };
};
