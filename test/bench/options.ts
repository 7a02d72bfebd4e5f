import { parseArgs } from 'node:util';
import { type BenchPlan, fullPlan, profilePlan, quickPlan } from './plan.ts';

export interface BenchOptions {
  readonly plan: BenchPlan;
  /** Names of competitors; undefined for all. */
  readonly only: readonly string[] | undefined;
  readonly profileRole: string | undefined;
  /** YYYY-MM-DD, as the report says it. */
  readonly date: string;
  /** Where the report goes, relative to the working directory; undefined: to the terminal alone. */
  readonly reportFile: string | undefined;
  /** The command as the report says it. */
  readonly command: string;
}

const selectPlan = (values: { quick: boolean; profile?: string }): BenchPlan => {
  if (values.profile !== undefined) return profilePlan;
  return values.quick ? quickPlan : fullPlan;
};

/** Roles that are competitors of their own; all others are services of Weir. */
const competitorOf = (role: string): string => (role === 'bare-proxy' || role === 'portkey' ? role : 'weir');

/** `today` is the date when none is given. Only a whole run goes to the documentation unasked. */
export const readOptions = (given: readonly string[], today: string): BenchOptions => {
  const { values } = parseArgs({
    args: [...given],
    options: {
      quick: { type: 'boolean', default: false },
      only: { type: 'string' },
      profile: { type: 'string' },
      date: { type: 'string', default: today },
      report: { type: 'string' },
    },
  });
  const whole = !values.quick && values.only === undefined && values.profile === undefined;
  const only = values.only ?? (values.profile === undefined ? undefined : competitorOf(values.profile));
  return {
    plan: selectPlan(values),
    only: only?.split(',').map((name) => name.trim()),
    profileRole: values.profile,
    date: values.date,
    reportFile: values.report ?? (whole ? 'docs/benchmarks.md' : undefined),
    command: ['npm run bench', ...(given.length > 0 ? ['--', ...given] : [])].join(' '),
  };
};
