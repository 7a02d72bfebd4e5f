/** One thing that is wrong with a configuration. */
export interface ConfigProblem {
  /** Where, as `upstreams.local.targets[0].url`. Empty for the whole. */
  readonly path: string;
  /** The same place, key by key. */
  readonly at: readonly (string | number)[];
  /** What is there. Never a value that may be a secret. */
  readonly found: string;
  /** What would be right. */
  readonly expected: string;
  /** The known name that was probably meant. Absent when none is near. */
  readonly suggestion?: string;
}

export type ConfigPlace = ConfigProblem['at'];

export const toPath = (at: ConfigPlace): string =>
  at.reduce<string>((path, step) => {
    if (typeof step === 'number') return `${path}[${step}]`;
    return path === '' ? step : `${path}.${step}`;
  }, '');

/** Fields in which someone may have put a secret by mistake. */
const secretFields = new Set(['credentials', 'fromEnv', 'fromFile', 'sha256', 'targets', 'set']);

const longestShown = 60;

const describeText = (text: string, at: ConfigPlace): string => {
  if (text === '') return 'an empty string';
  if (at.some((step) => secretFields.has(String(step)))) return `a string of ${text.length} characters`;
  return JSON.stringify(text.length > longestShown ? `${text.slice(0, longestShown)}…` : text);
};

/** Says what a value is, without showing what may be a secret. */
export const describeFound = (value: unknown, at: ConfigPlace): string => {
  if (value === undefined || value === null) return 'nothing';
  if (typeof value === 'string') return describeText(value, at);
  if (Array.isArray(value)) return `a list of ${value.length}`;
  return typeof value === 'object' ? 'a mapping' : `the ${typeof value} ${String(value)}`;
};

export const valueAt = (value: unknown, at: ConfigPlace): unknown => {
  let here: unknown = value;
  for (const step of at) {
    if (typeof here !== 'object' || here === null || !Object.hasOwn(here, step)) return undefined;
    here = (here as Record<string | number, unknown>)[step];
  }
  return here;
};

/** One line for people. */
export const renderProblem = (problem: ConfigProblem): string => {
  const suggestion = problem.suggestion === undefined ? '' : `; did you mean "${problem.suggestion}"?`;
  const path = problem.path === '' ? 'the configuration' : problem.path;
  return `${path}: found ${problem.found}, expected ${problem.expected}${suggestion}`;
};
