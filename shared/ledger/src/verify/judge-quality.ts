import type { UsageQuality } from '@weir/contracts';
import { createFindingLog, type InvariantReport, toInvariantReport } from './finding.ts';

/** Share of a provider's attempts, in percent, whose usage may be other than reported. */
export const defaultMaxUnreportedPercent = 5;

/** Below this a share says little. */
const minAttempts = 20;

/** What a provider served, and how its usage was come by. */
export interface ServedAttempt {
  readonly provider: string;
  readonly quality: UsageQuality;
  readonly served: boolean;
}

/** I8, a warning: a provider that often does not report what it served. */
export const judgeQuality = (
  attempts: Iterable<ServedAttempt>,
  maxUnreportedPercent: number,
): InvariantReport => {
  const log = createFindingLog('I8');
  const counts = new Map<string, { all: number; reported: number }>();
  for (const { provider, quality, served } of attempts) {
    if (!served) continue;
    const count = counts.get(provider) ?? { all: 0, reported: 0 };
    count.all += 1;
    if (quality === 'reported') count.reported += 1;
    counts.set(provider, count);
  }
  for (const [provider, { all, reported }] of [...counts].sort(([left], [right]) =>
    left < right ? -1 : 1,
  )) {
    const unreported = all - reported;
    if (all < minAttempts || unreported * 100 <= maxUnreportedPercent * all) continue;
    log.add({
      what: 'much of the usage was not reported by the provider',
      where: `provider ${provider}`,
      expected: `at most ${maxUnreportedPercent} % of ${all} attempts`,
      found: `${unreported} estimated, partial or unknown`,
    });
  }
  return toInvariantReport('I8', log, { proves: false });
};
