import { parseArgs } from 'node:util';
import { type BenchPlan, fullPlan, onlyBusy, profilePlan, quickPlan } from './plan.ts';

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

interface PlanValues {
  readonly quick: boolean;
  readonly busy: boolean;
  readonly rounds?: string;
  readonly profile?: string;
}

const selectPlan = ({ quick, busy, rounds, profile }: PlanValues): BenchPlan => {
  if (profile !== undefined) return profilePlan;
  const plan = quick ? quickPlan : fullPlan;
  const chosen = busy ? onlyBusy(plan) : plan;
  if (rounds === undefined) return chosen;
  if (!/^[1-9]\d?$/.test(rounds)) throw new Error(`--rounds is a number from 1 to 99, not "${rounds}"`);
  return { ...chosen, rounds: Number(rounds) };
};

/** Roles that are competitors of their own, or of one; all others are services of Weir. */
const competitorOf = (role: string): string => {
  if (role === 'bare-proxy' || role.startsWith('portkey')) return role;
  return role === 'all-in-one' ? 'weir-all-in-one' : 'weir';
};

/** `today` is the date when none is given. Only a whole run goes to the documentation unasked. */
export const readOptions = (given: readonly string[], today: string): BenchOptions => {
  const { values } = parseArgs({
    args: [...given],
    options: {
      quick: { type: 'boolean', default: false },
      busy: { type: 'boolean', default: false },
      rounds: { type: 'string' },
      only: { type: 'string' },
      profile: { type: 'string' },
      date: { type: 'string', default: today },
      report: { type: 'string' },
    },
  });
  const whole = !values.quick && !values.busy && values.only === undefined && values.profile === undefined;
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
