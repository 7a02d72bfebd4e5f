import type * as z from 'zod';
import { closestName } from './closest-name.ts';
import { type ConfigPlace, type ConfigProblem, describeFound, toPath, valueAt } from './config-problem.ts';
import { knownKeys } from './known-keys.ts';

type Issue = z.core.$ZodIssue;

const typeWords: Readonly<Record<string, string>> = {
  string: 'a string',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a mapping',
  record: 'a mapping',
};

const expectedSize = (issue: z.core.$ZodIssueTooSmall | z.core.$ZodIssueTooBig): string => {
  const bound =
    issue.code === 'too_small'
      ? `${issue.inclusive === false ? 'more than' : 'at least'} ${issue.minimum}`
      : `at most ${issue.maximum}`;
  if (issue.origin === 'string') return `${bound} character(s)`;
  return issue.origin === 'array' ? `${bound} item(s)` : bound;
};

const expectedType = (type: string, found: unknown): string => {
  const word = typeWords[type] ?? type;
  const isUnquoted = type === 'string' && (typeof found === 'number' || typeof found === 'boolean');
  return isUnquoted ? `${word}: put it in quotes` : word;
};

const expectedOf = (issue: Issue, found: unknown): string => {
  switch (issue.code) {
    case 'invalid_type':
      return expectedType(issue.expected, found);
    case 'invalid_value': {
      const values = issue.values.map((value) => JSON.stringify(value)).join(', ');
      return issue.values.length > 1 ? `one of ${values}` : values;
    }
    case 'too_small':
    case 'too_big':
      return expectedSize(issue);
    default:
      return issue.message;
  }
};

/** The alternative that the value comes nearest to: of its type, and with the fewest issues. */
const nearestBranch = (branches: readonly (readonly Issue[])[]): readonly Issue[] | undefined =>
  branches
    .filter((issues) => !issues.some((issue) => issue.code === 'invalid_type' && issue.path.length === 0))
    .sort((left, right) => left.length - right.length)[0];

const ownType = (issues: readonly Issue[]): string => {
  const issue = issues.find((one) => one.path.length === 0);
  return issue?.code === 'invalid_type' ? expectedType(issue.expected, undefined) : '';
};

const unknownKey = (key: string, place: ConfigPlace): ConfigProblem => {
  const at = [...place, key];
  const known = knownKeys(place);
  const suggestion = closestName(key, known);
  return {
    path: toPath(at),
    at,
    found: 'an unknown key',
    expected: `one of ${known.join(', ')}`,
    ...(suggestion === undefined ? {} : { suggestion }),
  };
};

const suggestionFor = (issue: Issue, found: unknown): { suggestion?: string } => {
  if (issue.code !== 'invalid_value' || typeof found !== 'string') return {};
  const suggestion = closestName(found, issue.values.map(String));
  return suggestion === undefined ? {} : { suggestion };
};

/** Translates one issue of the schema into problems; `place` is where the schema began. */
export const fromIssue = (issue: Issue, whole: unknown, place: ConfigPlace = []): ConfigProblem[] => {
  const at = [...place, ...issue.path.map((step) => (typeof step === 'number' ? step : String(step)))];
  const found = valueAt(whole, at);
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownKey(key, at));
  if (issue.code === 'invalid_key') {
    const expected = issue.issues.map((inner) => expectedOf(inner, undefined)).join('; ');
    return [{ path: toPath(at), at, found: describeFound(String(at.at(-1)), []), expected }];
  }
  if (issue.code === 'invalid_union') {
    const branch = nearestBranch(issue.errors);
    if (branch !== undefined) return branch.flatMap((inner) => fromIssue(inner, whole, at));
    // Without alternatives it is the key that tells them apart which is wrong.
    const expected = issue.errors.map(ownType).join(', or ') || issue.message;
    return [{ path: toPath(at), at, found: describeFound(found, at), expected }];
  }
  const expected = expectedOf(issue, found);
  return [
    { path: toPath(at), at, found: describeFound(found, at), expected, ...suggestionFor(issue, found) },
  ];
};
