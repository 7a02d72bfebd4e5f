import { parseArgs } from 'node:util';
import { type PolicyName, policyNames } from './policies.ts';

export interface SimulateOptions {
  /** Empty: all. */
  readonly scenarios: readonly string[];
  /** Empty: all. */
  readonly policies: readonly PolicyName[];
  readonly seeds: readonly number[];
  /** Of virtual time, for each run. */
  readonly durationMs: number;
  /** Puts tables and plots into docs. */
  readonly writes: boolean;
}

const readCount = (name: string, text: string, least: number): number => {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= least && value <= 1_000_000) return value;
  throw new Error(`--${name} is a whole number from ${least} to 1000000, not "${text}"`);
};

const readNames = <Name extends string>(
  name: string,
  text: string | undefined,
  known: readonly Name[],
): Name[] =>
  (text?.split(',') ?? []).map((given) => {
    const found = known.find((one) => one === given);
    if (found === undefined) throw new Error(`--${name} knows ${known.join(', ')}; not "${given}"`);
    return found;
  });

/** A burst of 10 s, and a minute to look at a fault. */
const leastSeconds = 30;

export const readSimulateOptions = (
  given: readonly string[],
  scenarioNames: readonly string[],
): SimulateOptions => {
  const { values } = parseArgs({
    args: [...given],
    options: {
      scenario: { type: 'string' },
      policy: { type: 'string' },
      seed: { type: 'string', default: '1' },
      seeds: { type: 'string', default: '1' },
      duration: { type: 'string', default: '60' },
      write: { type: 'boolean', default: false },
    },
  });
  const scenarios = readNames('scenario', values.scenario, scenarioNames);
  const policies = readNames('policy', values.policy, policyNames);
  if (values.write && scenarios.length + policies.length > 0) {
    throw new Error('--write is for all scenarios and policies at once');
  }
  const first = readCount('seed', values.seed, 0);
  const count = readCount('seeds', values.seeds, 1);
  return {
    scenarios,
    policies,
    seeds: Array.from({ length: count }, (_, index) => first + index),
    durationMs: readCount('duration', values.duration, leastSeconds) * 1_000,
    writes: values.write,
  };
};
