import { type Attempt, busyTarget } from '@weir/contracts';

/** How a failed target is written into `attempt.excluded`: target names are unique within their upstream only. */
export const exclusionOf = (upstream: string, target: string): string => `${upstream}/${target}`;

/** What has failed so far, the attempt that came back included. */
export const exclusionsAfter = (attempt: Attempt | undefined): readonly string[] => {
  if (!attempt) return [];
  const failed = exclusionOf(attempt.upstream, attempt.target);
  const others = attempt.excluded.filter((entry) => entry !== failed);
  // Turned away by an instance that drains: another one may well reach the same target.
  return attempt.lastFailure === 'draining' ? others : [...others, failed];
};

/** How often a target at its limit has turned the request away, the last time included. */
export const busyAfter = (attempt: Attempt | undefined): number =>
  (attempt?.busy ?? 0) + (attempt?.lastFailure === busyTarget ? 1 : 0);

/** The names of one upstream's targets that have failed. */
export const excludedTargets = (upstream: string, excluded: readonly string[]): ReadonlySet<string> => {
  const prefix = `${upstream}/`;
  return new Set(
    excluded.filter((entry) => entry.startsWith(prefix)).map((entry) => entry.slice(prefix.length)),
  );
};
